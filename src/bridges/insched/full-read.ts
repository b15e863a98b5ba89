/**
 * The first full read of InSched: patients, then plans with their stages, then the events of the horizon, in chunks. The
 * mark after each chunk is durable only after its documents are, so a read that was cut goes on where it was.
 */
import type { Replica } from '../../replica/replica-face.ts'
import type { BridgedTable } from './agent-rows.ts'
import type { Context } from './documents.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { unfold, type Horizon } from './occurrences.ts'
import type { RecordEdits, Rows, Said } from './record-edits.ts'

/** Rows read so far. */
export interface Progress {
  readonly patients: number
  readonly plans: number
  readonly stages: number
  readonly events: number
}
export interface FullReadOptions {
  readonly insched: InSched
  readonly replica: Replica
  readonly records: RecordEdits
  readonly horizon: Horizon
  readonly context: (now: Reads) => Promise<Context>
  /** The time at which the reading began, milliseconds UTC: that of all that it finds. */
  readonly at: number
  readonly keep: (change: Changes, said: Omit<Said, 'edits'>) => Promise<void>
}

const chunk = 2_000
const tables: readonly BridgedTable[] = ['patients', 'plans', 'events']

/** Reads from the mark to the end, telling the rows of each chunk to `progress`. */
export async function readInFull(options: FullReadOptions, progress: (read: Progress) => void): Promise<void> {
  const { insched, replica, records, horizon, at } = options
  const rowsAfter = (table: BridgedTable, after: number): Promise<{ rows: Rows; last: number | undefined }> =>
    insched.read(async (now) => {
      if (table === 'patients') {
        const patients = await now.patientsAfter(after, chunk)
        return { rows: await records.gather(now, { patients }), last: patients.at(-1)?.patient_id }
      }
      if (table === 'plans') {
        const plans = await now.plansAfter(after, chunk)
        return { rows: await records.gather(now, { plans }), last: plans.at(-1)?.plan_id }
      }
      const found = await now.eventsAfter(after, chunk, horizon)
      const events = await unfold(now, found, { horizon, context: () => options.context(now) })
      return { rows: await records.gather(now, { events }), last: found.at(-1)?.event_id }
    })
  const { read_table, read_after } = (await insched.agent())!
  for (const table of tables.slice(Math.max(0, tables.indexOf((read_table ?? 'patients') as BridgedTable)))) {
    let after = table === read_table ? (read_after ?? 0) : 0
    for (;;) {
      const { rows, last } = await rowsAfter(table, after)
      if (last === undefined) break
      const { edits, ...kept } = await records.say(rows, () => at)
      await replica.change(edits)
      after = last
      await insched.write(async (change) => {
        await options.keep(change, kept)
        await change.setReading(table, after)
      })
      progress(progressOf(rows))
      // Whoever wants the database back must be heard between two parts.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  await insched.write((change) => change.setReading('done', 0))
}

/** How many rows these are. */
export function progressOf(rows: Rows): Progress {
  return {
    patients: rows.patients.length,
    plans: rows.plans.length,
    stages: [...rows.stages.values()].reduce((sum, stages) => sum + stages.length, 0),
    events: rows.events.length,
  }
}
