/**
 * What would leave the practice of some documents, field by field with value and size, by the same policy that decides
 * it; and what a change of settings would erase at the portal and send to it, before it is made. Pure.
 */
import type { Collection, Facts } from '../replica/collections.ts'
import type { Json } from '../replica/json.ts'
import { isWithheld, leavingFields, type FieldGroup, type Sensitivity } from './leaving-fields.ts'
import { isSent, mayHold, offBecause, passes, isAlways, type MirrorSettings } from './policy.ts'

/** A document as its source has it: all fields of a record that may ever leave, or its entries by id. */
export interface Sample {
  readonly collection: Collection
  readonly facts: Omit<Facts, 'at'>
  readonly fields: Readonly<Record<string, Json>>
}
export interface PreviewedField {
  readonly field: string
  /** Null for an entry of what was said. */
  readonly sensitivity: Sensitivity | null
  readonly value: Json
  /** Of the value as JSON. */
  readonly bytes: number
  readonly leaves: boolean
}
export interface Previewed {
  readonly collection: Collection
  readonly leaves: boolean
  /** Why not, a sentence; null where it leaves. */
  readonly why: string | null
  readonly fields: readonly PreviewedField[]
  /** Of the fields that leave. */
  readonly bytes: number
}

/** What of these documents would leave a site for the portal. */
export function previewOf(
  settings: MirrorSettings,
  samples: readonly Sample[],
  at: { readonly site: string; readonly now: number },
): Previewed[] {
  return samples.map(({ collection, facts, fields }) => {
    const verdict = passes(settings, { collection, facts: { ...facts, at: 0 }, direction: 'up', ...at })
    const shown = Object.entries(fields).map(([field, value]): PreviewedField => {
      const leaves = verdict.passes && !isWithheld(settings.withheld, collection, field)
      const bytes = Buffer.byteLength(JSON.stringify(value))
      return { field, sensitivity: sensitivityOf(collection, field), value, bytes, leaves }
    })
    const bytes = shown.reduce((sum, field) => sum + (field.leaves ? field.bytes : 0), 0)
    return { collection, leaves: verdict.passes, why: verdict.passes ? null : verdict.why, fields: shown, bytes }
  })
}

function sensitivityOf(collection: Collection, field: string): Sensitivity | null {
  if (!Object.hasOwn(leavingFields, collection)) return null
  if (collection === 'practice' && field.startsWith('location/')) return 'public'
  const [, stage] = /^stage\/.*\/([^/]+)$/.exec(field) ?? []
  const group: FieldGroup = stage === undefined ? (collection as FieldGroup) : 'stages'
  return (leavingFields[group] as Readonly<Record<string, Sensitivity>>)[stage ?? field] ?? null
}

/** What becomes of a document at the portal by a change of settings. */
export type Change = 'erased' | 'begins' | 'stays'

export function changeOf(
  from: MirrorSettings,
  to: MirrorSettings,
  { collection, facts }: { readonly collection: Collection; readonly facts: Facts },
  at: { readonly site: string; readonly now: number },
): Change {
  const goes = (settings: MirrorSettings): boolean =>
    passes(settings, { collection, facts, direction: 'up', ...at }).passes
  const { now } = at
  if (mayHold(from, { collection, facts, now }) && !mayHold(to, { collection, facts, now })) return 'erased'
  return !goes(from) && goes(to) ? 'begins' : 'stays'
}

/** What turns off or on beyond the documents, in sentences: what stops and stays at the portal. */
export function stopsInWords(from: MirrorSettings, to: MirrorSettings, collections: readonly Collection[]): string[] {
  return collections.flatMap((collection) => {
    if (isAlways(collection) || !isSent(from, collection, 'up') || isSent(to, collection, 'up')) return []
    const why = offBecause(to, collection) ?? `${collection} are not sent up.`
    return [`Nothing more of ${collection} would go: ${why}`]
  })
}
