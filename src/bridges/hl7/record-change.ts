/** One row of InSched that a message makes or changes, and what staff are to do where it is not written. */

/** Columns by their names in InSched's reference schema. */
export type Columns = Readonly<Record<string, string | number | null>>
/** One row that is to be made or changed; `was`: what stood there when that was decided. */
export interface RecordChange {
  readonly table: 'patients' | 'events'
  readonly document: string
  readonly patient: string
  readonly set: Columns
  readonly was: Columns
}

/** What staff are to do, and why. */
export interface Todo {
  readonly why: string
  readonly todo: string
  readonly event?: string | null
}
