/** Welcomes: whoever has a number of which staff set consent is told once what will come and how to stop it, and nobody of before. */
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { optedIn, optedOut } from '../../src/bridges/texts/consent.ts'
import { openSpan } from '../../src/bridges/texts/moments.ts'
import { textsChanged, textSettingsOf } from '../../src/bridges/texts/rules.ts'
import { segmentsOf } from '../../src/bridges/texts/segments.ts'
import { hoursOf, judgeWelcome, welcomeLasts, type WelcomeSituation } from '../../src/bridges/texts/welcome.ts'
import { isWelcome, welcomeText } from '../../src/bridges/texts/wording.ts'
import type { Json } from '../../src/replica/json.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { foldConsent, toWelcome, type ConsentEntry } from '../../src/replica/kinds/consents.ts'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { texting, type Texting } from './texting.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const phone = '+14805550101'
const english = 'Desert Bloom: You get texts about your appointments here. How often varies. Msg & data rates may apply. Reply HELP for help, STOP to opt out.' // prettier-ignore

async function opened(options: Parameters<typeof texting>[0] = {}, welcome: 'on' | 'off' = 'on'): Promise<Texting> {
  const world = await texting(options)
  onTestFinished(() => world.close())
  if (welcome === 'on') await turnOn(world)
  return world
}
/** As the console sets it. */
const turnOn = (world: Texting) => world.set(textsChanged({}, { key: 'welcome', value: 'on', at: world.clock.now() }))
const local = (at: number): string => new Date(at - 7 * hour).toISOString().slice(0, 16)
const entriesOf = (world: Texting, number = phone) => world.replica.entries('consents', world.keys.ofNumber(number))
/** A site says that staff set consent. */
async function staffSaysYes(world: Texting, number = phone, at = world.clock.now(), id = `audit ${at}`): Promise<void> {
  const key = world.keys.ofNumber(number)
  await world.says(optedIn(key, foldConsent(await world.replica.entries('consents', key)), { by: { role: 'staff', id: world.site, initials: 'JD' }, how: 'staff', at }, id)) // prettier-ignore
}
const outOf = async (world: Texting, patient: string) => foldCommunications(await world.replica.entries('communications', patient)).out // prettier-ignore

it('[TEXT-18] [S2] when staff set consent one text says who writes, what will come, what it may cost, how to get help and how to stop; it is logged with its wording', async () => {
  const world = await opened()
  const patient = await world.person()
  await staffSaysYes(world)
  await world.pass(5 * minute)
  expect(world.arrived()).toMatchObject([{ phone, body: english }])
  expect(await outOf(world, patient)).toMatchObject([{ what: 'welcome', state: 'delivered', saysStop: true }])
  const id = (await outOf(world, patient))[0]!.id
  expect(await entriesOf(world)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'opted in', how: 'staff', by: expect.objectContaining({ initials: 'JD' }) as unknown }), // prettier-ignore
      expect.objectContaining({ kind: 'welcomed', message: id, wording: 'en-1' }),
    ]),
  )
  const [row] = await world.replica.index({ view: 'communication', patient })
  expect(row).toMatchObject({ body: { subject: 'Welcome' } })
  // It has said how to stop: the first text that follows need not.
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  expect(world.arrived().map(({ body }) => /STOP/.test(body))).toEqual([true, false])
})

it('[TEXT-18] a patient whose language is Spanish is welcomed in Spanish; each welcome is at most two parts long', async () => {
  const world = await opened()
  await world.person({ language: 'es-MX' })
  await staffSaysYes(world)
  await world.pass(5 * minute)
  expect(world.arrived().map(({ body }) => body)).toEqual([expect.stringMatching(/^Desert Bloom: Recibira aqui mensajes sobre sus citas\..*HELP.*STOP/)]) // prettier-ignore
  for (const language of ['en', 'es'] as const) {
    const text = welcomeText({ practice: 'A name of the practice of forty letters.', phone: null }, language)
    expect(segmentsOf(text)).toMatchObject({ alphabet: 'GSM' })
    expect(segmentsOf(text).segments).toBeLessThanOrEqual(2)
    expect(isWelcome(text)).toBe(true)
  }
})

it('[TEXT-18] it is off until it is turned on, and turned on it texts nobody of whom staff set consent before', async () => {
  const world = await opened({}, 'off')
  await world.person()
  await staffSaysYes(world)
  await world.pass(hour)
  await turnOn(world)
  await world.pass(day, hour)
  expect(world.arrived()).toEqual([])
  await world.person({ cellPhone: '+14805550102' })
  await staffSaysYes(world, '+14805550102')
  await world.pass(5 * minute)
  expect(world.arrived().map((text) => text.phone)).toEqual(['+14805550102'])
})

it('[TEXT-18] “since” is when it was turned on last: saying “on” again moves nothing, and off it welcomes nobody', () => {
  const set = (fields: Record<string, Json>, value: string, at: number) => ({ ...fields, ...textsChanged(fields, { key: 'welcome', value, at }) }) // prettier-ignore
  const first = set({}, 'on', 1_000)
  expect(textSettingsOf(first).welcomesSince).toBe(1_000)
  expect(textSettingsOf(set(first, 'on', 2_000)).welcomesSince).toBe(1_000)
  const off = set(first, 'off', 3_000)
  expect(textSettingsOf(off).welcomesSince).toBeNull()
  expect(textSettingsOf(set(off, 'on', 4_000)).welcomesSince).toBe(4_000)
  expect(textSettingsOf({ welcome: 'on' }).welcomesSince).toBeNull()
  expect(() => textsChanged({}, { key: 'welcome', value: 'yes', at: 1 })).toThrow('it takes on or off')
})

it('[TEXT-18] a number of two patients is welcomed once, and once for ever', async () => {
  const world = await opened()
  const people = [await world.person(), await world.person({ firstName: 'Tom', cellPhone: '(480) 555-0101' })]
  await staffSaysYes(world, phone, world.clock.now(), 'ann')
  await staffSaysYes(world, phone, world.clock.now(), 'tom')
  await world.pass(5 * minute)
  await world.person({ textConsent: false }, people[0])
  await world.pass(day, hour)
  await world.person({ textConsent: true }, people[0])
  await staffSaysYes(world)
  await world.restart()
  await world.pass(day, hour)
  expect(world.arrived()).toHaveLength(1)
  expect((await Promise.all(people.map((one) => outOf(world, one)))).flat()).toHaveLength(1)
})

it('[TEXT-18] [TEXT-2] it waits for the morning of every zone in which the number may be, and lapses after three days', async () => {
  // Half past six in the evening of Phoenix, with the window over.
  const world = await opened({ at: Date.parse('2027-03-02T01:30:00Z') })
  await world.person({ zones: 'Pacific/Honolulu' })
  await staffSaysYes(world)
  await world.pass(18 * hour, 10 * minute)
  expect(world.arrived().map(({ at }) => local(at))).toEqual([expect.stringMatching(/^2027-03-02T11:(0\d|10)/)])
  await world.person({ cellPhone: '+14805550102' })
  world.isOpen = false
  await staffSaysYes(world, '+14805550102')
  await world.pass(3 * day, hour)
  world.isOpen = true
  await world.pass(day, hour)
  expect(world.arrived()).toHaveLength(1)
})

it.each([
  ['STOP before it is claimed', 'before'],
  ['STOP between claim and call', 'claimed'],
])('[TEXT-18] [DOM-9] after a %s nothing goes out', async (_, when) => {
  const world = await opened()
  const patient = await world.person()
  world.isOpen = when === 'claimed'
  world.sandbox.down(true)
  await staffSaysYes(world)
  if (when === 'claimed') await world.settled()
  expect((await outOf(world, patient)).map(({ state }) => state)).toEqual(when === 'claimed' ? ['queued'] : [])
  await world.replica.change([optedOut(world.keys.ofNumber(phone), { by: { role: 'patient', id: 'x' }, how: 'reply', at: world.clock.now(), proof: { text: 'STOP', message: 'SM1' } })]) // prettier-ignore
  world.sandbox.down(false)
  world.isOpen = true
  await world.pass(day, hour)
  expect(world.arrived()).toEqual([])
  expect((await outOf(world, patient)).map(({ state, code }) => [state, code])).toEqual(when === 'claimed' ? [['dropped', 'opted out']] : []) // prettier-ignore
})

it('[TEXT-18] a yes that staff took back, and a number that was changed, are not welcomed; nor whoever said START', async () => {
  const world = await opened()
  world.isOpen = false
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  await world.person({ cellPhone: '+14805550103' })
  for (const number of [phone, '+14805550102', '+14805550103']) await staffSaysYes(world, number)
  await world.person({ textConsent: false }, ann)
  await world.person({ cellPhone: '+14805550109' }, tom)
  await world.says(optedIn(world.keys.ofNumber('+14805550103'), foldConsent([]), { by: { role: 'patient', id: 'x' }, how: 'reply', at: world.clock.now(), proof: { text: 'START', message: 'SM3' } })) // prettier-ignore
  world.isOpen = true
  await world.pass(day, hour)
  expect(world.arrived()).toEqual([])
})

it('[TEXT-18] [TEXT-3] one that is claimed and could not go out is judged again when it can: it waits for the hours, a no ends it, and after three days it is of no use', async () => {
  const world = await opened()
  const numbers = [phone, '+14805550102', '+14805550103']
  const people: string[] = []
  for (const cellPhone of numbers) people.push(await world.person({ cellPhone }))
  world.sandbox.down(true)
  for (const number of numbers.slice(0, 2)) await staffSaysYes(world, number)
  await world.settled()
  await world.person({ textConsent: false }, people[1])
  await world.pass(10 * hour, 10 * minute)
  // Eight in the evening: the window is over.
  world.sandbox.down(false)
  await world.pass(14 * hour, 10 * minute)
  expect(world.arrived().map((text) => [text.phone, local(text.at)])).toEqual([[phone, expect.stringMatching(/^2027-03-02T09:/)]]) // prettier-ignore
  expect(await outOf(world, people[1]!)).toMatchObject([{ state: 'dropped', code: 'no consent' }])
  world.sandbox.down(true)
  await staffSaysYes(world, numbers[2])
  await world.pass(3 * day + hour, hour)
  world.sandbox.down(false)
  await world.pass(day, hour)
  expect(world.arrived()).toHaveLength(1)
  expect(await outOf(world, people[2]!)).toMatchObject([{ state: 'dropped', code: 'too late' }])
})

describe('exactly once', () => {
  it('[TEXT-18] [TEXT-1] whichever step of claim and call the portal dies after, the number has one welcome', async () => {
    for (let steps = 0; ; steps++) {
      const world = await opened()
      const patient = await world.person()
      world.dieAfter(steps)
      await staffSaysYes(world)
      await world.pass(2 * minute)
      const died = world.isDead()
      if (died) await world.restart()
      else world.dieAfter(Infinity)
      // A callback that met nobody is made up for by asking.
      await world.pass(3 * hour, 10 * minute)
      expect(world.arrived().map(({ body }) => body), `died after ${steps} steps`).toEqual([english]) // prettier-ignore
      expect((await outOf(world, patient)).map(({ state }) => state)).toEqual(['delivered'])
      if (!died) break
    }
  })

  it('[TEXT-18] [TEXT-1] one whose answer is lost is looked up at the provider and not sent again', async () => {
    const world = await opened()
    const patient = await world.person()
    world.sandbox.trouble({ is: 'unanswered' })
    await staffSaysYes(world)
    await world.pass(2 * hour, 10 * minute)
    expect(world.arrived()).toHaveLength(1)
    expect(await outOf(world, patient)).toMatchObject([{ state: 'delivered', sid: world.sandbox.texts()[0]!.sid }])
  })

  it('[TEXT-18] [TEXT-7] a portal that was put back to before it welcomed finds the welcome at the provider, whatever the practice is called by now', async () => {
    const world = await opened()
    const patient = await world.person()
    const before = await world.copy()
    await staffSaysYes(world)
    await world.pass(hour, 10 * minute)
    expect(world.arrived()).toHaveLength(1)
    await world.restart(before)
    await world.set({ practiceName: 'Another name' })
    await world.pass(day, hour)
    expect(world.arrived()).toHaveLength(1)
    expect(await outOf(world, patient)).toMatchObject([{ what: 'welcome', state: 'delivered', sid: world.sandbox.texts()[0]!.sid }]) // prettier-ignore
    expect(toWelcome(await entriesOf(world))).toBeUndefined()
  })

  it('[TEXT-18] one that the provider cannot take now goes out when it can, while it is of use', async () => {
    const world = await opened()
    await world.person()
    world.sandbox.down(true)
    await staffSaysYes(world)
    await world.pass(hour, 10 * minute)
    world.sandbox.down(false)
    await world.pass(hour, 10 * minute)
    expect(world.arrived()).toHaveLength(1)
  })
})

describe('the rule', () => {
  const instant = fc.integer({ min: Date.parse('2027-01-01'), max: Date.parse('2027-12-31') })
  const situation: fc.Arbitrary<WelcomeSituation> = fc
    .record({
      set: fc.record({ sending: fc.constantFrom('on', 'on', 'on', 'off'), welcome: fc.constantFrom('on', 'on', 'on', 'off'), window: fc.constantFrom('09:00-18:00', '00:00-00:00', '20:00-02:00'), excludedDays: fc.constantFrom('', 'Sunday', 'Saturday, Sunday') }),
      zone: fc.constantFrom('America/Phoenix', 'America/New_York'),
      zones: fc.subarray(['America/Phoenix', 'America/New_York', 'Pacific/Honolulu', 'America/St_Johns']),
      optedInAt: instant,
      later: fc.integer({ min: 0, max: 3.5 * day }),
      since: fc.integer({ min: -30 * day, max: 3 * day }),
      whyNoText: fc.constantFrom(null, null, null, null, 'opted out', 'no consent', 'no number'),
      isGone: fc.constantFrom(false, false, false, false, true),
    })
    .map(({ set, since, later, ...of }) => ({ ...of, now: of.optedInAt + later, settings: textSettingsOf({ ...set, welcomeSince: of.optedInAt + since }) })) // prettier-ignore

  it('[TEXT-18] whatever else holds, nothing goes out without a yes, after an opt-out, to whom was asked before, at night in any zone, or after three days', () => {
    let sent = 0
    fc.assert(
      fc.property(situation, (of) => {
        const verdict = judgeWelcome(of)
        if (verdict.is === 'not') return
        const { settings, optedInAt, now } = of
        expect(verdict.until).toBeLessThanOrEqual(optedInAt + welcomeLasts)
        expect(settings.isOn && settings.welcomesSince !== null && optedInAt >= settings.welcomesSince).toBe(true)
        expect([of.whyNoText, of.isGone]).toEqual([null, false])
        const at = verdict.is === 'wait' ? verdict.until : now
        expect(at).toBeGreaterThanOrEqual(now)
        // What waits is sent when it is asked again, unless something else has changed.
        if (verdict.is === 'wait') expect(judgeWelcome({ ...of, now: verdict.until }).is).toBe('send')
        else sent++
        expect(openSpan(at, hoursOf(of))).toBeDefined()
        for (const zone of [of.zone, ...of.zones]) expect(new Date(at).toLocaleString('en-GB', { timeZone: zone, hour: '2-digit', hour12: false }).padStart(2, '0')).toMatch(/^(08|09|1\d|20)$/) // prettier-ignore
      }),
      { numRuns: 3_000 },
    )
    expect(sent).toBeGreaterThan(10)
  })

  it('[TEXT-18] who is to be welcomed is the same in whatever order the entries came, and is nobody who was welcomed, opted out, or opted in by the patient’s own word', () => {
    const said = fc.record({ at: fc.integer({ min: 0, max: 9 }), isPatient: fc.boolean(), kind: fc.constantFrom('opted in', 'opted in', 'opted out', 'welcomed') }) // prettier-ignore
    const entries = fc.array(said, { maxLength: 6 }).map((some) =>
      some.map(({ at, isPatient, kind }, i): Entry<ConsentEntry> => {
        const by = { role: isPatient ? ('patient' as const) : ('staff' as const), id: 'x' }
        const of = { id: `e${i}`, at, by, channel: 'text' as const }
        if (kind === 'welcomed') return { ...of, kind, message: 'm', wording: 'en-1' }
        return kind === 'opted out' ? { ...of, kind, how: 'reply' } : { ...of, kind: 'opted in', how: isPatient ? 'reply' : 'staff', ends: [] } // prettier-ignore
      }),
    )
    fc.assert(
      fc.property(
        entries.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))),
        ([some, other]) => {
          // prettier-ignore
          const found = toWelcome(some)
          expect(toWelcome(other)).toEqual(found)
          const isNobody = some.some((one) => one.kind === 'welcomed' || one.kind === 'opted out' || (one.kind === 'opted in' && one.by.role === 'patient')) // prettier-ignore
          expect(found === undefined).toBe(isNobody || some.length === 0)
          if (found) expect(found.at).toBe(Math.max(...some.map(({ at }) => at)))
        },
      ),
    )
  })
})
