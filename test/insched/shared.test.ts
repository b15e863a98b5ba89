/** Histories of two InSched databases that share their records, with crashes and restores; `npm run soak -- shared` plays more. What they have found stands below by itself. */
import { expect, it } from 'vitest'
import { chanceOf, seedOfRun } from '../faults/harness/chance.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, resolve } from './office.ts'
import type { Kind } from './offices.ts'
import { playShared } from './shared-histories.ts'
import { openSharedWorld, type Name, type Placed, type Table } from './shared-offices.ts'

const sqlite: Kind = { schema: 'reference', engine: 'SQLite' }
const alike = { mesa: sqlite, tempe: sqlite }
const seed = seedOfRun()

it.each([
  ['both on SQLite', alike, 2],
  ['one on PostgreSQL with a schema of its own', { mesa: sqlite, tempe: { schema: 'different', engine: 'PostgreSQL' } }, 1],
] as const)(`[DOM-18] two databases of one practice come to the same, whatever happens to either and to its agent: %s (from seed ${seed} on)`, async (_, kinds, count) => {
  for (let nth = 0; nth < count; nth++) {
    const { faults, deeds } = await playShared(kinds, chanceOf(seed + nth))
    expect(faults, `Seed ${seed + nth}: ${deeds.join(', ')}`).toEqual([])
    for (const close of closers.splice(0).toReversed()) await close()
  }
}, 60_000) // prettier-ignore

/** Two offices that have all of each other. */
async function openBoth() {
  const world = await openSharedWorld(alike)
  for (const name of ['mesa', 'tempe'] as const) await world.begin(name, Infinity)
  await world.settled()
  const own = async (name: Name, table: Table): Promise<Placed> => (await world.rows(name)).find((one) => one.own && one.table === table)! // prettier-ignore
  const at = async (name: Name, document: string): Promise<Placed | undefined> => (await world.rows(name)).find((one) => one.document === document) // prettier-ignore
  const putBack = (name: Name, copy: string, choice: 'trust' | 'write-back') => world.putBack(name, copy, choice, Infinity, async () => {}) // prettier-ignore
  return { ...world, own, at, putBack }
}

it('[DOM-19] what an office deleted and has again since it was put back is in the other office again (seed 1002)', async () => {
  const { sites, own, at, backUp, putBack, settled } = await openBoth()
  const copy = await backUp('mesa')
  const event = await own('mesa', 'events')
  await sites.mesa.staff.remove('events', event.id)
  await settled()
  expect(await at('tempe', event.document)).toBeUndefined()
  await putBack('mesa', copy, 'trust')
  await settled()
  const again = await at('tempe', event.document)
  expect(await sites.tempe.staff.row('events', again!.id)).toMatchObject({ starts_at: (await sites.mesa.staff.row('events', event.id))!['starts_at'] }) // prettier-ignore
})

it('[DOM-19] [DOM-18] a database that was taken as right is right also about what two offices had changed before (beside seed 1002)', async () => {
  const { sites, own, at, backUp, putBack, settled } = await openBoth()
  const event = await own('mesa', 'events')
  await sites.tempe.staff.set('events', (await at('tempe', event.document))!.id, { minutes: 55 })
  await settled()
  const copy = await backUp('mesa')
  await sites.mesa.staff.set('events', event.id, { minutes: 20 })
  await settled()
  await putBack('mesa', copy, 'trust')
  await settled()
  for (const name of ['mesa', 'tempe'] as const)
    expect(await sites[name].staff.row('events', (await at(name, event.document))!.id)).toMatchObject({ minutes: 55 })
})

it('[DOM-19] a plan that is another since the database was put back is a review, and the same everywhere once that is resolved (seed 1031)', async () => {
  const { hub, sites, own, at, backUp, putBack, settled } = await openBoth()
  const copy = await backUp('mesa')
  const plan = await own('mesa', 'plans')
  await sites.mesa.staff.set('plans', plan.id, { patient_words: 'Later' })
  await settled()
  await putBack('mesa', copy, 'write-back')
  await settled()
  const [review, ...more] = await hub.list('reviews')
  expect(more).toEqual([])
  expect(await hub.entries('reviews', review!.key)).toMatchObject([{ about: 'lost in a restore', plan: plan.document, why: expect.stringContaining('words: Later') as string }]) // prettier-ignore
  await resolve(hub, review!.key)
  await settled()
  const here = (await sites.mesa.staff.row('plans', plan.id))!
  expect(here['patient_words']).not.toBe('Later')
  expect(await sites.tempe.staff.row('plans', (await at('tempe', plan.document))!.id)).toMatchObject({ patient_words: here['patient_words'] }) // prettier-ignore
})

it('[DOM-17] what another office books for a patient who waits for a review is here once that is resolved (seed 1018)', async () => {
  const { hub, sites, own, at, settled } = await openBoth()
  const patient = await own('mesa', 'patients')
  const there = (await at('tempe', patient.document))!.id
  await sites.mesa.staff.set('patients', patient.id, { first_name: 'Other', last_name: 'Person', birth_date: '1970-01-02' }) // prettier-ignore
  await settled()
  const event = await sites.tempe.staff.add('events', { event_type: 'CONS', patient_id: there, location_id: 1, starts_at: '2027-06-01T08:11', minutes: 30, status: 'None' }) // prettier-ignore
  await settled()
  const here = () => sites.mesa.staff.run("select event_id from events where starts_at = '2027-06-01T08:11'")
  expect([event, await here()]).toEqual([expect.any(Number), []])
  const [review] = await hub.list('reviews')
  await resolve(hub, review!.key)
  await settled()
  expect(await here()).toHaveLength(1)
})

it('[DOM-18] what a patient answers about an event is written by whose event it is, also when the patient’s own office says the patient anew (seed 1004)', async () => {
  const { hub, sites, own, at, settled } = await openBoth()
  const patient = await own('mesa', 'patients')
  const there = (await at('tempe', patient.document))!.id
  await sites.tempe.staff.add('events', { event_type: 'CONS', patient_id: there, location_id: 1, starts_at: '2027-06-01T08:11', minutes: 30, status: 'None' }) // prettier-ignore
  await settled()
  const heads = await hub.list('events')
  const found = await Promise.all(heads.map(async (head) => [head, (await hub.record('events', head.key))!.fields['startsAt']] as const)) // prettier-ignore
  const [{ key, facts }] = found.find(([, startsAt]) => startsAt === '2027-06-01T08:11')!
  const { at: _, ...same } = facts
  const answer = async (more: { facts?: typeof same }): Promise<void> => hub.change([{ collection: 'confirmations', key, ...more, add: { [ulid()]: { kind: 'answered', at: clock.now(), by: { role: 'patient', id: 'a' }, channel: 'portal', patient: patient.document, startsAt: '2027-06-01T08:11' } } }]) // prettier-ignore
  await answer({ facts: same })
  await settled()
  await sites.mesa.staff.set('patients', patient.id, { portal_enabled: 0 })
  await settled()
  await answer({})
  await settled()
  expect((await hub.head('confirmations', key))!.facts.site).toBe(sites.tempe.key)
  const effects = (name: Name) => sites[name].staff.run("select effect_id from pc_effects where effect_id like 'confirmation:%'") // prettier-ignore
  expect([(await effects('mesa')).length, (await effects('tempe')).length]).toEqual([0, 2])
})

it('[DOM-17] [DOM-19] what a patient wrote who waits for a review is written once that is resolved, also when the database is put back meanwhile (seed 3013)', async () => {
  const { hub, sites, own, backUp, putBack, settled } = await openBoth()
  const copy = await backUp('mesa')
  const patient = await own('mesa', 'patients')
  await sites.mesa.staff.set('patients', patient.id, { first_name: 'Other', last_name: 'Person', birth_date: '1970-01-02' }) // prettier-ignore
  await settled()
  const { at: _, ...facts } = (await hub.head('patients', patient.document))!.facts
  const id = ulid() as string
  await hub.change([{ collection: 'messages', key: patient.document, facts, add: { [id]: { kind: 'message', at: clock.now(), by: { role: 'patient', id: 'a' }, thread: patient.document, subject: 'Hello', text: 'Is parking free?' } } }]) // prettier-ignore
  await settled()
  const written = () => sites.mesa.staff.run(`select 1 as one from communications where external_id = '${id}'`)
  expect(await written()).toEqual([])
  await putBack('mesa', copy, 'trust')
  await settled()
  for (const { key } of await hub.list('reviews'))
    if ((await hub.entries('reviews', key)).some((entry) => entry.kind === 'opened' && entry.about === 'identity changed')) await resolve(hub, key) // prettier-ignore
  await settled()
  expect(await written()).toHaveLength(1)
})

it('[DOM-19] what one office’s database has lost is said by that office alone, also where another has deleted the patient for itself (seed 3127)', async () => {
  const { hub, sites, own, at, backUp, putBack, settled } = await openBoth()
  const copy = await backUp('mesa')
  const patient = await own('mesa', 'patients')
  await sites.tempe.staff.remove('patients', (await at('tempe', patient.document))!.id)
  await sites.mesa.staff.set('patients', patient.id, { last_name: 'Later' })
  await settled()
  await putBack('mesa', copy, 'write-back')
  await settled()
  const [review, ...more] = await hub.list('reviews')
  expect(more).toEqual([])
  await resolve(hub, review!.key)
  await settled()
  const { last_name } = (await sites.mesa.staff.row('patients', patient.id))!
  expect((await hub.record('patients', patient.document))!.fields).toMatchObject({ lastName: last_name, deleted: false }) // prettier-ignore
})
