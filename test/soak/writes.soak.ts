/** `npm run soak -- writes`: the agent is killed with signal 9 while it writes into InSched, 200 times or as often as asked for, in turn on each schema and engine. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { kinds } from '../insched/offices.ts'
import { runKilledBridge } from '../insched/killed-bridge.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
/** After so many kills the next database has its turn. */
const each = 10

it(`what patients said is in InSched once, whenever the agent is killed (seed ${seed})`, async () => {
  const chance = chanceOf(seed)
  const count = countOfRun(200)
  let faults: string[] = ['The run broke off']
  const counts = { kills: 0, 'acknowledged things said': 0 }
  try {
    const found: string[] = []
    for (let turn = 0; counts.kills < count; turn++) {
      const kind = kinds[turn % kinds.length]!
      const done = await runKilledBridge(kind, Math.min(each, count - counts.kills), () => chance.below(1_000))
      counts.kills += done.kills
      counts['acknowledged things said'] += done.acknowledged
      found.push(...done.faults.map((fault) => `${kind.schema}, ${kind.engine}: ${fault}`))
    }
    faults = found
  } finally {
    record({ soak: 'writes', seed, counts, faults })
  }
  expect(faults).toEqual([])
})
