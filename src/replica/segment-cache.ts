/**
 * Segments that were opened, kept for the next row of them that is asked for: a follower or an edit reads documents one
 * after the other that stand in one segment. All stores of a process share one bound, so that a portal with many
 * practices keeps no more than one with few; what was used least recently goes first.
 */
import type { OpenSegment } from './segment.ts'

/** In bytes of opened segments. */
const mostKept = 8 * 1024 * 1024
/** What a row costs beside its update, about. */
const rowCosts = 200

interface Kept {
  readonly home: Map<number, Kept>
  readonly place: number
  readonly segment: OpenSegment
  readonly bytes: number
}

/** In order of use. */
const kept = new Set<Kept>()
let held = 0

function drop(one: Kept): void {
  one.home.delete(one.place)
  kept.delete(one)
  held -= one.bytes
}

export interface SegmentCache {
  get(place: number): OpenSegment | undefined
  set(place: number, segment: OpenSegment): void
  delete(place: number): void
  clear(): void
}

/** The opened segments of one store. */
export function segmentCache(): SegmentCache {
  const home = new Map<number, Kept>()
  return {
    get(place) {
      const found = home.get(place)
      if (!found) return undefined
      kept.delete(found)
      kept.add(found)
      return found.segment
    },
    set(place, segment) {
      this.delete(place)
      const bytes = segment.heads.reduce((sum, head) => sum + head.size + rowCosts, 0)
      const fresh: Kept = { home, place, segment, bytes }
      home.set(place, fresh)
      kept.add(fresh)
      held += bytes
      for (const oldest of kept) {
        if (held <= mostKept || oldest === fresh) return
        drop(oldest)
      }
    },
    delete(place) {
      const found = home.get(place)
      if (found) drop(found)
    },
    clear() {
      for (const one of home.values()) drop(one)
    },
  }
}
