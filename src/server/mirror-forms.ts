/** What a form of the mirror says of the settings of one collection, at a site's console and on the operator's page, and what of it differs. */
import { choosable } from '../mirror/leaving-fields.ts'
import type { MirrorTexts, Narrowing } from '../mirror/mirror-settings.ts'
import { groupsOf, keysOf, type MirrorPart } from './mirror-words.ts'

/** A field of a form by its name; empty where there is none. */
export type Given = (name: string) => string

/**
 * What a form says of each setting of a part. A field of a record is a box of its own, `<group>.fields <field>`; `all` is
 * said where every box is ticked, and `empty` where a line was left empty.
 */
export function writtenIn(part: MirrorPart, given: Given, { all, empty } = { all: 'all', empty: '' }): MirrorTexts {
  const fields = Object.fromEntries(
    groupsOf(part).map((group) => {
      const names = choosable(group)
      const leave = names.filter((name) => given(`${group}.fields ${name}`) === 'yes')
      return [`${group}.fields`, leave.length === names.length ? all : leave.join(', ') || 'none']
    }),
  )
  return Object.fromEntries(keysOf(part).map((key) => [key, fields[key] ?? (given(key).trim() || empty)]))
}

/** What differs from what is said now. Who chooses `off` on a form chooses what the portal keeps with it. */
export function changesIn(written: MirrorTexts, said: (key: string) => string): Narrowing[] {
  return Object.entries(written).flatMap(([key, value]) => {
    if (value === said(key)) return []
    return [{ key, value, ...(key.endsWith('.direction') && value === 'off' ? { content: 'keep' as const } : {}) }]
  })
}
