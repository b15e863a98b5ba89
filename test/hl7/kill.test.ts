/** Kill -9 under load; `npm run soak -- hl7` does it for longer. */
import { expect, it } from 'vitest'
import { runKilled } from './killed-site.ts'

it('a site that is killed while peers send has everything that it acknowledged in InSched, once', { timeout: 120_000 }, async () => {
  const waits = [300]
  const { acknowledged, faults } = await runKilled(waits.length, () => waits.shift()!)
  expect(faults).toEqual([])
  expect(acknowledged).toBeGreaterThan(waits.length)
}) // prettier-ignore
