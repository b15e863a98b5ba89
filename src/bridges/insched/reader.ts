/**
 * The source of the bridge: reads InSched once in full, in chunks that can be interrupted and resumed, then follows its
 * audit trail. Its cost is what changed. It is level-triggered: an audit row says which row to read again, the row says
 * what stands. The cursor in the trail moves after the replica has the change durably, so a crash reads again and
 * changes nothing twice.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid, mintUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { createHash } from 'node:crypto'
import { eventEdit, factsOf, patientEdit, planEdit, practiceEdit, type Context } from './documents.ts'
import {
  InSchedRefused,
  type AuditRow,
  type BridgedTable,
  type EventRow,
  type Identity,
  type InSched,
  type PatientRow,
} from './insched-sqlite.ts'
import { daysLater, wallClockOf } from './wall-clock.ts'

export interface ReaderOptions {
  readonly insched: InSched
  readonly replica: Replica
  readonly site: { readonly key: string; readonly name: string }
  readonly clock: Clock
}
/** Rows read so far. */
export interface Progress {
  readonly patients: number
  readonly plans: number
  readonly stages: number
  readonly events: number
}
export type Reader = ReturnType<typeof inSchedReader>

const chunk = 500
/** DOM-7: one day back and 365 days ahead. */
const daysBack = 1
const daysAhead = 365
const none: Progress = { patients: 0, plans: 0, stages: 0, events: 0 }

export function inSchedReader(options: ReaderOptions) {
  const { insched, replica, site, clock } = options
  const by: By = { role: 'site', id: site.key, initials: 'PC' }

  const practice = (): NonNullable<ReturnType<InSched['practice']>> => {
    const row = insched.practice()
    if (!row)
      throw new InSchedRefused('The practice table of InSched is empty: it must hold one row with name and time zone.')
    return row
  }
  const context = (): Context => ({
    site: site.key,
    zone: practice().time_zone,
    zones: new Map(insched.locations().map((location) => [location.location_id, location.time_zone])),
  })

  /** Identities of rows, minted and committed before any document of theirs is written (DOM-17). */
  const identify = (table: BridgedTable, ids: readonly number[]): Map<number, Identity> => {
    const known = new Map(insched.identities(table, ids).map((identity) => [identity.local_id, identity]))
    const added = ids
      .filter((id) => !known.has(id))
      .map((local_id) => ({ document: mintUlid(clock) as string, local_id }))
    if (added.length > 0) insched.write(() => insched.addIdentities(table, added))
    for (const { document, local_id } of added)
      known.set(local_id, { document, table_name: table, local_id, gone: 0, held: null })
    return known
  }

  const patientEdits = (rows: readonly PatientRow[], at: (id: number) => number): Edit[] => {
    const here = context()
    const survivors = rows.flatMap((row) => (row.survivor_id === null ? [] : [row.survivor_id]))
    const keys = identify('patients', [...new Set([...rows.map((row) => row.patient_id), ...survivors])])
    return rows.flatMap((row) => {
      const identity = keys.get(row.patient_id)!
      if (identity.held !== null) return []
      const survivor = row.survivor_id === null ? null : keys.get(row.survivor_id)!.document
      return [patientEdit(here, row, identity.document, survivor, at(row.patient_id))]
    })
  }
  const owners = (ids: readonly (number | null)[]): Map<number, { patient: PatientRow; patientKey: string }> => {
    const wanted = [...new Set(ids.filter((id) => id !== null))]
    const keys = identify('patients', wanted)
    return new Map(
      insched
        .patients(wanted)
        .map((patient) => [patient.patient_id, { patient, patientKey: keys.get(patient.patient_id)!.document }]),
    )
  }
  const planEdits = (ids: readonly number[], at: (id: number) => number): { edits: Edit[]; stages: number } => {
    const here = context()
    const rows = insched.plans(ids)
    const keys = identify('plans', rows.map((row) => row.plan_id)) // prettier-ignore
    const stages = Map.groupBy(insched.stagesOf(ids), (stage) => stage.plan_id)
    const patients = owners(rows.map((row) => row.patient_id))
    const edits = rows.flatMap((row) => {
      const owner = patients.get(row.patient_id)
      if (!owner) return []
      return [
        planEdit(
          here,
          row,
          stages.get(row.plan_id) ?? [],
          { ...owner, key: keys.get(row.plan_id)!.document },
          at(row.plan_id),
        ),
      ]
    })
    return { edits, stages: [...stages.values()].reduce((sum, list) => sum + list.length, 0) }
  }
  const eventEdits = (rows: readonly EventRow[], at: (id: number) => number): Edit[] => {
    const here = context()
    const owned = rows.filter((row) => row.patient_id !== null)
    const keys = identify('events', owned.map((row) => row.event_id)) // prettier-ignore
    const patients = owners(owned.map((row) => row.patient_id))
    const edits = owned.flatMap((row) => {
      const owner = patients.get(row.patient_id!)
      return owner ? [eventEdit(here, row, { ...owner, key: keys.get(row.event_id)!.document }, at(row.event_id))] : []
    })
    // An event that lost its patient is no longer theirs to see.
    const orphans = insched.identities('events', rows.filter((row) => row.patient_id === null).map((row) => row.event_id)) // prettier-ignore
    return [...edits, ...orphans.map((identity) => goneEdit('events', identity.document, at(identity.local_id)))]
  }

  const window = (): { from: string; until: string } => {
    const today = wallClockOf(clock.now(), practice().time_zone)
    return { from: daysLater(today, -daysBack), until: daysLater(today, daysAhead) }
  }

  const readAll = async (progress: (read: Progress) => void): Promise<Progress> => {
    const agent = insched.agent()!
    // The trail is followed from where it stood before the first row was read: what changes meanwhile is read again.
    if (agent.last_audit_id === null) insched.write(() => moveCursor(insched.lastAuditId()))
    const now = clock.now()
    const at = (): number => now
    let read = none
    const horizon = window()
    if (agent.horizon_until === null) insched.setHorizon(horizon.until)
    await replica.change([practiceEdit(site, practice(), insched.locations(), now)])
    const order: readonly BridgedTable[] = ['patients', 'plans', 'events']
    const begin = Math.max(0, order.indexOf((agent.read_table ?? 'patients') as BridgedTable))
    for (const table of order.slice(begin)) {
      let after = table === agent.read_table ? (agent.read_after ?? 0) : 0
      for (;;) {
        const { edits, ids, count } = nextChunk(table, after, at, horizon)
        if (ids.length === 0) break
        await replica.change(edits)
        after = ids.at(-1)!
        insched.setReading(table, after)
        read = { ...read, [table]: read[table] + ids.length, stages: read.stages + count }
        progress(read)
      }
    }
    insched.setReading('done', 0)
    return read
  }
  const nextChunk = (
    table: BridgedTable,
    after: number,
    at: () => number,
    horizon: { from: string; until: string },
  ): { edits: Edit[]; ids: number[]; count: number } => {
    if (table === 'patients') {
      const rows = insched.patientsAfter(after, chunk)
      return { edits: patientEdits(rows, at), ids: rows.map((row) => row.patient_id), count: 0 }
    }
    if (table === 'plans') {
      const ids = insched.plansAfter(after, chunk).map((row) => row.plan_id)
      const { edits, stages } = planEdits(ids, at)
      return { edits, ids, count: stages }
    }
    const rows = insched.eventsAfter(after, chunk, horizon.from, horizon.until)
    return { edits: eventEdits(rows, at), ids: rows.map((row) => row.event_id), count: 0 }
  }

  const moveCursor = (to: number): void => void insched.setCursor(to, hashOf(insched.auditRow(to)))

  /** Reads one stretch of the trail; resolves with what was read, or undefined where nothing is unread. */
  const readSome = async (): Promise<Progress | undefined> => {
    const from = insched.agent()!.last_audit_id ?? 0
    const unread = insched.auditAfter(from, chunk)
    if (unread.length === 0) return undefined
    // A stretch ends with a delete: what is added under the same id after it is another record (DOM-17).
    const end = unread.findIndex(isDelete)
    const audit = end < 0 ? unread : unread.slice(0, end + 1)
    const own = insched.effects([...new Set(audit.map((row) => row.checkpoint))])
    const news = audit.filter((row) => !own.has(row.checkpoint))
    const { edits, read } = await editsOf(news)
    if (edits.length > 0) await replica.change(edits)
    insched.write(() => {
      const last = audit.at(-1)!
      if (isDelete(last))
        for (const identity of insched.identities(last.table_name as BridgedTable, [Number(last.row_id)]))
          insched.markGone(identity.document)
      moveCursor(last.audit_id)
    })
    return read
  }

  const editsOf = async (news: readonly AuditRow[]): Promise<{ edits: Edit[]; read: Progress }> => {
    const touched = {
      patients: new Map<number, number>(),
      plans: new Map<number, number>(),
      events: new Map<number, number>(),
    }
    const deleted = new Set(insched.deletedFrom(news[0]?.audit_id ?? 0).map((row) => `${row.table_name} ${row.row_id}`))
    const touch = (table: BridgedTable, ids: readonly number[], at: number): void => {
      // A row that is there again after a delete is not the one that this part of the trail speaks of.
      for (const id of ids)
        if (!deleted.has(`${table} ${id}`)) touched[table].set(id, Math.max(touched[table].get(id) ?? 0, at))
    }
    const gone: Edit[] = []
    let practiceAt = 0
    for (const row of news) {
      const at = Math.min(Date.parse(row.at_utc), clock.now())
      const id = Number(row.row_id)
      const before = parsed(row.before_json)
      const after = parsed(row.after_json)
      if (isDelete(row)) {
        gone.push(...(await deletedEdits(row.table_name as BridgedTable, id, at)))
        continue
      }
      switch (row.table_name) {
        case 'patients':
          if (row.change === 'modified' && isAnother(before, after)) gone.push(...hold(id, at))
          touch('patients', [id], at)
          if (row.change === 'modified' && reachChanged(before, after)) {
            touch('plans', insched.plansOfPatients([id]), at)
            touch('events', insched.eventsOfPatients([id]), at)
            gone.push(...(await afterReachChanged(id, at)))
          }
          break
        case 'plans':
        case 'events':
          touch(row.table_name, [id], at)
          break
        case 'stages': {
          const plan = Number(after['plan_id'] ?? before['plan_id'])
          touch('plans', [plan], at)
          if (row.change === 'deleted') gone.push(...stageGone(plan, id, at))
          break
        }
        case 'event_types':
          touch('events', insched.eventsOfType(row.row_id), at)
          break
        case 'locations':
          practiceAt = at
          if (before['time_zone'] !== after['time_zone']) touch('events', insched.eventsAt(id), at)
          break
        case 'practice':
          practiceAt = at
          break
        default:
          // Tables of which nothing leaves the practice.
          break
      }
    }
    const time = (table: BridgedTable) => (id: number) => touched[table].get(id)!
    const patients = insched.patients([...touched.patients.keys()])
    const plans = [...touched.plans.keys()]
    const found = insched.events([...touched.events.keys()])
    const known = new Set(insched.identities('events', found.map((row) => row.event_id)).map((identity) => identity.local_id)) // prettier-ignore
    const { from, until } = window()
    const events = found.filter((row) => known.has(row.event_id) || (row.starts_at >= from && row.starts_at < until))
    const planned = planEdits(plans, time('plans'))
    const first = practiceAt > 0 ? [practiceEdit(site, practice(), insched.locations(), practiceAt)] : []
    return {
      edits: [
        ...first,
        ...patientEdits(patients, time('patients')),
        ...planned.edits,
        ...eventEdits(events, time('events')),
        ...gone,
      ],
      read: { patients: patients.length, plans: planned.edits.length, stages: planned.stages, events: events.length },
    }
  }

  const deletedEdits = async (table: BridgedTable, id: number, at: number): Promise<Edit[]> => {
    const [identity] = insched.identities(table, [id])
    if (!identity) return []
    if (table !== 'patients') return [goneEdit(table, identity.document, at)]
    // Rows of a deleted patient may stay in InSched; the portal shows none of them.
    const plans = insched.identities('plans', insched.plansOfPatients([id]))
    const events = insched.identities('events', insched.eventsOfPatients([id]))
    return [
      goneEdit('patients', identity.document, at),
      ...plans.map((plan) => goneEdit('plans', plan.document, at)),
      ...events.map((event) => goneEdit('events', event.document, at)),
      ...(await accessEnds(identity.document, at)),
    ]
  }
  const accessEnds = async (key: string, at: number): Promise<Edit[]> => {
    const { standing } = foldAccess(await replica.entries('access', key))
    if (standing.length === 0) return []
    const id = derivedUlid('portal access ended', ...standing)
    return [
      {
        collection: 'access',
        key,
        add: { [id]: { kind: 'revoked', at, by, revokes: [...standing], why: 'portal access ended' } },
      },
    ]
  }
  const stageGone = (plan: number, stage: number, at: number): Edit[] =>
    insched.identities('plans', [plan]).map((identity) => ({
      collection: 'plans',
      key: identity.document,
      set: { [`stage/${stage}/deleted`]: true },
      at,
    }))

  /** DOM-17: another name and another birth date in one step may be another person; nothing flows before somebody says. */
  const hold = (id: number, at: number): Edit[] => {
    const identity = identify('patients', [id]).get(id)!
    const review = derivedUlid('identity changed', identity.document, String(at))
    insched.write(() => insched.hold(identity.document, review))
    return [
      {
        collection: 'reviews',
        key: review,
        facts: { patient: identity.document, site: site.key, shown: false, reachable: false, startsAt: null },
        add: {
          opened: {
            kind: 'opened',
            at: clock.now(),
            by,
            about: 'identity changed',
            why: `Name and birth date of patient ${id} were changed in one step, so this may be another person. Nothing more of this patient goes to the portal.`,
            todo: 'Check the patient in InSched. If it is the same person, resolve this item and the changes flow.',
            patient: identity.document,
          },
        },
      },
    ]
  }

  /** What hangs on the patient besides plans and events takes over the new facts; without the portal, access ends. */
  const afterReachChanged = async (id: number, at: number): Promise<Edit[]> => {
    const patient = insched.patients([id])[0]
    const key = insched.identities('patients', [id])[0]?.document
    if (!patient || key === undefined) return []
    const edits: Edit[] = []
    const facts = factsOf(context(), patient, key, true)
    for (const collection of ['messages', 'requests', 'access'] as const)
      if (await replica.head(collection, key)) edits.push({ collection, key, facts, add: {} })
    for (const identity of insched.identities('events', insched.eventsOfPatients([id]))) {
      const held = await replica.head('confirmations', identity.document)
      if (held)
        edits.push({
          collection: 'confirmations',
          key: identity.document,
          facts: { ...facts, startsAt: held.facts.startsAt },
          add: {},
        })
    }
    if (patient.portal_enabled !== 1) edits.push(...(await accessEnds(key, at)))
    return edits
  }

  return {
    /** Reads all that is unread; the first time, everything. Resolves with the rows read by this call. */
    async readAllUnread(progress: (read: Progress) => void = () => {}): Promise<Progress> {
      let read = insched.agent()!.read_table === 'done' ? none : await readAll(progress)
      for (let more = await readSome(); more; more = await readSome()) {
        read = sum(read, more)
        progress(read)
      }
      return read
    },
    /** Brings in the events that have entered the horizon since it was last looked at (DOM-7); cheap where none has. */
    async moveHorizon(): Promise<void> {
      const from = insched.agent()!.horizon_until
      const { until } = window()
      if (from === null || from >= until) return
      for (let after = 0; ;) {
        const rows = insched.eventsAfter(after, chunk, from, until)
        if (rows.length === 0) break
        await replica.change(eventEdits(rows, () => clock.now()))
        after = rows.at(-1)!.event_id
      }
      insched.setHorizon(until)
    },
    /** Whether the trail has rows that were not read. */
    hasUnread: (): boolean => insched.lastAuditId() > (insched.agent()!.last_audit_id ?? 0),
    /** Patients whose identity a person has confirmed flow again (DOM-17). */
    async releaseResolved(): Promise<void> {
      for (const identity of insched.heldIdentities()) {
        const entries = await replica.entries('reviews', identity.held!)
        if (!entries.some((entry) => entry.kind === 'resolved')) continue
        insched.write(() => insched.hold(identity.document, null))
        await replica.change(patientEdits(insched.patients([identity.local_id]), () => clock.now()))
      }
    },
    context,
    identify,
  }
}

/** What is gone is not shown; whether it can be reached stays as it was, so that the portal hears of it. */
function goneEdit(collection: BridgedTable, key: string, at: number): Edit {
  return { collection, key, set: { deleted: true }, at }
}

function isDelete(row: AuditRow): boolean {
  return row.change === 'deleted' && ['patients', 'plans', 'events'].includes(row.table_name)
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  return text === null ? {} : (JSON.parse(text) as Record<string, unknown>)
}

function isAnother(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): boolean {
  const named = before['first_name'] !== after['first_name'] || before['last_name'] !== after['last_name']
  return named && before['birth_date'] !== after['birth_date']
}

function reachChanged(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): boolean {
  return ['portal_enabled', 'text_consent', 'email_consent', 'survivor_id'].some(
    (column) => before[column] !== after[column],
  )
}

function hashOf(row: AuditRow | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify(row ?? null))
    .digest('hex')
}

function sum(a: Progress, b: Progress): Progress {
  return {
    patients: a.patients + b.patients,
    plans: a.plans + b.plans,
    stages: a.stages + b.stages,
    events: a.events + b.events,
  }
}
