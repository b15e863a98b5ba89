/** `npm run soak -- peers`: a site is killed with signal 9 while other systems send to it, 20 times or as often as asked for. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { runKilled } from '../hl7/killed-site.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()

it(`what is acknowledged to other systems is in InSched once (seed ${seed})`, async () => {
  const chance = chanceOf(seed)
  let faults = ['The run broke off']
  let counts: Record<string, number> = {}
  try {
    const done = await runKilled(countOfRun(20), () => chance.below(2_000))
    faults = done.faults
    counts = { kills: done.kills, 'messages acknowledged': done.acknowledged, 'sent again': done.again }
  } finally {
    record({ soak: 'peers', seed, counts, faults })
  }
  expect(faults).toEqual([])
})
