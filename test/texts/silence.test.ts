/**
 * The silence alarm beside a real sender over the sandbox, mails to a real server of mail, time in the test's hand: what
 * should have gone out and did not is told once, in numbers; what may lawfully be left is no alarm.
 */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { smtpMailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox } from '../../src/bridges/email/sandbox.ts'
import { optedOut } from '../../src/bridges/texts/consent.ts'
import { sendCounts } from '../../src/bridges/texts/send-counts.ts'
import { textSender } from '../../src/bridges/texts/sender.ts'
import { situationsOf } from '../../src/bridges/texts/situation.ts'
import { silenceWatch, type SilenceWatch } from '../../src/portal/silence.ts'
import type { By } from '../../src/replica/kinds/kind.ts'
import type { Review } from '../../src/replica/kinds/reviews.ts'
import { openControlStore } from '../../src/server/control-store-sqlite.ts'
import { clock as systemTime, folder, master } from '../replica/world.ts'
import { dryRunIsTrue } from './foreseen.ts'
import { heldProvider } from './held-provider.ts'
import { texting, zone, type Texting } from './texting.ts'

const minute = 60_000
const hour = 60 * minute
/** The reminders of an event at 9:00 on Thursday are due on Wednesday at 9:00, when the window opens. */
const thursday = '2027-03-04T09:00'
const wednesdayAt = (time: string): number => Date.parse(`2027-03-03T${time}:00-07:00`)

interface Watched {
  readonly world: Texting
  watch: SilenceWatch
  /** Lets time pass with all that it brings. */
  until(at: number): Promise<void>
  /** The sender ends, and begins anew. */
  stopSending(): Promise<void>
  sendAnew(): Promise<void>
  readonly mails: () => { subject: string; text: string }[]
  readonly did: () => string[]
  reviews(state: 'open' | 'resolved'): Promise<Review[]>
  /** Another process watches from now on. */
  watchAnew(): Promise<void>
  mailServer(isUp: boolean): Promise<void>
}

async function watched(): Promise<Watched> {
  const world = await texting()
  const { clock } = world
  const store = openControlStore(join(folder(), 'control.sqlite'), master, clock)
  let server = await mailSandbox({ now: clock.now })
  const { url } = server
  let isStopped = false
  let before: { subject: string; text: string }[] = []
  const mailer = smtpMailer({ url, address: 'portal@clinic.example', clock: systemTime, log: () => {} })
  const begin = (): SilenceWatch => {
    const watch = silenceWatch({ sitesOf: () => [world.site], zoneOf: () => zone, isAnyHour: () => false, hasMail: false, why: () => world.texting.problem(world.practice), mail: { mailer, to: 'operator@clinic.example' }, audit: store.audit, clock, log: (line) => void world.log.push(line) }) // prettier-ignore
    watch.opened(world.practice, { replica: world.replica, hmacKey: new Uint8Array(32).fill(3) })
    return watch
  }
  const mails = () => [
    ...before,
    ...server
      .mails()
      .toReversed()
      .map(({ subject, text }) => ({ subject, text })),
  ]
  const self: Watched = {
    world,
    watch: begin(),
    async until(at) {
      while (clock.now() < at) {
        clock.advance(at - clock.now() > 2 * hour ? 10 * minute : Math.min(minute, at - clock.now()))
        await (isStopped ? world.indexed() : world.settled())
        await self.watch.settled()
      }
      await (isStopped ? world.indexed() : world.settled())
    },
    async stopSending() {
      await world.texting.stop()
      isStopped = true
    },
    async sendAnew() {
      await self.watch.stop()
      await world.restart()
      isStopped = false
      self.watch = begin()
    },
    mails,
    did: () => store.audit.rows().map(({ event }) => event.did),
    async reviews(state) {
      const rows = await world.replica.index({ view: 'review', state })
      return rows.map(({ body }) => body as unknown as Review).filter(({ about }) => about === 'texts silent')
    },
    async watchAnew() {
      await self.watch.stop()
      self.watch = begin()
    },
    async mailServer(isUp) {
      if (isUp) server = await mailSandbox({ now: clock.now, port: Number(new URL(url).port) })
      else {
        before = mails()
        await server.close()
      }
    },
  }
  onTestFinished(async () => {
    await self.watch.stop()
    await world.close()
    await mailer.close()
    await server.close()
    store.close()
  })
  return self
}
/** Patients with an event on Thursday each, the request to confirm long told. */
async function booked({ world }: Watched, count: number, fields: Record<string, string | null | boolean> = {}): Promise<{ patient: string; event: string }[]> {
  await world.set({ 'rule/request': 'none' })
  const made: { patient: string; event: string }[] = []
  for (let n = 0; n < count; n++) {
    const patient = await world.person({ firstName: 'Ochre', cellPhone: `+1 480 555 01${String(n).padStart(2, '0')}`, ...fields }) // prettier-ignore
    made.push({ patient, event: await world.event(patient, thursday) })
  }
  await world.settled()
  return made
} // prettier-ignore

it('[TEXT-17] a sender that has stopped is told of within the hour, once, in numbers alone, over a new start; and so is its end', async () => {
  const of = await watched()
  const { world } = of
  await booked(of, 12)
  await of.until(wednesdayAt('08:50'))
  await of.stopSending()
  await of.until(wednesdayAt('10:00'))
  expect(of.mails()).toHaveLength(1)
  expect(of.mails()[0]).toMatchObject({ subject: `Alarm: texts of site ${world.site} do not go out`, text: expect.stringContaining('12 reminders should have gone out at 2027-03-03 09:00; 0 did. 12 were not begun.') as string }) // prettier-ignore
  expect(world.log.filter((line) => line.startsWith('alarm'))).toHaveLength(1)
  expect(of.did()).toEqual(['alarm raised'])
  expect(await of.reviews('open')).toMatchObject([{ why: '12 reminders should have gone out at 2027-03-03 09:00; 0 did. 12 were not begun.', patient: null }]) // prettier-ignore
  expect(of.watch.of(world.practice)).toMatchObject([{ siteId: world.site }])
  await of.watchAnew()
  await of.until(wednesdayAt('13:00'))
  expect([of.mails().length, (await of.reviews('open')).length]).toEqual([1, 1])
  await of.sendAnew()
  await of.until(wednesdayAt('13:30'))
  expect(world.arrived()).toHaveLength(12)
  expect(of.mails().map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/^Alarm/),
    `Over: texts of site ${world.site}`,
  ])
  expect(of.mails()[1]!.text).toContain('Texts go out again; the last one at 2027-03-03 13:0')
  expect(of.did()).toEqual(['alarm raised', 'alarm over'])
  expect([await of.reviews('open'), (await of.reviews('resolved')).map(({ resolved }) => resolved!.how)]).toEqual([[], ['by itself']]) // prettier-ignore
  expect(of.watch.of(world.practice)).toEqual([])
  await of.until(wednesdayAt('20:00'))
  expect(of.mails()).toHaveLength(2)
  expect(JSON.stringify([of.mails(), world.log])).not.toMatch(/Ochre|555|Rhinoplasty|Desert/)
})

it('[TEXT-17] a provider that cannot be reached, and one that refuses all, is said to be the reason', async () => {
  const of = await watched()
  const { world } = of
  await booked(of, 4)
  await of.until(wednesdayAt('08:55'))
  world.sandbox.down(true)
  await of.until(wednesdayAt('09:40'))
  expect(of.mails()[0]!.text).toMatch(/4 reminders should have gone out between 2027-03-03 09:00 and 09:01; 0 did\. 1 waits to be taken by the provider\. 3 were not begun\. Texts wait: The texts provider failed/) // prettier-ignore
  world.sandbox.down(false)
  await of.until(wednesdayAt('10:30'))
  expect(of.mails().map(({ subject }) => subject.slice(0, 5))).toEqual(['Alarm', 'Over:'])

  const refusing = await watched()
  await booked(refusing, 12)
  await refusing.until(wednesdayAt('08:55'))
  refusing.world.sandbox.trouble(...Array.from({ length: 12 }, () => ({ is: 'error', status: 400, code: 30034 }) as const)) // prettier-ignore
  await refusing.until(wednesdayAt('09:40'))
  expect((await refusing.reviews('open')).map(({ why }) => why)).toEqual([
    '12 reminders should have gone out at 2027-03-03 09:00; 0 did. The provider refused 12 (code 30034).',
  ])
})

it('[TEXT-17] an alarm goes on through the night, until something has gone out', async () => {
  const of = await watched()
  const { world } = of
  await booked(of, 3)
  await of.until(wednesdayAt('08:50'))
  await of.stopSending()
  await of.until(wednesdayAt('23:00') + 10 * hour)
  // Every start is over, and nothing shows that anything works.
  expect(of.mails()).toHaveLength(1)
  await world.event(await world.person({ cellPhone: '+1 480 555 0199' }), '2027-03-05T14:00')
  await of.sendAnew()
  await of.until(wednesdayAt('15:00') + 24 * hour)
  expect(of.mails().map(({ subject }) => subject.slice(0, 5))).toEqual(['Alarm', 'Over:'])
})

it('[TEXT-17] a sender that throws at every event, and one that waits for an answer for ever, is seen from outside', async () => {
  const of = await watched()
  const { world } = of
  await booked(of, 3)
  await of.until(wednesdayAt('08:50'))
  world.dieAfter(0)
  await of.until(wednesdayAt('09:40'))
  expect(of.mails()[0]!.text).toContain('3 reminders should have gone out at 2027-03-03 09:00; 0 did.')

  const stuck = await watched()
  await booked(stuck, 3)
  await stuck.until(wednesdayAt('08:50'))
  await stuck.stopSending()
  const { replica, keys, clock } = stuck.world
  let asked = 0
  const never = new Promise<never>(() => {})
  const provider = { ...heldProvider(clock), send: () => (asked++, never) }
  textSender({ replica, keys, clock, provider: () => provider, isOpen: () => true, statusTo: () => null, indexed: async () => {}, received: async () => {}, log: () => {} }) // prettier-ignore
  await stuck.world.indexed()
  while (clock.now() < wednesdayAt('09:45')) {
    clock.advance(minute)
    if (clock.now() === wednesdayAt('09:01')) await expect.poll(() => asked, { timeout: 5_000 }).toBe(1)
    await stuck.watch.settled()
  }
  expect(stuck.mails()[0]!.text).toMatch(/3 reminders should have gone out (at|between) 2027-03-03 09:00.*; 0 did\. 1 waits to be taken by the provider\. 2 were not begun\./) // prettier-ignore
})

it('[TEXT-17] what may lawfully be left, and a practice of which nothing is due, is no alarm', async () => {
  const of = await watched()
  const { world } = of
  const { clock, site } = world
  const by: By = { role: 'staff', id: 'jo', initials: 'JD', name: 'Jo Desk' }
  await booked(of, 2, { textConsent: null })
  const [stopped, held, confirmed, canceled] = await booked(of, 4)
  await world.says(optedOut(world.keys.ofNumber('+14805550100'), { by, how: 'reply', at: clock.now() }))
  await world.says({ collection: 'communications', key: held!.patient, facts: { patient: held!.patient, site, shown: false, reachable: true, startsAt: null }, add: { hold: { kind: 'hold', at: clock.now(), by, event: held!.event, holds: true } } }) // prettier-ignore
  await world.set({ remindsConfirmed: 'off' })
  await world.event(confirmed!.patient, thursday, { lastConfirmed: '2027-03-02T10:00' }, confirmed!.event)
  await world.event(canceled!.patient, thursday, { status: 'Canceled' }, canceled!.event)
  expect(stopped).toBeDefined()
  // Booked so late that no hour is left for it.
  await of.until(wednesdayAt('21:00'))
  await world.event(await world.person({ cellPhone: '+1 480 555 0150' }), '2027-03-04T08:00')
  await of.stopSending()
  await of.until(wednesdayAt('12:00') + 24 * hour)
  expect([world.arrived(), of.mails(), of.did()]).toEqual([[], [], []])
})

it('[TEXT-17] sending that is off, texts that staff are asked about, and numbers that take no texts are no alarm', async () => {
  const off = await watched()
  await booked(off, 3)
  await off.world.set({ sending: 'off' })
  await off.until(wednesdayAt('12:00'))
  expect(off.mails()).toEqual([])

  const of = await watched()
  const { world } = of
  await booked(of, 25)
  await of.until(wednesdayAt('08:30'))
  await of.stopSending()
  await of.until(wednesdayAt('09:14'))
  world.clock.advance(6 * hour)
  await of.sendAnew()
  await of.until(wednesdayAt('17:00'))
  expect(world.arrived()).toEqual([])
  expect(await world.replica.indexCount({ view: 'review', state: 'open' })).toBe(1)
  expect(of.mails()).toEqual([])

  const landlines = await watched()
  await booked(landlines, 4)
  landlines.world.sandbox.trouble(...Array.from({ length: 4 }, () => ({ is: 'error', status: 400, code: 21614 }) as const)) // prettier-ignore
  await landlines.until(wednesdayAt('11:00'))
  expect(landlines.mails()).toEqual([])
})

it('[TEXT-17] what a booking and a visit should have been followed by is counted too, each kind for itself', async () => {
  const of = await watched()
  const { world } = of
  await world.set({ 'rule/request': 'none', 'rule/reminder': 'none', 'rule/booked': 'booking notice', 'rule/thanks': 'after visit 2 hours after' }) // prettier-ignore
  await of.stopSending()
  await of.until(wednesdayAt('08:50'))
  for (let n = 0; n < 3; n++) await world.event(await world.person({ cellPhone: `+1 480 555 016${n}` }), '2027-03-25T14:00') // prettier-ignore
  for (let n = 0; n < 2; n++) await world.event(await world.person({ cellPhone: `+1 480 555 017${n}` }), '2027-03-03T06:00', { status: 'Checked Out' }) // prettier-ignore
  await of.until(wednesdayAt('10:00'))
  const [review] = await of.reviews('open')
  expect(review!.why).toContain('3 booking notices should have gone out')
  expect(review!.why).toContain('2 texts after a visit should have gone out')
})

it('[TEXT-17] an alarm that the server of mail has not taken is mailed when it does', async () => {
  const of = await watched()
  const { world } = of
  await booked(of, 2)
  await of.until(wednesdayAt('08:50'))
  await of.mailServer(false)
  await of.stopSending()
  await of.until(wednesdayAt('10:00'))
  expect(world.log.filter((line) => line === 'An alarm could not be mailed: ECONNREFUSED.')).toHaveLength(4)
  await of.watchAnew()
  await of.mailServer(true)
  await of.until(wednesdayAt('11:00'))
  expect(of.mails().map(({ subject }) => subject.slice(0, 5))).toEqual(['Alarm'])
})

it('[TEXT-17] a sender that does what random rules say is silent at no hour of nine days', async () => {
  let looked = 0
  await dryRunIsTrue(40, 20_270_310, async ({ replica, keys, clock, sites }) => {
    const counts = sendCounts({ replica, situations: situationsOf({ replica, keys }), isAnyHour: () => false, bookedSince: async () => [] }) // prettier-ignore
    for (const site of sites) {
      const { kinds } = await counts.of(site, { from: clock.now() - 3 * hour, now: clock.now() })
      looked++
      expect(kinds, new Date(clock.now()).toISOString()).toEqual([])
    }
  })
  expect(looked).toBeGreaterThan(500)
})
