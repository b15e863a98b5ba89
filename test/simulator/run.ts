/** One history: so many steps of a seed, with a rest now and then and one at the end; the same seed, the same history. */
import { act } from './actions.ts'
import { rest } from './rest.ts'
import { turn, worldOf } from './world.ts'

export interface History {
  readonly seed: number
  /** Steps that were taken: the history ends with the first violation. */
  readonly steps: number
  readonly crashes: number
  readonly restores: number
  /** Whether what passes is by settings, which change as it goes on. */
  readonly policed: boolean
  readonly violations: readonly string[]
  /** Two runs of one seed have the same. */
  readonly hash: number
  readonly counts: ReadonlyMap<string, number>
  /** How many acknowledged things were watched over. */
  readonly promised: number
  readonly trace: readonly string[] | undefined
}

export interface Options {
  /** Keeps what happened as lines. */
  readonly trace?: boolean
  /** Actions that do not happen, to find what a violation needs. */
  readonly without?: readonly string[]
}

/** Steps between two rests: few and many, since both find faults. */
const betweenRests = [40, 120, 400, 1_000]

export async function simulate(seed: number, steps: number, options: Options = {}): Promise<History> {
  const world = worldOf(seed, options.trace)
  const { chance, time, counts, violations } = world
  let taken = 0
  let untilRest = chance.pick(betweenRests)
  try {
    while (taken < steps && violations.length === 0) {
      taken++
      time.pass(chance.below(20))
      while (time.ring());
      await act(world, options.without)
      await turn()
      if (--untilRest > 0 && taken < steps) continue
      untilRest = chance.pick(betweenRests)
      await rest(world)
    }
  } catch (error) {
    world.violated(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  for (const machine of world.machines) world.stop(machine, false)
  const happened = (...names: string[]): number => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)
  return {
    seed,
    steps: taken,
    crashes: happened('crash'),
    restores: happened('restore', 'put back while running'),
    policed: world.policed,
    violations,
    hash: world.trace.hash,
    counts,
    promised: world.promises.count,
    trace: world.trace.lines,
  }
}
