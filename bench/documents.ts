/** The records of the measurements: ten fields of ordinary content each, of people who do not exist. */
import { systemClock as clock } from '../src/replica/clock.ts'
import { mintUlid } from '../src/replica/ids.ts'
import type { Replica } from '../src/replica/replica-face.ts'

/** The content of record number `n`; ours, the floor and the peers all carry this. */
export const fieldsOf = (n: number) => ({
  firstName: `Anna${n}`,
  middleName: 'B',
  lastName: `Larsen${n % 977}`,
  birthDate: `19${10 + (n % 90)}-0${1 + (n % 9)}-1${n % 10}`,
  homePhone: null,
  cellPhone: `+1 480 555 01${n % 100}`,
  email: `patient${n}@example.com`,
  language: 'en',
  portalEnabled: true,
  balanceDueCents: n * 10,
})

/** What a side changes in a record: one field. */
export const changeOf = (side: 'site' | 'portal') => ({ cellPhone: `+1 602 555 0100 ${side}` })

/** How many records each side changes while apart: 2,000, and never so many that the two sides meet in one record. */
export const changedOf = (documents: number): number => Math.min(2_000, Math.floor(documents / 2))

/** Writes `count` new records of `site`. */
export async function writeRecords(replica: Replica, site: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const edits = Array.from({ length: Math.min(1_000, count - from) }, (_, i) => {
      const key = mintUlid(clock)
      return {
        collection: 'patients' as const,
        key,
        facts: { patient: key, site, shown: true, reachable: true, startsAt: null },
        set: fieldsOf(from + i),
        at: clock.now(),
      }
    })
    await replica.change(edits)
  }
}

/** Changes one field of `count` records: the first ones at the site, the last ones at the portal. */
export async function changeSome(replica: Replica, count: number, side: 'site' | 'portal'): Promise<void> {
  const heads = await replica.list('patients', undefined, side === 'site' ? count : 1_000_000)
  const edits = heads
    .slice(-count)
    .map(({ key }) => ({ collection: 'patients' as const, key, set: changeOf(side), at: clock.now() }))
  await replica.change(edits)
}
