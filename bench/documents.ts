/** The records of the measurements: ten fields of ordinary content each. */
import { systemClock as clock } from '../src/replica/clock.ts'
import { mintUlid } from '../src/replica/ids.ts'
import type { Replica } from '../src/replica/replica-face.ts'

const site = mintUlid(clock)

const fields = (n: number) => ({
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

/** Writes `count` new records. */
export async function writeRecords(replica: Replica, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const edits = Array.from({ length: Math.min(1_000, count - from) }, (_, i) => {
      const key = mintUlid(clock)
      return {
        collection: 'patients' as const,
        key,
        facts: { patient: key, site, shown: true, reachable: true, startsAt: null },
        set: fields(from + i),
        at: clock.now(),
      }
    })
    await replica.change(edits)
  }
}

/** Changes one field of `count` records, those of the two sides apart from each other. */
export async function changeSome(replica: Replica, count: number, side: 'site' | 'portal'): Promise<void> {
  const heads = await replica.list('patients', undefined, 1_000_000)
  const some = side === 'site' ? heads.slice(0, count) : heads.slice(-count)
  await replica.change(
    some.map(({ key }) => ({
      collection: 'patients' as const,
      key,
      set: { cellPhone: `+1 602 555 0100 ${side}` },
      at: clock.now(),
    })),
  )
}
