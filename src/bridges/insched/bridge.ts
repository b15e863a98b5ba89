/**
 * The InSched bridge of a site: source and follower over one database, under one lease. It polls cheaply (a counter that
 * SQLite keeps) and reads only what the audit trail names. A database that is busy is tried again; nothing is skipped.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { Follower, Replica } from '../../replica/replica-face.ts'
import { acquireLease, type Lease } from './binding.ts'
import { isBusy, openInSched, type BridgedTable, type InSched, type PatientRow } from './insched-sqlite.ts'
import { inSchedReader, type Progress, type Reader } from './reader.ts'
import { inSchedWriter, writtenCollections } from './writer.ts'

export interface BridgeOptions {
  readonly url: string
  readonly replica: Replica
  readonly practice: string
  readonly site: { readonly key: string; readonly name: string }
  /** The folder of this agent on this machine. */
  readonly holder: string
  readonly station: string
  readonly clock: Clock
}

export interface InSchedBridge {
  /** Reads all that is unread now (everything the first time); resolves with the rows read by this call. */
  readNow(progress?: (read: Progress) => void): Promise<Progress>
  /** Resolves when all that is durable in the replica now is written, or is a review item. */
  written(): Promise<void>
  /** The document of a row; undefined where the row has none (it does not exist, or was not read yet). */
  documentOf(table: BridgedTable, localId: number): string | undefined
  localOf(document: string): number | undefined
  patient(localId: number): PatientRow | undefined
  findPatients(text: string): PatientRow[]
  /** How many stages InSched has. */
  stages(): number
  status(): { readonly lastRead: number | null; readonly problem: string | null }
  stop(): Promise<void>
}

const pollEvery = 400
const horizonEvery = 3_600_000

/** Starts the bridge; throws InSchedRefused with a sentence where the database or the lease cannot be had. */
export function startInSchedBridge(options: BridgeOptions): InSchedBridge {
  const { replica, site, clock } = options
  const insched: InSched = openInSched(options.url)
  let lease: Lease
  try {
    const who = {
      practice: options.practice,
      site: site.key,
      replica: replica.id,
      run: mintUlid(clock),
      holder: options.holder,
    }
    lease = acquireLease(insched, who, clock)
  } catch (error) {
    insched.close()
    throw error
  }
  const reader: Reader = inSchedReader({ insched, replica, site, clock })
  let reading: Promise<unknown> = Promise.resolve()
  let version = -1
  let horizonAt = 0
  let lastRead: number | null = null
  let problem: string | null = null
  let stopped = false
  let cancelPoll = (): void => {}

  /** One at a time: what asks meanwhile waits its turn. */
  const single = <T>(work: () => Promise<T>): Promise<T> => {
    const next = reading.then(work, work)
    reading = next.catch(() => {})
    return next
  }
  const readNow = (progress?: (read: Progress) => void): Promise<Progress> =>
    single(async () => {
      lease.assert()
      const seen = insched.version()
      const read = await reader.readAllUnread(progress)
      if (clock.now() - horizonAt > horizonEvery) {
        await reader.moveHorizon()
        horizonAt = clock.now()
      }
      version = seen
      lastRead = clock.now()
      problem = null
      return read
    })
  const poll = async (): Promise<void> => {
    try {
      const due = clock.now() - horizonAt > horizonEvery
      if (due || insched.version() !== version || reader.hasUnread()) await readNow()
    } catch (error) {
      problem = isBusy(error)
        ? 'InSched’s database is locked by another program; trying again.'
        : `Reading InSched failed: ${(error as Error).message}`
    }
    if (!stopped) cancelPoll = clock.after(pollEvery, () => void poll())
  }
  // The writer reads within its own turn: it shares the single reader, so the two never cross.
  const shared: Reader = { ...reader, readAllUnread: (progress) => single(() => reader.readAllUnread(progress)) }
  const writer = inSchedWriter({
    insched,
    replica,
    reader: shared,
    lease,
    site: site.key,
    station: options.station,
    clock,
  })
  const follower: Follower = replica.follow({
    name: 'insched writer',
    collections: writtenCollections,
    handle: writer.handle,
    batch: 50,
  })
  const released: Follower = replica.follow({
    name: 'insched identities',
    collections: ['reviews'],
    async handle() {
      await single(() => reader.releaseResolved())
      return []
    },
  })
  void poll()

  return {
    readNow,
    written: () => follower.caughtUp(),
    documentOf: (table, localId) => insched.identities(table, [localId])[0]?.document,
    localOf: (document) => insched.identity(document)?.local_id,
    patient: (localId) => insched.patients([localId])[0],
    stages: () => insched.stageCount(),
    findPatients: (text) => insched.findPatients(text, 20),
    status: () => ({
      lastRead,
      problem: problem ?? (follower.problem ? `Writing into InSched waits: ${follower.problem.error.message}` : null),
    }),
    async stop() {
      if (stopped) return
      stopped = true
      cancelPoll()
      await Promise.all([follower.stop(), released.stop()])
      await reading
      lease.release()
      insched.close()
    },
  }
}
