/** Texts of a real portal that do not go out, with a site and a server of mail over sockets: what is mailed, what the operator's page and the site say, and that it ends by itself. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { smtpMailer, type Mailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox, type MailSandbox } from '../../src/bridges/email/sandbox.ts'
import { textSandbox } from '../../src/bridges/texts/sandbox.ts'
import type { Ask } from '../../src/bridges/texts/twilio.ts'
import { enroll } from '../../src/enrolling.ts'
import { daysLater, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { callControl } from '../../src/server/control.ts'
import { textSandboxApp } from '../../src/server/texts/text-sandbox-app.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'
import { account } from '../texts/texting.ts'

const minute = 60_000
const dir = folder()
/** The portal's clock can be set ahead, and it looks after its texts many times a second. */
const ahead: Clock & { by: number } = { ...clock, by: 0, now: () => clock.now() + ahead.by, after: (ms, run) => clock.after(ms === 5 * minute || ms === 10 * minute ? 50 : ms, run) } // prettier-ignore
const sandbox = textSandbox({ account, clock: ahead, ask: async () => ({ status: 204, headers: {}, body: '' }) })
const sandboxApp = textSandboxApp(sandbox, async () => new Response(null))
const ask: Ask = async ({ method, url, headers, body }) => {
  const answer = await sandboxApp.request(url.pathname + url.search, { method, headers: { ...headers, host: '127.0.0.1' }, ...(body === undefined ? {} : { body }) }) // prettier-ignore
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
}
let mails: MailSandbox
let mailer: Mailer
let portal: Portal
let site: Site
let url: string
let insched: Database.Database
beforeAll(async () => {
  mails = await mailSandbox({ now: clock.now })
  mailer = smtpMailer({ url: mails.url, address: 'portal@clinic.example', clock, log: () => {} })
  const file = join(dir, 'insched.db')
  await createReferenceDatabase(file, { patients: 5, now: clock.now() })
  insched = new Database(file)
  insched.exec("delete from events; update patients set text_consent = 1, birth_date = '1990-01-01', first_name = 'Ochre', cell_phone = printf('+1 480 555 01%02d', patient_id)") // prettier-ignore
  portal = await openPortal({ dir: join(dir, 'portal'), master, clock: ahead, log: () => {}, mailer, alarmsTo: 'operator@clinic.example', texts: { accountOf: () => ({ ...account, isAnyHour: true }), ask, pace: 0 } }) // prettier-ignore
  url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  site = await openSite({ dir: join(dir, 'site'), master, clock })
  await site.texts.change({ sending: 'on', 'rule/request': 'none' })
  await site.upload()
})
afterAll(async () => {
  await site.close()
  await portal.close()
  await mailer.close()
  await mails.close()
  insched.close()
})
const subjects = (): string[] => mails.mails().map(({ subject }) => subject).toReversed() // prettier-ignore
const operatorPage = async (): Promise<string> => {
  const made = (await callControl(join(dir, 'portal'), 'operator link', {})) as { url: string }
  const path = new URL(made.url).pathname
  const entered = await fetch(url + path, { method: 'POST', redirect: 'manual', headers: { origin: url }, body: new URLSearchParams() }) // prettier-ignore
  const cookie = entered.headers.getSetCookie().at(-1)!.split(';')[0]!
  return (await fetch(`${url}/operator`, { headers: { cookie } })).text()
}

it('[TEXT-17] a provider that takes nothing is mailed once, shown to the operator and at the site, in numbers alone; and so is its end', async () => {
  const id = site.settings.siteId
  sandbox.down(true)
  const tomorrow = daysLater(wallClockOf(clock.now(), await site.zone()), 1)
  const add = insched.prepare("insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status) values ('CONS', ?, 1, ?, 30, '[]', 'None')") // prettier-ignore
  for (const patient of [1, 2, 3]) add.run(patient, tomorrow)
  await site.upload()
  expect(subjects()).toEqual([])
  ahead.by = 20 * minute
  await expect.poll(subjects, { timeout: 10_000 }).toEqual([`Alarm: texts of site ${id} do not go out`])
  const said = /3 reminders should have gone out .*; 0 did\./
  expect(mails.mails()[0]).toMatchObject({ to: 'operator@clinic.example', text: expect.stringMatching(said) })
  const page = await operatorPage()
  expect(page).toContain('Texts of Mesa of Desert Bloom do not go out.')
  expect(page).toMatch(said)
  expect(page).not.toContain('No alarm')
  const [practice] = (await portal.status()).practices
  expect(practice!.textsSilent).toMatchObject([{ siteId: id, says: expect.stringMatching(said) as string }])
  await expect.poll(async () => (await site.status()).problems, { timeout: 10_000 }).toEqual([expect.stringMatching(said)]) // prettier-ignore
  expect((await site.reviews()).items).toMatchObject([{ kind: 'texts silent' }])

  sandbox.down(false)
  // The pause after a failure is over, and an event wakes the sender.
  ahead.by += 10 * minute
  insched.exec('update events set minutes = 45 where patient_id = 1')
  await site.upload()
  await expect.poll(() => sandbox.texts().length, { timeout: 10_000 }).toBe(3)
  await expect.poll(subjects, { timeout: 10_000 }).toEqual([expect.stringMatching(/^Alarm/), `Over: texts of site ${id}`]) // prettier-ignore
  await expect.poll(async () => (await site.status()).problems, { timeout: 10_000 }).toEqual([])
  expect(await operatorPage()).toContain('No alarm')
  expect(JSON.stringify([mails.mails(), page])).not.toMatch(/Ochre|555 01/)
}, 60_000)
