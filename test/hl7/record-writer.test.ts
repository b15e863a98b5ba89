/** What messages change is written into InSched, all of it and in each patient's order, however much waits. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openQueue } from '../../src/bridges/hl7/queue-sqlite.ts'
import { startRecordWriter } from '../../src/bridges/hl7/record-writer.ts'
import { clock, folder, master } from '../replica/world.ts'

it('[DOM-16] a thousand changes that waited while InSched was away are all written, and a patient who is held up holds up no other', async () => {
  const queue = openQueue(join(folder(), 'hl7.sqlite'), master, clock)
  const todo = { why: 'why', todo: 'what' }
  const change = (patient: string, n: number) => ({
    record: { table: 'patients' as const, document: `${patient} ${n}`, patient, set: {}, was: {} },
    todo,
  })
  const all = Array.from({ length: 1_200 }, (_, n) => change(n < 600 ? 'held up' : `p${n % 7}`, n))
  await Promise.all(all.map((one, n) => queue.addRecords(`M${n}`, [one])))
  const written: string[] = []
  const writer = startRecordWriter({
    queue,
    clock,
    openTodo: async () => {},
    written: async () => {},
    insched: {
      writeRecord: async ({ patient, document }) =>
        patient === 'held up' ? 'held' : (written.push(document), 'written'),
    },
  })
  await expect.poll(() => written.length).toBe(600)
  await writer.stop()
  expect(written).toEqual(all.slice(600).map(({ record }) => record.document))
  queue.close()
})
