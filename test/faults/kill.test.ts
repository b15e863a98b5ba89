/** Kill -9 of real processes at random moments while staff and patients work. A seed of a run is asked for again with FAULTS_SEED. */
import { afterEach, expect, it } from 'vitest'
import { chanceOf, seedOfRun } from './harness/chance.ts'
import { disagreements } from './harness/disagreements.ts'
import { differences } from './harness/equality.ts'
import { killAtRandom, kills } from './harness/faults.ts'
import { openPractice, type Practice } from './harness/practice.ts'
import { Work } from './harness/work.ts'

let practice: Practice
afterEach(() => practice.close())

const seed = seedOfRun()

it(`portal and sites are killed 20 times at any moment: nothing acknowledged is lost, nothing is done twice (seed ${seed})`, async () => {
  const chance = chanceOf(seed)
  practice = await openPractice(2)
  const work = new Work(practice, chance)
  await killAtRandom(practice, work, chance, 20)
  await expect.poll(() => disagreements(practice, work), { timeout: 60_000, interval: 250 }).toEqual([])
  expect(kills(practice)).toBeGreaterThanOrEqual(20)
  expect(work.ledger.filter((item) => item.acknowledged).length).toBeGreaterThan(20)
  await practice.stop()
  expect(await differences(practice)).toEqual([])
}, 180_000)
