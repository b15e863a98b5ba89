/** Kill -9 of the agent while it writes into InSched, on each engine; `npm run soak -- writes` does it for longer. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { kinds } from './offices.ts'
import { runKilledBridge } from './killed-bridge.ts'

const seed = seedOfRun()

it.each([kinds[0]!, kinds[3]!])(
  `[DOM-15] killed at any moment while it writes, it writes everything once ($schema schema, $engine, seed ${seed})`,
  async (kind) => {
    const chance = chanceOf(seed)
    const { acknowledged, faults } = await runKilledBridge(kind, 3, () => chance.below(500))
    expect(faults).toEqual([])
    expect(acknowledged).toBeGreaterThan(2)
  },
  60_000,
)
