/** The mirror's settings, documents and fields in the reader's words. */
import { leavingFields, whyNeeded, type FieldGroup, type NeededField } from '../mirror/leaving-fields.ts'
import type { Way } from '../mirror/mirror-settings.ts'
import type { Coverage, PatientCollection, SettableCollection } from '../mirror/policy.ts'
import type { Reader } from './look/reader.ts'

/** What can be set on one page: a collection, with the groups of fields of its records. */
export const mirrorParts = ['practice', 'patients', 'plans', 'events', 'confirmations', 'requests', 'payments', 'messages', 'communications'] as const satisfies readonly SettableCollection[] // prettier-ignore
export type MirrorPart = (typeof mirrorParts)[number]

/** The groups of fields of a collection; none where its documents are what was said. */
export function groupsOf(part: MirrorPart): readonly FieldGroup[] {
  if (part === 'plans') return ['plans', 'stages']
  return part === 'practice' || part === 'patients' || part === 'events' ? [part] : []
}

/** Whether a part has a direction and patients of its own: the practice is one record that always goes up. */
export function isCovered(part: MirrorPart): part is PatientCollection {
  return part !== 'practice'
}

/** The settings of a part, by key. */
export function keysOf(part: MirrorPart): readonly string[] {
  return [
    ...(isCovered(part) ? [`${part}.direction`, `${part}.patients`] : []),
    ...(part === 'events' ? ['events.daysAhead', 'events.daysPast'] : []),
    ...groupsOf(part).map((group) => `${group}.fields`),
  ]
}

/** A field of a group by its name. */
export function fieldInWords({ words }: Reader, group: FieldGroup, field: string): string {
  const names: Readonly<Record<string, string>> = words.synchronization.mirror.fields[group]
  return Object.hasOwn(names, field) ? names[field]! : field
}

/** Why a field always leaves; undefined where it may be held back. */
export function neededInWords({ words }: Reader, group: FieldGroup, field: string): string | undefined {
  if (whyNeeded(group, field) === undefined) return undefined
  const isControl = (leavingFields[group] as Readonly<Record<string, string>>)[field] === 'control'
  return words.synchronization.mirror.needed[isControl ? 'control' : (field as NeededField)]
}

/** A value of a setting as it is kept, by its key. */
export function valueInWords(reader: Reader, key: string, value: string): string {
  const { mirror, change } = reader.words.synchronization
  const [of, what] = key.split('.') as [string, string]
  if (what === 'direction' && Object.hasOwn(mirror.shortWays, value)) return mirror.shortWays[value as Way]
  if (what === 'patients' && Object.hasOwn(mirror.shortCoverages, value)) return mirror.shortCoverages[value as Coverage] // prettier-ignore
  if (what === 'fields' && value === 'all') return change.allFields
  if (what === 'fields' && value === 'none') return change.noFields
  if (what === 'fields') return value.split(', ').map((field) => fieldInWords(reader, of as FieldGroup, field)).join(', ') // prettier-ignore
  return /^\d+$/.test(value) ? mirror.days(Number(value)) : value
}

/** What a setting is called. */
export function settingInWords({ words }: Reader, key: string): string {
  const { change, mirror } = words.synchronization
  const [of, what] = key.split('.') as [string, keyof typeof change.settings]
  return of === 'stages' ? mirror.stages : change.settings[what]
}

/** Counts of documents by collection, each with its name; undefined where there are none. */
export function countsInWords(reader: Reader, counts: Readonly<Record<string, number>>): { all: string; each: string } | undefined {
  const { mirror } = reader.words.synchronization
  const some = Object.entries(counts)
  if (some.length === 0) return undefined
  const all = some.reduce((sum, [, count]) => sum + count, 0)
  const each = some.map(([collection, count]) => `${collectionInWords(reader, collection)} ${reader.number(count)}`)
  return { all: mirror.documents(all), each: each.join(', ') }
} // prettier-ignore

/** A collection's name. */
export function collectionInWords({ words }: Reader, collection: string): string {
  const names: Readonly<Record<string, string>> = words.synchronization.mirror.collections
  return Object.hasOwn(names, collection) ? names[collection]! : collection
}
