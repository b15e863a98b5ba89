import { createTransport } from 'nodemailer'
import { expect, it, onTestFinished } from 'vitest'
import { bounceMark, markedAddress, markedMessage, reportIn, takeBounces } from '../../src/bridges/email/bounces.ts'
import { smtpMailer, type Mail, type Mailer } from '../../src/bridges/email/mailer.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { mailSandbox } from '../../src/bridges/email/sandbox.ts'
import { texting, type Texting } from './texting.ts'

const hour = 3_600_000
/** A delivery report as servers of mail write it (RFC 3464, appendix A). */
const report = (action: string, status: string): string =>
  [
    'From: MAILER-DAEMON@mx.example',
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report;',
    '\treport-type=delivery-status; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain',
    '',
    'I could not deliver it. Status: 5.0.0',
    '--b1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    'Final-Recipient: rfc822; ann@example.com',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 no such user',
    '',
    '--b1--',
    '',
  ].join('\r\n')

async function post(): Promise<{ world: Texting; mails: Mail[]; comesBack: (to: string, raw: string) => Promise<unknown> }> {
  const mails: Mail[] = []
  const mailer: Mailer = { deliver: async (mail) => (mails.push(mail), null), send: () => {}, settled: async () => {}, close: async () => {} }
  const world = await texting({ mailer })
  const server = await takeBounces({ port: 0, host: '127.0.0.1', taken: (mark, said) => world.texting.cameBack(mark, said), log: (line) => void world.log.push(line) })
  const transport = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true })
  onTestFinished(async () => {
    transport.close()
    await server.close()
    await world.close()
  })
  return { world, mails, comesBack: (to, raw) => transport.sendMail({ envelope: { from: '', to }, raw }) }
} // prettier-ignore
const out = async (world: Texting, patient: string) => foldCommunications(await world.replica.entries('communications', patient)).out // prettier-ignore
async function told(world: Texting): Promise<string> {
  const patient = await world.person({ textConsent: null, email: 'ann@example.com', emailConsent: true })
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  return patient
}

it('a mail that comes back later is noted as not delivered with the status, and an address that is none is shown to staff, once', async () => {
  const { world, mails, comesBack } = await post()
  const patient = await told(world)
  expect(await out(world, patient)).toMatchObject([{ kind: 'email', state: 'sent' }])
  const back = markedAddress('bounces@clinic.example', mails[0]!.mark!)
  await comesBack(back, report('delayed', '4.4.1'))
  expect(await out(world, patient)).toMatchObject([{ state: 'sent' }])
  await comesBack(back.toUpperCase(), report('failed', '5.1.1'))
  await comesBack(back, report('failed', '5.1.1'))
  expect(await out(world, patient)).toMatchObject([{ state: 'undelivered', code: '5.1.1' }])
  await world.settled()
  const reviews = await world.replica.index({ view: 'review' })
  expect(reviews.map((row) => (row.body as { about: string }).about)).toEqual(['address takes no mail'])
})

it('what is no report, and what comes to an address that was not made here, changes nothing', async () => {
  const { world, mails, comesBack } = await post()
  const patient = await told(world)
  const { mark } = mails[0] as { mark: string }
  await comesBack(markedAddress('bounces@clinic.example', mark), 'Subject: Out of office\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n') // prettier-ignore
  const forged = `${mark.slice(0, -1)}${mark.endsWith('0') ? '1' : '0'}`
  await comesBack(markedAddress('bounces@clinic.example', forged), report('failed', '5.1.1'))
  await expect(comesBack('bounces@clinic.example', report('failed', '5.1.1'))).rejects.toThrow(/550/)
  expect(await out(world, patient)).toMatchObject([{ state: 'sent' }])
  expect(await world.replica.count('reviews')).toBe(0)
})

it('a mark is known by the key that made it alone, whatever its case, and holds no address', () => {
  const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const message = derivedUlid('a mail')
  const mark = bounceMark(key, message)
  expect(markedMessage(key, mark.toUpperCase())).toBe(message)
  expect(markedMessage(other, mark)).toBeUndefined()
  expect(markedMessage(key, 'x')).toBeUndefined()
  expect(markedAddress('bounces@clinic.example', mark)).toMatch(/^bounces\+[0-9a-z]{26}-[0-9a-f]{16}@clinic\.example$/)
  // RFC 5321, 4.5.3.1.1: 64 octets before the @.
  expect(markedAddress('bounces@clinic.example', mark).indexOf('@')).toBeLessThanOrEqual(64)
})

it('a report is read in any case and folded, and only from its own part', () => {
  expect(reportIn(report('failed', '5.1.1'))).toEqual({ action: 'failed', status: '5.1.1' })
  expect(reportIn(report('Delivered', '2.0.0').replaceAll('\r\n', '\n'))).toEqual({ action: 'delivered', status: '2.0.0' }) // prettier-ignore
  expect(reportIn(report('failed', '5.1.1').replace('multipart/report', 'multipart/mixed'))).toBeUndefined()
  expect(reportIn('')).toBeUndefined()
})

it('a mail leaves with a return address of its own', async () => {
  const senders: string[] = []
  const server = await mailSandbox({ now: Date.now, envelope: (from) => void senders.push(from) }) // prettier-ignore
  const mailer = smtpMailer({ url: server.url, address: 'portal@clinic.example', bounces: 'bounces@clinic.example', clock: systemClock, log: () => {} }) // prettier-ignore
  onTestFinished(async () => {
    await mailer.close()
    await server.close()
  })
  const mark = bounceMark(new Uint8Array(32), derivedUlid('a mail'))
  expect(await mailer.deliver({ to: 'ann@example.com', from: 'Desert Bloom', subject: 'A', text: 'B', until: Date.now() + hour, mark })).toBeNull() // prettier-ignore
  expect(senders).toContain(`bounces+${mark}@clinic.example`)
})
