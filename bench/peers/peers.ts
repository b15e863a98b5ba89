/**
 * M1 to M3 by other systems, with as many documents as a practice has and with a tenth. Each job has a limit of time;
 * one that fails or does not finish is said so, and what builds on it is left out.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { changedOf } from '../documents.ts'
import type { Bench } from '../measures/measure.ts'
import type { Child } from '../processes.ts'
import type { PeerProcess } from './peer-process.ts'
import type { PeerName } from './peer.ts'

interface System {
  readonly name: PeerName
  readonly title: string
  /** The package whose version counts. */
  readonly package: string
  /** The least that a job must take at full size, as a multiple of ours. */
  readonly least: Readonly<Partial<Record<Job, number>>>
  /** It does not come to an end with as many documents as a practice has. */
  readonly smallOnly?: true
}
const systems: readonly System[] = [
  { name: 'hocuspocus', title: 'Hocuspocus', package: '@hocuspocus/server', least: { M1: 15, M2: 80 } },
  { name: 'y-websocket', title: 'y-websocket', package: 'y-websocket', least: {} },
  { name: 'pouchdb', title: 'PouchDB', package: 'pouchdb', least: { M1: 8, M2: 8 } },
  {
    name: 'automerge-repo',
    title: 'automerge-repo',
    package: '@automerge/automerge-repo',
    least: {},
    smallOnly: true,
  },
]

const jobs = ['M1', 'M2', 'M3'] as const
type Job = (typeof jobs)[number]

/** Seconds that a job may take. */
const limit = 300

/** Seconds that a job took; or why it was not done, and how long it had been tried. */
export type Outcome = number | { readonly why: string; readonly tried?: number }

export interface PeerResult {
  readonly peer: PeerName
  /** Its name and version. */
  readonly title: string
  readonly outcome: Outcome
  /** The least that it must take, as a multiple of ours. */
  readonly least?: number | undefined
}
export interface PeerFigures {
  readonly id: Job
  readonly documents: number
  /** As many documents as a practice has. */
  readonly full: boolean
  /** Seconds. */
  readonly ours: number
  readonly results: readonly PeerResult[]
}

const installed = (file: string): string => join(import.meta.dirname, '..', 'node_modules', file)

/** Throws the sentence that says how to install them, where they are not. */
export function checkPeersInstalled(): void {
  const missing = systems.find((system) => !existsSync(installed(join(system.package, 'package.json'))))
  if (missing)
    throw new Error(`${missing.title} is not installed. Install the other systems with: npm ci --prefix bench`)
}

/** Measures all of them, and ours where it was not measured yet; `report` hears each as it comes. */
export async function measurePeers(
  bench: Bench,
  only: readonly string[] | undefined,
  report: (figures: PeerFigures) => void,
): Promise<PeerFigures[]> {
  const wanted = jobs.filter((job) => !only || only.includes(job))
  const found: PeerFigures[] = []
  for (const documents of [bench.documents / 10, bench.documents]) {
    const full = documents === bench.documents
    const outcomes = new Map<PeerName, Map<Job, Outcome>>()
    for (const { name, smallOnly } of systems)
      if (wanted.length > 0 && !(full && smallOnly)) outcomes.set(name, await run(bench, name, documents, wanted))
    for (const id of wanted) {
      const results = systems.flatMap((system): PeerResult[] => {
        const outcome = outcomes.get(system.name)?.get(id)
        if (outcome === undefined) return []
        const title = `${system.title} ${versionOf(system)}`
        return [{ peer: system.name, title, outcome, least: full ? system.least[id] : undefined }]
      })
      const figures = { id, documents, full, ours: await oursOf(bench, id, documents), results }
      found.push(figures)
      report(figures)
    }
  }
  return found
}

function versionOf(system: System): string {
  return (JSON.parse(readFileSync(installed(join(system.package, 'package.json')), 'utf8')) as { version: string })
    .version
}

async function oursOf({ transfers }: Bench, job: Job, documents: number): Promise<number> {
  const times = { M1: transfers.upload, M2: transfers.catchUp, M3: transfers.reconnect }
  return (await times[job](documents)).ours
}

/** The jobs in their order, each with a fresh server and client; those that are not wanted are done for what builds on them. */
async function run(
  { dir, processes }: Bench,
  name: PeerName,
  documents: number,
  wanted: readonly Job[],
): Promise<Map<Job, Outcome>> {
  const folder = join(dir, `${name}-${documents}`)
  mkdirSync(folder)
  const changed = changedOf(documents)
  const outcomes = new Map<Job, Outcome>()
  const start = (what: string): Child<PeerProcess> =>
    processes.start<PeerProcess>('peers/peer-process.ts', `${name}-${what}`)
  const alone = async (work: (process: Child<PeerProcess>) => Promise<void>): Promise<void> => {
    const process = start('prepares')
    await work(process)
    await process.end()
  }
  const prepare: Readonly<Record<Job, () => Promise<void>>> = {
    M1: () => alone((client) => client.call('write', name, folder, documents)),
    async M2() {
      await alone(async (server) => {
        await server.call('serve', name, folder)
        await server.call('changeAtServer', changed, documents)
        await server.call('stop')
      })
      await alone((client) => client.call('change', name, folder, changed))
    },
    M3: async () => {},
  }
  const measure: Readonly<Record<Job, (client: Child<PeerProcess>) => Promise<number>>> = {
    M1: (client) => client.call('upload', documents),
    M2: (client) => client.call('catchUp', documents, changed),
    M3: (client) => client.call('reconnect', documents),
  }
  for (const job of jobs) {
    if (job !== 'M1' && !wanted.includes(job)) continue
    const started: Child<PeerProcess>[] = []
    try {
      await prepared(prepare[job]())
      const [server, client] = [start('server'), start('client')]
      started.push(server, client)
      await client.call('open', name, folder, await server.call('serve', name, folder))
      outcomes.set(job, await within(limit, measure[job](client)))
      await within(limit, server.call('stop'))
    } catch (error) {
      // Another system's fault is a result of the bench, not its end.
      const outcome =
        error instanceof OutOfTime
          ? { why: error.message, tried: error.seconds }
          : { why: `failed: ${(error as Error).message.split('\n', 1)[0]}` }
      if (!outcomes.has(job)) outcomes.set(job, outcome)
      for (const later of jobs.slice(jobs.indexOf(job) + 1))
        outcomes.set(later, { why: `not run: ${job} ${outcome.why}` })
      break
    } finally {
      await Promise.all(started.map((process) => process.end()))
    }
  }
  return outcomes
}

class OutOfTime extends Error {
  override readonly name = 'OutOfTime'
  readonly seconds: number
  constructor(seconds: number) {
    super(`did not finish in ${seconds} s`)
    this.seconds = seconds
  }
}

/** What comes before a job has its limit too, and is no time of the job. */
async function prepared(work: Promise<void>): Promise<void> {
  try {
    await within(limit, work)
  } catch (cause) {
    throw new Error(`could not be prepared: ${(cause as Error).message}`, { cause })
  }
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OutOfTime(seconds)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
