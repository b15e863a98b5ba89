/** A whole office as its users run it: real processes through the command line, a patient through HTTP, staff through a second connection to InSched. */
import Database from 'better-sqlite3'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
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

/** How a process ended: its exit code or the signal, and all that it said on stderr. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly said: string
}

/** A command that runs on, from its first moment: it can be killed before it is ready. */
export interface Launched {
  /** Resolves when it says that it is ready; rejects with what it said where it ends before. */
  readonly ready: Promise<Running>
  readonly ended: Promise<Ended>
  /** All that it has printed so far, on stdout and stderr. */
  output(): string
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Launches a command that runs on. */
export function launch(...args: string[]): Launched {
  const child: ChildProcess = spawn(process.execPath, [program, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let said = ''
  child.stderr!.on('data', (data: Buffer) => {
    output += data.toString()
    said += data.toString()
  })
  const ended = new Promise<Ended>((done) => void child.once('close', (code, signal) => done({ code, signal, said })))
  const kill = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal)
    await ended
  }
  const lines = createInterface({ input: child.stdout! })
  lines.on('line', (line) => void (output += `${line}\n`))
  const first = new Promise<string>((done) => void lines.once('line', done))
  const ready = (async () => {
    const line = await Promise.race([first, ended])
    if (typeof line !== 'string') throw new Error(line.said)
    return { ...(JSON.parse(line) as { url: string; setup?: string }), output: () => output, kill }
  })()
  // Whoever kills it while it starts does not wait for it to be ready.
  ready.catch(() => {})
  return { ready, ended, output: () => output, kill }
}

/** Starts a command that runs on; resolves when it says that it is ready. */
export function start(...args: string[]): Promise<Running> {
  return launch(...args).ready
}

/**
 * A port that is free, and below those that connections are given by themselves: one that is to be listened on again after
 * a restart must not be some connection's by then.
 */
export async function freePort(): Promise<number> {
  const server = createServer()
  const tried = 10_000 + randomInt(20_000)
  server.listen(tried, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    // Somebody listens there: another one.
    return freePort()
  }
  await new Promise((done) => void server.close(done))
  return tried
}

/** A site that is enrolled: its folder, its InSched database with the staff's own connection to it. */
export interface EnrolledSite {
  readonly dir: string
  readonly database: string
  readonly insched: Database.Database
  launch(...options: string[]): Launched
}
export interface EnrolledPractice {
  readonly dir: string
  readonly portalDir: string
  /** The portal as it was launched for the enrolment. */
  readonly portal: Launched
  launchPortal(...options: string[]): Launched
  readonly sites: readonly EnrolledSite[]
}

/**
 * A practice of `sites` sites with `patients` synthetic people each: the portal runs, the sites are enrolled and not
 * started. `prepare` changes each InSched database before anything has read it; `address` says at which address a site
 * is to find the portal.
 */
export async function enrollPractice(options: {
  readonly sites: number
  readonly patients: number
  readonly prepare?: (insched: Database.Database) => void
  readonly address?: (portal: string) => Promise<string>
}): Promise<EnrolledPractice> {
  const dir = folder()
  const portalDir = join(dir, 'portal')
  const portalPort = String(await freePort())
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
  const launchPortal = (...options: string[]) => launch('portal', '--data', portalDir, '--port', portalPort, ...options)
  const portal = launchPortal()
  const { url } = await portal.ready
  const enrolled = async (_: unknown, number: number): Promise<EnrolledSite> => {
    const suffix = number === 0 ? '' : `-${number + 1}`
    const [database, site] = [join(dir, `insched${suffix}.db`), join(dir, `site${suffix}`)]
    const consolePort = String(await freePort())
    await run('insched', 'create', database, '--patients', String(options.patients), '--seed', String(number + 1))
    const insched = new Database(database)
    options.prepare?.(insched)
    const name = ['Mesa', 'Denver', 'Chicago'][number] ?? `Site ${number + 1}`
    const { result: added } = await run(
      'site',
      'add',
      '--data',
      portalDir,
      '--practice',
      practice.practiceId,
      '--name',
      name,
    )
    const address = (await options.address?.(url)) ?? url
    const done = await run(
      'enroll',
      '--data',
      site,
      '--portal',
      address,
      '--code',
      added.enrollmentCode,
      '--insched',
      `sqlite:${database}`,
    )
    if (done.code !== 0) throw new Error(done.sentence)
    const launchSite = (...options: string[]) =>
      launch('site', '--data', site, '--console-port', consolePort, ...options)
    return { dir: site, database, insched, launch: launchSite }
  }
  const sites = await Promise.all(Array.from({ length: options.sites }, enrolled))
  return { dir, portalDir, portal, launchPortal, sites }
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
  const { dir, portalDir, portal, launchPortal, sites } = await enrollPractice({ sites: 1, patients })
  const site = sites[0]!
  const office: Office = {
    dir,
    database: site.database,
    insched: site.insched,
    site: site.dir,
    portalDir,
    portal: await portal.ready,
    agent: await site.launch().ready,
    async startPortal() {
      office.portal = await launchPortal().ready
    },
    async startAgent() {
      office.agent = await site.launch().ready
    },
    async close() {
      await Promise.all([office.agent.kill(), office.portal.kill()])
      office.insched.close()
    },
  }
  return office
}

/** A form of a page: where it goes and its hidden fields. */
export interface Form {
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
}

/** The forms of a page that are sent to `action`, in their order. */
export function formsOf(page: string, action: string): Form[] {
  return [...page.matchAll(/<form\s+method="post"\s+action="([^"]+)"[\s\S]*?<\/form>/g)]
    .filter((found) => found[1] === action)
    .map((found) => ({
      action,
      hidden: Object.fromEntries(
        [...found[0].matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)].map((field) => [
          field[1]!,
          field[2]!,
        ]),
      ),
    }))
}

/** A patient's browser without scripts: cookies, pages, forms. */
export class Patient {
  #cookies = new Map<string, string>()
  readonly #portal: string
  constructor(portal: string) {
    this.#portal = portal
  }
  async get(path: string): Promise<string> {
    return (await this.#follow(await this.#fetch(path))).text()
  }
  /** Sends the first form of `action` on `page` with its hidden fields and `fields`, and follows to the next page. */
  /** The pages of all threads with the office, one after the other. */
  async threads(): Promise<string> {
    const links = [...(await this.get('/messages')).matchAll(/href="(\/messages\/[0-9A-Z]{26})"/g)].map(
      (one) => one[1]!,
    )
    return (await Promise.all(links.map((link) => this.get(link)))).join('\n')
  }
  async submit(
    page: string,
    action: string,
    fields: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const form = formsOf(page, action)[0]
    if (!form) throw new Error(`The page has no form ${action}`)
    const answer = await this.#follow(await this.send(form, fields))
    return { status: answer.status, text: await answer.text() }
  }
  /** Sends a form, and follows nowhere: what was said is taken when this answers with 303. */
  async send(form: Form, fields: Record<string, string> = {}): Promise<Response> {
    const body = new URLSearchParams({ ...form.hidden, ...fields })
    return this.#fetch(form.action, { method: 'POST', body })
  }
  async #follow(answer: Response): Promise<Response> {
    const location = answer.headers.get('location')
    return location ? this.#follow(await this.#fetch(location)) : answer
  }
  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    const answer = await fetch(new URL(path, this.#portal), { ...init, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair] = cookie.split(';')
      const [name, value] = pair!.split('=')
      this.#cookies.set(name!, value!)
    }
    return answer
  }
}

/** Invites a patient of a site and signs in with the birth date on file. */
export async function signInAt(
  portal: string,
  site: { readonly dir: string; readonly insched: Database.Database },
  patient: number,
): Promise<Patient> {
  const { result } = await run('invite', '--data', site.dir, '--patient', String(patient))
  await run('upload', '--data', site.dir)
  const browser = new Patient(portal)
  const path = new URL(result.url).pathname
  const born = site.insched.prepare('select birth_date from patients where patient_id = ?').pluck().get(patient)
  const { status } = await browser.submit(await browser.get(path), path, { date: born as string })
  if (status !== 200) throw new Error(`Signing in answered ${status}`)
  return browser
}

/** Invites patient 1 and signs in. */
export function signIn(office: Office): Promise<Patient> {
  return signInAt(office.portal.url, { dir: office.site, insched: office.insched }, 1)
}

export function readText(file: string): string {
  return readFileSync(file, 'latin1')
}
