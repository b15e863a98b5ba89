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

it('[TEXT-18] whatever is chosen and on file there is one channel or a reason: never a channel that is refused or not open, the preferred one where it is open, nothing by itself where nobody wants that', () => {
  fc.assert(
    fc.property(anyChoice, anyOpen, fc.boolean(), (choice, open, isByHand) => {
      const way = wayOf(choice, open, isByHand)
      const may = { text: open.whyNoText === null && !choice.noText, email: open.whyNoEmail === null && !choice.noEmail }
      if (choice.noneByItself && !isByHand) return expect(way).toEqual({ by: null, why: 'nothing by itself' })
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

it('[TEXT-18] a copy by mail goes only where mail is open and nobody chose one of the two; through another person a no of either is a no', () => {
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

it('[TEXT-18] what was chosen last of each counts, in whatever order it comes', () => {
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
  const sandbox = await mailSandbox({ now: systemClock.now, received: (mail) => void mails.push(mail) })
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
  await world.replica.change([{ collection: 'communications', key: patient, facts: { patient, site: world.site, shown: false, reachable: true, startsAt: null }, add: { [mintUlid(world.clock)]: { kind: 'channels', at: world.clock.now(), by: { role: 'staff', id: 'jo', initials: 'JD' }, ...choice } } }]) // prettier-ignore
}
/** The lines of why of an event, as staff read them. */
async function linesOf(world: Texting, event: string): Promise<string[]> {
  await world.settled()
  const told = await situationsOf({ replica: world.replica, keys: world.keys }).of(event, world.clock.now())
  const words = outlookOf(told!).map(({ rule, verdict }) => whyInWords(speechIn('en'), verdict.is === 'told' ? { rule: rule.id, what: rule.what, lead: rule.lead, is: 'told', at: verdict.message.at, by: verdict.message.kind, state: verdict.message.state, code: verdict.message.code } : verdict.is === 'wait' ? { rule: rule.id, what: rule.what, lead: rule.lead, is: 'due', at: verdict.until, why: verdict.why, way: verdict.way } : verdict.is === 'send' ? { rule: rule.id, what: rule.what, lead: rule.lead, is: 'now', by: verdict.by } : { rule: rule.id, what: rule.what, lead: rule.lead, is: 'not', why: verdict.why, also: verdict.also }, zone)) // prettier-ignore
  return words
}

it('[TEXT-18] who prefers email is asked and reminded by mail and gets no text; the lines say by what, before and after', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  await choose(world, patient, { prefers: 'email' })
  const event = await world.event(patient, '2027-03-09T14:30')
  expect(await linesOf(world, event)).toEqual(['Goes out by email Sat, Mar 6, 2:30 PM MST.', 'Goes out by email Mon, Mar 8, 2:30 PM MST.']) // prettier-ignore
  await world.pass(9 * day, hour)
  await expect.poll(() => mails.length).toBe(2)
  expect(mails.map(({ to, subject }) => [to, subject])).toEqual([['ann@example.com', 'Desert Bloom: please confirm your appointment'], ['ann@example.com', 'Desert Bloom: a reminder of your appointment']]) // prettier-ignore
  expect(world.arrived()).toEqual([])
  expect(await linesOf(world, event)).toEqual(['Sent by email Sat, Mar 6, 2:30 PM MST. Sent.', 'Sent by email Mon, Mar 8, 2:30 PM MST. Sent.']) // prettier-ignore
})
