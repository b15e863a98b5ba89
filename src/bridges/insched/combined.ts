/**
 * Combined patients (DOM-10): what was said to and by a retired Donor goes where the Survivor's goes. Chains are followed;
 * in a circle nobody stands for anybody, so what is in it goes nowhere.
 */
import type { Reads } from './insched.ts'
import type { PatientRow } from './rows.ts'

/** The row that stands for a patient: its own, or that of the last Survivor; undefined in a circle, or where that one is gone. */
export async function standsFor(now: Pick<Reads, 'patients'>, patient: PatientRow): Promise<PatientRow | undefined> {
  const seen = new Set<number>()
  let row: PatientRow | undefined = patient
  while (row !== undefined && row.survivor_id !== null) {
    if (seen.has(row.patient_id)) return undefined
    seen.add(row.patient_id)
    row = (await now.patients([row.survivor_id]))[0]
  }
  return row
}

/** All patients that were combined into one, through others too; each once, without the one itself. */
export async function donorsOf(now: Pick<Reads, 'combinedInto'>, patient: number): Promise<number[]> {
  const found = new Set<number>()
  for (let next = [patient]; next.length > 0;) {
    const donors = (await now.combinedInto(next)).filter((id) => id !== patient && !found.has(id))
    for (const id of donors) found.add(id)
    next = donors
  }
  return [...found]
}
