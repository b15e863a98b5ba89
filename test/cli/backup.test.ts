/** Backups with the real processes: what has InSched's file open is asked of the machine. */
import Database from 'better-sqlite3'
import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { callControl } from '../../src/server/control.ts'
import { enrollPractice, openOffice, run, signIn, type Office } from './office.ts'

vi.setConfig({ testTimeout: 180_000 })
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** The processes, other than this one, that have a file open. */
function holdersOf(file: string): number[] {
  const real = realpathSync(file)
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => {
          try {
            return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(real)
          } catch {
            // It was closed while we looked.
            return false
          }
        })
      } catch {
        // The process ended while we looked.
        return false
      }
    })
}
/** Another program that takes the whole database, at once or not at all. */
function takeWhole(file: string): void {
  const other = new Database(file, { timeout: 0 })
  try {
    other.exec('begin exclusive; commit')
  } finally {
    other.close()
  }
}
/** Asks the running process of a folder, as the commands do. */
// oxlint-disable-next-line typescript/no-explicit-any
const ask = (dir: string, name: string, input: Record<string, unknown> = {}): Promise<any> =>
  callControl(dir, name, input)
const status = (dir: string) => ask(dir, 'status')
const written = (office: Pick<Office, 'insched'>) => ({
  confirmed: office.insched.prepare("select count(*) from audit_trail where initials = 'PC' and table_name = 'events' and row_id = '2'").pluck().get(), // prettier-ignore
  said: office.insched
    .prepare("select count(*) from communications where body = 'Said during the backup'")
    .pluck()
    .get(),
})
async function office(): Promise<Office> {
  const opened = await openOffice()
  closers.push(() => opened.close())
  await ask(opened.site, 'message', { patient: 1, event: 2, subject: 'Before your visit', text: 'Come early.' })
  await ask(opened.site, 'upload')
  return opened
}

it('during a window no process has InSched’s file open; what patients said meanwhile is in InSched within 30 s of its end, once', async () => {
  const at = await office()
  const patient = await signIn(at)
  expect(holdersOf(at.database).length).toBe(1)
  const begun = await run('backup', 'begin', '--data', at.site, '--minutes', '30')
  expect(begun).toMatchObject({ code: 0, result: { state: 'disconnected' } })
  expect(holdersOf(at.database)).toEqual([])
  takeWhole(at.database)
  expect((await status(at.site)).state).toMatch(/^Disconnected for backup until \d\d:\d\d$/)
  const [first] = (await ask(at.portalDir, 'portal status')).practices
  expect(first.sites[0].state).toMatch(/^Disconnected for backup until \d\d:\d\d$/)

  await patient.submit(await patient.get('/'), '/confirm')
  await patient.submit(await patient.get('/messages'), '/messages', {
    subject: 'Question',
    text: 'Said during the backup',
  })
  await expect.poll(async () => (await status(at.site)).queues.toInSched).toBeGreaterThanOrEqual(2)
  const upload = await run('upload', '--data', at.site)
  expect(upload).toMatchObject({ code: 1, sentence: expect.stringMatching(/disconnected for backup until .* --wait/) })
  const waits = run('upload', '--data', at.site, '--wait')
  expect(written(at)).toEqual({ confirmed: 0, said: 0 })
  expect(holdersOf(at.database)).toEqual([])

  expect(await run('backup', 'end', '--data', at.site)).toMatchObject({ code: 0, result: { state: 'connected' } })
  await expect.poll(() => written(at), { timeout: 30_000 }).toEqual({ confirmed: 1, said: 1 })
  expect(await waits).toMatchObject({ code: 0 })
  await expect.poll(async () => (await status(at.site)).state).toBe('Working')
  expect(written(at)).toEqual({ confirmed: 1, said: 1 })
})

it('a site that is killed and started in the middle of a window does not touch the database before its end', async () => {
  const at = await office()
  const patient = await signIn(at)
  await ask(at.site, 'backup begin')
  await at.agent.kill('SIGKILL')
  await patient.submit(await patient.get('/messages'), '/messages', {
    subject: 'Question',
    text: 'Said during the backup',
  })
  await at.startAgent()
  expect((await status(at.site)).state).toMatch(/^Disconnected for backup until/)
  expect(holdersOf(at.database)).toEqual([])
  takeWhole(at.database)
  await ask(at.site, 'backup end')
  await expect.poll(() => written(at).said, { timeout: 30_000 }).toBe(1)
})

it('a window that begins during the upload of 30,000 patients cuts it between two steps, and the upload goes on after', async () => {
  const practice = await enrollPractice({ sites: 1, patients: 30_000 })
  const site = practice.sites[0]!
  const [portal, agent] = [await practice.portal.ready, await site.launch().ready]
  closers.push(async () => {
    await Promise.all([agent.kill(), portal.kill()])
    site.insched.close()
  })
  const upload = run('upload', '--data', site.dir, '--wait')
  const mark = site.insched.prepare("select coalesce(read_table, '') || coalesce(read_after, 0) from pc_agent").pluck()
  await expect.poll(() => mark.get(), { interval: 20 }).toMatch(/^patients[1-9]/)
  const began = Date.now()
  expect(await ask(site.dir, 'backup begin')).toMatchObject({ state: 'disconnected' })
  expect(Date.now() - began).toBeLessThan(30_000)
  expect(holdersOf(site.database)).toEqual([])
  takeWhole(site.database)
  const stood = mark.get()
  expect(stood).not.toMatch(/^done/)
  await ask(site.dir, 'backup end')
  const { code, result } = await upload
  const reachable = site.insched.prepare('select count(*) from patients where 1 in (portal_enabled, text_consent, email_consent)').pluck().get() // prettier-ignore
  expect({ code, patients: result.patients }).toEqual({ code: 0, patients: reachable })
}, 300_000)

it('minutes beyond the cap are refused with a sentence, and nothing is let go of', async () => {
  const at = await office()
  const refused = await run('backup', 'begin', '--data', at.site, '--minutes', '121')
  expect(refused).toMatchObject({ code: 1, sentence: expect.stringContaining('backup.mostMinutes allows from 1 to 120') }) // prettier-ignore
  expect(await ask(at.site, 'backup status')).toMatchObject({ state: 'connected' })
  expect(await run('backup', 'end', '--data', at.site)).toMatchObject({ code: 1, sentence: 'No backup window is on.' })
})
