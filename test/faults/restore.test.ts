/** Disks that are full, and folders that are put back to a copy, of a portal and a site as processes while people work. */
import { afterEach, expect, it } from 'vitest'
import { chanceOf, seedOfRun } from './harness/chance.ts'
import { disagreements } from './harness/disagreements.ts'
import { differences, unproven } from './harness/equality.ts'
import { fillDisk, restore } from './harness/faults.ts'
import { openPractice, type Practice } from './harness/practice.ts'
import { startTwice } from './harness/restores.ts'
import { Work } from './harness/work.ts'

let practice: Practice
afterEach(() => practice.close())

const seed = seedOfRun()

it(`a full disk and a folder put back to a copy, at the site and at the portal, lose nothing that anybody else had, and do nothing twice (seed ${seed})`, async () => {
  const chance = chanceOf(seed)
  practice = await openPractice(1)
  const work = new Work(practice, chance)
  const site = practice.sites[0]!
  expect(await startTwice(site.dir)).toMatch(/in use by another process\. Stop that one first/)
  for (const place of [site.machine, practice.portal]) {
    await fillDisk(work, chance, place)
    await restore(practice, work, chance, place, false)
    await restore(practice, work, chance, place, true)
  }
  await work.done()
  await expect.poll(() => disagreements(practice, work), { timeout: 60_000, interval: 250 }).toEqual([])
  expect(work.refusedForRoom).toBeGreaterThanOrEqual(2)
  expect(await unproven(practice)).toEqual([])
  const { notes } = (await site.control('status')) as { notes: string[] }
  expect(notes.join(' ')).toMatch(/This replica was restored .*The portal was restored/s)
  await practice.stop()
  expect(await differences(practice)).toEqual([])
}, 400_000)
