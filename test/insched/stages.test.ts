/** The stages of a plan's record are those of InSched after each read, whatever happened to them in between. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stagesOf } from '../../src/replica/kinds/fields.ts'
import { openOffice, type Office } from './office.ts'

const inInSched = ({ staff }: Office, plan: number) =>
  (staff.prepare('select stage_id, position, completed from stages where plan_id = ? order by position, cast(stage_id as text)').all(plan) as { stage_id: number; position: number; completed: number }[]) // prettier-ignore
    .map((stage) => ({ id: String(stage.stage_id), position: stage.position, completed: stage.completed === 1 }))
const inRecord = async ({ replica, bridge }: Office, plan: number) =>
  stagesOf((await replica.record('plans', (await bridge.documentOf('plans', plan))!))!.values).map(
    ({ id, position, completed }) => ({ id, position, completed }),
  )

it('[DOM-8] a stage deleted and added again under its id before a read is there', async () => {
  const at = await openOffice()
  at.staff.exec('create temp table kept as select * from stages where stage_id = 3; delete from stages where stage_id = 3; insert into stages select * from kept') // prettier-ignore
  await at.bridge.readNow()
  expect(await inRecord(at, 1)).toEqual(inInSched(at, 1))
})

it('[DOM-8] the stages of the records are those of InSched after each read', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('delete' as const), stage: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ kind: fc.constant('add' as const), stage: fc.integer({ min: 1, max: 8 }), plan: fc.integer({ min: 1, max: 2 }) }), // prettier-ignore
    fc.record({ kind: fc.constant('move' as const), stage: fc.integer({ min: 1, max: 8 }), plan: fc.integer({ min: 1, max: 2 }) }), // prettier-ignore
    fc.record({ kind: fc.constant('complete' as const), stage: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ kind: fc.constant('read' as const) }),
  )
  const at = await openOffice()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const one of steps) {
        if (one.kind === 'read') await at.bridge.readNow()
        else if (one.kind === 'delete') at.staff.prepare('delete from stages where stage_id = ?').run(one.stage)
        else if (one.kind === 'move')
          at.staff.prepare('update stages set plan_id = ? where stage_id = ?').run(one.plan, one.stage)
        else if (one.kind === 'complete')
          at.staff.prepare('update stages set completed = 1 - completed where stage_id = ?').run(one.stage)
        else
          at.staff
            .prepare("insert or ignore into stages values (?, ?, ?, 'x', 'x', 0, null)")
            .run(one.stage, one.plan, one.stage)
      }
      await at.bridge.readNow()
      for (const plan of [1, 2]) expect(await inRecord(at, plan)).toEqual(inInSched(at, plan))
    }),
    { numRuns: 60 },
  )
})
