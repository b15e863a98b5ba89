/** A portal and two sites of one practice as they run: one over the reference schema in SQLite, one over a different schema in PostgreSQL, of which the mapping lets no records be written. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master, ulid } from '../replica/world.ts'
import { closers } from './office.ts'
import { databaseOf, staffOf, type Kind, type Staff } from './offices.ts'

const kinds = { mesa: { schema: 'reference', engine: 'SQLite' }, tempe: { schema: 'different', engine: 'PostgreSQL' } } as const satisfies Record<string, Kind> // prettier-ignore
type Name = keyof typeof kinds
const names: readonly Name[] = ['mesa', 'tempe']
const mappingFile = fileURLToPath(new URL('../../examples/mappings/different.json', import.meta.url))

async function openBoth() {
  const dir = folder()
  const where = (name: string) => ({ dir: join(dir, name), master, clock })
  const portal = await openPortal({ ...where('portal'), log: () => {} })
  closers.push(() => portal.close())
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const sites = {} as Record<Name, Site>
  const staff = {} as Record<Name, Staff>
  for (const name of names) {
    const insched = await databaseOf(kinds[name])
    const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name })
    const mapping = kinds[name].schema === 'different' ? mappingFile : undefined
    await enroll({ ...where(name), portal: url, code, insched, mapping })
    staff[name] = await staffOf(insched, kinds[name])
    const site = await openSite(where(name))
    closers.push(() => site.close())
    sites[name] = site
    await site.upload()
  }
  for (const [name, other] of [names, names.toReversed()] as const)
    await sites[name!].mirror.change((['patients', 'plans', 'events'] as const).map((one) => ({ key: `share.${sites[other!].settings.siteId}.${one}`, value: 'both' }))) // prettier-ignore
  await expect.poll(() => names.map((name) => sites[name].isSharedWith()), { timeout: 15_000 }).toEqual([true, true])
  const settled = async (): Promise<void> => {
    // What the portal has of one goes to the other, and what that says of it back.
    for (let i = 0; i < 3; i++)
      for (const name of names) {
        await sites[name].bridge.readNow()
        await sites[name].sync()
        await sites[name].bridge.written()
      }
  }
  await settled()
  return { replica: portal.replicaOf(practiceId)!, sites, staff, settled }
}

it('[DOM-18] [DOM-8] two sites on two engines and schemas: what is changed and confirmed at one is in the other’s database, as far as its mapping lets it be', async () => {
  const { replica, sites, staff, settled } = await openBoth()
  const counts = { patients: await staff.tempe.count('patients'), events: await staff.tempe.count('events') }
  await staff.tempe.set('patients', 1, { cell_phone: '+1 480 555 0177' })
  const booked = await staff.tempe.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at: '2027-01-06T10:00', minutes: 30, status: 'None' }) // prettier-ignore
  await settled()
  const [patient, event] = [(await sites.tempe.bridge.documentOf('patients', 1))!, (await sites.tempe.bridge.documentOf('events', booked))!] // prettier-ignore
  const here = { patient: (await sites.mesa.bridge.localOf(patient))!, event: (await sites.mesa.bridge.localOf(event))! } // prettier-ignore
  expect(await staff.mesa.row('patients', here.patient)).toMatchObject({ cell_phone: '+1 480 555 0177' })
  expect(await staff.mesa.run(`select site_name from pc_shared where document = '${patient}'`)).toEqual([{ site_name: 'tempe' }]) // prettier-ignore
  expect(await staff.mesa.row('events', here.event)).toMatchObject({ starts_at: '2027-01-06T10:00', patient_id: here.patient, minutes: 30 }) // prettier-ignore

  const { at: _, ...facts } = (await replica.head('events', event))!.facts
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt: '2027-01-06T10:00' } // prettier-ignore
  await replica.change([{ collection: 'confirmations', key: event, facts, add: { [ulid()]: answered } }])
  await settled()
  const confirmed = (await staff.tempe.row('events', booked))!['last_confirmed_date']
  expect(confirmed).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d$/)
  expect(await staff.mesa.row('events', here.event)).toMatchObject({ last_confirmed_date: confirmed, confirmation_type: 'Portal' }) // prettier-ignore

  // What Mesa changes of it is known at Tempe, and is no row of its database.
  await staff.mesa.set('patients', here.patient, { email: 'new@example.test' })
  await settled()
  expect((await sites.tempe.replica.record('patients', patient))!.fields['email']).toBe('new@example.test')
  expect(await staff.tempe.row('patients', 1)).not.toMatchObject({ email: 'new@example.test' })
  expect({ patients: await staff.tempe.count('patients'), events: await staff.tempe.count('events') }).toEqual({ ...counts, events: counts.events + 1 }) // prettier-ignore
}, 60_000)
