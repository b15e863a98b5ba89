/**
 * Records: one map per writing replica, field -> [value, time, base]. Nobody writes into another's map, so the order
 * in which updates arrive decides nothing; this fold does. The newest time wins each field (of one time the greater
 * replica id); what another replica wrote without having seen the winner is kept as a conflict (DOM-18).
 */
import { sameJson, type Json } from './json.ts'

/**
 * A field as a replica wrote it: the value, when the edit was made at its source, and the time of the newest value of
 * another replica that it replaced, itself or through its own earlier edits.
 */
export type Written = readonly [value: Json, time: number, base: number]
/** replica id -> field -> what it wrote. */
export type RecordMaps = ReadonlyMap<string, ReadonlyMap<string, Written>>

export interface FieldConflict {
  readonly field: string
  /** What lost, and who wrote it when. */
  readonly value: Json
  readonly replica: string
  readonly time: number
  /** The replica whose value stands. */
  readonly winner: string
}

export interface FoldedRecord {
  readonly fields: Readonly<Record<string, Json>>
  /** When each field's value was made at its source, milliseconds UTC. */
  readonly times: Readonly<Record<string, number>>
  readonly conflicts: readonly FieldConflict[]
}

/** The value of each field, and the values that lost without having been seen by their winner. */
export function foldRecord(maps: RecordMaps): FoldedRecord {
  const best = new Map<string, { replica: string; written: Written }>()
  for (const [replica, map] of maps)
    for (const [field, written] of map) {
      const held = best.get(field)
      if (!held || isNewer(written, replica, held.written, held.replica)) best.set(field, { replica, written })
    }
  const fields: Record<string, Json> = {}
  const times: Record<string, number> = {}
  const conflicts: FieldConflict[] = []
  // By name, so that it reads the same everywhere; the plain order of strings is the quick one.
  for (const field of [...best.keys()].toSorted()) {
    const { written } = best.get(field)!
    fields[field] = written[0]
    times[field] = written[1]
  }
  // One writer has nobody to lose to, and most records have one.
  if (maps.size < 2) return { fields, times, conflicts: [] }
  for (const [replica, map] of maps)
    for (const [field, [value, time]] of map) {
      const winner = best.get(field)!
      // The winner had seen it when its base is at least as new: then it replaced it knowingly.
      if (winner.replica === replica || winner.written[2] >= time || sameJson(winner.written[0], value)) continue
      conflicts.push({ field, value, replica, time, winner: winner.replica })
    }
  return {
    fields,
    times,
    conflicts: conflicts.toSorted((a, b) => (a.field + a.replica < b.field + b.replica ? -1 : 1)),
  }
}

function isNewer(a: Written, replicaA: string, b: Written, replicaB: string): boolean {
  return a[1] !== b[1] ? a[1] > b[1] : replicaA > replicaB
}
