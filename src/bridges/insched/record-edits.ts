/**
 * From rows of InSched to edits that make the records say what stands there, whatever led to it. The one place that
 * keeps back what is held (DOM-17), so that the first full read, the trail, the horizon and a release all obey it.
 */
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import type { BridgedTable, Identity } from './agent-rows.ts'
import { standsFor } from './combined.ts'
import { eventEdit, goneEdit, patientEdit, planEdit, type Context } from './documents.ts'
import { anotherPerson, holdEnds, holdReview, type Hold } from './held.ts'
import type { Identities } from './identities.ts'
import type { InSched, Reads } from './insched.ts'
import { asTheyAre, type Unfolded } from './occurrences.ts'
import type { EventRow, PatientRow, PlanRow, RelationRow, StageRow } from './rows.ts'
import type { SharedEdits } from './shared-edits.ts'
import type { SharedRow } from './shared-rows.ts'
import type { Trail } from './trail.ts'

/** Rows of one state of InSched, to be said. */
export interface Rows {
  readonly context: Context
  readonly patients: readonly PatientRow[]
  /** Whom these patients name as family and who is a patient, and the relations that their own sides name. */
  readonly guarantors: ReadonlySet<number>
  readonly relations: ReadonlyMap<number, readonly RelationRow[]>
  readonly plans: readonly PlanRow[]
  readonly stages: ReadonlyMap<number, readonly StageRow[]>
  readonly events: readonly EventRow[]
  /** Occurrences of series that were said and are there no more, and events that are under another original date now. */
  readonly gone: Unfolded['gone']
  readonly became: Unfolded['became']
  /** The patients of those plans and events, where they are there. */
  readonly owners: ReadonlyMap<number, PatientRow>
  /** Patients among all these whose row was modified since their record was written. */
  readonly modified: readonly PatientRow[]
}
/** The time of an edit at its source, milliseconds UTC. */
export type EditTime = (table: BridgedTable, localId: number) => number
/** What is to be said, and what of it must not be said before a review: to be kept with the cursor. */
export interface Said {
  readonly edits: Edit[]
  readonly holds: readonly Hold[]
  /** What rows and records of those that are shared agree on from now on. */
  readonly shared: readonly SharedRow[]
}
export type RecordEdits = ReturnType<typeof recordEdits>

export interface RecordEditsOptions {
  readonly insched: InSched
  readonly replica: Replica
  readonly identities: Identities
  readonly trail: Trail
  readonly shared: SharedEdits
  /** The key of the site. */
  readonly site: string
  readonly now: () => number
  /** Zone of the site and of its locations as they are now. */
  readonly context: (now: Reads) => Promise<Context>
}

const none: ReadonlySet<string> = new Set()

/** Whom patients name as family, as far as these are patients themselves. */
async function namedBy(now: Reads, patients: readonly PatientRow[]): Promise<{ guarantors: ReadonlySet<number>; relations: RelationRow[] }> {
  const relations = await now.relationsOf(patients.map((row) => row.patient_id))
  const ids = new Set([...patients.flatMap((row) => row.guarantor_id ?? []), ...relations.map((one) => one.related_id)])
  const people = new Set((await now.patients([...ids])).map((row) => row.patient_id))
  return { guarantors: people, relations: relations.filter((one) => people.has(one.related_id)) }
} // prettier-ignore

export function recordEdits(options: RecordEditsOptions) {
  const { insched, replica, identities, trail, shared, site, now } = options
  const by: By = { role: 'site', id: site, initials: 'PC' }

  /** Completes rows with what else their records say. Within the `read` that the rows are from. */
  const gather = async (
    now: Reads,
    found: { patients?: PatientRow[]; plans?: PlanRow[]; events?: Unfolded },
  ): Promise<Rows> => {
    // prettier-ignore
    const { patients = [], plans = [] } = found
    const { events, gone, became } = found.events ?? asTheyAre([])
    await trail.look(now)
    const ownerIds = new Set([...plans, ...events].flatMap((row) => (row.patient_id === null ? [] : [row.patient_id])))
    // Where the trail has still to say that a patient was deleted, the row may be another's under the same id.
    const owners = (await now.patients([...ownerIds])).filter(
      (row) => !trail.isDeletedAhead('patients', row.patient_id),
    )
    const stages = await now.stagesOf(plans.map((row) => row.plan_id))
    const { guarantors, relations } = await namedBy(now, patients)
    return {
      context: await options.context(now),
      patients,
      guarantors,
      relations: Map.groupBy(relations, (one) => one.patient_id),
      plans,
      stages: Map.groupBy(stages, (stage) => stage.plan_id),
      events,
      gone,
      became,
      owners: new Map(owners.map((row) => [row.patient_id, row])),
      modified: [...patients, ...owners].filter((row) => trail.isModifiedAhead(row.patient_id)),
    }
  }

  /** The review that holds a document through the patient that it was last said of. */
  const heldThrough = async (
    collection: BridgedTable,
    document: string,
    holds: readonly Hold[],
  ): Promise<string | null> => {
    const patient = (await replica.head(collection, document))?.facts.patient ?? null
    if (patient === null) return null
    return holds.find((hold) => hold.document === patient)?.review ?? (await insched.identity(patient))?.held ?? null
  }

  /**
   * The edits of these rows. A held patient and all that hangs on it are left out, unless it is in `released`.
   * A patient that may be another person now is left out too, with the review that says so. `whole`: all that the rows
   * say, also of what is shared.
   */
  const say = async (
    rows: Rows,
    at: EditTime,
    how: { released?: ReadonlySet<string>; whole?: boolean } = {},
  ): Promise<Said> => {
    const { released = none, whole = false } = how
    const { context, owners } = rows
    const relativesOf = ({ patient_id }: PatientRow): number[] => (rows.relations.get(patient_id) ?? []).map((one) => one.related_id) // prettier-ignore
    const guarantorOf = ({ guarantor_id: id }: PatientRow): number | null =>
      id !== null && rows.guarantors.has(id) ? id : null
    const named = rows.patients.flatMap((row) => [row.survivor_id, guarantorOf(row), ...relativesOf(row)].filter((id) => id !== null)) // prettier-ignore
    const owned = rows.events.filter((row) => row.patient_id !== null)
    if (rows.became.length > 0)
      await insched.write(async (change) => {
        for (const { document, original_on } of rows.became) await change.setOriginal(document, original_on)
      })
    const known = await identities.identify({
      patients: [...new Set([...rows.patients.map((row) => row.patient_id), ...owners.keys(), ...named])],
      plans: rows.plans.map((row) => row.plan_id),
      events: owned,
    })
    // An event that lost its patient is no longer theirs to see.
    const orphans = owned.length === rows.events.length ? [] : await insched.identities('events', rows.events.filter((row) => row.patient_id === null).map((row) => row.event_id)) // prettier-ignore
    const former = (identities: readonly Identity[]): string[] => identities.flatMap(({ document }) => (known.fresh.has(document) ? [] : [document])) // prettier-ignore
    const sharing = await shared([
      ...former(rows.patients.map((row) => known.of('patients', row.patient_id))),
      ...former(rows.modified.map((row) => known.of('patients', row.patient_id))),
      ...former(rows.plans.map((row) => known.of('plans', row.plan_id))),
      ...former(owned.map((row) => known.ofEvent(row))),
      ...former([...orphans, ...rows.gone]),
    ])
    const holds = new Map<string, Hold>()
    const edits: Edit[] = []
    for (const row of rows.modified) {
      const { document, held } = known.of('patients', row.patient_id)
      if (released.has(document) || holds.has(document)) continue
      const review = await anotherPerson(replica, row, document, sharing.row(document)?.agreed)
      if (held !== null) {
        if (review === undefined) edits.push(holdEnds(held, { by, now: now() }))
        continue
      }
      if (review === undefined) continue
      const hold = { document, review }
      holds.set(document, hold)
      edits.push(holdReview(hold, row.patient_id, { by, site, now: now() }))
    }
    const isHeld = ({ document, held }: Identity): boolean =>
      !released.has(document) && (held !== null || holds.has(document))
    for (const row of rows.patients) {
      const identity = known.of('patients', row.patient_id)
      if (isHeld(identity)) continue
      const keyOf = (id: number | null): string | null => (id === null ? null : known.of('patients', id).document)
      const relatives = relativesOf(row).map((id) => known.of('patients', id).document).toSorted() // prettier-ignore
      const stands = row.survivor_id === null ? row : await standsFor(insched, row)
      edits.push(
        patientEdit(
          context,
          row,
          {
            key: identity.document,
            survivor: keyOf(row.survivor_id),
            guarantor: keyOf(guarantorOf(row)),
            relatives,
            stands,
          },
          at('patients', row.patient_id),
        ),
      )
    }
    const later: Hold[] = []
    const patientHolds = [...holds.values()]
    /** A row that no patient may be shown now: taken from whoever it was of, unless that one is held too. */
    const takeAway = async (table: BridgedTable, { document, local_id }: Identity): Promise<void> => {
      // Whose patient another site's event is, that site says.
      if (sharing.isForeign(document)) return
      const review = await heldThrough(table, document, patientHolds)
      if (review === null) edits.push(goneEdit(table, document, at(table, local_id)))
      else later.push({ document, review })
    }
    /** The owner that a row may be said of; undefined where there is none, or it is held. */
    const ownerOf = async (
      table: 'plans' | 'events',
      identity: Identity,
      patient: number,
      fresh: ReadonlySet<string>,
    ): Promise<{ patient: PatientRow; patientKey: string; key: string } | undefined> => {
      const row = owners.get(patient)
      if (!row) return undefined
      const owner = known.of('patients', patient)
      if (!isHeld(owner)) return { patient: row, patientKey: owner.document, key: identity.document }
      // It came to a held patient from another: to that one it is gone.
      if (!fresh.has(identity.document)) {
        const former = (await replica.head(table, identity.document))?.facts.patient
        if (former !== undefined && former !== owner.document) await takeAway(table, identity)
      }
      return undefined
    }
    for (const row of rows.plans) {
      const identity = known.of('plans', row.plan_id)
      const who = await ownerOf('plans', identity, row.patient_id, known.fresh)
      if (!who) continue
      const held = known.fresh.has(who.key) ? {} : ((await sharing.held('plans', who.key)) ?? (await replica.record('plans', who.key))?.fields ?? {}) // prettier-ignore
      const stages = rows.stages.get(row.plan_id) ?? []
      const stageKey = (local: number): string => sharing.stageKey(who.key, local)
      edits.push(planEdit(context, row, stages, held, { ...who, stageKey }, at('plans', row.plan_id)))
    }
    for (const row of owned) {
      const identity = known.ofEvent(row)
      const who = await ownerOf('events', identity, row.patient_id!, known.fresh)
      if (who) edits.push(eventEdit(context, row, who, at('events', row.event_id)))
    }
    for (const identity of orphans) await takeAway('events', identity)
    for (const identity of rows.gone) await takeAway('events', identity)
    const said = whole ? { edits, shared: [] } : await sharing.said(edits)
    return { ...said, holds: [...patientHolds, ...later] }
  }

  return { gather, say, heldThrough }
}
