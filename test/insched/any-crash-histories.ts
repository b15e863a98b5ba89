/** The agent dies at any durable step, on each schema and engine but the one that `crash.test.ts` has: everything is written once, and the records say what stands there. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { bind } from '../../src/bridges/insched/binding.ts'
import { startInSchedBridge, type InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from '../replica/world.ts'
import { liveAgainAndAgain } from './death.ts'
import { factsAt, practice, say, site } from './office.ts'
import { databaseOf, differentMapping, staffOf, type Kind, type Staff } from './offices.ts'

let phone = 100
const staffDid: Readonly<Record<string, (staff: Staff) => Promise<unknown>>> = {
  move: (staff) => staff.set('events', 2, { starts_at: '2027-01-05T11:45' }),
  'move back': (staff) => staff.set('events', 2, { starts_at: '2027-01-05T09:15' }),
  phone: (staff) => staff.set('patients', 1, { cell_phone: `+1 480 555 0${phone++}` }),
  'complete a stage': (staff) => staff.set('stages', 4, { completed: 1 }),
  'add an event': (staff) => staff.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at: '2027-01-06T10:00', minutes: 30, status: 'None' }), // prettier-ignore
  'delete a plan': (staff) => staff.remove('plans', 2),
  'end the portal': (staff) => staff.set('patients', 2, { portal_enabled: 0 }),
}
export const steps = fc.array(fc.oneof(fc.constantFrom(...Object.keys(staffDid)), fc.constantFrom('message', 'confirm', 'read', 'written')), { minLength: 3, maxLength: 8 }) // prettier-ignore

export async function playCrashesOn(kind: Kind, list: readonly string[], deaths: readonly number[]): Promise<void> {
  const url = await databaseOf(kind)
  const mapping = kind.schema === 'different' ? differentMapping : undefined
  const store = memoryStore()
  const id = ulid()
  const kept = { ...store, close: async () => {} }
  const insched = await openInSched(url, { mapping, clock })
  await bind(insched, { practice, site: site.key, replica: id })
  await insched.close()
  const staff = await staffOf(url, kind)
  const said: string[] = []
  const answered: string[] = []
  const todo = [...list]
  const options = { url, mapping, practice, site, holder: 'here', station: 'TEST', clock }
  const confirms = async (replica: OpenReplica, bridge: InSchedBridge): Promise<void> => {
    const [event, patient] = [(await bridge.documentOf('events', 2))!, (await bridge.documentOf('patients', 1))!]
    const startsAt = (await staff.row('events', 2))!['starts_at'] as string
    const answer = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
    const entry = ulid()
    await replica.change([{ collection: 'confirmations', key: event, facts: await factsAt(replica, 'events', event), add: { [entry]: answer } }]) // prettier-ignore
    answered.push(entry)
  }
  const work = async (replica: OpenReplica, bridge: InSchedBridge): Promise<void> => {
    for (let step = todo.shift(); step !== undefined; step = todo.shift()) {
      if (step in staffDid) await staffDid[step]!(staff)
      else if (step === 'read') await bridge.readNow()
      else if (step === 'written') await bridge.written()
      else if (step === 'confirm') await confirms(replica, bridge)
      else {
        const entry = ulid()
        await say(replica, (await bridge.documentOf('patients', 1))!, entry)
        said.push(entry)
      }
    }
  }
  await liveAgainAndAgain({ store: kept, practice, id, start: (replica, open) => startInSchedBridge({ ...options, replica, open }), work }, deaths) // prettier-ignore

  const replica = await openReplica({ store: kept, practice, id, clock })
  const bridge = await startInSchedBridge({ ...options, replica })
  try {
    expect(await bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
    expect(bridge.status().problem).toBeNull()
    const written: unknown[] = []
    for (let row = 1; row <= said.length + 5; row++) {
      const found = await staff.row('communications', row)
      if (found) written.push(found['external_id'])
    }
    expect(new Set(written).size).toBe(written.length)
    expect(written).toEqual(expect.arrayContaining(said))
    const heads = await replica.list('confirmations')
    const outcomes = (await Promise.all(heads.map(({ key }) => replica.entries('confirmations', key)))).flatMap(foldConfirmations) // prettier-ignore
    expect(outcomes.map((one) => one.id)).toEqual(expect.arrayContaining(answered))
    expect(outcomes.filter((one) => one.state === 'sent')).toEqual([])
    for (const patient of [1, 2]) {
      const row = (await staff.row('patients', patient))!
      expect((await replica.record('patients', (await bridge.documentOf('patients', patient))!))!.fields).toMatchObject({ firstName: row['first_name'], cellPhone: row['cell_phone'], portalEnabled: row['portal_enabled'] === 1 }) // prettier-ignore
    }
    for (const head of await replica.list('events')) {
      const { fields } = (await replica.record('events', head.key))!
      const row = (await staff.row('events', (await bridge.localOf(head.key))!))!
      expect(fields).toMatchObject({ startsAt: row['starts_at'], minutes: row['minutes'], lastConfirmed: row['last_confirmed_date'], confirmationType: row['confirmation_type'], deleted: false }) // prettier-ignore
    }
    for (const head of await replica.list('plans')) {
      const isThere = (await staff.row('plans', (await bridge.localOf(head.key))!)) !== undefined
      expect((await replica.record('plans', head.key))!.fields['deleted']).toBe(!isThere)
    }
  } finally {
    await bridge.stop()
    await replica.close()
  }
}

/** After how many durable steps each life ends. */
export const deaths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 })
