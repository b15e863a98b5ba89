/**
 * From where on a growing column must be looked at again: below the floor nothing can appear any more. Whoever draws a
 * number or a time in a transaction may commit late, so the highest value seen becomes the floor only when every
 * transaction that ran a look later has ended. Between drawing a number and being known as a transaction lie microseconds:
 * hence the look later.
 */
import type { Db } from './agent-rows.ts'
import type { Engine } from './engine.ts'
import { remember, remembered } from './journal.ts'

interface State {
  readonly floor: string | null
  readonly next: string | null
  /** The moment at which `next` began to wait; null before the second look. */
  readonly since: string | null
}

export async function floorOf(on: Db, name: string): Promise<string | null> {
  return (await stateOf(on, name)).floor
}

async function stateOf(on: Db, name: string): Promise<State> {
  const text = await remembered(on, name)
  return text === undefined ? { floor: null, next: null, since: null } : (JSON.parse(text) as State)
}

/** One look: `highest` is the highest value that is there now. Resolves with the floor, and whether it moved. */
export async function lookAtFloor(
  on: Db,
  engine: Engine,
  name: string,
  highest: string | null,
): Promise<{ floor: string | null; moved: boolean }> {
  // prettier-ignore
  const state = await stateOf(on, name)
  if (engine.commitsInOrder) {
    if (highest !== state.floor) await remember(on, name, JSON.stringify({ floor: highest, next: null, since: null } satisfies State)) // prettier-ignore
    return { floor: highest, moved: highest !== state.floor }
  }
  const ended = state.since !== null && (await engine.hasEnded(on, state.since))
  const floor = ended ? state.next : state.floor
  const waits = !ended && state.next !== null
  const next = waits ? state.next : highest
  const since = waits ? (state.since ?? (await engine.moment(on))) : null
  const moved = floor !== state.floor
  if (moved || next !== state.next || since !== state.since)
    await remember(on, name, JSON.stringify({ floor, next, since } satisfies State))
  return { floor, moved }
}
