/** `npm run soak -- shared`: 200 histories of two InSched databases that share their records, or as many as asked for; each of a seed of its own, which is named where it fails. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { closers } from '../insched/office.ts'
import type { Kind } from '../insched/offices.ts'
import { playShared } from '../insched/shared-histories.ts'
import type { Name } from '../insched/shared-offices.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const here: Kind = { schema: 'reference', engine: 'SQLite' }
const pairs: readonly Readonly<Record<Name, Kind>>[] = [
  { mesa: here, tempe: here },
  { mesa: here, tempe: { schema: 'reference', engine: 'PostgreSQL' } },
  { mesa: here, tempe: here },
  { mesa: here, tempe: { schema: 'different', engine: 'PostgreSQL' } },
]

it(`two InSched databases of one practice come to the same, whatever happens to either and to its agent (seed ${seed})`, async () => {
  const count = countOfRun(200)
  const faults: string[] = []
  const sums = { histories: 0, changes: 0, said: 0, crashes: 0, restores: 0 }
  try {
    for (; sums.histories < count; sums.histories++) {
      const of = seed + sums.histories
      try {
        const { faults: found, deeds, ...counts } = await playShared(pairs[of % pairs.length]!, chanceOf(of))
        if (found.length > 0) console.error(`seed ${of}: ${found.join('; ')}\n${deeds.join(', ')}`)
        faults.push(...found.map((one) => `seed ${of}: ${one}`))
        for (const name of ['changes', 'said', 'crashes', 'restores'] as const) sums[name] += counts[name]
      } catch (error) {
        faults.push(`seed ${of}: ${(error as Error).message}`)
        console.error(faults.at(-1))
      }
      for (const close of closers.splice(0).toReversed()) await close()
    }
  } finally {
    record({ soak: 'shared', seed, counts: sums, faults })
  }
  expect(faults).toEqual([])
})
