/**
 * The restore story, to run and watch: `node examples/restore.ts`. A portal and a site work; the site's folder is copied,
 * as a backup would; work goes on, then the site's disk is lost and the old copy put in its place. The site says that it
 * was restored, gets its lost days back from the portal by itself, and both are proven equal. Then the same with the portal.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../bin/patientconnection.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'patientconnection-restore-'))
const at = (name: string): string => join(dir, name)

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Runs a command to its end; its JSON, or its sentence thrown. */
function run(...args: string[]): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args, '--json'], (error, out, said) =>
      error ? reject(new Error(said.trim())) : resolve(JSON.parse(out) as Record<string, unknown>),
    )
  })
}

interface Running { readonly child: ChildProcess; readonly url: string } // prettier-ignore
async function start(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [program, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) return { child, ...JSON.parse(line) }
  throw new Error(`${args[0]} ended before it was ready`)
}
async function kill({ child }: Running): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}
const startPortal = (port = '0'): Promise<Running> => start('portal', '--data', at('portal'), '--port', port)
const startSite = (): Promise<Running> => start('site', '--data', at('site'), '--console-port', '0')
const message = (subject: string): Promise<unknown> =>
  run('message', '--data', at('site'), '--patient', '1', '--subject', subject, '--text', 'Words of the office.')
async function subjects(): Promise<string> {
  const { items } = (await run('recent', '--data', at('site'))) as { items: { subject: string }[] }
  return items.map((item) => item.subject).toSorted().join(', ') // prettier-ignore
}
async function prove(): Promise<void> {
  const proof = (await run('verify', '--data', at('site'))) as { equal: boolean; collections: { documents: number }[] }
  const documents = proof.collections.reduce((sum, one) => sum + one.documents, 0)
  say(`   verify: ${proof.equal ? 'equal' : 'NOT EQUAL'}, ${documents} documents compared`)
}

const processes: Running[] = []
try {
  say('1. A portal and a site with 100 synthetic people.')
  let portal = await startPortal()
  const { practiceId } = await run('practice', 'add', '--data', at('portal'), '--name', 'Desert Bloom', '--zone', 'America/Phoenix') // prettier-ignore
  const { enrollmentCode } = await run('site', 'add', '--data', at('portal'), '--practice', String(practiceId), '--name', 'Mesa') // prettier-ignore
  await run('insched', 'create', at('insched.db'), '--patients', '100')
  await run('enroll', '--data', at('site'), '--portal', portal.url, '--code', String(enrollmentCode), '--insched', `sqlite:${at('insched.db')}`) // prettier-ignore
  let site = await startSite()
  processes.push(portal, site)
  await message('Monday')
  say(`   uploaded: ${JSON.stringify(await run('upload', '--data', at('site')))}`)

  say('2. A backup of the site’s folder; then work goes on: two more messages.')
  await kill(site)
  cpSync(at('site'), at('site-backup'), { recursive: true })
  site = await startSite()
  await message('Tuesday')
  await message('Wednesday')
  await run('upload', '--data', at('site'))
  say(`   Recent Communications: ${await subjects()}`)

  say('3. The site’s disk is lost, and Monday’s backup put in its place.')
  await kill(site)
  rmSync(at('site'), { recursive: true })
  cpSync(at('site-backup'), at('site'), { recursive: true })
  site = await startSite()
  await run('download', '--data', at('site'))
  const { notes } = (await run('status', '--data', at('site'))) as { notes: string[] }
  for (const note of notes) say(`   status: ${note}`)
  say(`   Recent Communications: ${await subjects()}`)
  await prove()

  say('4. The portal is put back to an older copy of its own; the site gives back what it lacks.')
  await kill(portal)
  cpSync(at('portal'), at('portal-backup'), { recursive: true })
  portal = await startPortal(new URL(portal.url).port)
  await message('Thursday')
  await run('upload', '--data', at('site'))
  await kill(portal)
  rmSync(at('portal'), { recursive: true })
  cpSync(at('portal-backup'), at('portal'), { recursive: true })
  portal = await startPortal(new URL(portal.url).port)
  await run('upload', '--data', at('site'))
  await prove()
  say(`   Recent Communications: ${await subjects()}`)
  processes.push(portal, site)
} finally {
  await Promise.all(processes.filter(({ child }) => child.exitCode === null && child.signalCode === null).map(kill))
  rmSync(dir, { recursive: true })
}
