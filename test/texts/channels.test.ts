/** By which channel a rule tells: what the patient prefers, what is refused, and that nothing is told by both. */
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { smtpMailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox, type SandboxMail } from '../../src/bridges/email/sandbox.ts'
import { choiceThrough, isCopied, wayOf, type OpenChannels } from '../../src/bridges/texts/channels.ts'
import { outlookOf } from '../../src/bridges/texts/judging.ts'
import { situationsOf } from '../../src/bridges/texts/situation.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { foldCommunications, noChoice, type ChannelChoice, type CommunicationEntry } from '../../src/replica/kinds/communications.ts' // prettier-ignore
import { whyTextOf } from '../../src/site/texting.ts'
import { speechIn } from '../../src/server/words/speech.ts'
import { whyInWords } from '../../src/server/console/texts-in-words.ts'
import { texting, zone, type Texting } from './texting.ts'

const hour = 3_600_000
const day = 24 * hour

const anyChoice: fc.Arbitrary<ChannelChoice> = fc.record({ prefers: fc.constantFrom(null, 'text', 'email'), noText: fc.boolean(), noEmail: fc.boolean(), noneByItself: fc.boolean() }) // prettier-ignore
const anyOpen: fc.Arbitrary<OpenChannels> = fc.record({
  whyNoText: fc.constantFrom(null, null, 'no number', 'no number of the guarantor', 'opted out', 'consent unknown', 'no consent'), // prettier-ignore
  whyNoEmail: fc.constantFrom(null, null, 'no address', 'no address of the guarantor', 'unsubscribed', 'email consent unknown', 'no email consent', 'address bounced', 'no mail server'), // prettier-ignore
})

it('[TEXT-19] whatever is chosen and on file there is one channel or a reason: never a channel that is refused or not open, the preferred one where it is open, nothing by itself where nobody wants that', () => {
  fc.assert(
    fc.property(anyChoice, anyOpen, fc.boolean(), (choice, open, isByHand) => {
      const way = wayOf(choice, open, isByHand)
      const may = {
        text: open.whyNoText === null && !choice.noText,
        email: open.whyNoEmail === null && !choice.noEmail,
      }
      if (choice.noneByItself && !isByHand) {
        expect(way).toEqual({ by: null, why: 'nothing by itself' })
        return
      }
      if (way.by !== null) {
        expect(may[way.by]).toBe(true)
        if (may.text && may.email) expect(way.by).toBe(choice.prefers ?? 'text')
        return
      }
      expect(may).toEqual({ text: false, email: false })
      expect(new Set([way.why, 'also' in way ? way.also : null])).toEqual(new Set([choice.noText ? 'wants no text' : open.whyNoText, choice.noEmail ? 'wants no email' : open.whyNoEmail])) // prettier-ignore
    }),
  )
})

it('[TEXT-19] a copy by mail goes only where mail is open and nobody chose one of the two; through another person a no of either is a no', () => {
  fc.assert(
    fc.property(anyChoice, anyChoice, anyOpen, (own, other, open) => {
      if (isCopied(own, open)) expect([own.prefers, own.noEmail, open.whyNoEmail]).toEqual([null, false, null])
      const both = choiceThrough(own, other)
      expect(wayOf(own, open, false).by === null && wayOf(both, open, false).by !== null).toBe(false)
      expect(both.noneByItself).toBe(own.noneByItself || other.noneByItself)
      expect(choiceThrough(own)).toEqual(own)
    }),
  )
})

it('[TEXT-19] what was chosen last of each counts, in whatever order it comes', () => {
  const said = (at: number, more: object): CommunicationEntry & { id: string } => ({ kind: 'channels', id: String(at), at, by: { role: 'staff', id: 's', initials: 'JD' }, ...more }) as never // prettier-ignore
  const entries = [said(1, { prefers: 'email', noText: true }), said(2, { noneByItself: true }), said(3, { prefers: null, noneByItself: false })] // prettier-ignore
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: 3 }), (some) => {
      const { choice, chosen } = foldCommunications(some)
      expect(choice).toEqual({ prefers: null, noText: true, noEmail: false, noneByItself: false })
      expect(chosen?.at).toBe(3)
    }),
  )
  expect(foldCommunications([])).toMatchObject({ choice: noChoice, chosen: null })
})

interface Post { readonly world: Texting; readonly mails: SandboxMail[]; isDown: boolean } // prettier-ignore
/** A practice with a server of mail that speaks SMTP. */
async function post(): Promise<Post> {
  const mails: SandboxMail[] = []
  const sandbox = await mailSandbox({ now: systemClock.now, taken: (mail) => void mails.push(mail) })
  const smtp = smtpMailer({ url: sandbox.url, address: 'portal@clinic.example', clock: systemClock, log: () => {} })
  const given = { isDown: false }
  const world = await texting({ mailer: { ...smtp, deliver: async (mail) => (given.isDown ? 'ECONNREFUSED' : smtp.deliver(mail)) } }) // prettier-ignore
  onTestFinished(async () => {
    await world.close()
    await smtp.close()
    await sandbox.close()
  })
  return Object.assign(given, { world, mails })
}
const mailable = { email: 'ann@example.com', emailConsent: true }
async function choose(world: Texting, patient: string, choice: Partial<ChannelChoice>): Promise<void> {
  // Of one millisecond nobody says which was later.
  world.clock.advance(1)
  await world.says({ collection: 'communications', key: patient, facts: { patient, site: world.site, shown: false, reachable: true, startsAt: null }, add: { [mintUlid(world.clock)]: { kind: 'channels', at: world.clock.now(), by: { role: 'staff', id: 'jo', initials: 'JD' }, ...choice } } }) // prettier-ignore
}
/** The lines of why of an event, as staff read them. */
async function linesOf(world: Texting, event: string): Promise<string[]> {
  await world.settled()
  const told = await situationsOf({ replica: world.replica, keys: world.keys }).of(event, world.clock.now())
  return outlookOf(told!).map(({ rule, verdict }) => whyInWords(speechIn('en'), whyTextOf(rule, verdict), zone))
}

it('[TEXT-19] who prefers email is asked and reminded by mail and gets no text; the lines say by what, before and after', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  await choose(world, patient, { prefers: 'email' })
  const event = await world.event(patient, '2027-03-09T14:30')
  expect(await linesOf(world, event)).toEqual(['Goes out by email Saturday, March 6 at 2:30 PM.', 'Goes out by email Monday, March 8 at 2:30 PM.']) // prettier-ignore
  await world.pass(9 * day, 30 * 60_000)
  await expect.poll(() => mails.length).toBe(2)
  expect(mails.map(({ to, subject }) => [to, subject])).toEqual([['ann@example.com', 'Desert Bloom: please confirm your appointment'], ['ann@example.com', 'Desert Bloom: a reminder of your appointment']]) // prettier-ignore
  expect(world.arrived()).toEqual([])
  expect(await linesOf(world, event)).toEqual(['Sent by email Saturday, March 6 at 2:30 PM. Sent.', 'Sent by email Monday, March 8 at 2:30 PM. Sent.']) // prettier-ignore
})

it('[TEXT-19] who wants nothing by itself gets neither, and the lines say so; what staff send by hand goes, and what is due when that ends', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  await choose(world, patient, { noneByItself: true })
  const event = await world.event(patient, '2027-03-09T14:30')
  const nothing = 'The patient gets nothing that is sent by itself: somebody chose so.'
  expect(await linesOf(world, event)).toEqual([nothing, nothing])
  await world.pass(6 * day, hour)
  expect([world.arrived(), mails]).toEqual([[], []])
  expect(await linesOf(world, event)).toEqual([nothing, nothing])
  await world.says({ collection: 'communications', key: patient, add: { hand: { kind: 'send now', at: world.clock.now(), by: { role: 'staff', id: 'jo', initials: 'JD' }, what: 'confirmation request', event, startsAt: '2027-03-09T14:30', rule: 'request' } } }) // prettier-ignore
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
  await world.pass(1.2 * day, hour)
  await choose(world, patient, { noneByItself: false })
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(2)
  expect(mails).toEqual([])
})

it('[TEXT-1] [TEXT-19] what was told by text is not told by mail where the patient prefers mail by now, nor the other way round, also after a start and on a portal that was put back', async () => {
  const { world, mails } = await post()
  const [ann, tom] = [await world.person(mailable), await world.person({ firstName: 'Tom', cellPhone: '+1 480 555 0102', email: 'tom@example.com', emailConsent: true })] // prettier-ignore
  await choose(world, tom, { prefers: 'email' })
  for (const patient of [ann, tom]) await world.event(patient, '2027-03-04T14:30')
  await world.settled()
  const before = await world.copy()
  await world.pass(day, hour)
  const phones = (): string[] => world.arrived().map(({ phone }) => phone)
  const addresses = (): string[] => mails.map(({ to }) => to)
  expect([phones(), addresses()]).toEqual([['+14805550101'], ['tom@example.com']])
  await choose(world, ann, { prefers: 'email' })
  await choose(world, tom, { prefers: 'text' })
  await world.pass(2 * hour, hour)
  await world.restart()
  await world.pass(2 * hour, hour)
  expect([phones(), addresses()]).toEqual([['+14805550101'], ['tom@example.com']])
  // What the mail told is known to nobody then but the site, which has the claim.
  const told = await world.replica.entries('communications', tom)
  await world.restart(before)
  await world.replica.change([{ collection: 'communications', key: tom, add: Object.fromEntries(told.map(({ id, ...entry }) => [id, entry as CommunicationEntry])) }]) // prettier-ignore
  await world.pass(2 * hour, hour)
  expect([phones(), addresses()]).toEqual([['+14805550101'], ['tom@example.com']])
})

it('[TEXT-1] [TEXT-19] a text that nobody took goes by mail where that is chosen meanwhile, once, and a mail that no server took by text', async () => {
  const given = await post()
  const { world, mails } = given
  const [ann, tom] = [await world.person(mailable), await world.person({ firstName: 'Tom', cellPhone: '+1 480 555 0102', email: 'tom@example.com', emailConsent: true })] // prettier-ignore
  await choose(world, tom, { prefers: 'email' })
  world.sandbox.trouble({ is: 'error', status: 503, code: 20_503 })
  given.isDown = true
  for (const patient of [tom, ann]) {
    await world.event(patient, '2027-03-03T14:30')
    await world.settled()
  }
  expect([world.arrived(), mails]).toEqual([[], []])
  const states = async (patient: string): Promise<string[]> => foldCommunications(await world.replica.entries('communications', patient)).out.map((one) => `${one.kind} ${one.state} ${one.code ?? ''}`) // prettier-ignore
  expect([await states(ann), await states(tom)]).toEqual([['text queued '], ['email queued ']])
  await choose(world, ann, { prefers: 'email' })
  await choose(world, tom, { prefers: 'text' })
  given.isDown = false
  await world.pass(3 * hour, 60_000)
  expect([world.arrived().map(({ phone }) => phone), mails.map(({ to }) => to)]).toEqual([['+14805550102'], ['ann@example.com']]) // prettier-ignore
  expect([await states(ann), await states(tom)]).toEqual([['text dropped told anew', 'email sent '], ['email dropped told anew', 'text delivered ']]) // prettier-ignore
})

it('[TEXT-19] while the provider of texts is down, who prefers email is told in time', async () => {
  const { world, mails } = await post()
  const [ann, tom] = [await world.person(), await world.person({ firstName: 'Tom', cellPhone: '+1 480 555 0102', email: 'tom@example.com', emailConsent: true })] // prettier-ignore
  await choose(world, tom, { prefers: 'email' })
  await world.settled()
  world.sandbox.down(true)
  await world.event(ann, '2027-03-03T14:30')
  await world.pass(10 * 60_000)
  await world.event(tom, '2027-03-03T14:30')
  await world.pass(10 * 60_000)
  expect([world.arrived(), mails.map(({ to }) => to)]).toEqual([[], ['tom@example.com']])
  world.sandbox.down(false)
  await world.pass(hour)
  expect([world.arrived().length, mails.length]).toEqual([1, 1])
})

it('[TEXT-3] [TEXT-19] a mail that the server did not take is not sent later for an event that was canceled or moved meanwhile', async () => {
  const given = await post()
  const { world, mails } = given
  const patient = await world.person({ ...mailable, textConsent: false })
  given.isDown = true
  const event = await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour, 10 * 60_000)
  await world.event(patient, '', { startsAt: '2027-03-03T14:30', status: 'Canceled' }, event)
  given.isDown = false
  await world.pass(hour, 10 * 60_000)
  expect(mails).toEqual([])
  const { out } = foldCommunications(await world.replica.entries('communications', patient))
  expect(out.map(({ state, code }) => [state, code])).toEqual([['dropped', 'canceled']])
})

it('[TEXT-19] who refuses texts is told by mail, who refuses mail by text whatever is preferred, and who refuses both not at all, with both reasons (R8, R29)', async () => {
  const { world, mails } = await post()
  const people = await Promise.all([1, 2, 3, 4].map((n) => world.person({ cellPhone: `+1 480 555 010${n}`, email: `p${n}@example.com`, emailConsent: true }))) // prettier-ignore
  const choices = [{ noText: true }, { noEmail: true, prefers: 'email' }, { noText: true, noEmail: true }, { prefers: 'email', noText: true }] as const // prettier-ignore
  const events: string[] = []
  for (const [n, patient] of people.entries()) {
    await choose(world, patient, choices[n]!)
    events.push(await world.event(patient, '2027-03-03T14:30'))
  }
  await world.says({ collection: 'consents', key: world.keys.ofAddress('p4@example.com'), facts: { patient: null, site: null, shown: false, reachable: false, startsAt: null }, add: { out: { kind: 'opted out', at: world.clock.now(), by: { role: 'patient', id: 'p' }, channel: 'email', how: 'link' } } }) // prettier-ignore
  await world.pass(day, hour)
  expect(world.arrived().map(({ phone }) => phone)).toEqual(['+14805550102'])
  expect(mails.map(({ to }) => to)).toEqual(['p1@example.com'])
  expect((await linesOf(world, events[2]!))[0]).toBe('No texts: somebody chose so for the patient. No email: somebody chose so for the patient.') // prettier-ignore
  expect((await linesOf(world, events[3]!))[0]).toBe('The email address has unsubscribed. No texts: somebody chose so for the patient.') // prettier-ignore
})

it('[TEXT-19] a minor is told by mail through the guarantor, who prefers it; a no to email for the child is a no (R23)', async () => {
  const { world, mails } = await post()
  const mother = await world.person(mailable)
  const tom = await world.person({ firstName: 'Tom', birthDate: '2019-02-01', cellPhone: null, textConsent: null, email: 'tom@example.com', guarantor: mother }) // prettier-ignore
  await choose(world, mother, { prefers: 'email' })
  await world.event(tom, '2027-03-03T14:30')
  await world.pass(hour)
  expect(mails.map(({ to, text }) => [to, text.slice(0, 9)])).toEqual([['ann@example.com', 'Hello Tom']])
  await choose(world, tom, { noEmail: true })
  await world.event(tom, '2027-03-05T14:30')
  await world.pass(1.5 * day, hour)
  expect(mails).toHaveLength(1)
  expect(world.arrived().map(({ phone }) => phone)).toContain('+14805550101')
})

it('[TEXT-2] [TEXT-19] a mail by a rule keeps the hours of the rule: what was booked in the night is mailed in the morning', async () => {
  const { world, mails } = await post()
  await world.set({ 'rule/request': 'none', 'rule/reminder': 'none', 'rule/booked': 'booking notice' })
  const patient = await world.person(mailable)
  await choose(world, patient, { prefers: 'email' })
  // 23:00 in Phoenix.
  await world.pass(13 * hour, hour)
  await world.event(patient, '2027-03-20T14:30')
  await world.pass(9 * hour, hour)
  expect(mails).toEqual([])
  await world.pass(2 * hour, 10 * 60_000)
  expect(mails.map(({ subject }) => subject)).toEqual(['Desert Bloom: your appointment is booked'])
})

it('[TEXT-19] who wants no email, or nothing by itself, is mailed no notice of a message; where a mail came back the next rule goes by text (R29)', async () => {
  const { world, mails } = await post()
  const [ann, tom, eva] = [await world.person(mailable), await world.person({ ...mailable, email: 'tom@example.com' }), await world.person({ ...mailable, email: 'eva@example.com', cellPhone: '+1 480 555 0103' })] // prettier-ignore
  await choose(world, ann, { noEmail: true })
  await choose(world, tom, { noneByItself: true })
  await choose(world, eva, { prefers: 'email' })
  const facts = (patient: string) => ({ patient, site: world.site, shown: true, reachable: true, startsAt: null })
  for (const patient of [ann, tom, eva])
    await world.says({ collection: 'messages', key: patient, facts: facts(patient), add: { [mintUlid(world.clock)]: { kind: 'message', at: world.clock.now(), by: { role: 'staff', id: 's', initials: 'JD' }, thread: mintUlid(world.clock), subject: 'Hello', text: 'Hello' } } }) // prettier-ignore
  await world.event(eva, '2027-03-09T14:30')
  await world.pass(5 * day + 5 * hour, hour)
  expect(new Set(mails.map(({ to }) => to))).toEqual(new Set(['eva@example.com']))
  const asked = foldCommunications(await world.replica.entries('communications', eva)).out.find(({ what }) => what === 'confirmation request')! // prettier-ignore
  expect(asked.kind).toBe('email')
  await world.says({ collection: 'communications', key: eva, add: { back: { kind: 'state', at: world.clock.now(), by: { role: 'portal', id: 'p' }, message: asked.id, state: 'undelivered', code: '5.1.1' } } }) // prettier-ignore
  await world.pass(3 * day, hour)
  expect(world.arrived().map(({ phone, body }) => [phone, body.includes('reminder')])).toEqual([['+14805550103', true]])
})
