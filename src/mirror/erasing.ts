/** Erasing all that is about a patient, here and at every peer: each of the patient's documents becomes an empty generation. */
import { collections } from '../replica/collections.ts'
import type { Erasure, Replica } from '../replica/replica-face.ts'

const atOnce = 1_000

/** Erases the documents of a patient; resolves with their number. May be repeated: what is empty stays as it is. */
export async function erasePatient(replica: Replica, patient: string): Promise<number> {
  let count = 0
  for (const collection of collections)
    for (let after: string | undefined, more = true; more;) {
      const heads = await replica.list(collection, after, atOnce)
      after = heads.at(-1)?.key
      more = heads.length === atOnce
      const erasures = heads
        .filter((head) => head.facts.patient === patient)
        .map(({ key }): Erasure => ({ collection, key, erase: true }))
      count += erasures.length
      if (erasures.length > 0) await replica.change(erasures)
    }
  return count
}
