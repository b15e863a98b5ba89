/**
 * One row of InSched brought to what a shared record says, within a transaction in which nothing is unread: made, changed
 * field by field, or removed. What it comes to say is kept as agreed in the same transaction.
 */
import { sameJson, type Json } from '../../replica/json.ts'
import type { FoldedRecord } from '../../replica/records.ts'
import type { BridgedTable, Identity } from './agent-rows.ts'
import { eventEdit, patientEdit, planEdit, type Context } from './documents.ts'
import type { Changes } from './insched.ts'
import { eventsOf } from './occurrences.ts'
import type { Columns, PatientRow } from './rows.ts'
import { agreedNow, asColumn, columnOf, isCopied, stageOf, stageValues } from './shared-fields.ts'
import type { Agreed, SharedRow } from './shared-rows.ts'

/** A document as it is to stand in InSched. */
export interface Wanted {
  readonly table: BridgedTable
  readonly key: string
  /** The site whose it is. */
  readonly owner: string
  /** The document of its patient; of a patient its own. */
  readonly patient: string | null
  /** What it says; undefined where it says nothing here any more. */
  readonly record: FoldedRecord | undefined
}
export interface Brought {
  /** How many rows were written. */
  readonly wrote: number
  /** The local id of the patient whom it concerns, where something was written that is to be said. */
  readonly patient?: number
  /** What is to be looked at after this. */
  readonly again: readonly (readonly [BridgedTable, string])[]
}
const nothing: Brought = { wrote: 0, again: [] }
/** Under which field it is kept whose plan or event a row is. */
const ofPatient = 'patient'

export function sharedRowWrites({ site, nameOf }: { readonly site: string; readonly nameOf: (site: string) => string | null }) {
  const origin = (owner: string, ended = false): string => `${nameOf(owner) ?? owner}${ended ? ' (no longer shared)' : ''}`
  const keep = (change: Changes, row: SharedRow): Promise<void> => change.keepShared(row, row.site === site ? null : nameOf(row.site))

  /** The row of a patient; undefined where there is none, or nothing of it may be said now (DOM-17). */
  const patientOf = async (change: Changes, key: string | null): Promise<{ identity: Identity; row: PatientRow } | undefined> => {
    const identity = key === null ? undefined : await change.identity(key)
    if (!identity || identity.gone === 1 || identity.held !== null) return undefined
    const row = (await change.patients([identity.local_id]))[0]
    return row && { identity, row }
  }
  /** What the fields of a record are by its row as it stands; undefined where there is none. */
  const readsOf = async (change: Changes, one: Wanted, local: number, context: Context): Promise<Readonly<Record<string, Json>> | undefined> => {
    if (one.table === 'patients') {
      const row = (await change.patients([local]))[0]
      if (!row) return undefined
      const relatives = (await change.relationsOf([local])).map((relation) => relation.related_id)
      const documents = new Map((await change.identities('patients', [row.survivor_id, row.guarantor_id, ...relatives].filter((id) => id !== null))).map((known) => [known.local_id, known.document]))
      const named = (id: number | null): string | null => (id === null ? null : (documents.get(id) ?? null))
      const known = { survivor: named(row.survivor_id), guarantor: named(row.guarantor_id), relatives: relatives.flatMap((id) => named(id) ?? []).toSorted() }
      return setOf(patientEdit(context, row, { key: one.key, ...known, stands: row }, 0))
    }
    const owner = (await patientOf(change, one.patient))?.row
    if (!owner) return undefined
    const who = { patient: owner, patientKey: one.patient!, key: one.key }
    if (one.table === 'events') {
      const identity = await change.identity(one.key)
      const row = identity && (await eventsOf(change, [identity], () => Promise.resolve(context)))[0]
      return row && setOf(eventEdit(context, row, who, 0))
    }
    const row = (await change.plans([local]))[0]
    const keys = await change.stageKeys([one.key])
    const stageKey = (id: number): string => keys.find((stage) => stage.local_id === id)?.stage ?? (one.owner === site ? String(id) : `${site}.${id}`)
    return row && setOf(planEdit(context, row, await change.stagesOf([local]), {}, { ...who, stageKey }, 0))
  }
  /** The columns for these fields. */
  const columns = async (change: Changes, one: Wanted, fields: readonly string[]): Promise<Columns> => {
    const set: Record<string, string | number | null> = {}
    for (const field of fields) {
      const [column, value] = [columnOf(one.table, field), one.record!.values.get(field) ?? null]
      if (column === undefined) continue
      if (column === 'event_type') {
        const type = typeof value === 'string' ? await change.typeOfWords(value) : null
        // A type that is not known by these words here is left as it is.
        if (type !== undefined) set[column] = type
      } else if (column === 'survivor_id') set[column] = typeof value === 'string' ? ((await change.identity(value))?.local_id ?? null) : null
      else set[column] = asColumn(value)
    }
    return set
  }
  const stagesIn = (record: FoldedRecord): string[] => [...new Set([...record.values.keys()].flatMap((field) => stageOf(field)?.stage ?? []))]
  /** Brings the stages of a plan to what the record says of those that differ; resolves with the rows written. */
  const bringStages = async (change: Changes, one: Wanted, plan: number, differs: (field: string) => boolean): Promise<number> => {
    let wrote = 0
    const keys = await change.stageKeys([one.key])
    const there = new Set((await change.stagesOf([plan])).map((stage) => stage.stage_id))
    for (const stage of stagesIn(one.record!)) {
      const fields = [...one.record!.values.keys()].filter((field) => stageOf(field)?.stage === stage && differs(field))
      if (fields.length === 0) continue
      const known = keys.find((key) => key.stage === stage)
      const own = one.owner === site ? stage : stage.startsWith(`${site}.`) ? stage.slice(site.length + 1) : ''
      const local = known ? known.local_id : /^\d+$/.test(own) ? Number(own) : undefined
      const isHere = local !== undefined && there.has(local)
      if (one.record!.values.get(`stage/${stage}/deleted`) === true) {
        if (isHere) await change.removeRecord('stages', local)
        wrote += isHere ? 1 : 0
        continue
      }
      const values = stageValues(one.record!.values, stage)
      // A stage that staff removed here is not made again; one that was never here is.
      if (isHere) await change.setRecord('stages', local, values)
      else if (local === undefined) await change.keepStage({ plan: one.key, stage, local_id: await change.addRecord('stages', { ...values, plan_id: plan }) })
      else continue
      wrote++
    }
    return wrote
  }

  /** What waits for this patient; until it is written, so that an agent that dies before leaves nothing behind. */
  const awaited = async (change: Changes, one: Wanted): Promise<Brought['again']> =>
    one.table !== 'patients' ? [] : (await change.awaitedBy(one.key)).map((waits) => [waits.table_name, waits.document] as const)

  const add = async (change: Changes, one: Wanted, context: Context): Promise<Brought> => {
    const record = one.record!
    const owner = one.table === 'patients' ? undefined : await patientOf(change, one.patient)
    if (one.table !== 'patients' && !owner) {
      // A patient who was deleted here does not come again, and with them nothing of theirs.
      if (one.patient !== null && (await change.identity(one.patient))?.gone !== 1) await change.await({ patient: one.patient, table_name: one.table, document: one.key })
      return nothing
    }
    const set = { ...(await columns(change, one, [...record.values.keys()])), origin: origin(one.owner) }
    const local = await change.addRecord(one.table, owner ? { ...set, patient_id: owner.row.patient_id } : set)
    if (owner) await change.awaitNoMore(one.key)
    await change.addIdentities([{ document: one.key, table_name: one.table, local_id: local, original_on: '' }])
    const stages = one.table === 'plans' && change.isWritable('stages') ? await bringStages(change, one, local, () => true) : 0
    const agreed = agreedNow(record, (await readsOf(change, one, local, context)) ?? {})
    await keep(change, { document: one.key, site: one.owner, agreed: ofWhom(agreed, one), touched: false, ended: false })
    return { wrote: 1 + stages, again: await awaited(change, one) }
  }

  const update = async (change: Changes, one: Wanted, identity: Identity, held: SharedRow | undefined, context: Context): Promise<Brought> => {
    const local = identity.local_id
    const record = one.record!
    const reads = await readsOf(change, one, local, context)
    if (!reads) return nothing
    const before: Agreed = held?.agreed ?? {}
    const isForeign = one.owner !== site
    /** Whether the record says something of a field that the row was not told yet. */
    const isNews = (field: string): boolean => {
      if (!isCopied(one.table, field) || field === 'deleted') return false
      const [value, agreed] = [record.values.get(field)!, before[field]]
      if (agreed && sameJson(agreed[0], value)) return false
      // What the record has lost is said again, and not taken from the row.
      if (agreed && agreed[1] > record.times.get(field)! && (!isForeign || agreed[3] === true)) return false
      return !sameJson(reads[field] ?? null, value)
    }
    const news = [...record.values.keys()].filter(isNews)
    const set: Record<string, string | number | null> = await columns(change, one, news)
    const owner = one.table === 'patients' ? undefined : await patientOf(change, one.patient)
    if (owner && before[ofPatient] && before[ofPatient][0] !== one.patient) set['patient_id'] = owner.row.patient_id
    let wrote = Object.keys(set).length
    if (wrote > 0) await write(change, one.table, identity, set)
    if (one.table === 'plans' && change.isWritable('stages')) wrote += await bringStages(change, one, local, isNews)
    const after = wrote > 0 ? ((await readsOf(change, one, local, context)) ?? reads) : reads
    const agreed = ofWhom({ ...(held || !isForeign ? allOf(after, record) : {}), ...agreedNow(record, after, before) }, one)
    // What was said here and the record has lost stays agreed as it was.
    const kept = { ...agreed, ...Object.fromEntries(Object.entries(before).filter(([field, [, at, , saidHere]]) => at > (record.times.get(field) ?? 0) && (!isForeign || saidHere === true))) }
    if (!held || !sameJson(kept as unknown as Json, held.agreed as unknown as Json)) await keep(change, { document: one.key, site: one.owner, agreed: kept, touched: held?.touched ?? false, ended: false })
    const patient = one.table === 'patients' ? local : owner?.row.patient_id
    return { wrote, again: await awaited(change, one), ...(wrote > 0 && patient !== undefined ? { patient } : {}) }
  }

  /** Of a series only what differs from one occurrence to another is written. */
  const write = async (change: Changes, table: BridgedTable, identity: Identity, set: Columns): Promise<void> => {
    if (table !== 'events' || identity.original_on === '') return change.setRecord(table, identity.local_id, set)
    const { event_type: _, patient_id: __, ...own } = set
    await change.setEvent({ event_id: identity.local_id, original_on: identity.original_on }, own)
  }
  /** Takes a row away, and with `forget` that it ever was. */
  const remove = async (change: Changes, one: Wanted, { local_id: local, original_on }: Identity, forget: boolean): Promise<number> => {
    let rows = 1
    // One occurrence is taken out of its series.
    if (original_on !== '') {
      await change.setEvent({ event_id: local, original_on }, { removed: 1 })
      await change.markGone(one.key)
      return rows
    }
    if (one.table === 'plans' && change.isWritable('stages')) {
      const stages = await change.stagesOf([local])
      for (const stage of stages) await change.removeRecord('stages', stage.stage_id)
      rows += stages.length
    }
    await change.removeRecord(one.table, local)
    if (forget) {
      await change.forgetIdentity(one.key)
      await change.forgetShared(one.key)
    } else await change.markGone(one.key)
    return rows
  }
  /** Whether rows of this site's own, or others that stay since somebody here touched them, hang on the row of another site's patient. */
  const isUsed = async (change: Changes, local: number): Promise<boolean> => {
    const rows = [['plans', await change.plansOfPatients([local])], ['events', await change.eventsOfPatients([local])]] as const
    for (const [table, ids] of rows) {
      const documents = (await change.identities(table, ids)).map(({ document }) => document)
      const held = await change.sharedRows(documents)
      if (documents.length < ids.length || documents.some((key) => (held.get(key)?.site ?? site) === site || held.get(key)!.touched)) return true
    }
    return false
  }

  return {
    /** Brings one row to what its record says; `held`: what is kept of it. */
    async bring(change: Changes, one: Wanted, held: SharedRow | undefined, context: Context): Promise<Brought> {
      if (!change.isWritable(one.table)) return nothing
      const identity = await change.identity(one.key)
      const isForeign = one.owner !== site
      if (!one.record) {
        // It is shared no more.
        if (!isForeign || !held || !identity || held.ended) return nothing
        if (identity.gone === 1) return nothing
        if (held.touched || (one.table === 'patients' && (await isUsed(change, identity.local_id)))) {
          await change.setRecord(one.table, identity.local_id, { origin: origin(held.site, true) })
          await keep(change, { ...held, ended: true })
          return { wrote: 1, again: [] }
        }
        return { wrote: await remove(change, one, identity, true), again: [] }
      }
      if (identity?.gone === 1 || (identity?.held ?? null) !== null) return nothing
      const isDeleted = one.record.values.get('deleted') === true
      if (!identity) return isForeign && !isDeleted ? add(change, one, context) : nothing
      if (held?.ended) {
        // Shared again: what staff changed meanwhile is said before anything is written.
        await change.setRecord(one.table, identity.local_id, { origin: origin(held.site) })
        await keep(change, { ...held, ended: false })
        const patient = one.table === 'patients' ? identity.local_id : (await patientOf(change, one.patient))?.row.patient_id
        return { wrote: 1, again: [[one.table, one.key]], ...(patient === undefined ? {} : { patient }) }
      }
      if (isDeleted) {
        // A patient of this site is deleted by nobody else.
        if (!isForeign && one.table === 'patients') return nothing
        if (isForeign && one.table === 'patients' && (await isUsed(change, identity.local_id))) return nothing
        const patient = one.table === 'patients' ? undefined : (await patientOf(change, one.patient))?.row.patient_id
        // What is deleted elsewhere may come back there, as where that InSched is put back (DOM-19): nobody deleted it here.
        return { wrote: await remove(change, one, identity, isForeign), again: [], ...(patient === undefined ? {} : { patient }) }
      }
      return update(change, one, identity, held, context)
    },
  }
} // prettier-ignore

/** Which row's patient it is, kept beside the fields. */
function ofWhom(agreed: Agreed, one: Wanted): Agreed {
  return one.table === 'patients' ? agreed : { ...agreed, [ofPatient]: [one.patient, 0, one.patient] }
}
/** What the row says of fields that the record does not have. */
function allOf(reads: Readonly<Record<string, Json>>, record: FoldedRecord): Agreed {
  return Object.fromEntries(Object.entries(reads).flatMap(([field, value]) => (record.values.has(field) ? [] : [[field, [value, 0, value] as const]]))) // prettier-ignore
}
function setOf(edit: unknown): Readonly<Record<string, Json>> {
  return (edit as { set: Readonly<Record<string, Json>> }).set
}
