/** `npm run soak -- simulate`: 1,000 simulated histories of 1,500 steps, or as many as asked for, on two processes from one seed on. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { seedOfRun } from '../faults/harness/chance.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const stepsOfSeed = 1_500

interface Result {
  readonly steps: number
  readonly crashes: number
  readonly restores: number
  /** Steps of histories in which settings say what passes. */
  readonly underSettings: number
  /** How often each action of the simulator's was taken, by its name. */
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly { readonly seed: number; readonly violation: string }[]
}

async function histories(from: number, count: number): Promise<Result> {
  const program = new URL('../simulator/simulate.ts', import.meta.url).pathname
  const args = [program, '--seed', String(from), '--seeds', String(count), '--steps', String(stepsOfSeed), '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 }).catch(
    (error: { stdout?: string }) => {
      // It ends with 1 where it found something.
      if (error.stdout) return { stdout: error.stdout }
      throw error
    },
  )
  return JSON.parse(stdout) as Result
}

it(`simulated histories keep every promise (from seed ${seed} on)`, async () => {
  const count = countOfRun(1_000)
  const half = Math.ceil(count / 2)
  const results = await Promise.all([histories(seed, half), histories(seed + half, count - half)])
  const sum = (what: 'steps' | 'crashes' | 'restores' | 'underSettings'): number => results.reduce((all, one) => all + one[what], 0) // prettier-ignore
  const taken = (action: string): number => results.reduce((all, { counts }) => all + (counts[action] ?? 0), 0)
  const faults = results.flatMap((one) => one.violations.map((found) => `seed ${found.seed}: ${found.violation}`))
  const counts = {
    histories: count,
    steps: sum('steps'),
    'steps where settings say what passes': sum('underSettings'),
    'changes of settings': taken('switch collection'),
    'times shared with another site': taken('share'),
    'times narrowed by the portal': taken('narrow'),
    erasures: taken('erase'),
    crashes: sum('crashes'),
    restores: sum('restores'),
  }
  record({ soak: 'simulate', seed, counts, faults })
  expect(faults).toEqual([])
})
