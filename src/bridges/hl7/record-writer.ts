/**
 * What messages change goes into InSched through its bridge: from a durable list, in each patient's order, tried again
 * while InSched is away. What InSched does not take, because somebody changed it meanwhile or the mapping does not let it,
 * becomes a review for staff with what was to be done.
 */
import type { Clock } from '../../replica/clock.ts'
import type { MessageQueue } from './queue-sqlite.ts'
import type { RecordChange, Todo } from './record-change.ts'
import { wakingOf } from './waking.ts'

/** InSched's bridge as far as this needs it. */
export interface RecordsFace {
  /** Writes one record once for ever; `held`: later; a sentence: not, and why. Rejects while InSched is away. */
  writeRecord(
    record: RecordChange & { readonly effect: string },
  ): Promise<'written' | 'held' | { readonly why: string }>
}

export interface RecordWriter {
  wake(): void
  stop(): Promise<void>
}

const firstWait = 250
const longestWait = 10_000

export function startRecordWriter(parts: {
  readonly queue: MessageQueue
  readonly insched: RecordsFace
  /** Told of what is written, and again after a crash. */
  readonly written: (what: { readonly message: string; readonly record: RecordChange }) => Promise<void>
  readonly openTodo: (message: string, patient: string, todo: Todo) => Promise<void>
  readonly clock: Clock
}): RecordWriter {
  const { queue, insched, openTodo, clock } = parts
  const waking = wakingOf(clock)

  /** Writes what waits; resolves with whether something is left that has to be tried again. */
  const pass = async (): Promise<boolean> => {
    const held = new Set<string>()
    for (let after = 0, some = queue.recordsToWrite(after); some.length > 0; some = queue.recordsToWrite(after))
      for (const { number, message, record, todo } of some) {
        if (waking.isEnded()) return true
        after = number
        if (held.has(record.patient)) continue
        const outcome = await insched.writeRecord({ ...record, effect: `hl7:${message}:${record.document}` })
        if (outcome === 'held') {
          held.add(record.patient)
          continue
        }
        if (outcome !== 'written')
          await openTodo(message, record.patient, { ...todo, why: `${todo.why} It was not written: ${outcome.why}` }) // prettier-ignore
        else await parts.written({ message, record })
        await queue.recordWritten(number, outcome === 'written' ? record.document : null)
      }
    return held.size > 0
  }
  const run = async (): Promise<void> => {
    for (let wait = firstWait; !waking.isEnded();) {
      waking.begin()
      try {
        const left = await pass()
        wait = firstWait
        await waking.idle(left ? longestWait : null)
      } catch {
        // InSched is locked, let go of for a backup, or another agent's: its own status says so, and nothing is lost.
        await waking.idle(wait)
        wait = Math.min(longestWait, wait * 2)
      }
    }
  }
  const running = run()
  return {
    wake: waking.wake,
    async stop() {
      waking.end()
      await running
    },
  }
}
