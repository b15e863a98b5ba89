/** `npm run soak -- sites`: 300 random histories of two sites that share their records, or as many as asked for, a new practice for each 15. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { openSitesWorld } from '../mirror/sites-histories.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const perPractice = 15

it(`two InSched databases of one practice come to the same, whatever was done apart (seed ${seed})`, async () => {
  const count = countOfRun(300)
  const chance = chanceOf(seed)
  const faults: string[] = []
  let [histories, changes, answers] = [0, 0, 0]
  while (histories < count && faults.length === 0) {
    let close = (): Promise<void> => Promise.resolve()
    const world = await openSitesWorld(chance, (end) => void (close = end))
    try {
      for (let i = 0; i < perPractice && histories < count && faults.length === 0; i++, histories++)
        faults.push(...(await world.history()))
      changes += world.changes()
      answers += world.answers()
    } finally {
      await close()
    }
  }
  record({ soak: 'sites', seed, counts: { histories, changes, answers }, faults })
  expect(faults).toEqual([])
})
