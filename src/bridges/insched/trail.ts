/**
 * InSched's audit trail as the feed of changes. It is level-triggered: an audit row says which row of the practice is to
 * be read again, never what it holds. A stretch ends with a delete, since what is added later under the same id is another
 * record (DOM-17). What lies ahead of the cursor is looked at once, not again for each stretch.
 */
import type { Clock } from '../../replica/clock.ts'
import type { BridgedTable } from './agent-rows.ts'
import { donorsOf } from './combined.ts'
import { hashOfAudit, keptFields } from './kept-fields.ts'
import { bookingsIn, type BookedInSched } from './bookings.ts'
import { checkInIn, type CheckedIn } from './check-ins.ts'
import { deskConfirmationIn, type DeskConfirmation } from './desk-confirmations.ts'
import { deskConsentIn, type DeskConsent } from './desk-consents.ts'
import type { Changes, Reads } from './insched.ts'
import { postingsIn, type PostedInSched } from './postings.ts'
import type { AuditRow } from './rows.ts'

/** Local ids to the time of the newest edit that touched them, milliseconds UTC. */
export type Touched = Readonly<Record<BridgedTable, ReadonlyMap<number, number>>>

export interface Stretch {
  readonly last: AuditRow
  readonly touched: Touched
  /** Patients whose being reached or shown may have changed. */
  readonly reach: ReadonlyMap<number, number>
  /** When the practice or a location was changed; null where none was. */
  readonly practiceAt: number | null
  /** What others did to deposits. */
  readonly deposits: readonly AuditRow[]
  /** What staff confirmed in InSched themselves, in order. */
  readonly confirmed: readonly DeskConfirmation[]
  /** To whom staff set consent to text, in order, whether or not that stands still. */
  readonly consents: readonly DeskConsent[]
  /** Whom staff checked in, in order, whether or not that stands still. */
  readonly checkedIn: readonly CheckedIn[]
  /** What staff booked, moved, canceled and deleted, in order. */
  readonly booked: readonly BookedInSched[]
  /** What money staff posted, in order. */
  readonly posted: readonly PostedInSched[]
  /** The row whose delete ends the stretch. */
  readonly deleted: { readonly table: BridgedTable; readonly localId: number; readonly at: number } | null
}
export type Trail = ReturnType<typeof auditTrail>

const stretchLength = 500

export function auditTrail(clock: Clock) {
  let isMistrusted = false
  let lookedTo = 0
  /** The cursor when the trail was last looked at. */
  let readTo = 0
  /** Rows to the newest audit row that deleted them, and patients to the newest that modified them. */
  const deletions = new Map<string, number>()
  const modifications = new Map<number, number>()
  const cursor = async (now: Reads): Promise<number> => (await now.agent())!.last_audit_id ?? 0

  /** Takes in what has come to the trail; within the `read` whose rows it is asked about. */
  const look = async (now: Reads): Promise<void> => {
    readTo = await cursor(now)
    if (readTo >= lookedTo) {
      deletions.clear()
      modifications.clear()
      lookedTo = readTo
    }
    for (const mark of await now.auditMarksAfter(lookedTo)) {
      if (mark.change === 'deleted') deletions.set(`${mark.table_name} ${mark.row_id}`, mark.audit_id)
      else modifications.set(Number(mark.row_id), mark.audit_id)
      lookedTo = mark.audit_id
    }
  }
  /** Whether unread rows of the trail delete this row: then what stands under its id is not what the trail speaks of. */
  const isDeletedAhead = (table: BridgedTable, localId: number): boolean =>
    deletions.size > 0 && (deletions.get(`${table} ${localId}`) ?? 0) > readTo

  const touchedBy = async (
    now: Reads,
    news: readonly AuditRow[],
  ): Promise<Pick<Stretch, 'touched' | 'reach' | 'practiceAt'>> => {
    const touched = { patients: new Map<number, number>(), plans: new Map<number, number>(), events: new Map<number, number>() } // prettier-ignore
    const reach = new Map<number, number>()
    let practiceAt: number | null = null
    const touch = (table: BridgedTable, ids: readonly number[], at: number): void => {
      for (const id of ids)
        if (!isDeletedAhead(table, id)) touched[table].set(id, Math.max(touched[table].get(id) ?? 0, at))
    }
    for (const row of news) {
      const at = timeOf(row, clock)
      const id = Number(row.row_id)
      switch (row.table_name) {
        case 'patients':
          if (row.change === 'deleted') break
          touch('patients', [id], at)
          // A patient that is new under an old id takes over what hangs on that id.
          if (row.change === 'added' || differs(row, reachColumns)) {
            touch('plans', await now.plansOfPatients([id]), at)
            touch('events', await now.eventsOfPatients([id]), at)
            if (!isDeletedAhead('patients', id)) reach.set(id, at)
            // Who was combined into it is reached as it is.
            const donors = await donorsOf(now, id)
            touch('patients', donors, at)
            for (const donor of donors) if (!isDeletedAhead('patients', donor)) reach.set(donor, at)
          }
          break
        case 'plans':
        case 'events':
          if (row.change !== 'deleted') touch(row.table_name, [id], at)
          break
        case 'stages':
          // A stage may have gone from one plan to another: both are read.
          for (const side of [row.before, row.after])
            if (side['plan_id'] !== undefined) touch('plans', [Number(side['plan_id'])], at)
          break
        case 'recurrences':
          touch('events', await now.eventsOfRecurrence(id), at)
          break
        case 'occurrences':
          for (const side of [row.before, row.after])
            if (typeof side['event_id'] === 'number') touch('events', [side['event_id']], at)
          break
        case 'relations':
          for (const side of [row.before, row.after])
            if (side['patient_id'] !== undefined) touch('patients', [Number(side['patient_id'])], at)
          break
        case 'event_types':
          touch('events', await now.eventsOfType(row.row_id), at)
          break
        case 'locations':
          practiceAt = at
          if (differs(row, ['time_zone'])) touch('events', await now.eventsAt(id), at)
          break
        case 'practice':
          practiceAt = at
          // Events without a location are in the zone of the practice.
          if (differs(row, ['time_zone'])) touch('events', await now.eventsWithoutLocation(), at)
          break
        default:
          // Tables of which nothing leaves the practice.
          break
      }
    }
    return { touched, reach, practiceAt }
  }

  const stretch = async (now: Reads, unread: readonly AuditRow[]): Promise<Stretch | undefined> => {
    if (unread.length === 0) return undefined
    await look(now)
    const end = unread.findIndex(isDelete)
    const audit = end < 0 ? unread : unread.slice(0, end + 1)
    const own = await now.effects([...new Set(audit.map((row) => row.checkpoint))])
    const last = audit.at(-1)!
    const others = audit.filter((row) => !own.has(row.checkpoint))
    return {
      last,
      ...(await touchedBy(now, others)),
      deposits: others.filter((row) => row.table_name === 'deposits'),
      checkedIn: others.flatMap((row) => checkInIn(row, timeOf(row, clock))),
      consents: others.flatMap((row) => deskConsentIn(row, timeOf(row, clock))),
      booked: others.flatMap((row) => bookingsIn(row, timeOf(row, clock))),
      posted: others.flatMap((row) => postingsIn(row, timeOf(row, clock))),
      confirmed: others.flatMap((row) => deskConfirmationIn(row, timeOf(row, clock))),
      // What the agent removed itself is no news.
      deleted:
        isDelete(last) && !own.has(last.checkpoint)
          ? { table: last.table_name as BridgedTable, localId: Number(last.row_id), at: timeOf(last, clock) }
          : null,
    }
  }

  return {
    look,
    isDeletedAhead,
    /** Whether unread rows of the trail modify this patient: then the record may be of another person (DOM-17). */
    isModifiedAhead: (patient: number): boolean => isMistrusted || (modifications.get(patient) ?? 0) > readTo,
    /** While everything is read again since the trail was cut, any patient may be another than the record says. */
    mistrust: (all: boolean): void => void (isMistrusted = all),
    hasUnread: async (now: Reads): Promise<boolean> =>
      (await now.lastAuditId()) > (await cursor(now)) || now.isBehind(),
    /** Whether rows of the journal were not read. */
    isBehindJournal: async (now: Reads): Promise<boolean> => (await now.lastAuditId()) > (await cursor(now)),
    /** How far the trail was read; 0 where it was not. */
    cursor,
    /** The next stretch; undefined where nothing is unread. Within a `read`, with the rows that it names. */
    next: async (now: Reads): Promise<Stretch | undefined> =>
      stretch(now, await now.auditAfter(await cursor(now), stretchLength)),
    /** The first stretch after `after` of what was read already; undefined where there is none. Within a `read`. */
    async again(now: Reads, after: number): Promise<Stretch | undefined> {
      const read = await cursor(now)
      return stretch(
        now,
        (await now.auditAfter(after, stretchLength)).filter((row) => row.audit_id <= read),
      )
    },
    /** Moves the cursor to an audit row, with the hash by which a restored database is known again (DOM-19). */
    async moveTo(change: Changes, audit: number): Promise<void> {
      await change.setCursor(audit, hashOfAudit(await change.auditRow(audit)))
    },
  }
}

/** DOM-18: the time of the edit is the audit row's; a station's clock that runs ahead does not count. */
function timeOf(row: AuditRow, clock: Clock): number {
  const at = Date.parse(row.at_utc)
  return Number.isNaN(at) ? clock.now() : Math.min(at, clock.now())
}

function isDelete(row: AuditRow): boolean {
  return row.change === 'deleted' && ['patients', 'plans', 'events'].includes(row.table_name)
}

const reachColumns = keptFields.patients

function differs(row: AuditRow, columns: readonly string[]): boolean {
  return columns.some((column) => row.before[column] !== row.after[column])
}
