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
  /** The value of each field, by name. */
  readonly values: ReadonlyMap<string, Json>
  /** The same as an object, made when it is asked for: one with keys as many and different as a plan's stages have costs more than the fold. */
  readonly fields: Readonly<Record<string, Json>>
  /** When each field's value was made at its source, milliseconds UTC. */
  readonly times: ReadonlyMap<string, number>
  readonly conflicts: readonly FieldConflict[]
}

/** The value of each field, and the values that lost without having been seen by their winner. */
export function foldRecord(maps: RecordMaps): FoldedRecord {
  const best = new Map<string, Written>()
  const winners = new Map<string, string>()
  for (const [replica, map] of maps) {
    // One writer has nobody to lose to, and most records have one.
    if (maps.size === 1) return folded(map, [])
    for (const [field, written] of map) {
      const held = best.get(field)
      if (held && !isNewer(written, replica, held, winners.get(field)!)) continue
      best.set(field, written)
      winners.set(field, replica)
    }
  }
  const conflicts: FieldConflict[] = []
  for (const [replica, map] of maps)
    for (const [field, [value, time]] of map) {
      const [stands, winner] = [best.get(field)!, winners.get(field)!]
      // The winner had seen it when its base is at least as new: then it replaced it knowingly.
      if (winner === replica || stands[2] >= time || sameJson(stands[0], value)) continue
      conflicts.push({ field, value, replica, time, winner })
    }
  return folded(
    best,
    conflicts.toSorted((a, b) => (a.field + a.replica < b.field + b.replica ? -1 : 1)),
  )
}

/** By name, so that a record reads the same everywhere; the plain order of strings is the quick one. */
function folded(standing: ReadonlyMap<string, Written>, conflicts: readonly FieldConflict[]): FoldedRecord {
  const values = new Map<string, Json>()
  const times = new Map<string, number>()
  for (const field of [...standing.keys()].toSorted()) {
    const [value, time] = standing.get(field)!
    values.set(field, value)
    times.set(field, time)
  }
  return {
    values,
    times,
    conflicts,
    get fields() {
      return Object.fromEntries(values)
    },
  }
}

function isNewer(a: Written, replicaA: string, b: Written, replicaB: string): boolean {
  return a[1] !== b[1] ? a[1] > b[1] : replicaA > replicaB
}
