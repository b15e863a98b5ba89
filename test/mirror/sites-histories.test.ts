import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { openSitesWorld } from './sites-histories.ts'

const seed = seedOfRun()

it(`[DOM-18] whatever either site does while apart, both databases come to the same, each answer has one outcome, and nothing echoes (seed ${seed})`, async () => {
  const world = await openSitesWorld(chanceOf(seed))
  for (let i = 0; i < 2; i++) expect(await world.history()).toEqual([])
})
