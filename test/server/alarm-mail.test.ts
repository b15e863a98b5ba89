/** Alarms of a portal's sites by mail, over a real mail server of this machine: a site that is silent, and a database that is not back from its backup; each once, its end once, in numbers alone. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { smtpMailer, type Mailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox, type MailSandbox } from '../../src/bridges/email/sandbox.ts'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master, ulid } from '../replica/world.ts'

const dir = folder()
/** The portal's clock can be set ahead, and looks after its sites many times a second. */
const ahead: Clock & { by: number } = { ...clock, by: 0, now: () => clock.now() + ahead.by, after: (ms, run) => clock.after(ms === 30_000 ? 50 : ms, run) } // prettier-ignore
const log: string[] = []
let sandbox: MailSandbox
let mailer: Mailer
let portal: Portal
let site: Site
const open = (): Promise<Site> => openSite({ dir: join(dir, 'site'), master, clock })
beforeAll(async () => {
  sandbox = await mailSandbox({ now: clock.now })
  mailer = smtpMailer({ url: sandbox.url, address: 'portal@clinic.example', clock, log: (line) => void log.push(line) })
  const file = join(dir, 'insched.db')
  await createReferenceDatabase(file, { patients: 5, now: clock.now() })
  portal = await openPortal({ dir: join(dir, 'portal'), master, clock: ahead, log: (line) => void log.push(line), mailer, alarmsTo: 'operator@clinic.example' }) // prettier-ignore
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  site = await open()
  await site.upload()
})
afterAll(async () => {
  await site.close()
  await portal.close()
  await mailer.close()
  await sandbox.close()
})
const subjects = (): string[] => sandbox.mails().map(({ subject }) => subject).toReversed() // prettier-ignore

it('a database that is not back, and a site that is silent, are mailed each once, and when they are over', async () => {
  const id = site.settings.siteId
  const facts = { patient: null, site: id, shown: false, reachable: false, startsAt: null }
  const by = { role: 'site' as const, id, initials: 'PC' }
  const key = ulid()
  await site.replica.change([{ collection: 'reviews', key, facts, add: { opened: { kind: 'opened', at: clock.now(), by, about: 'not back from backup', why: 'Why-ochre', todo: 'Look.' } } }]) // prettier-ignore
  await expect.poll(subjects, { timeout: 10_000 }).toEqual([`Alarm: site ${id} is not back from its backup`])
  expect((await portal.status()).practices[0]!.sites[0]!.notBackSince).toMatch(/^\d{4}-.*Z$/)
  await site.replica.change([{ collection: 'reviews', key, add: { [ulid()]: { kind: 'resolved', at: clock.now(), by, note: 'It is back.' } } }]) // prettier-ignore
  await expect.poll(subjects, { timeout: 10_000 }).toEqual([expect.stringContaining('not back'), `Over: site ${id}`])

  // A message of a patient waits for the site that has gone.
  const patient = (await site.bridge.documentOf('patients', 1))!
  await site.close()
  await expect.poll(() => log.join('\n')).toContain('gone')
  const replica = portal.replicaOf((await portal.status()).practices[0]!.practiceId)!
  const { at: _, ...of } = (await replica.head('patients', patient))!.facts
  await replica.change([{ collection: 'messages', key: patient, facts: of, add: { one: { kind: 'message', at: clock.now(), by: { role: 'patient', id: 'a' }, thread: patient, subject: 'Subject-ochre', text: 'Text-ochre' } } }]) // prettier-ignore
  ahead.by = 4 * 60_000
  await expect.poll(subjects, { timeout: 10_000 }).toContain(`Alarm: site ${id} is silent`)
  const [silent] = sandbox.mails()
  expect(silent).toMatchObject({ to: 'operator@clinic.example', from: expect.stringContaining('portal@clinic.example') as string }) // prettier-ignore
  expect(silent!.text).toMatch(/is silent since \d{4}-.*Z; answers of 1 patients wait for it/)
  site = await open()
  await site.download()
  await expect.poll(() => subjects().at(-1), { timeout: 10_000 }).toBe(`Over: site ${id}`)
  expect(subjects()).toHaveLength(4)

  const said = JSON.stringify(sandbox.mails())
  const insched = new Database(join(dir, 'insched.db'), { readonly: true })
  const names = insched.prepare('select first_name, last_name, email from patients').raw().all().flat() as (string | null)[] // prettier-ignore
  insched.close()
  for (const one of [...names, 'ochre', 'Desert Bloom', 'Mesa'])
    if (one !== null && one.length > 3) expect(said).not.toContain(one)
}, 60_000)
