/**
 * The InSched bridge of a site: source and follower over one database, under one lease. It polls cheaply (a counter that
 * SQLite keeps) and reads only what the audit trail names. A database that another program holds is never waited for
 * within this process's turn: it is tried again with back-off, the status says so, and nothing is skipped.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { DocumentHead, Edit, Follower, Projection } from '../../replica/replica-face.ts'
import type { BridgedTable } from './agent-rows.ts'
import { anchorOf, type Anchor } from './anchor.ts'
import { acquireLease, bind, type Lease } from './binding.ts'
import type { Numbers } from './consent-changes.ts'
import type { Progress } from './full-read.ts'
import type { Booking } from './bookings.ts'
import type { CheckIn } from './check-ins.ts'
import type { Posting } from './postings.ts'
import { identitiesOf } from './identities.ts'
import { passing, passes } from './faults.ts'
import type { NamesForTexts } from './names-for-texts.ts'
import type { openInSched } from './insched.ts'
import { settle, type Choice } from './put-back.ts'
import { InSchedRefused, LeaseLost, PutBack } from './refused.ts'
import type { InsuranceRow, PatientRow } from './rows.ts'
import type { Mapping } from './mapping.ts'
import { mappingProblem } from './mapping-problems.ts'
import { referenceMapping } from './reference-mapping.ts'
import { inSchedReader, type Others, type Reader, type ToldReplica } from './reader.ts'
import type { RecordOutcome, RecordWrite } from './record-writes.ts'
import { sharedCollections, sharedWriter } from './shared-writer.ts'
import { inSchedWriter, writtenCollections } from './writer.ts'

export interface BridgeOptions {
  readonly url: string
  /** How the database is to be read; the reference schema where it is left out. */
  readonly mapping?: Mapping | undefined
  readonly replica: ToldReplica
  readonly practice: string
  readonly site: { readonly key: string; readonly name: string }
  /** The folder of this agent on this machine. */
  readonly holder: string
  readonly station: string
  readonly clock: Clock
  /** Whether changes in InSched are read as they happen; else when asked. Asked again and again; by default they are. */
  readonly polls?: () => boolean
  /** How phone numbers are known, so that InSched's consent to text follows; without it that is left alone. */
  readonly numbers?: Numbers | undefined
  /** The other sites of the practice, where there are any with which records are shared. */
  readonly others?: Others | undefined
  /** Told of check-ins, also of those that were cleared since, once the replica has their events; again after a crash. */
  readonly checkedIn?: (checkIns: readonly CheckIn[]) => Promise<void>
  /** Told in the same way of what staff booked, moved, canceled and deleted. */
  readonly booked?: (bookings: readonly Booking[]) => Promise<void>
  /** Told in the same way of charges and deposits that staff posted. */
  readonly posted?: (postings: readonly Posting[]) => Promise<void>
  /** What an admin chose for a database that was put back to a backup; without it such a one is refused (DOM-19). */
  readonly putBack?: Choice | undefined
  /** Called when the database is found to be put back while it is worked on: nothing more is read or written. */
  readonly foundPutBack?: () => void
  /** How the database is opened. */
  readonly open?: typeof openInSched
}

export interface Billing {
  readonly guarantor: PatientRow | undefined
  readonly insurances: readonly InsuranceRow[]
}

export interface InSchedBridge {
  /**
   * Reads all that is unread now (everything the first time); resolves with the rows read by this call. Rejects with a
   * sentence where another program holds the database for longer than an operation waits; reading goes on by itself.
   */
  readNow(progress?: (read: Progress) => void): Promise<Progress>
  /** Says all records again, as they stand now, for fields that leave again. */
  sayAgain(): Promise<void>
  /** The edits that would say a patient and all that hangs on it now, with every field that may ever leave; none before a review. */
  wouldSay(localId: number): Promise<readonly Edit[]>
  /** Resolves when all that is durable in the replica now is written, waits for a review (DOM-17), or is a review item. */
  written(): Promise<void>
  /** Writes a patient or an event that another system made or changed, once for ever; says why where it is not written. */
  writeRecord(record: RecordWrite): Promise<RecordOutcome>
  /** The document of a row; undefined where the row has none (it does not exist, or was not read yet). */
  documentOf(table: BridgedTable, localId: number): Promise<string | undefined>
  /** The row of a document; undefined where it has none here, or cannot be asked while InSched is locked. */
  localOf(document: string): Promise<number | undefined>
  /** Of an event of a series the day on which the pattern has it; undefined for every other document. */
  occurrenceOf(document: string): Promise<string | undefined>
  patient(localId: number): Promise<PatientRow | undefined>
  /** Who pays for a patient and what insures them, as far as InSched's tables say. */
  billingOf(localId: number): Promise<Billing>
  /** Whether the patient may be another person now, so that nothing flows before a person says so (DOM-17). */
  isHeld(patient: string): Promise<boolean>
  findPatients(text: string): Promise<PatientRow[]>
  /** What texts are checked by: see `names-for-texts.ts`. */
  namesForTexts(): Promise<NamesForTexts>
  /** How many stages the plans with these documents have. */
  stagesOf(plans: readonly string[]): Promise<number>
  /** `notes`: what a person should know and nothing waits for. */
  status(): { readonly lastRead: number | null; readonly problem: string | null; readonly notes: readonly string[] }
  /**
   * Ends what runs between two of its steps, each whole or not at all, and closes every handle of the database; after 30 s
   * whatever runs. Gives the lease back, or keeps it from other agents until `leaseUntil` (milliseconds UTC).
   */
  stop(leaseUntil?: number): Promise<void>
}

/** The bridge let go of the database before this was done; what was done up to there is kept. */
export class LetGo extends InSchedRefused {
  override readonly name = 'LetGo'
  constructor() {
    super('InSched’s database was let go of before this was done. Nothing is lost; it goes on when it is back.')
  }
}

/** The follower that writes into InSched. */
export const writerFollower = 'insched writer'
/** Under which name the anchor is kept (DOM-19). */
const anchorName = 'insched anchor'
const pollEvery = 400
/** How long letting go waits for what runs. */
const drainPatience = 30_000
const horizonEvery = 3_600_000
/** How long one statement may hold up this process for another program's lock. */
const statementPatience = 40
const shortestWait = 50
const longestWait = 1_000
/** How long a question may take to be answered, and how long an operation of a person waits for a locked database. */
const questionPatience = 500
const operationPatience = 5_000

/** Starts the bridge; rejects with InSchedRefused and a sentence where the database or the lease cannot be had. */
export async function startInSchedBridge(options: BridgeOptions): Promise<InSchedBridge> {
  const { replica, site, clock } = options
  // What speaks to a database is loaded by who does: most commands do not.
  const open = options.open ?? (await import('./insched.ts')).openInSched
  const insched = await open(options.url, { mapping: options.mapping, clock })
  const missed = await replica.remembered(anchorName)
  const keepAnchor = (at: Anchor): Promise<void> => replica.remember(anchorName, at)
  let lease: Lease
  try {
    if (options.putBack === undefined) insched.holdAnchor(missed || undefined, keepAnchor)
    // It may have been put back to a day before it was bound.
    else if (!(await insched.agent())) await bind(insched, { practice: options.practice, site: site.key, replica: replica.id }) // prettier-ignore
    const who = {
      practice: options.practice,
      site: site.key,
      replica: replica.id,
      run: mintUlid(clock),
      holder: options.holder,
    }
    lease = await acquireLease(insched, who, clock)
  } catch (error) {
    await insched.close()
    const why = passing(error)
    if (why === undefined) throw error
    throw new InSchedRefused(`${insched.name}: ${why}. Try again in a moment.`, { cause: error })
  }
  insched.setPatience(statementPatience)
  const identities = identitiesOf(insched, clock)
  const { others = { isShared: () => false, nameOf: () => null } } = options
  const reader: Reader = inSchedReader({
    insched,
    replica,
    identities,
    site,
    clock,
    others,
    numberOf: options.numbers?.keyOf,
    checkedIn: options.checkedIn,
    booked: options.booked,
    posted: options.posted,
  })
  const polls = options.polls ?? (() => true)
  let turn: Promise<unknown> = Promise.resolve()
  let horizonAt = 0
  let lastRead: number | null = null
  /** What is the matter that passes by itself. */
  let waits: string | undefined
  let problem: string | null = null
  let stopped = false
  let isPutBack = false
  let endWaits: (() => void)[] = []
  let cancelPoll = (): void => {}

  /** One at a time: what asks meanwhile waits its turn. Says what it meets: a lock, a lost lease, or that all is well. */
  const single = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(
      () => tried(work),
      () => tried(work),
    )
    turn = next.catch(() => {})
    return next
  }
  const tried = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work()
      waits = undefined
      return result
    } catch (error) {
      waits = passing(error) ?? waits
      if (error instanceof LeaseLost) lease.lose(error)
      if (error instanceof PutBack && !stopped && !isPutBack) {
        isPutBack = true
        options.foundPutBack?.()
      }
      // A handle that is closed fails whatever it was in the middle of.
      throw stopped && !(error instanceof LeaseLost) ? new LetGo() : error
    }
  }
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        cancel()
        endWaits = endWaits.filter((one) => one !== end)
        resolve()
      }
      const cancel = clock.after(ms, end)
      endWaits.push(end)
    })
  /** Tries again while another program holds the database, for at most `patience` milliseconds. */
  const whenFree = async <T>(work: () => Promise<T>, patience = Infinity): Promise<T> => {
    const until = clock.now() + patience
    for (let wait = shortestWait; ; wait = Math.min(longestWait, wait * 2)) {
      try {
        return await work()
      } catch (error) {
        if (!passes(error) || stopped) throw error
        if (clock.now() >= until)
          throw new InSchedRefused(`${passing(error)!}. Nothing is lost; try again in a moment.`, { cause: error })
      }
      await pause(wait)
    }
  }
  /** A question to InSched that is answered soon or with a sentence: a session that the server has ended meanwhile is met by the first that uses it. */
  const asked = <T>(question: () => Promise<T>): Promise<T> => whenFree(question, questionPatience)

  const goOn = (): void => {
    if (stopped) throw new LetGo()
  }
  const readAll = async (progress?: (read: Progress) => void): Promise<Progress> => {
    goOn()
    return reader.readAllUnread((read) => {
      progress?.(read)
      goOn()
    })
  }
  /** Fields of which somebody was told that the mapping does not know all values. */
  const told = new Set<string>()
  const tellUntranslated = async (): Promise<void> => {
    const fields = [...insched.untranslated].filter(([field]) => !told.has(field))
    if (fields.length === 0) return
    const { mapping = referenceMapping } = options
    await replica.change(
      fields.map(([field, count]) => mappingProblem(site.key, mapping, { field, count }, clock.now())),
    )
    for (const [field] of fields) told.add(field)
  }
  const readUnread = (progress?: (read: Progress) => void): Promise<Progress> =>
    single(async () => {
      const read = await readAll(progress)
      await tellUntranslated()
      if (clock.now() - horizonAt > horizonEvery) {
        await reader.moveHorizon(goOn)
        horizonAt = clock.now()
      }
      lastRead = clock.now()
      problem = null
      return read
    })
  const poll = async (): Promise<void> => {
    try {
      const isDue =
        polls() && (await tried(async () => clock.now() - horizonAt > horizonEvery || (await reader.isDue())))
      if (isDue) await readUnread()
      else {
        // A database that was put back may have nothing new (DOM-19).
        await tried(() => insched.assertFence())
        problem = null
      }
    } catch (error) {
      problem = passes(error) ? null : `Reading InSched failed: ${(error as Error).message}`
    }
    if (!stopped && !lease.isLost() && !isPutBack)
      cancelPoll = clock.after(waits ? longestWait : pollEvery, () => void poll())
  }
  // The writer reads within its own turn: it shares the single reader, so the two never cross.
  const sharedReader: Reader = { ...reader, readAllUnread: (progress) => single(() => readAll(progress)) }
  const writer = inSchedWriter({
    insched,
    replica,
    reader: sharedReader,
    site: site.key,
    station: options.station,
    clock,
    numbers: options.numbers,
  })
  const shared = sharedWriter({ insched, replica, reader: sharedReader, site: site.key, station: options.station, others, clock }) // prettier-ignore
  try {
    if (options.putBack !== undefined) {
      await settle(
        { insched, replica, clock, missed, site: site.key, follower: writerFollower, confirm: writer.confirm, handle: writer.handle, accessEnds: reader.accessEnds, sayAgain: () => reader.sayAgain(() => {}) }, // prettier-ignore
        options.putBack,
      )
      // Rows of other sites that came since the backup, too.
      await shared.handleAll()
    }
    const now = anchorOf((await insched.agent())!)
    insched.holdAnchor(now, keepAnchor)
    if (now !== undefined && now !== missed) await keepAnchor(now)
  } catch (error) {
    // A lease that cannot be given back runs out by itself; no handle stays open for it.
    try {
      await lease.release()
    } finally {
      await insched.close()
    }
    throw error
  }
  const write = (documents: readonly DocumentHead[]): Promise<readonly Projection[]> =>
    whenFree(() => tried(() => writer.handle(documents)))
  const follower: Follower = replica.follow({
    name: writerFollower,
    collections: writtenCollections,
    handle: write,
    batch: 50,
  })
  const released: Follower = replica.follow({
    name: 'insched identities',
    collections: ['reviews'],
    handle: async (reviews) => {
      const waiting = await whenFree(() => single(() => reader.releaseResolved(reviews)))
      const patients = reviews.flatMap(({ facts }) => facts.patient ?? [])
      if (insched.mayWrite.records) await whenFree(() => tried(() => shared.handleHeld(patients)))
      return write(waiting)
    },
  })
  // Where the mapping lets nothing be written, all of it waits until one does.
  const fromOthers: Follower | undefined = !insched.mayWrite.records ? undefined : replica.follow({
    name: 'insched shared',
    collections: sharedCollections,
    batch: 50,
    handle: async (documents) => {
      await whenFree(() => tried(() => shared.handle(documents)))
      return []
    },
  }) // prettier-ignore
  const consents: Follower = replica.follow({
    name: 'insched consents',
    collections: ['consents', 'patients'],
    // What another site shares is in no database of this one.
    handle: (documents) => whenFree(() => tried(() => writer.followConsent(documents.filter(({ collection, facts }) => collection === 'consents' || facts.site === site.key)))), // prettier-ignore
  })
  void poll()

  return {
    readNow: (progress) => whenFree(() => readUnread(progress), operationPatience),
    sayAgain: () =>
      whenFree(() =>
        single(() => {
          goOn()
          return reader.sayAgain(goOn)
        }),
      ),
    wouldSay: (localId) => whenFree(() => single(() => reader.wouldSay(localId)), operationPatience),
    async written() {
      // What a review has released is for the writer too.
      await released.caughtUp()
      await follower.caughtUp()
      await consents.caughtUp()
      await fromOthers?.caughtUp()
    },
    writeRecord: async (record) => {
      if (!insched.mayWrite.records)
        return { why: 'The mapping of this InSched database does not let the agent write patients and events.' }
      return whenFree(() => tried(() => writer.writeRecord(record)), operationPatience)
    },
    documentOf: (table, localId) => asked(() => identities.documentOf(table, localId)),
    localOf: identities.localOf,
    occurrenceOf: (document) => asked(async () => (await insched.identity(document))?.original_on || undefined),
    patient: (localId) => asked(async () => (await insched.patients([localId]))[0]),
    billingOf: (localId) =>
      asked(async () => {
        const [row] = await insched.patients([localId])
        const [guarantor] = await insched.patients([row?.guarantor_id ?? localId])
        return { guarantor, insurances: await insched.insurancesOf(localId) }
      }),
    isHeld: (patient) => asked(async () => ((await insched.identity(patient))?.held ?? null) !== null),
    namesForTexts: () => asked(() => insched.namesForTexts()),
    findPatients: (text) => asked(() => insched.findPatients(text, 20)),
    stagesOf: (plans) => asked(() => insched.stageCount(plans)),
    status() {
      const writing = follower.problem ?? released.problem ?? consents.problem ?? fromOthers?.problem ?? null
      return {
        lastRead,
        problem:
          lease.problem() ??
          (waits === undefined ? null : `${waits}; trying again.`) ??
          problem ??
          insched.captureProblem() ??
          reader.problem() ??
          (writing ? `Writing into InSched waits: ${writing.error.message}` : null),
        notes: [...insched.untranslated.keys()].map((field) => `Some values of ${field} in InSched’s database are not what the mapping says; they count as nothing. See which with: patientconnection insched check`), // prettier-ignore
      }
    },
    async stop(leaseUntil) {
      if (stopped) return
      stopped = true
      cancelPoll()
      for (const end of endWaits.splice(0)) end()
      const drained = Promise.all([follower.stop(), released.stop(), consents.stop(), fromOthers?.stop()]).then(
        () => turn,
      )
      const late = Promise.withResolvers<void>()
      const cancelDrain = clock.after(drainPatience, late.resolve)
      await Promise.race([drained, late.promise])
      cancelDrain()
      try {
        await (leaseUntil === undefined ? lease.release() : lease.keepUntil(leaseUntil))
      } catch (error) {
        // A lease that is not given back runs out by itself; the same folder takes it over at once.
        if (!passes(error) && !(error instanceof LeaseLost) && !(error instanceof PutBack)) throw error
      } finally {
        await insched.close()
      }
    },
  }
}
