/** Erasing all that is about a patient, here and at every peer: each of the patient's documents becomes an empty generation. */
import type { Erasure, Replica } from '../replica/replica-face.ts'
import { documentsOf } from './documents-of.ts'

/** Erases the documents of a patient; resolves with their number. May be repeated: what is empty stays as it is. */
export async function erasePatient(replica: Replica, patient: string): Promise<number> {
  let count = 0
  for await (const heads of documentsOf(replica, ({ facts }) => facts.patient === patient)) {
    await replica.change(heads.map(({ collection, key }): Erasure => ({ collection, key, erase: true })))
    count += heads.length
  }
  return count
}
