/** `npm run soak -- faults`: 500 faults of processes and connections, or as many as asked for. */
import { expect, it } from 'vitest'
import { faultAtRandom, faultsDone } from '../faults/harness/faults.ts'
import { countOfRun, soak } from './story.ts'

it('kills, delays, drops, half-open and truncated connections lose nothing and do nothing twice', () =>
  soak('faults', async (practice, work, chance) => {
    const done = await faultAtRandom(practice, work, chance, countOfRun(500))
    const { foundAfter, ...each } = done
    // A dead connection is found within 30 s.
    const slowest = Math.max(0, ...foundAfter) / 1000
    expect(slowest).toBeLessThan(30)
    return {
      counts: { faults: faultsDone(done), ...each },
      worst: { 'seconds until a dead connection was found': Math.ceil(slowest) },
    }
  }))
