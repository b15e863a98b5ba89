/** The agent dies at any durable step, on the reference schema in SQLite. */
import fc from 'fast-check'
import { it } from 'vitest'
import { deaths, playCrashes, steps } from './crash-histories.ts'

it('[DOM-15] killed at any durable step, again and again, the bridge writes everything once and ends with what InSched holds', async () => {
  await fc.assert(fc.asyncProperty(steps, deaths, playCrashes), { numRuns: 30 })
}, 300_000)
