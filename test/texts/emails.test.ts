import { createHash } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { smtpMailer, type Mail, type Mailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox } from '../../src/bridges/email/sandbox.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { foldAccess } from '../../src/replica/kinds/access.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { emailLinksApp } from '../../src/server/email/email-links-app.ts'
import { texting, type Texting } from './texting.ts'

const hour = 3_600_000
const day = 24 * hour

interface Post { readonly world: Texting; readonly mails: Mail[]; fault: string | null } // prettier-ignore
async function post(): Promise<Post> {
  const mails: Mail[] = []
  const given: { fault: string | null } = { fault: null }
  const mailer: Mailer = {
    async deliver(mail) {
      if (given.fault === null) mails.push(mail)
      return given.fault
    },
    send: () => {},
    settled: async () => {},
    close: async () => {},
  }
  const world = await texting({ mailer, takesCards: () => true })
  onTestFinished(() => world.close())
  return Object.assign(given, { world, mails })
}
const writes = async (world: Texting, patient: string): Promise<string> => {
  const entry = mintUlid(world.clock)
  await world.replica.change([{ collection: 'messages', key: patient, facts: { patient, site: world.site, shown: true, reachable: true, startsAt: null }, add: { [entry]: { kind: 'message', at: world.clock.now(), by: { role: 'staff', id: 's', initials: 'JD' }, thread: mintUlid(world.clock), subject: 'Your biopsy', text: 'It is benign.' } } }]) // prettier-ignore
  return entry
}
const mailable = { email: 'ann@example.com', emailConsent: true }
const out = async (world: Texting, patient: string) => foldCommunications(await world.replica.entries('communications', patient)).out // prettier-ignore
const appOf = (world: Texting) =>
  emailLinksApp({ practice: world.texting.practiceOf, nameOf: async () => ({ practice: 'Desert Bloom', phone: null }), secure: false, clock: world.clock, log: (line) => void world.log.push(line) }) // prettier-ignore
const linkIn = ({ text }: Mail, purpose: string): string => new URL(new RegExp(`https://\\S+/${purpose}/\\S+`).exec(text)![0]).pathname // prettier-ignore

it('[3.4 (1, 5)] a message that waits is told of by one mail without a word of it, and again after one, two and three days', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  await writes(world, patient)
  await writes(world, patient)
  await world.pass(6 * day, hour)
  expect(mails.map(({ subject }) => subject)).toEqual(
    Array.from({ length: 4 }, () => 'Desert Bloom: you have a new message'),
  )
  for (const { text, to } of mails) {
    expect(to).toBe('ann@example.com')
    // Ids and their proofs are letters and digits at random.
    expect(text.replaceAll(/https:\S+/g, '')).not.toMatch(/biopsy|benign|Lee|ann@|JD/)
  }
  expect((await out(world, patient)).map((one) => [one.kind, one.what, one.state])).toEqual(Array.from({ length: 4 }, () => ['email', 'message notice', 'sent'])) // prettier-ignore
})

it('a message that was read at once, or is for somebody who does not consent to email, is told of by no mail', async () => {
  const { world, mails } = await post()
  const [ann, tom] = [await world.person(mailable), await world.person({ ...mailable, emailConsent: null })]
  const entry = await writes(world, ann)
  await writes(world, tom)
  await world.replica.change([{ collection: 'messages', key: ann, add: { [`read:${entry}`]: { kind: 'read', at: world.clock.now(), by: { role: 'patient', id: 'a' }, entry } } }]) // prettier-ignore
  await world.pass(2 * day, hour)
  expect(mails).toEqual([])
})

it('who gets no text is told of the event by mail; the link opens a page, and the button confirms by Email, once', async () => {
  const { world, mails } = await post()
  const patient = await world.person({ ...mailable, textConsent: null })
  const event = await world.event(patient, '2027-03-03T14:30')
  await world.pass(2 * hour, hour)
  expect(world.arrived()).toEqual([])
  expect(mails).toHaveLength(1)
  expect(mails[0]).toMatchObject({ subject: 'Desert Bloom: please confirm your appointment', stop: expect.stringContaining('/stop/') as string }) // prettier-ignore
  expect(mails[0]!.text).toContain('you have an appointment at Desert Bloom, Mesa, Wed, Mar 3, 2:30 PM.')
  expect(mails[0]!.text).not.toMatch(/Rhinoplasty|Surgery/)
  const app = appOf(world)
  const link = linkIn(mails[0]!, 'confirm')
  // Programs that look at mails open links.
  for (let i = 0; i < 2; i++) expect(await (await app.request(link)).text()).toContain('Yes, I confirm')
  expect(await world.replica.entries('confirmations', event)).toEqual([])
  for (let i = 0; i < 2; i++) expect(await (await app.request(link, { method: 'POST' })).text()).toContain('was sent to the office') // prettier-ignore
  expect(foldConfirmations(await world.replica.entries('confirmations', event))).toMatchObject([{ channel: 'email', patient, startsAt: '2027-03-03T14:30' }]) // prettier-ignore
  await world.event(patient, '2027-03-03T14:30', { startsAt: '2027-03-09T14:30' }, event)
  expect((await app.request(link)).status).toBe(410)
  const altered = link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  for (const path of [altered, link.replace('/confirm/', '/stop/'), link.replace(patient, world.site)])
    expect((await app.request(path, { method: 'POST' })).status).toBe(404)
})

it('one press of unsubscribe ends mails to the address, for whoever has it', async () => {
  const { world, mails } = await post()
  const ann = await world.person(mailable)
  await writes(world, ann)
  await world.pass(hour, 10 * 60_000)
  expect(mails).toHaveLength(1)
  const app = appOf(world)
  await app.request(linkIn(mails[0]!, 'stop'), { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }) // prettier-ignore
  const tom = await world.person({ ...mailable, email: 'ANN@example.com' })
  await writes(world, tom)
  await world.pass(5 * day, hour)
  expect(mails).toHaveLength(1)
})

it('a mail that the server does not take now goes out later, once; one that is refused for good says why', async () => {
  const given = await post()
  const { world, mails } = given
  const ann = await world.person(mailable)
  given.fault = 'ECONNREFUSED'
  await writes(world, ann)
  await world.pass(hour, 10 * 60_000)
  expect((await out(world, ann)).map((one) => one.state)).toEqual(['queued'])
  given.fault = null
  await world.pass(hour, 10 * 60_000)
  expect(mails).toHaveLength(1)
  given.fault = '550'
  const tom = await world.person({ ...mailable, email: 'gone@example.com' })
  await writes(world, tom)
  await world.pass(hour, 10 * 60_000)
  expect((await out(world, tom)).map((one) => [one.state, one.code])).toEqual([['failed', '550']])
  expect(world.log.join('\n')).not.toMatch(/@|Ann|biopsy/)
})

it('a mail carries the headers by which a mail program unsubscribes with one press (RFC 8058)', async () => {
  const raw: string[] = []
  const sandbox = await mailSandbox({ now: systemClock.now, raw: (mail) => void raw.push(mail) })
  const mailer = smtpMailer({ url: sandbox.url, address: 'portal@clinic.example', clock: systemClock, log: () => {} })
  const stop = 'https://portal.example/email/p/stop/a/b/c'
  expect(await mailer.deliver({ to: 'ann@example.com', from: 'Desert Bloom', subject: 'Hello', text: 'Text', until: Infinity, stop })).toBeNull() // prettier-ignore
  await mailer.close()
  await sandbox.close()
  expect(raw[0]).toContain(`List-Unsubscribe: <${stop}>`)
  expect(raw[0]).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  expect(await smtpMailer({ url: sandbox.url, address: 'portal@clinic.example', clock: systemClock, log: () => {} }).deliver({ to: 'ann@example.com', from: 'x', subject: 'x', text: 'x', until: 0 })).toMatch(/^E[A-Z]+$/) // prettier-ignore
})

it('a notice is opened when its message is, at the portal, and a mail of which somebody pressed a button; one that only a program looked at is not', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  const entry = await writes(world, patient)
  await world.pass(2 * hour, 10 * 60_000)
  expect(await out(world, patient)).toMatchObject([{ state: 'sent' }])
  await world.replica.change([{ collection: 'messages', key: patient, add: { [mintUlid(world.clock)]: { kind: 'read', at: world.clock.now(), by: { role: 'patient', id: 'a' }, entry } } }]) // prettier-ignore
  await world.pass(hour)
  expect(await out(world, patient)).toMatchObject([{ state: 'opened' }])
  const tom = await world.person({ ...mailable, email: 'tom@example.com', textConsent: null })
  await world.event(tom, '2027-03-03T14:30')
  await world.pass(hour)
  const app = appOf(world)
  const path = linkIn(mails.at(-1)!, 'confirm')
  await app.request(path)
  expect(await out(world, tom)).toMatchObject([{ state: 'sent' }])
  await app.request(path, { method: 'POST' })
  expect(await out(world, tom)).toMatchObject([{ state: 'opened' }])
})

it('where a site tells by email too, who is told by text has a mail of the same, once; turned on later, nobody is told again (R9)', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  expect([world.arrived().length, mails.length]).toEqual([1, 0])
  await world.set({ alsoByEmail: 'on' })
  await world.pass(hour)
  expect(mails).toEqual([])
  await world.pass(1.5 * day, 10 * 60_000)
  expect(world.arrived()).toHaveLength(2)
  expect(mails.map(({ subject }) => subject)).toEqual(['Desert Bloom: a reminder of your appointment'])
})

it('[Y4] [Y14] a payment that the office asks for is mailed with a link, and once more three days before its day; no amount and no word of what for', async () => {
  const { world, mails } = await post()
  const patient = await world.person({ ...mailable, portalEnabled: false })
  const asks = (id: string, due: string | null) => world.replica.change([{ collection: 'payments', key: patient, facts: { patient, site: world.site, shown: false, reachable: true, startsAt: null }, add: { [id]: { kind: 'requested', at: world.clock.now(), by: { role: 'staff', id: 's' }, amount: { minor: 30_000, currency: 'usd' }, due, words: 'Deposit for your rhinoplasty' } } }]) // prettier-ignore
  const [first, second] = [mintUlid(world.clock), mintUlid(world.clock)]
  await asks(first, '2027-03-10')
  await asks(second, null)
  await world.pass(hour)
  expect(mails.map(({ subject }) => subject)).toEqual(['Desert Bloom: a payment request', 'Desert Bloom: a payment request']) // prettier-ignore
  for (const { text, to } of mails) {
    expect(to).toBe('ann@example.com')
    // Ids and their proofs are letters and digits at random.
    expect(text.replaceAll(/https:\S+/g, '')).not.toMatch(/rhinoplasty|300|Lee/)
    expect(text).toMatch(/https:\/\/portal\.example\/email\/\w+\/pay\//)
  }
  await world.replica.change([{ collection: 'payments', key: patient, add: { w: { kind: 'request withdrawn', at: world.clock.now(), by: { role: 'staff', id: 's' }, request: second } } }]) // prettier-ignore
  await world.pass(10 * day, hour)
  expect(mails).toHaveLength(3)
  expect((await out(world, patient)).map((one) => [one.what, one.state])).toEqual(Array.from({ length: 3 }, () => ['payment request', 'sent'])) // prettier-ignore
})

it('an invitation that staff ask for is mailed once, with a link that is in the mail alone; what was open before ends', async () => {
  const { world, mails } = await post()
  const patient = await world.person(mailable)
  const [first, second] = [mintUlid(world.clock), mintUlid(world.clock)]
  const facts = { patient, site: world.site, shown: true, reachable: true, startsAt: null }
  const asks = (id: string) => world.replica.change([{ collection: 'access', key: patient, facts, add: { [id]: { kind: 'invitation asked', at: world.clock.now(), by: { role: 'staff', id: 's', initials: 'JD' } } } }]) // prettier-ignore
  await asks(first)
  await world.pass(hour)
  await world.restart()
  await world.pass(hour)
  expect(mails.map(({ subject }) => subject)).toEqual(['Desert Bloom: your invitation'])
  const token = new RegExp(`https://portal\\.example/invitation/${world.practice}\\.([\\w-]{32})`).exec(
    mails[0]!.text,
  )![1]!
  const open = foldAccess(await world.replica.entries('access', patient)).invitations
  expect(open.map((one) => one.tokenHash)).toEqual([createHash('sha256').update(token).digest('hex')])
  expect(JSON.stringify([await world.replica.entries('access', patient), await out(world, patient)])).not.toContain(
    token,
  )
  await asks(second)
  await world.pass(hour)
  expect(mails).toHaveLength(2)
  expect(foldAccess(await world.replica.entries('access', patient)).invitations).toHaveLength(1)
  const tom = await world.person({ ...mailable, emailConsent: null })
  await world.replica.change([{ collection: 'access', key: tom, facts: { ...facts, patient: tom }, add: { x: { kind: 'invitation asked', at: world.clock.now(), by: { role: 'staff', id: 's' } } } }]) // prettier-ignore
  await world.pass(hour)
  expect(mails).toHaveLength(2)
})
