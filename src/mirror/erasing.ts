/** Erasing all that is about a patient, here and at every peer: each of the patient's documents becomes an empty generation. */
import type { Collection } from '../replica/collections.ts'
import type { Erasure, Replica } from '../replica/replica-face.ts'
import { documentsOf } from './documents-of.ts'
import { isKept, type MirrorSettings } from './policy.ts'

/**
 * Erases the documents of a patient; resolves with their number. May be repeated: what is empty stays as it is. Throws
 * where the portal would keep something, because it has it of a collection that is off.
 */
export async function erasePatient(replica: Replica, patient: string, settings: MirrorSettings): Promise<number> {
  const kept = new Set<Collection>()
  for await (const heads of documentsOf(replica, ({ facts }) => facts.patient === patient))
    for (const { collection } of heads) if (isKept(settings, collection)) kept.add(collection)
  if (kept.size > 0) {
    const names = [...kept].join(', ')
    throw new Error(
      `The portal keeps what it has of ${names}, because they are switched off, and would not hear of an erasure. Switch them on, or off with their content erased, in Preferences > Synchronization, then erase this patient.`,
    )
  }
  let count = 0
  for await (const heads of documentsOf(replica, ({ facts }) => facts.patient === patient)) {
    await replica.change(heads.map(({ collection, key }): Erasure => ({ collection, key, erase: true })))
    count += heads.length
  }
  return count
}
