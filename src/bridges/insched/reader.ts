/**
 * The source of the bridge: reads InSched once in full, then follows its audit trail. Its cost is what changed. The cursor
 * in the trail moves after the replica has the change durably, so a crash reads again and changes nothing twice. The
 * replica remembers how far it was told, so that one that was put back to a copy is told again what came since (DOM-8).
 */
import type { Clock } from '../../replica/clock.ts'
import type { OpenReplica } from '../../replica/replica.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import type { Identity } from './agent-rows.ts'
import { depositsSeen } from './deposits.ts'
import { goneEdit, practiceEdit, zoneOf, type Context } from './documents.ts'
import { progressOf, readInFull, type Progress } from './full-read.ts'
import { deskConfirmationEdit } from './desk-confirmations.ts'
import type { Hold } from './held.ts'
import type { Identities } from './identities.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { InSchedRefused } from './refused.ts'
import type { EventRow, PracticeRow } from './rows.ts'
import { recordEdits, type Rows } from './record-edits.ts'
import { reachEdits } from './reach.ts'
import { auditTrail, type Stretch } from './trail.ts'
import { daysLater, wallClockOf } from '../../mirror/wall-clock.ts'

/** A replica that keeps how far it was told. */
export type ToldReplica = Replica & Pick<OpenReplica, 'remember' | 'remembered'>

export interface ReaderOptions {
  readonly insched: InSched
  readonly replica: ToldReplica
  readonly identities: Identities
  readonly site: { readonly key: string; readonly name: string }
  readonly clock: Clock
}
export type Reader = ReturnType<typeof inSchedReader>

/** DOM-7: one day back and 365 days ahead. */
const daysBack = 1
const daysAhead = 365
const horizonChunk = 1_000
/** How long it is spoken of that the trail was cut, milliseconds. */
const spokenOf = 3_600_000
/** What a deleted row comes to: edits, the identities that are gone, and holds that begin or end. */
interface Ended {
  readonly edits: Edit[]
  readonly gone: readonly Identity[]
  readonly holds: readonly (readonly [string, string | null])[]
}
/** One stretch with the rows as they stood when it was read. */
interface Told {
  readonly stretch: Stretch
  readonly rows: Rows
  readonly first: Edit[]
}
const nothing: Progress = { patients: 0, plans: 0, stages: 0, events: 0 }

export function inSchedReader(options: ReaderOptions) {
  const { insched, replica, identities, site, clock } = options
  const trail = auditTrail(clock)
  /** When it was put right that the trail was cut, milliseconds UTC. */
  let healedAt = -Infinity
  /** Whether what this process found in InSched's side is known to be in the replica too. */
  let wasTold = false

  const practice = async (now: Reads): Promise<PracticeRow> => {
    const row = await now.practice()
    if (!row)
      throw new InSchedRefused('The practice table of InSched is empty: it must hold one row with name and time zone.')
    return row
  }
  const context = async (now: Reads): Promise<Context> => ({
    site: site.key,
    zone: (await practice(now)).time_zone,
    zones: new Map((await now.locations()).map((location) => [location.location_id, location.time_zone])),
  })
  const horizon = async (now: Reads): Promise<{ from: string; until: string }> => {
    const today = wallClockOf(clock.now(), (await practice(now)).time_zone)
    return { from: daysLater(today, -daysBack), until: daysLater(today, daysAhead) }
  }
  const records = recordEdits({
    insched,
    replica,
    identities,
    trail,
    site: site.key,
    now: () => clock.now(),
    context,
  })
  const reach = reachEdits({ insched, replica, context, site: site.key })
  const deposits = depositsSeen(clock, { role: 'site', id: site.key, initials: 'PC' })
  const keepHolds = async (change: Changes, holds: readonly Hold[]): Promise<void> => {
    for (const { document, review } of holds) await change.hold(document, review)
  }
  const practiceNow = async (now: Reads, at: number): Promise<Edit> =>
    practiceEdit(site, await practice(now), await now.locations(), at)
  /** Those of these events that were said once, or lie in the horizon. */
  const inReach = async (now: Reads, events: readonly EventRow[]): Promise<EventRow[]> => {
    const ids = events.map((row) => row.event_id)
    const known = new Set((await now.identities('events', ids)).map((one) => one.local_id))
    const { from, until } = await horizon(now)
    return events.filter((row) => known.has(row.event_id) || (row.starts_at >= from && row.starts_at < until))
  }

  const readAll = async (progress: (read: Progress) => void): Promise<void> => {
    const now = clock.now()
    const { last_audit_id, horizon_until } = (await insched.agent())!
    const window = { ...(await horizon(insched)), ...(horizon_until === null ? {} : { until: horizon_until }) }
    // The trail is followed from where it stood before the first row was read: what changes meanwhile is read again.
    if (last_audit_id === null) await insched.beginCapture()
    await insched.write(async (change) => {
      if (last_audit_id === null) await trail.moveTo(change, await change.lastAuditId())
      if (horizon_until === null) await change.setHorizon(window.until)
    })
    await replica.change([await practiceNow(insched, now)])
    await readInFull({ insched, replica, records, horizon: window, at: now, keepHolds }, progress)
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
        events: await inReach(now, await now.events([...events.keys()])),
      })
      return { stretch, rows, first: stretch.practiceAt === null ? [] : [await practiceNow(now, stretch.practiceAt)] }
    })

  /** What staff confirmed in InSched, of the events that are said: what is held waits (DOM-17). */
  const confirmedAtDesk = async ({ stretch, rows }: Told, said: readonly Edit[]): Promise<Edit[]> => {
    if (stretch.confirmed.length === 0) return []
    const ids = await insched.identities('events', [...new Set(stretch.confirmed.map((one) => one.event))])
    const now = clock.now()
    // Date and type written one after the other are one confirmation.
    const each = new Map(stretch.confirmed.map((one) => [`${one.event} ${one.startsAt} ${one.lastConfirmed}`, one]))
    return [...each.values()].flatMap((one) => {
      const key = ids.find((identity) => identity.local_id === one.event)?.document
      const edit = said.find(
        (of): of is Edit & { collection: 'events' } => of.collection === 'events' && of.key === key,
      )
      const row = rows.events.find(({ event_id }) => event_id === one.event)
      if (!edit || !row) return []
      return deskConfirmationEdit(one, edit, { zone: zoneOf(rows.context, row.location_id), site: site.key, now })
    })
  }

  /** Tells the replica one stretch; resolves with what InSched's side is to keep of it. */
  const tell = async (
    found: Told,
    deletedBefore: boolean,
  ): Promise<{
    holds: readonly Hold[]
    ended: Ended | undefined
    ranks: readonly (readonly [number, number])[]
  }> => {
    const { stretch, rows, first } = found
    const { edits, holds } = await records.say(rows, (table, id) => stretch.touched[table].get(id)!)
    const held = new Set(holds.map((hold) => hold.document))
    for (const row of rows.patients) {
      const at = stretch.reach.get(row.patient_id)
      if (at === undefined) continue
      const identity = (await insched.identities('patients', [row.patient_id]))[0]!
      if (identity.held === null && !held.has(identity.document))
        edits.push(...(await reach.changed(row.patient_id, identity.document, at)))
    }
    edits.push(...(await confirmedAtDesk(found, edits)))
    const ended = stretch.deleted ? await deletedEdits(stretch.deleted, holds, deletedBefore) : undefined
    const seen = await deposits.told(insched, stretch.deposits)
    const all = [...first, ...edits, ...seen.edits, ...(ended?.edits ?? [])]
    if (all.length > 0) await replica.change(all)
    await told(stretch.last.audit_id)
    return { holds, ended, ranks: seen.ranks }
  }

  /** Reads one stretch of the trail; resolves with what was read, or undefined where nothing is unread. */
  const readSome = async (): Promise<Progress | undefined> => {
    const found = await says(trail.next)
    if (!found) return undefined
    const { holds, ended, ranks } = await tell(found, false)
    const { stretch, rows } = found
    await insched.write(async (change) => {
      await keepHolds(change, holds)
      for (const [deposit, rank] of ranks) await change.seenDeposit(deposit, rank)
      if (ended) {
        for (const identity of ended.gone) await change.markGone(identity.document)
        for (const [document, review] of ended.holds) await change.hold(document, review)
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
      const { holds } = await tell(found, true)
      if (holds.length > 0) await insched.write((change) => keepHolds(change, holds))
      after = found.stretch.last.audit_id
    }
  }

  /** What a deleted row leaves behind; `before`: it is gone from InSched's side already. */
  const deletedEdits = async (
    { table, localId, at }: NonNullable<Stretch['deleted']>,
    holds: readonly Hold[],
    before: boolean,
  ): Promise<Ended> => {
    // Of one id several rows may have been deleted, one after the other: each is gone, and it is the same to say so again.
    if (before && table !== 'patients') {
      const gone = await insched.goneIdentities(table, localId)
      return { edits: gone.map((one) => goneEdit(table, one.document, at)), gone, holds: [] }
    }
    const gone = await (before ? insched.goneIdentities(table, localId) : insched.identities(table, [localId]))
    const identity = gone[0]
    if (!identity) return { edits: [], gone, holds: [] }
    const { document } = identity
    if (table !== 'patients') {
      const review = await records.heldThrough(table, document, holds)
      if (review === null) return { edits: [goneEdit(table, document, at)], gone, holds: [] }
      return { edits: [], gone, holds: [[document, review]] }
    }
    // Rows of a deleted patient may stay in InSched; the portal shows none of them. A hold ends: nobody can say any more
    // who it is, and what is taken away tells nothing of anybody.
    const review = holds.find((hold) => hold.document === document)?.review ?? identity.held
    const waiting = review === null ? [] : (await insched.heldBy(review)).filter((one) => one.document !== document)
    const hanging = [
      ...(await insched.identities('plans', await insched.plansOfPatients([localId]))),
      ...(await insched.identities('events', await insched.eventsOfPatients([localId]))),
    ]
    const edits = [goneEdit('patients', document, at), ...(await reach.accessEnds(document, at))]
    for (const one of [...waiting, ...hanging]) {
      const former = (await replica.head(one.table_name, one.document))?.facts.patient
      if (former === document) edits.push(goneEdit(one.table_name, one.document, at))
    }
    return { edits, gone, holds: [document, ...waiting.map((one) => one.document)].map((one) => [one, null] as const) }
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
          const { edits, gone, holds } = await deletedEdits({ table, localId, at: clock.now() }, [], false)
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

  /** A person has said that a held patient is the same: what waited is said, as it stands now. */
  const release = async (review: string): Promise<void> => {
    const waiting = await insched.heldBy(review)
    if (waiting.length === 0) return
    const here = waiting.filter((identity) => identity.gone === 0)
    const ids = (table: Identity['table_name']): number[] =>
      here.filter((identity) => identity.table_name === table).map((identity) => identity.local_id)
    const rows = await insched.read(async (now) => {
      const patients = ids('patients')
      const events = await now.events([...new Set([...ids('events'), ...(await now.eventsOfPatients(patients))])])
      return records.gather(now, {
        patients: await now.patients(patients),
        plans: await now.plans([...new Set([...ids('plans'), ...(await now.plansOfPatients(patients))])]),
        events: await inReach(now, events),
      })
    })
    const now = clock.now()
    const released = new Set(waiting.map((identity) => identity.document))
    const { edits, holds } = await records.say(rows, () => now, released)
    for (const identity of here)
      if (identity.table_name === 'patients')
        edits.push(...(await reach.changed(identity.local_id, identity.document, now)))
    const gone = waiting.filter((identity) => identity.gone !== 0)
    await replica.change([...edits, ...gone.map((one) => goneEdit(one.table_name, one.document, now))])
    await insched.write(async (change) => {
      for (const { document } of waiting) await change.hold(document, null)
      await keepHolds(change, holds)
    })
  }

  /** The rows of a patient and of all that hangs on it, as far as they were read or lie in the horizon. */
  const rowsOf = (patient: number): Promise<Rows> =>
    insched.read(async (now) =>
      records.gather(now, {
        patients: await now.patients([patient]),
        plans: await now.plans(await now.plansOfPatients([patient])),
        events: await inReach(now, await now.events(await now.eventsOfPatients([patient]))),
      }),
    )
  /** A person has dealt with what a restore has lost: from now on the record says what InSched has (DOM-19). */
  const sayAnew = async (document: string | null): Promise<void> => {
    if (document === null) return
    const table = (await replica.head('events', document)) ? 'events' : 'patients'
    const identity = await insched.identity(document)
    const rows =
      identity?.gone !== 0
        ? undefined
        : table === 'patients'
          ? await rowsOf(identity.local_id)
          : await insched.read(async (now) => records.gather(now, { events: await now.events([identity.local_id]) }))
    if (rows && rows.patients.length + rows.events.length > 0) {
      const { edits, holds } = await records.say(rows, () => clock.now())
      await replica.change(edits)
      if (holds.length > 0) await insched.write((change) => keepHolds(change, holds))
    } else await replica.change([goneEdit(table, document, clock.now()), ...(table === 'patients' ? await reach.accessEnds(document, clock.now()) : [])]) // prettier-ignore
  }
  /** Says again the events that were said once and lie before the horizon by now. */
  const sayFormer = async (goOn: () => void): Promise<void> => {
    const { from } = await horizon(insched)
    for (let after: string | undefined; ;) {
      const heads = await replica.list('events', after, horizonChunk)
      if (heads.length === 0) return
      const own = heads.filter(({ facts }) => facts.site === site.key)
      const ids = (await Promise.all(own.map(({ key }) => identities.localOf(key)))).filter((id) => id !== undefined)
      const rows = await insched.read(async (now) =>
        records.gather(now, { events: (await now.events(ids)).filter((row) => row.starts_at < from) }),
      )
      const said = await records.say(rows, () => clock.now())
      await replica.change(said.edits)
      if (said.holds.length > 0) await insched.write((change) => keepHolds(change, said.holds))
      after = heads.at(-1)!.key
      goOn()
    }
  }

  return {
    /** Says all records again, as they stand now: fields that were withheld are among them. The next reading does it where this one is cut. */
    async sayAgain(goOn: () => void): Promise<void> {
      await insched.assertFence()
      // Of a first reading that is under way the rest will be said with all that may leave by now; what was said is said again.
      await insched.write((change) => change.setReading('patients', 0))
      await readAll(goOn)
      await sayFormer(goOn)
    },
    /** The edits that would say a patient and all that hangs on it, as InSched has them now; none where a review comes first (DOM-17). */
    wouldSay: async (patient: number): Promise<readonly Edit[]> =>
      (await records.say(await rowsOf(patient), () => clock.now())).edits.filter(
        ({ collection }) => collection !== 'reviews',
      ),
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
    /**
     * Brings in the events that have entered the horizon since it was last looked at (DOM-7); cheap where none has. Asks
     * `goOn` after each part; a throw ends it there, and the next call begins again.
     */
    async moveHorizon(goOn: () => void): Promise<void> {
      const from = (await insched.agent())!.horizon_until
      const { until } = await horizon(insched)
      if (from === null || from >= until) return
      const holds: Hold[] = []
      for (let last: EventRow | undefined; ;) {
        const after = last
        const rows = await insched.read(async (now) =>
          records.gather(now, { events: await now.eventsStarting({ from, until }, after, horizonChunk) }),
        )
        if (rows.events.length === 0) break
        const said = await records.say(rows, () => clock.now())
        await replica.change(said.edits)
        holds.push(...said.holds)
        last = rows.events.at(-1)!
        goOn()
      }
      await insched.write(async (change) => {
        await keepHolds(change, holds)
        await change.setHorizon(until)
      })
    },
    /** Whether the trail has rows that were not read, or may have. */
    hasUnread: trail.hasUnread,
    /** Whether it is time to read by itself. */
    isDue: async (): Promise<boolean> => (await trail.isBehindJournal(insched)) || insched.isCaptureDue(),
    /** Within a write transaction that began with nothing unread: its own audit rows count as read. */
    passOwn: async (change: Changes): Promise<void> => trail.moveTo(change, await change.lastAuditId()),
    /**
     * Lets flow what waited for reviews that a person has resolved (DOM-17). Resolves with the documents that the writer
     * has still to look at; asked again after a crash, it names them again.
     */
    async releaseResolved(reviews: readonly DocumentHead[]): Promise<DocumentHead[]> {
      const waiting: DocumentHead[] = []
      for (const { key: review } of reviews) {
        const entries = await replica.entries('reviews', review)
        const opened = entries.find((entry) => entry.kind === 'opened')
        if (opened?.about === 'lost in a restore' && entries.some((entry) => entry.kind === 'resolved')) await sayAnew(opened.event ?? opened.patient ?? null) // prettier-ignore
        if (opened?.about !== 'identity changed' || !opened.patient) continue
        if (!entries.some((entry) => entry.kind === 'resolved')) continue
        await release(review)
        waiting.push(...(await reach.inboundOf(opened.patient)))
      }
      return waiting
    },
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
