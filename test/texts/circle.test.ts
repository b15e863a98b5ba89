/** A reminder goes out and its answer comes back into the schedule: real processes, the text sandbox over HTTP, InSched's own file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textSandbox, type TextSandbox } from '../../src/bridges/texts/sandbox.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { dialing } from '../../src/server/dialing.ts'
import { serveTextSandbox } from '../../src/server/texts/text-sandbox-app.ts'
import { receivedPath } from '../../src/server/texts/webhooks.ts'
import { enrollPractice, run, type EnrolledPractice, type Running } from '../cli/office.ts'

const account = { accountSid: 'ACsandbox', authToken: 'only for this test', messagingServiceSid: 'MGsandbox' }
let practice: EnrolledPractice
let sandbox: TextSandbox
let phones: { url: string; close: () => Promise<void> }
let portal: Running
let agent: Running
let startPortal: () => Promise<void>

const site = () => practice.sites[0]!
const event = (id: number) => site().insched.prepare('select last_confirmed_date, confirmation_type, status from events where event_id = ?').get(id) as { last_confirmed_date: string | null; confirmation_type: string | null; status: string } // prettier-ignore
/** Books an event of a patient so many days ahead, at noon of its location. */
const book = (patient: number, days: number): number => {
  const date = new Date(systemClock.now() + days * 86_400_000).toISOString().slice(0, 10)
  return Number(site().insched.prepare("insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status, alert_notes) values ('CONS', ?, 1, ?, 30, '[]', 'None', '')").run(patient, `${date}T12:00`).lastInsertRowid) // prettier-ignore
}
const outgoing = (): string[] => sandbox.texts().filter((text) => text.direction === 'outbound-api').map((text) => text.body) // prettier-ignore
const phoneOf = (patient: number): string => `+1480555010${patient}`
const slow = { timeout: 30_000, interval: 100 }

beforeAll(async () => {
  sandbox = textSandbox({ account, clock: systemClock, ask: dialing({ ca: undefined }).ask, stepMs: 20 })
  phones = await serveTextSandbox(sandbox, 0)
  practice = await enrollPractice({
    sites: 1,
    patients: 3,
    // Nothing is ahead but what a test books; everybody has a number and consents.
    prepare: (insched) => void insched.exec("update events set status = 'Canceled'; update patients set text_consent = 1, language = 'en', cell_phone = '+1 480 555 010' || patient_id, guarantor_id = null"), // prettier-ignore
  })
  await (await practice.portal.ready).kill()
  const accounts = join(practice.dir, 'texts')
  writeFileSync(accounts, `${phones.url.replace('://', `://${account.accountSid}:${encodeURIComponent(account.authToken)}@`)}/${account.messagingServiceSid}?hours=any`, { mode: 0o600 }) // prettier-ignore
  startPortal = async () => {
    portal = await practice.launchPortal('--texts', accounts).ready
  }
  await startPortal()
  const { practice: id } = JSON.parse(readFileSync(join(site().dir, 'site.json'), 'utf8')) as { practice: string }
  sandbox.inboundTo(`${portal.url}${receivedPath(id)}`)
  agent = await site().launch().ready
  await run('texts', 'set', 'sending', 'on', '--data', site().dir)
  // A dozen processes start here, one after the other.
}, 180_000)
afterAll(async () => {
  await Promise.all([agent.kill(), portal.kill()])
  site().insched.close()
  await phones.close()
})

it('[TEXT-10] a request arrives on the phone, C is answered, and the event has Last Confirmed Date and type Text', async () => {
  const id = book(1, 2)
  await expect.poll(outgoing, slow).toHaveLength(1)
  expect(outgoing()[0]).toMatch(/Reply C to confirm/)
  await sandbox.reply(phoneOf(1), 'C')
  await expect.poll(() => event(id).confirmation_type, slow).toBe('Text')
  expect(event(id)).toMatchObject({ status: 'None', last_confirmed_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string }) // prettier-ignore
  await expect.poll(() => outgoing().at(-1), slow).toContain('We have told the office that you will come')
  const filed = () => site().insched.prepare("select channel, direction, subject, state from communications where channel = 'text' order by at_utc, communication_id").all() // prettier-ignore
  await expect.poll(filed, slow).toEqual([
    { channel: 'text', direction: 'out', subject: 'Confirmation request', state: 'delivered' },
    { channel: 'text', direction: 'in', subject: 'Reply', state: 'received' },
    { channel: 'text', direction: 'out', subject: 'Answer', state: 'delivered' },
  ])
  const why = await run('texts', 'why', '--event', String(id), '--data', site().dir)
  expect(why.result.items).toMatchObject([{ kind: 'confirmation request', state: 'told' }, { kind: 'reminder', state: 'due' }]) // prettier-ignore
  await expect
    .poll(async () => (await run('recent', '--data', site().dir)).result.items.map((item: { channel: string; subject: string; state: string }) => `${item.channel}, ${item.subject}: ${item.state}`), slow) // prettier-ignore
    .toEqual(expect.arrayContaining(['text, Confirmation request: delivered', 'text, Reply: received', 'text, Confirmation: written'])) // prettier-ignore
})

it('[TEXT-10] [F7] the site is stopped in between: the answer waits at the portal, and is written when it is back', async () => {
  const before = outgoing().length
  const id = book(2, 2)
  await expect.poll(() => outgoing().length, slow).toBe(before + 1)
  await agent.kill('SIGKILL')
  await sandbox.reply(phoneOf(2), 'yes')
  expect(event(id).confirmation_type).toBeNull()
  agent = await site().launch().ready
  await expect.poll(() => event(id).confirmation_type, slow).toBe('Text')
})

it('[TEXT-1] [F2] the portal is killed between the provider’s answer and its own record: the text is not sent again, and its answer counts', async () => {
  const before = outgoing().length
  sandbox.trouble({ is: 'unanswered' })
  const id = book(3, 2)
  await expect.poll(() => outgoing().length, slow).toBe(before + 1)
  await portal.kill('SIGKILL')
  await startPortal()
  const story = async (): Promise<string> => (await run('texts', 'why', '--event', String(id), '--data', site().dir)).result.items[0].words as string // prettier-ignore
  await expect.poll(story, slow).toMatch(/Sent|Delivered|Taken/)
  await sandbox.reply(phoneOf(3), 'Yes, see you then')
  await expect.poll(() => event(id).confirmation_type, slow).toBe('Text')
  expect(sandbox.texts().filter((text) => text.phone === phoneOf(3) && /Reply C/.test(text.body))).toHaveLength(1)
})

it('[TEXT-6] STOP ends all texts to the number, here too, whatever is booked', async () => {
  await sandbox.reply(phoneOf(1), 'STOP')
  const received = () => sandbox.texts().filter((text) => text.phone === phoneOf(1)).length
  const before = received()
  const id = book(1, 2)
  const why = async (): Promise<string> => (await run('texts', 'why', '--event', String(id), '--data', site().dir)).result.items[0]?.words as string // prettier-ignore
  await expect.poll(why, slow).toContain('has opted out of texts')
  expect(received()).toBe(before)
})

it('[TEXT-18] [S2] staff enter a patient with consent to text: one welcome arrives on the phone, and InSched has it with what became of it', async () => {
  await run('texts', 'set', 'welcome', 'on', '--data', site().dir)
  const before = outgoing().length
  const { lastInsertRowid: id } = site().insched.prepare("insert into patients(last_name, first_name, cell_phone, text_consent, language, portal_enabled) values ('Rey', 'Ana', '(480) 555-0104', 1, 'es', 0)").run() // prettier-ignore
  await expect.poll(() => outgoing().length, slow).toBe(before + 1)
  const phone = sandbox.texts().at(-1)!
  expect(phone).toMatchObject({ phone: phoneOf(4), body: expect.stringMatching(/Recibira aqui mensajes sobre sus citas\..*STOP/) as string }) // prettier-ignore
  const filed = () => site().insched.prepare("select channel, direction, subject, state from communications where patient_id = ?").all(id) // prettier-ignore
  await expect.poll(filed, slow).toEqual([{ channel: 'text', direction: 'out', subject: 'Welcome', state: 'delivered' }]) // prettier-ignore
  // Those whom nobody set consent for since are not told.
  expect(outgoing()).toHaveLength(before + 1)
})
