/**
 * Generations of a document. Within one, changes merge; of two, the later stands and the earlier goes. An erasure is a
 * generation without content, kept for ever, that wins over all that had not seen it (rule 8). Any other later
 * generation says the same content anew, so what a replica still holds of the earlier one is carried over by value.
 */
export interface Version {
  /** First 1. */
  readonly generation: number
  /** The newest generation that was an erasure; 0: none was. */
  readonly erased: number
}

/** Negative where `a` is the earlier: an erasure that the other has not seen decides, then the number. */
export function compareVersions(a: Version, b: Version): number {
  return a.erased - b.erased || a.generation - b.generation
}

/** Whether content of `held` is carried over into the later `next`: there is no erasure between them. */
export function carriesOver(held: Version, next: Version): boolean {
  return held.erased === next.erased && held.generation < next.generation
}

export function erasureOf({ generation }: Version): Version {
  return { generation: generation + 1, erased: generation + 1 }
}
