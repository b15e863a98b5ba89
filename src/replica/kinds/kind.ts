/**
 * What every entry says besides its kind: when, and by whom. An entry is immutable; what a document means is a fold
 * over its entries, the same on every replica whatever the order in which they came.
 */
import * as v from 'valibot'

export const ulidSchema = v.pipe(v.string(), v.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, 'is not a ULID'))
/** Milliseconds since the Unix epoch, UTC. */
export const instantSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15))
/** Wall clock of a location: `YYYY-MM-DDTHH:MM`. */
export const wallClockSchema = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, 'is not YYYY-MM-DDTHH:MM'))
/** The key of another document. */
export const keySchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
/** The id of another entry. */
export const entryIdSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200))

/** Who said it: a patient or somebody who acts for one, a named member of staff, or a program of ours. */
export const bySchema = v.object({
  role: v.picklist(['patient', 'representative', 'staff', 'site', 'portal']),
  /** The account, the member of staff, the site or the portal's replica. */
  id: v.pipe(v.string(), v.maxLength(200)),
  /** A staff member's initials as InSched stamps them. */
  initials: v.optional(v.pipe(v.string(), v.maxLength(8))),
  /** The name as others see it beside what was said. */
  name: v.optional(v.pipe(v.string(), v.maxLength(200))),
  /** For whom, where a representative says it: the patient's name. */
  for: v.optional(v.pipe(v.string(), v.maxLength(200))),
})
export type By = v.InferOutput<typeof bySchema>

/** Whether it was said on the patient's side: by the patient or a representative. */
export function isPatients({ role }: By): boolean {
  return role === 'patient' || role === 'representative'
}

/** The fields that every kind has. */
export const saidSchema = { at: instantSchema, by: bySchema }

/** One entry as it is read back: its id beside its value. */
export type Entry<T> = T & { readonly id: string }
/** Orders entries by time, then id: the one order in which they are shown. */
export function inOrder(a: { at: number; id: string }, b: { at: number; id: string }): number {
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
