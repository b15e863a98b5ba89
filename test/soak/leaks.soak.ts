/** `npm run soak -- leaks`: 1,000 settings of the mirror at random, or as many as asked for, a new practice for each 50. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { valuesOf } from '../mirror/any-settings.ts'
import { openLeakWorld } from '../mirror/leaks.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const perPractice = 50

it(`nothing leaves that the settings do not pass (seed ${seed})`, async () => {
  const count = countOfRun(1_000)
  const chance = chanceOf(seed)
  const faults: string[] = []
  let [settings, canaries] = [0, 0]
  while (settings < count && faults.length === 0) {
    const world = await openLeakWorld(chance)
    try {
      faults.push(...(await world.settled()))
      for (let i = 0; i < perPractice && settings < count && faults.length === 0; i++, settings++) {
        const value = (key: string): string => fc.sample(valuesOf(key), { numRuns: 1, seed: seed + settings })[0]!
        faults.push(...(await world.change(value)), ...(await world.settled()), ...(await world.proven()))
      }
      faults.push(...world.plain())
      canaries += world.canaries()
    } finally {
      await world.close()
    }
  }
  record({ soak: 'leaks', seed, counts: { settings, canaries }, faults })
  expect(faults).toEqual([])
})
