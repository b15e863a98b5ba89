/** One run of a soak: a practice of three sites, faults until there were enough, then everything compared and recorded. */
import { expect } from 'vitest'
import { chanceOf, seedOfRun, type Chance } from '../faults/harness/chance.ts'
import { disagreements } from '../faults/harness/disagreements.ts'
import { differences, unproven } from '../faults/harness/equality.ts'
import { openPractice, type Practice } from '../faults/harness/practice.ts'
import { Work } from '../faults/harness/work.ts'
import { record, type Run } from './record.ts'

/** `SOAK_COUNT`, which `npm run soak -- NAME --count N` sets. */
export function countOfRun(usual: number): number {
  return Number(process.env['SOAK_COUNT'] ?? usual)
}

/** Runs `faults` on a new practice; records what came of it, and fails where anything was wrong. */
export async function soak(
  name: string,
  faults: (practice: Practice, work: Work, chance: Chance) => Promise<Pick<Run, 'counts' | 'worst'>>,
): Promise<void> {
  const chance = chanceOf(seedOfRun())
  const practice = await openPractice(3)
  const work = new Work(practice, chance)
  let wrong: string[] = ['The run broke off']
  let done: Pick<Run, 'counts' | 'worst'> = { counts: {} }
  try {
    done = await faults(practice, work, chance)
    const ask = async (): Promise<string[]> => (wrong = await disagreements(practice, work))
    await expect.poll(ask, { timeout: 90_000, interval: 500 }).toEqual([])
    wrong = await unproven(practice)
    expect(wrong).toEqual([])
    await practice.stop()
    wrong = await differences(practice)
    expect(wrong).toEqual([])
  } finally {
    const acknowledged = work.ledger.filter((item) => item.acknowledged).length
    const counts = {
      ...done.counts,
      acknowledged,
      'not acknowledged': work.ledger.length - acknowledged,
      edits: work.edits,
    }
    record({ soak: name, seed: chance.seed, counts, ...(done.worst ? { worst: done.worst } : {}), faults: wrong })
    await practice.close()
  }
}
