/**
 * Of a record that this site shares with another only what somebody here changed is said: what row and record agreed on
 * last is left alone, or a row that another site's edit has not reached yet would take that edit back (DOM-18). So it is
 * for each field by itself, and the edit says which value of it had been seen. Nothing is said of another site's record
 * but fields that this says too, and never whose it is or when it is to be shown.
 */
import { sameJson, type Json } from '../../replica/json.ts'
import type { FoldedRecord } from '../../replica/records.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import type { BridgedTable } from './agent-rows.ts'
import type { InSched } from './insched.ts'
import { isCopied } from './shared-fields.ts'
import type { Agreed, SharedRow } from './shared-rows.ts'

type RecordEdit = Extract<Edit, { set: unknown }>
/** What documents are shared, as far as these are. */
export type Sharing = Awaited<ReturnType<SharedEdits>>
export type SharedEdits = ReturnType<typeof sharedEdits>

/** `isShared`: whether any other site may change this one's records. */
export function sharedEdits(options: {
  readonly insched: Pick<InSched, 'sharedRows' | 'stageKeys'>
  readonly replica: Replica
  readonly site: string
  readonly isShared: () => boolean
}) {
  const { insched, replica, site, isShared } = options

  /** What a record of this site and its row agree on, where nothing is kept of it: what was said of the row, once others said more. */
  const agreedBefore = async (table: BridgedTable, key: string): Promise<Agreed | undefined> => {
    const record = isShared() ? await replica.record(table, key) : undefined
    if (!record) return undefined
    const own = await replica.written(table, key, replica.id)
    if ([...record.values].every(([field, value]) => sameJson(own[field], value))) return undefined
    return Object.fromEntries(Object.entries(own).map(([field, value]) => [field, [value, timeOf(record, field, value), value]])) // prettier-ignore
  }

  return async (documents: readonly string[]) => {
    const rows = await insched.sharedRows(documents)
    const stages = await insched.stageKeys(rows.size === 0 ? [] : [...rows.keys()])
    const isForeign = (key: string): boolean => rows.has(key) && rows.get(key)!.site !== site
    const agreedOf = async (table: BridgedTable, key: string): Promise<Agreed | undefined> => rows.get(key)?.agreed ?? agreedBefore(table, key) // prettier-ignore

    const saidOf = async (edit: RecordEdit): Promise<{ edits: Edit[]; kept?: SharedRow }> => {
      const [table, key, row] = [edit.collection as BridgedTable, edit.key, rows.get(edit.key)]
      const foreign = isForeign(key)
      const agreed = await agreedOf(table, key)
      if (!agreed) return { edits: [edit] }
      const record = await replica.record(table, key)
      // What is shared no more has nothing to be said in.
      if (foreign && (!record || row!.ended)) return { edits: [] }
      const changed = Object.entries(edit.set).filter(([field, value]) => !sameJson(agreed[field]?.[2] ?? null, value) || (!foreign && !Object.hasOwn(agreed, field))) // prettier-ignore
      const said = foreign ? changed.filter(([field]) => isCopied(table, field) && (record!.values.has(field) || field.startsWith('stage/'))) : changed // prettier-ignore
      const set = Object.assign(Object.create(null) as Record<string, Json>, Object.fromEntries(said))
      const seen = Object.fromEntries(said.flatMap(([field]) => (agreed[field] ? [[field, agreed[field][1]]] : [])))
      const edits: Edit[] = [{ collection: table, key, set, at: edit.at, seen, ...(foreign || !edit.facts ? {} : { facts: edit.facts }) }] // prettier-ignore
      const lost = lostFields(agreed, record, foreign).filter(([field]) => !Object.hasOwn(set, field))
      for (const [field, [value, at]] of lost) edits.push({ collection: table, key, set: { [field]: value }, at })
      if (said.length === 0 && row) return { edits }
      const kept = {
        ...agreed,
        ...Object.fromEntries(said.map(([field, value]) => [field, [value, edit.at, value, true] as const])),
      }
      return {
        edits,
        kept: { document: key, site: row?.site ?? site, agreed: kept, touched: row?.touched === true || said.length > 0, ended: false }, // prettier-ignore
      }
    }

    return {
      isForeign,
      /** What is kept of a row; undefined where it is not shared. */
      row: (key: string): SharedRow | undefined => rows.get(key),
      /** What the row of a record is known to say; undefined: what the record says. */
      async held(table: BridgedTable, key: string): Promise<Readonly<Record<string, Json>> | undefined> {
        const agreed = await agreedOf(table, key)
        return agreed && Object.fromEntries(Object.entries(agreed).map(([field, [, , reads]]) => [field, reads]))
      },
      /** How the record of a plan names the stage of a row. */
      stageKey(plan: string, local: number): string {
        const known = stages.find((one) => one.plan === plan && one.local_id === local)
        return known?.stage ?? (isForeign(plan) ? `${site}.${local}` : String(local))
      },
      /** The edits as they are to be said, and what is to be kept of them once they are. */
      async said(edits: readonly Edit[]): Promise<{ edits: Edit[]; shared: SharedRow[] }> {
        if (rows.size === 0 && !isShared()) return { edits: [...edits], shared: [] }
        const said: Edit[] = []
        const shared: SharedRow[] = []
        for (const edit of edits) {
          if (!('set' in edit) || !isBridged(edit.collection)) {
            said.push(edit)
            continue
          }
          const one = await saidOf(edit)
          said.push(...one.edits)
          if (one.kept) shared.push(one.kept)
        }
        return { edits: said, shared }
      },
    }
  }
}

/**
 * What was agreed and the record has not, as where a replica was put back: it is to be said as it was said then. Of another
 * site's record only what was said here; what that has lost itself stays nowhere else (SHARE-3).
 */
export function lostFields(
  agreed: Agreed,
  record: FoldedRecord | undefined,
  foreign: boolean,
): [string, Agreed[string]][] {
  return Object.entries(agreed).filter(([field, [, at, , saidHere]]) => at > (record?.times.get(field) ?? 0) && (!foreign || (saidHere === true && record?.values.has(field) === true))) // prettier-ignore
}

function isBridged(collection: string): collection is BridgedTable {
  return collection === 'patients' || collection === 'plans' || collection === 'events'
}

function timeOf(record: FoldedRecord, field: string, value: Json): number {
  return sameJson(record.values.get(field) ?? null, value) ? record.times.get(field)! : 0
}
