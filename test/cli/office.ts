/** A whole office as its users run it: real processes through the command line, a patient through HTTP, staff through a second connection to InSched. */
import Database from 'better-sqlite3'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { folder } from '../replica/world.ts'

const program = fileURLToPath(new URL('../../bin/patientconnection.js', import.meta.url))

/** The JSON of any command; a test names what it expects of it. */
// oxlint-disable-next-line typescript/no-explicit-any
type Result = any

/** Runs a command to its end: its exit code, its JSON, its sentence. */
export function run(...args: string[]): Promise<{ code: number; result: Result; sentence: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args, '--json'], (error, stdout, stderr) =>
      done({
        code: error ? Number(error.code) : 0,
        result: stdout.trim() === '' ? undefined : JSON.parse(stdout),
        sentence: stderr.trim(),
      }),
    )
  })
}

export interface Running {
  readonly url: string
  readonly setup?: string
  /** All that it wrote so far, on stdout and stderr. */
  output(): string
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a command that runs on; resolves when it says that it is ready. */
export async function start(...args: string[]): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, [program, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stderr!.on('data', (data: Buffer) => {
    output += data.toString()
    errors += data.toString()
  })
  const gone = new Promise<void>((done) => void child.once('close', () => done()))
  const lines = createInterface({ input: child.stdout! })
  lines.on('line', (line) => void (output += `${line}\n`))
  const first = await Promise.race([
    new Promise<string>((done) => void lines.once('line', done)),
    gone.then(() => undefined),
  ])
  if (first === undefined) throw new Error(errors)
  const ready = JSON.parse(first) as { url: string; setup?: string }
  return {
    ...ready,
    output: () => output,
    async kill(signal = 'SIGTERM') {
      child.kill(signal)
      await gone
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => void server.once('listening', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => void server.close(done))
  return port
}

export interface Office {
  readonly dir: string
  readonly database: string
  readonly insched: Database.Database
  readonly site: string
  readonly portalDir: string
  portal: Running
  agent: Running
  startPortal(): Promise<void>
  startAgent(): Promise<void>
  close(): Promise<void>
}

/** A practice with one site of `patients` synthetic people, all running. */
export async function openOffice(patients = 30): Promise<Office> {
  const dir = folder()
  const [database, portalDir, site] = [join(dir, 'insched.db'), join(dir, 'portal'), join(dir, 'site')]
  const [portalPort, consolePort] = [String(await freePort()), String(await freePort())]
  await run('insched', 'create', database, '--patients', String(patients))
  const { result: practice } = await run(
    'practice',
    'add',
    '--data',
    portalDir,
    '--name',
    'Desert Bloom',
    '--zone',
    'America/Phoenix',
  )
  const startPortal = () => start('portal', '--data', portalDir, '--port', portalPort)
  const startAgent = () => start('site', '--data', site, '--console-port', consolePort)
  const portal = await startPortal()
  const { result: added } = await run(
    'site',
    'add',
    '--data',
    portalDir,
    '--practice',
    practice.practiceId,
    '--name',
    'Mesa',
  )
  await run(
    'enroll',
    '--data',
    site,
    '--portal',
    portal.url,
    '--code',
    added.enrollmentCode,
    '--insched',
    `sqlite:${database}`,
  )
  const office: Office = {
    dir,
    database,
    insched: new Database(database),
    site,
    portalDir,
    portal,
    agent: await startAgent(),
    async startPortal() {
      office.portal = await startPortal()
    },
    async startAgent() {
      office.agent = await startAgent()
    },
    async close() {
      await Promise.all([office.agent.kill(), office.portal.kill()])
      office.insched.close()
    },
  }
  return office
}

/** A patient's browser without scripts: cookies, pages, forms. */
export class Patient {
  #cookies = new Map<string, string>()
  readonly #portal: string
  constructor(portal: string) {
    this.#portal = portal
  }
  async get(path: string): Promise<string> {
    return (await this.#fetch(path)).text()
  }
  /** Sends the form of `action` on `page` with its hidden fields and `fields`. */
  async submit(
    page: string,
    action: string,
    fields: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const form = [...page.matchAll(/<form\s+method="post"\s+action="([^"]+)"[\s\S]*?<\/form>/g)].find(
      (found) => found[1] === action,
    )
    if (!form) throw new Error(`The page has no form ${action}`)
    const hidden = [...form[0].matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)].map(
      (found) => [found[1]!, found[2]!] as const,
    )
    const body = new URLSearchParams([
      ...hidden.map(([name, value]) => [name, value] as [string, string]),
      ...Object.entries(fields),
    ])
    const answer = await this.#fetch(action, { method: 'POST', body })
    return { status: answer.status, text: await answer.text() }
  }
  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    const answer = await fetch(new URL(path, this.#portal), { ...init, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair] = cookie.split(';')
      const [name, value] = pair!.split('=')
      this.#cookies.set(name!, value!)
    }
    const location = answer.headers.get('location')
    return location ? this.#fetch(location) : answer
  }
}

/** Invites patient 1 and signs in with the birth date on file. */
export async function signIn(office: Office): Promise<Patient> {
  const { result } = await run('invite', '--data', office.site, '--patient', '1')
  await run('upload', '--data', office.site)
  const patient = new Patient(office.portal.url)
  const path = new URL(result.url).pathname
  const born = office.insched.prepare('select birth_date from patients where patient_id = 1').pluck().get() as string
  const { status } = await patient.submit(await patient.get(path), path, { date: born })
  if (status !== 200) throw new Error(`Signing in answered ${status}`)
  return patient
}

export function readText(file: string): string {
  return readFileSync(file, 'latin1')
}
