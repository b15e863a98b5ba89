/** Nothing leaves the practice that the mirror's settings do not pass, and all that they pass is at the portal. The long count is `npm run soak -- leaks`. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { valuesOf } from './any-settings.ts'
import { openLeakWorld } from './leaks.ts'

const seed = seedOfRun()

it(`with the default settings and with 20 others at random, what left is exactly what they pass (seed ${seed})`, async () => {
  const world = await openLeakWorld(chanceOf(seed))
  try {
    expect(await world.settled()).toEqual([])
    for (let i = 0; i < 20; i++) {
      expect(await world.change((key) => fc.sample(valuesOf(key), { numRuns: 1, seed: seed + i })[0]!)).toEqual([])
      expect(await world.settled()).toEqual([])
      if (i % 4 === 3) expect(await world.proven()).toEqual([])
    }
    expect(world.plain()).toEqual([])
  } finally {
    await world.close()
  }
}, 120_000)
