/** placeholder to try the rest */
import type { Bench } from '../measures/measure.ts'
export interface PeerResult {
  readonly peer: string
  readonly title: string
  /** Seconds, or why there are none. */
  readonly outcome: number | string
  /** The least that it must take, as a multiple of ours. */
  readonly least?: number | undefined
}
export interface PeerFigures {
  readonly id: string
  readonly documents: number
  readonly full: boolean
  readonly ours: number
  readonly results: readonly PeerResult[]
}
export async function measurePeers(_bench: Bench, _only: readonly string[] | undefined): Promise<PeerFigures[]> {
  return []
}
