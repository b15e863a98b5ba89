/** `npm run soak -- histories`: 1,000 histories over InSched, or as many as asked for; each of a seed of its own, which is named where it fails. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { seedOfRun } from '../faults/harness/chance.ts'
import * as anywhere from '../insched/any-crash-histories.ts'
import * as crashes from '../insched/crash-histories.ts'
import { closers } from '../insched/office.ts'
import { kinds } from '../insched/offices.ts'
import { playRestore, restoreHistories } from '../insched/restore-histories.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
/** The same seed is the same history. */
const one = <T>(of: fc.Arbitrary<T>, of1: number): T => fc.sample(of, { numRuns: 1, seed: of1 })[0]!

const plays: readonly (readonly [string, (of: number) => Promise<void>])[] = [
  ['restored', (of) => playRestore(one(restoreHistories, of))],
  ['crashed', (of) => crashes.playCrashes(one(crashes.steps, of), one(crashes.deaths, of))],
  ['restored', (of) => playRestore(one(restoreHistories, of))],
  ['crashed on another database', (of) => anywhere.playCrashesOn(kinds[1 + (of % (kinds.length - 1))]!, one(anywhere.steps, of), one(anywhere.deaths, of))], // prettier-ignore
]

it(`every history over InSched ends as it must (seed ${seed})`, async () => {
  const count = countOfRun(1_000)
  const faults: string[] = []
  const counts: Record<string, number> = { histories: 0 }
  try {
    for (let nth = 0; nth < count; nth++) {
      const [what, play] = plays[nth % plays.length]!
      try {
        await play(seed + nth)
      } catch (error) {
        faults.push(`${what}, seed ${seed + nth}: ${(error as Error).message}`)
        console.error(faults.at(-1))
      }
      for (const close of closers.splice(0).toReversed()) await close()
      counts['histories'] = nth + 1
      counts[what] = (counts[what] ?? 0) + 1
    }
  } finally {
    record({ soak: 'histories', seed, counts, faults })
  }
  expect(faults).toEqual([])
})
