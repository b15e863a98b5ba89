/**
 * `npm run soak -- dryrun`: the list of the dry run beside what is then sent, for 1,000 random rule sets or as many as asked
 * for, a hundred at a time, each hundred of a seed of its own.
 */
import { it } from 'vitest'
import { seedOfRun } from '../faults/harness/chance.ts'
import { dryRunIsTrue } from '../texts/foreseen.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const atOnce = 100
const seed = seedOfRun()

it(`what the dry run lists is what is sent (from seed ${seed} on)`, async () => {
  const count = countOfRun(1_000)
  for (let done = 0; done < count; done += atOnce) {
    const sets = Math.min(atOnce, count - done)
    try {
      const { sent, mailed, together } = await dryRunIsTrue(sets, seed + done)
      record({ soak: 'dryrun', seed: seed + done, counts: { 'rule sets': sets, 'texts as listed': sent, 'mails as listed': mailed, 'of them for several events': together }, faults: [] }) // prettier-ignore
    } catch (error) {
      record({ soak: 'dryrun', seed: seed + done, counts: {}, faults: [(error as Error).message] })
      throw error
    }
  }
})
