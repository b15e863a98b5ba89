/** `npm run soak -- kill`: 200 kills of portal and sites, or as many as asked for. */
import { it } from 'vitest'
import { killAtRandom, kills } from '../faults/harness/faults.ts'
import { countOfRun, soak } from './story.ts'

it('kill -9 at any moment loses nothing and does nothing twice', () =>
  soak('kill', async (practice, work, chance) => {
    await killAtRandom(practice, work, chance, countOfRun(200))
    const machines = [practice.portal, ...practice.sites.map((site) => site.machine)]
    const whileStarting = machines.reduce((sum, machine) => sum + machine.killsWhileStarting, 0)
    return { counts: { kills: kills(practice), 'of them while starting': whileStarting } }
  }))
