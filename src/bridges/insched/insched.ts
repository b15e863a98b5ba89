/**
 * An InSched database, on any engine, through its mapping. Short transactions only. Whatever changes is reached through
 * `write` alone, which asserts the fence of the lease in the same transaction, so an agent that lost its lease changes
 * nothing. Within a transaction only its own statements may be awaited. Opened once per bridge and closed when the bridge
 * lets go of it.
 */
import { Kysely, sql } from 'kysely'
import { agentChanges, agentReads, agentTables, olderIdentities } from './agent-tables.ts'
import type { AgentRow, AgentTables, Db } from './agent-rows.ts'
import { anchorOf, isPutBack, type Anchor } from './anchor.ts'
import { capturedAudit, capturedTables, followedAudit } from './audit-feeds.ts'
import { depositChanges, depositReads, depositTables } from './deposit-tables.ts'
import type { Engine } from './engine.ts'
import { openEngine } from './engines.ts'
import { passing } from './faults.ts'
import type { Feed } from './feed.ts'
import type { OwnMark, OwnRow } from './rows.ts'
import { namesForTexts } from './names-for-texts.ts'
import type { Mapping, NamedColumn } from './mapping.ts'
import { forget, journalTables, remember, remembered } from './journal.ts'
import type { Untranslated } from './mapped-table.ts'
import { asIs, columnsOf, mappedTables, missingOf, type MappedTables } from './mapped-tables.ts'
import { practiceChanges, practiceReads, type PracticeTables } from './practice-tables.ts'
import { referenceMapping } from './reference-mapping.ts'
import { InSchedRefused, LeaseLost, PutBack } from './refused.ts'
import { seenRows, seenTables } from './seen-rows.ts'
import { sharedChanges, sharedReads, sharedTables } from './shared-rows.ts'
import type { Clock } from '../../replica/clock.ts'

export type InSched = Awaited<ReturnType<typeof openInSched>>
/** What may be asked of one state of the database. */
export type Reads = ReturnType<typeof readsOf>
/** What a write transaction may do. */
export type Changes = Reads & ReturnType<typeof changesOf>

export interface OpenOptions {
  /** How it is to be read; the reference schema where it is left out. */
  readonly mapping?: Mapping | undefined
  readonly clock: Clock
}
interface Parts {
  readonly engine: Engine
  readonly tables: PracticeTables
  readonly feed: Feed
  readonly stays: readonly NamedColumn[]
}
function readsOf(db: Db, { engine, tables, feed, stays }: Parts) {
  return {
    /** What the practice calls what it does, and the first names of its patients. */
    namesForTexts: () => namesForTexts(db, tables, stays),
    ...practiceReads(db, engine, tables),
    ...feed.journal(db),
    ...agentReads(db, engine),
    ...depositReads(db, tables.deposits),
    ...sharedReads(db, engine),
    /** Whether the journal of changes may lack something. */
    isBehind: () => feed.isBehind(db),
    /** Whether the practice's audit table lacks what was read last. */
    isCut: () => feed.isCut(db),
    /** Since when (ISO 8601) it is being put right that the audit table was cut; undefined where it is not. */
    cutSince: () => remembered(db, 'cut'),
  }
}
function changesOf(db: Db, { engine, tables, feed }: Parts) {
  const changed: OwnRow[] = []
  return {
    ...practiceChanges(db, tables, changed),
    ...agentChanges(db, engine),
    /** The audit table was cut: what it holds now is known, and everything is to be read again. */
    async acceptCut(at: string): Promise<void> {
      await feed.acceptCut(db)
      await remember(db, 'cut', at)
    },
    /** Everything was read again. */
    cutIsHealed: () => forget(db, 'cut'),
    ...depositChanges(db, tables.deposits, changed),
    ...sharedChanges(db),
    /** Runs the statements of one inbound item, and marks what they changed as the agent's own (DOM-15). */
    own: (mark: OwnMark, statements: () => Promise<void>): Promise<void> => feed.own(db, mark, statements, changed),
  }
}

/** Opens `sqlite:FILE` or `postgres://...`; rejects with InSchedRefused and a sentence where there is none or it is not what the mapping says. */
export async function openInSched(url: string, { mapping = referenceMapping, clock }: OpenOptions) {
  const engine = openEngine(url)
  const untranslated: Untranslated = new Map()
  const db: Db = new Kysely<AgentTables>({ dialect: engine.dialect })
  let mapped: MappedTables
  try {
    const found = await columnsOf(db)
    mapped = mappedTables(asIs(mapping, found), untranslated)
    const missing = missingOf(found, mapped)
    if (missing.length > 0)
      throw new InSchedRefused(
        `${engine.name} is not an InSched database of the mapping “${mapping.name}”: ${missing.join('; ')}. Try the mapping with: patientconnection insched check --mapping FILE --insched URL`,
      )
    const isOlder = found.get('pc_identity')?.has('original_on') === false
    for (const statement of [
      ...(isOlder ? olderIdentities : []),
      ...agentTables,
      ...depositTables,
      ...sharedTables,
      ...journalTables,
      ...capturedTables,
      ...seenTables,
    ])
      await sql.raw(statement).execute(db)
  } catch (error) {
    await db.destroy()
    const why = passing(error)
    if (why !== undefined) throw new InSchedRefused(`${engine.name}: ${why}. Try again in a moment.`, { cause: error })
    const refusal = engine.refusal(error)
    throw refusal === undefined ? error : new InSchedRefused(refusal, { cause: error })
  }
  const { tables, audit, stays } = mapped
  let fence: number | undefined
  const lost = () =>
    new LeaseLost(
      `Another agent has taken over the InSched database ${engine.name}. This one neither reads nor writes it any more. Stop one of the two, then start this one again.`,
    )
  const transaction = <T>(begin: string, work: (on: Db) => Promise<T>): Promise<T> =>
    db.connection().execute(async (on) => {
      await engine.turn()
      await sql.raw(begin).execute(on)
      try {
        const result = await work(on)
        await sql`commit`.execute(on)
        return result
      } catch (error) {
        // Where the connection is lost, the server rolls back by itself.
        await sql`rollback`.execute(on).catch((failed: unknown) => {
          if (passing(failed) === undefined && passing(error) === undefined) throw error
        })
        throw error
      }
    })

  /** The anchor, where it is held, and what keeps it. */
  let anchored: { at: Anchor | undefined; readonly keep: (at: Anchor) => Promise<void> } | undefined
  const assertOurs = (agent: Pick<AgentRow, 'fence' | 'last_audit_id' | 'last_audit_hash'> | undefined): void => {
    // A fence only grows: a smaller one than the own is the fence of a former day.
    const isFormer = fence !== undefined && (agent === undefined || agent.fence < fence)
    if (engine.isReplaced() || isFormer || (anchored?.at !== undefined && isPutBack(agent, anchored.at)))
      throw new PutBack(`The InSched database ${engine.name} was put back to a backup. Nothing of it is read or written before an admin has chosen what is right.`) // prettier-ignore
    if (fence !== undefined && agent!.fence !== fence) throw lost()
  }
  const assertHeld = async (on: Db): Promise<void> => {
    const { rows } = await sql<AgentRow>`select fence, last_audit_id, last_audit_hash from pc_agent ${engine.forUpdate}`.execute(on) // prettier-ignore
    assertOurs(rows[0])
  }
  const transactions = {
    read: <T>(work: (on: Db) => Promise<T>): Promise<T> => transaction(engine.begins.read, work),
    write: <T>(work: (on: Db) => Promise<T>): Promise<T> =>
      transaction(engine.begins.write, async (on) => {
        await assertHeld(on)
        return work(on)
      }),
  }
  const seenBy = mapping.changes['seen by']
  const feed = feedOf()
  const parts: Parts = { engine, tables, feed, stays }
  const reads = readsOf(db, parts)
  function feedOf(): Feed {
    if (seenBy === 'audit table')
      return engine.commitsInOrder ? followedAudit(audit, tables) : capturedAudit(engine, audit, tables, transactions.write) // prettier-ignore
    const by = seenBy === 'change stamps' ? 'stamps' : 'compare'
    return seenRows({ engine, tables, by, transactions, clock })
  }

  return {
    ...reads,
    name: engine.name,
    mayWrite: mapping['may write'],
    /** Whether the practice has a place for what one occurrence of a series has otherwise, such as its confirmation. */
    hasOccurrences: tables.occurrences.table !== undefined,
    /** How many values of `table.field` could not be translated since it was opened. */
    untranslated: untranslated as ReadonlyMap<string, number>,
    close: () => db.destroy(),
    /** How long a statement may wait for another program's lock, milliseconds. */
    setPatience: engine.setPatience,
    /** From now on every `write` asserts this fence. */
    holdFence: (held: number): void => void (fence = held),
    /** Rejects with LeaseLost where another agent holds the lease, and with PutBack where the database was put back. */
    async assertFence(): Promise<void> {
      assertOurs(await reads.agent())
    },
    /** From now on a database that was put back since `at` is refused, and `keep` is given each anchor that follows, after its commit. */
    holdAnchor(at: Anchor | undefined, keep: (at: Anchor) => Promise<void>): void {
      anchored = { at, keep }
    },
    /** Runs `work` in one transaction that takes the write lock first. Rejects with LeaseLost or PutBack, and changes nothing, where the database is not its own. */
    async write<T>(work: (change: Changes) => Promise<T>): Promise<T> {
      let moved: Anchor | undefined
      const result = await transactions.write((on) => {
        const changes = changesOf(on, parts)
        const setCursor: Changes['setCursor'] = async (audit, hash) => {
          await changes.setCursor(audit, hash)
          moved = anchorOf({ last_audit_id: audit, last_audit_hash: hash })
        }
        return work({ ...readsOf(on, parts), ...changes, setCursor })
      })
      // Before anything is said of it: what is said to be written must be missed where it is gone again.
      if (anchored && moved !== undefined && moved !== anchored.at) {
        anchored.at = moved
        await anchored.keep(moved)
      }
      return result
    },
    /** Runs `work` on one state of the database: what other programs commit meanwhile is not seen. */
    read: <T>(work: (now: Reads) => Promise<T>): Promise<T> => transactions.read((on) => work(readsOf(on, parts))),
    /** Before the first full read: what stands now is known, and what comes after is in the journal. */
    beginCapture: feed.begin,
    /** Brings the journal of changes up to now. */
    capture: feed.capture,
    /** Whether it is time to. */
    isCaptureDue: (): Promise<boolean> => feed.isDue(db),
    /** What a person must know of how changes are seen; null where all is well. */
    captureProblem: feed.problem,
  }
}
