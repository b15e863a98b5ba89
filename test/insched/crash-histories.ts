/**
 * The process may die at any moment: before, within or after any durable step of the replica or of InSched. Started again
 * on the same files, each message is one row of communications, each answer was written once, nothing of the agent's own
 * comes back as news, and the documents say what InSched holds.
 */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { stagesOf } from '../../src/replica/kinds/fields.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from '../replica/world.ts'
import { liveAgainAndAgain } from './death.ts'
import { boundFile, confirm, practice, resolve, say, start } from './office.ts'

const staffDid = {
  move: "update events set starts_at = substr(starts_at, 1, 11) || '11:45' where event_id = 2",
  'move back': "update events set starts_at = substr(starts_at, 1, 11) || '09:15' where event_id = 2",
  phone: "update patients set cell_phone = '+1 480 555 01' || (abs(random()) % 90 + 10) where patient_id = 1",
  'complete a stage': 'update stages set completed = 1 - completed where stage_id = 4',
  'delete a stage': 'delete from stages where stage_id = 5',
  'add the stage again': "insert or ignore into stages values (5, 1, 5, 'x', 'x', 0, null)",
  'delete an event': 'delete from events where event_id = 1',
  'add it again': "insert or ignore into events(event_id, event_type, patient_id, location_id, starts_at, minutes, status) select 1, 'CONS', 1, 1, starts_at, 30, 'None' from events where event_id = 2", // prettier-ignore
  'take an event': 'update events set patient_id = 2 where event_id = 1',
  'end the portal': 'update patients set portal_enabled = 1 - portal_enabled where patient_id = 2',
  'another person': "update patients set first_name = first_name || 'x', birth_date = date(birth_date, '+1 day') where patient_id = 1", // prettier-ignore
  'new plan': "insert into plans(patient_id, patient_words) values (1, 'More')",
} as const
export const steps = fc.array(
  fc.oneof(
    fc.constantFrom(...(Object.keys(staffDid) as (keyof typeof staffDid)[])),
    fc.constantFrom('message' as const, 'confirm' as const, 'read' as const, 'written' as const),
  ),
  { minLength: 1, maxLength: 10 },
)

export async function playCrashes(list: readonly string[], deaths: readonly number[]): Promise<void> {
  const store = memoryStore()
  const id = ulid()
  const first = await openReplica({ store: { ...store, close: async () => {} }, practice, id, clock })
  const file = await boundFile(first)
  await first.close()
  const staff = new Database(file)
  const said: string[] = []
  const answered: string[] = []
  let todo = [...list]
  const work = async (replica: OpenReplica, bridge: InSchedBridge): Promise<void> => {
    while (todo.length > 0) {
      const step = todo[0]!
      todo = todo.slice(1)
      if (step in staffDid) staff.exec(staffDid[step as keyof typeof staffDid])
      else if (step === 'read') await bridge.readNow()
      else if (step === 'written') await bridge.written()
      else if (step === 'message') {
        const entry = ulid()
        await say(replica, (await bridge.documentOf('patients', 1))!, entry)
        said.push(entry)
      } else {
        const entry = ulid()
        await confirm({ replica, bridge, staff }, { id: entry })
        answered.push(entry)
      }
    }
  }
  await liveAgainAndAgain(
    { store, practice, id, start: (replica, open) => start(file, replica, { open }), work },
    deaths,
  )

  const replica = await openReplica({ store: { ...store, close: async () => {} }, practice, id, clock })
  const bridge = await start(file, replica)
  try {
    // What waits for a person is resolved by one.
    for (const head of await replica.list('reviews'))
      if (
        (await replica.entries('reviews', head.key)).some(
          (one) => one.kind === 'opened' && one.about === 'identity changed',
        )
      )
        // prettier-ignore
        await resolve(replica, head.key)
    await bridge.readNow()
    await bridge.written()
    expect(await bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
    expect(bridge.status().problem).toBeNull()

    // Once: a row for each message that was durable, and for each answer one outcome, one effect, at most one checkpoint.
    const written = staff.prepare('select external_id from communications').pluck().all() as string[]
    expect(new Set(written).size).toBe(written.length)
    expect(written).toEqual(expect.arrayContaining(said))
    const outcomes = (await Promise.all((await replica.list('confirmations')).map(({ key }) => replica.entries('confirmations', key)))).flatMap(foldConfirmations) // prettier-ignore
    expect(outcomes.map((answer) => answer.id)).toEqual(expect.arrayContaining(answered))
    expect(outcomes.every((answer) => answer.state !== 'sent')).toBe(true)
    const effects = staff.prepare("select effect_id from pc_effects where effect_id like 'confirmation:%'").pluck().all() as string[] // prettier-ignore
    expect(effects.toSorted()).toEqual(outcomes.filter((one) => one.state === 'written').map((one) => `confirmation:${one.id}`).toSorted()) // prettier-ignore
    const own = staff.prepare("select checkpoint, table_name, count(*) as rows from audit_trail where initials = 'PC' group by 1, 2").all() // prettier-ignore
    for (const row of own as { checkpoint: string; table_name: string; rows: number }[]) {
      expect(row.rows).toBe(1)
      expect(row.table_name).toBe(row.checkpoint.startsWith('confirmation:') ? 'events' : 'communications')
    }

    await equalToInSched(staff, replica, bridge)
  } finally {
    await bridge.stop()
    await replica.close()
    staff.close()
  }
}

/** Each row that is there has one document that says it; each document without a row says that it is gone. */
async function equalToInSched(staff: Database.Database, replica: OpenReplica, bridge: InSchedBridge) {
  const live = { patients: new Set<string>(), plans: new Set<string>(), events: new Set<string>() }
  const keep = async (table: keyof typeof live, localId: number): Promise<string> => {
    const document = (await bridge.documentOf(table, localId))!
    live[table].add(document)
    return document
  }
  for (const row of staff.prepare('select * from patients').all() as {
    patient_id: number
    first_name: string
    birth_date: string
    cell_phone: string | null
    portal_enabled: number
  }[]) {
    // prettier-ignore
    const key = await keep('patients', row.patient_id)
    expect((await replica.record('patients', key))!.fields).toMatchObject({ firstName: row.first_name, birthDate: row.birth_date, cellPhone: row.cell_phone, portalEnabled: row.portal_enabled === 1, deleted: false }) // prettier-ignore
  }
  for (const row of staff.prepare('select * from plans').all() as { plan_id: number; patient_id: number }[]) {
    const key = await keep('plans', row.plan_id)
    const stages = staff.prepare('select stage_id, completed from stages where plan_id = ? order by position, stage_id').raw().all(row.plan_id) as [number, number][] // prettier-ignore
    const { values } = (await replica.record('plans', key))!
    expect(stagesOf(values).map((stage) => [Number(stage.id), +stage.completed])).toEqual(stages)
    expect((await replica.head('plans', key))!.facts.patient).toBe(await bridge.documentOf('patients', row.patient_id))
  }
  for (const head of await replica.list('events')) {
    const local = (await bridge.localOf(head.key))!
    const row = staff.prepare('select * from events where event_id = ?').get(local) as { patient_id: number; starts_at: string; last_confirmed_date: string | null; confirmation_type: string | null } | undefined // prettier-ignore
    const { fields } = (await replica.record('events', head.key))!
    if (!row || (await bridge.documentOf('events', local)) !== head.key) {
      expect(fields['deleted']).toBe(true)
      continue
    }
    live.events.add(head.key)
    expect(fields).toMatchObject({ startsAt: row.starts_at, lastConfirmed: row.last_confirmed_date, confirmationType: row.confirmation_type, deleted: false }) // prettier-ignore
    expect(head.facts.patient).toBe(await bridge.documentOf('patients', row.patient_id))
  }
  for (const table of ['patients', 'plans'] as const)
    for (const head of await replica.list(table))
      if (!live[table].has(head.key)) expect((await replica.record(table, head.key))!.fields['deleted']).toBe(true)
}

/** After how many durable steps each life ends. */
export const deaths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })
