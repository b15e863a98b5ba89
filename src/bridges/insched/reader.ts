/**
 * The source of the bridge: reads InSched once in full, then follows its audit trail. Its cost is what changed. The cursor
 * in the trail moves after the replica has the change durably, so a crash reads again and changes nothing twice. The
 * replica remembers how far it was told, so that one that was put back to a copy is told again what came since (DOM-8).
 */
import type { Clock } from '../../replica/clock.ts'
import type { OpenReplica } from '../../replica/replica.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { bookingsOf, type Booking } from './bookings.ts'
import { checkInsOf, type CheckIn } from './check-ins.ts'
import { postingsOf, type Posting } from './postings.ts'
import { depositsSeen } from './deposits.ts'
import { deletedRows, type Ended } from './deleted-rows.ts'
import { practiceEdit, type Context } from './documents.ts'
import { progressOf, readInFull, type Progress } from './full-read.ts'
import { deskConfirmations } from './desk-confirmations.ts'
import { deskConsents } from './desk-consents.ts'
import type { Numbers } from './consent-changes.ts'
import { horizonOf } from './horizon.ts'
import type { Identities } from './identities.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { releasing } from './releasing.ts'
import { recordEdits, type Rows, type Said } from './record-edits.ts'
import { sharedEdits } from './shared-edits.ts'
import { reachEdits } from './reach.ts'
import { contextOf, practiceOf } from './site-context.ts'
import { auditTrail, type Stretch } from './trail.ts'

/** The other sites of the practice. */
export interface Others {
  /** Whether any of them shares records with this one, or this one with it. */
  isShared(): boolean
  nameOf(site: string): string | null
}
/** A replica that keeps how far it was told. */
export type ToldReplica = Replica & Pick<OpenReplica, 'remember' | 'remembered'>

export interface ReaderOptions {
  readonly insched: InSched
  readonly replica: ToldReplica
  readonly identities: Identities
  readonly site: { readonly key: string; readonly name: string }
  readonly clock: Clock
  readonly others: Others
  /** How numbers are known; without it nobody is said to have opted in by staff. */
  readonly numberOf?: Numbers['keyOf'] | undefined
  /** Told of check-ins once the replica has their events, and again after a crash; what it rejects is read again. */
  readonly checkedIn?: ((checkIns: readonly CheckIn[]) => Promise<void>) | undefined
  /** Told in the same way of what staff booked, moved, canceled and deleted. */
  readonly booked?: ((bookings: readonly Booking[]) => Promise<void>) | undefined
  /** Told in the same way of charges and deposits that staff posted. */
  readonly posted?: ((postings: readonly Posting[]) => Promise<void>) | undefined
}
export type Reader = ReturnType<typeof inSchedReader>

/** How long it is spoken of that the trail was cut, milliseconds. */
const spokenOf = 3_600_000
/** One stretch with the rows as they stood when it was read. */
interface Told {
  readonly stretch: Stretch
  readonly rows: Rows
  readonly first: Edit[]
}
const nothing: Progress = { patients: 0, plans: 0, stages: 0, events: 0 }

export function inSchedReader(options: ReaderOptions) {
  const { insched, replica, identities, site, clock, others } = options
  const { nameOf } = others
  const trail = auditTrail(clock)
  /** When it was put right that the trail was cut, milliseconds UTC. */
  let healedAt = -Infinity
  /** Whether what this process found in InSched's side is known to be in the replica too. */
  let wasTold = false

  const context = (now: Reads): Promise<Context> => contextOf(now, site.key)
  const records = recordEdits({
    insched,
    replica,
    identities,
    trail,
    shared: sharedEdits({ insched, replica, site: site.key, isShared: others.isShared }),
    site: site.key,
    now: () => clock.now(),
    context,
  })
  const reach = reachEdits({ insched, replica, context, site: site.key })
  const deposits = depositsSeen(clock, { role: 'site', id: site.key, initials: 'PC' })
  /** Whether a row is of another site, which shares it. */
  const isOthers = async (document: string): Promise<boolean> => {
    const row = (await insched.sharedRows([document])).get(document)
    return row !== undefined && row.site !== site.key
  }
  /** Keeps in InSched's side what was said, once the replica has it. */
  const keep = async (change: Changes, { holds, shared: rows }: Omit<Said, 'edits'>): Promise<void> => {
    for (const { document, review } of holds) await change.hold(document, review)
    for (const row of rows) await change.keepShared(row, nameOf(row.site))
  }
  const keepAny = async (said: Omit<Said, 'edits'>): Promise<void> => {
    if (said.holds.length + said.shared.length > 0) await insched.write((change) => keep(change, said))
  }
  const horizon = horizonOf({ insched, replica, records, site: site.key, clock, context, keep })
  const waiting = releasing({
    insched,
    replica,
    records,
    reach,
    site: site.key,
    clock,
    context,
    inReach: horizon.inReach,
    keep,
  })
  const ended = deletedRows({ insched, replica, records, reach, isOthers })
  const confirmedAtDesk = deskConfirmations({ insched, site: site.key, clock })
  const optedInAtDesk = deskConsents({ insched, replica, site: site.key, numberOf: options.numberOf })
  const practiceNow = async (now: Reads, at: number): Promise<Edit> =>
    practiceEdit(site, await practiceOf(now), await now.locations(), at)

  const readAll = async (progress: (read: Progress) => void): Promise<void> => {
    const now = clock.now()
    const { last_audit_id, horizon_until } = (await insched.agent())!
    const window = { ...(await horizon.now(insched)), ...(horizon_until === null ? {} : { until: horizon_until }) }
    // The trail is followed from where it stood before the first row was read: what changes meanwhile is read again.
    if (last_audit_id === null) await insched.beginCapture()
    await insched.write(async (change) => {
      if (last_audit_id === null) await trail.moveTo(change, await change.lastAuditId())
      if (horizon_until === null) await change.setHorizon(window.until)
    })
    await replica.change([await practiceNow(insched, now)])
    await readInFull({ insched, replica, records, horizon: window, at: now, context, keep }, progress)
    await replica.change(await deposits.all(insched))
    await told(await trail.cursor(insched))
  }
  /** Keeps in the replica that it was told the trail up to an audit row; 0 is kept for one that was told nothing. */
  const told = (audit: number): Promise<void> => replica.remember('insched trail', audit + 1)

  /** What one stretch says, with the rows as they stood when it was read. */
  const says = (next: (now: Reads) => Promise<Stretch | undefined>): Promise<Told | undefined> =>
    insched.read(async (now) => {
      const stretch = await next(now)
      if (!stretch) return undefined
      const { patients, plans, events } = stretch.touched
      const rows = await records.gather(now, {
        patients: await now.patients([...patients.keys()]),
        plans: await now.plans([...plans.keys()]),
        events: await horizon.inReach(now, await now.events([...events.keys()])),
      })
      return { stretch, rows, first: stretch.practiceAt === null ? [] : [await practiceNow(now, stretch.practiceAt)] }
    })

  /** Tells the replica one stretch; resolves with what InSched's side is to keep of it. */
  const tell = async (
    found: Told,
    deletedBefore: boolean,
  ): Promise<{
    kept: Omit<Said, 'edits'>
    ended: Ended | undefined
    ranks: readonly (readonly [number, number])[]
  }> => {
    const { stretch, rows, first } = found
    const { edits, ...kept } = await records.say(rows, (table, id) => stretch.touched[table].get(id)!)
    const { holds } = kept
    const held = new Set(holds.map((hold) => hold.document))
    for (const row of rows.patients) {
      const at = stretch.reach.get(row.patient_id)
      if (at === undefined) continue
      const identity = (await insched.identities('patients', [row.patient_id]))[0]!
      if (await isOthers(identity.document)) continue
      if (identity.held === null && !held.has(identity.document))
        edits.push(...(await reach.changed(row.patient_id, identity.document, at)))
    }
    edits.push(...(await confirmedAtDesk(found.stretch.confirmed, rows, edits)))
    edits.push(...(await optedInAtDesk(stretch.consents, rows.patients, edits)))
    const over = stretch.deleted ? await ended(stretch.deleted, holds, deletedBefore) : undefined
    const seen = await deposits.told(insched, stretch.deposits)
    const all = [...first, ...edits, ...seen.edits, ...(over?.edits ?? [])]
    if (all.length > 0) await replica.change(all)
    const bookings = await bookingsOf(insched, stretch.booked)
    if (bookings.length > 0) await options.booked?.(bookings)
    const checkIns = await checkInsOf(insched, stretch.checkedIn, rows.events, edits)
    if (checkIns.length > 0) await options.checkedIn?.(checkIns)
    const postings = await postingsOf(insched, stretch.posted)
    if (postings.length > 0) await options.posted?.(postings)
    await told(stretch.last.audit_id)
    return { kept, ended: over, ranks: seen.ranks }
  }

  /** Reads one stretch of the trail; resolves with what was read, or undefined where nothing is unread. */
  const readSome = async (): Promise<Progress | undefined> => {
    const found = await says(trail.next)
    if (!found) return undefined
    const { kept, ended: over, ranks } = await tell(found, false)
    const { stretch, rows } = found
    await insched.write(async (change) => {
      await keep(change, kept)
      for (const [deposit, rank] of ranks) await change.seenDeposit(deposit, rank)
      if (over) {
        for (const identity of over.gone) await change.markGone(identity.document)
        for (const [document, review] of over.holds) await change.hold(document, review)
      }
      await trail.moveTo(change, stretch.last.audit_id)
    })
    return progressOf(rows)
  }

  /**
   * Tells a replica that was put back to a copy what was read since, whether a peer has it or not. What InSched's side
   * keeps of it stands already.
   */
  const tellAgain = async (progress: (read: Progress) => void): Promise<void> => {
    const mark = await replica.remembered('insched trail')
    if (mark === 0) {
      await insched.write((change) => change.setReading('patients', 0))
      return readAll(progress)
    }
    for (let after = mark - 1; ;) {
      const from = after
      const found = await says((now) => trail.again(now, from))
      if (!found) return
      await keepAny((await tell(found, true)).kept)
      after = found.stretch.last.audit_id
    }
  }

  /** The audit table lacks what was read last: from its end on it is followed, and everything is to be read again. */
  const beginAgain = (): Promise<void> =>
    insched.write(async (change) => {
      await change.acceptCut(new Date(clock.now()).toISOString())
      await trail.moveTo(change, await change.lastAuditId())
      await change.setReading('patients', 0)
    })
  /** Reads everything again and says what is gone; what was cut off may have spoken of any row. */
  const healCut = async (progress: (read: Progress) => void): Promise<void> => {
    trail.mistrust(true)
    try {
      if ((await insched.agent())!.read_table !== 'done') await readAll(progress)
      for (const table of ['events', 'plans', 'patients'] as const)
        for (const localId of await insched.missing(table)) {
          const { edits, gone, holds } = await ended({ table, localId, at: clock.now() }, [], false)
          if (edits.length > 0) await replica.change(edits)
          await insched.write(async (change) => {
            for (const identity of gone) await change.markGone(identity.document)
            for (const [document, review] of holds) await change.hold(document, review)
          })
        }
      await insched.write((change) => change.cutIsHealed())
      healedAt = clock.now()
    } finally {
      trail.mistrust(false)
    }
  }

  return {
    /** Says all records again, as they stand now: fields that were withheld are among them. The next reading does it where this one is cut. */
    async sayAgain(goOn: () => void): Promise<void> {
      await insched.assertFence()
      // Of a first reading that is under way the rest will be said with all that may leave by now; what was said is said again.
      await insched.write((change) => change.setReading('patients', 0))
      await readAll(goOn)
      await horizon.sayFormer(goOn)
    },
    /** The edits that would say a patient and all that hangs on it, as InSched has them now; none where a review comes first (DOM-17). */
    wouldSay: async (patient: number): Promise<readonly Edit[]> =>
      (await records.say(await waiting.rowsOf(patient), () => clock.now(), { whole: true })).edits.filter(
        ({ collection }) => collection !== 'reviews',
      ),
    /**
     * Says patients and all that hangs on them, as InSched has them now: the agent does not read its own change back, and
     * with it who is reached, and when an event starts, may be otherwise.
     */
    async sayPatients(patients: readonly number[]): Promise<void> {
      for (const patient of patients) {
        await waiting.sayRows(await waiting.rowsOf(patient))
        const identity = (await insched.identities('patients', [patient]))[0]
        if (!identity || identity.held !== null || (await isOthers(identity.document))) continue
        await replica.change(await reach.changed(patient, identity.document, clock.now()))
      }
    },
    /**
     * Reads all that is unread; the first time, everything. Resolves with the rows read by this call. Tells `progress` after
     * each part that is kept; a throw of it ends the reading there, and the next call goes on from it.
     */
    async readAllUnread(progress: (read: Progress) => void = () => {}): Promise<Progress> {
      await insched.assertFence()
      let read = nothing
      const add = (more: Progress): void => {
        read = sum(read, more)
        progress(read)
      }
      if (await insched.isCut()) await beginAgain()
      if ((await insched.cutSince()) !== undefined) await healCut(add)
      if ((await insched.agent())!.read_table !== 'done') await readAll(add)
      else if (!wasTold) await tellAgain(add)
      wasTold = true
      await insched.capture()
      for (let more = await readSome(); more; more = await readSome()) add(more)
      return read
    },
    moveHorizon: horizon.move,
    /** Whether the trail has rows that were not read, or may have. */
    hasUnread: trail.hasUnread,
    /** Whether it is time to read by itself. */
    isDue: async (): Promise<boolean> => (await trail.isBehindJournal(insched)) || insched.isCaptureDue(),
    /** Within a write transaction that began with nothing unread: its own audit rows count as read. */
    passOwn: async (change: Changes): Promise<void> => trail.moveTo(change, await change.lastAuditId()),
    releaseResolved: waiting.releaseResolved,
    context,
    /** What a person must know of the trail; null where all is well. */
    problem: (): string | null =>
      clock.now() - healedAt < spokenOf
        ? 'InSched’s audit table was emptied or cut, so changes may have gone unread. Everything was read again, and what is gone was looked for. Leave its newest rows in place when old ones are removed.'
        : null,
    /** Ends all access to a patient that stands. */
    accessEnds: reach.accessEnds,
  }
}

function sum(a: Progress, b: Progress): Progress {
  return {
    patients: a.patients + b.patients,
    plans: a.plans + b.plans,
    stages: a.stages + b.stages,
    events: a.events + b.events,
  }
}
