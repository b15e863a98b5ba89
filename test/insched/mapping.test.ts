/** A practice's own database by its mapping file: tried before it is used, refused in words, kept with the site, and obeyed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkMapping } from '../../src/bridges/insched/check.ts'
import { mappedTables } from '../../src/bridges/insched/mapped-tables.ts'
import { parseMapping, type Mapping } from '../../src/bridges/insched/mapping.ts'
import { referenceMapping } from '../../src/bridges/insched/reference-mapping.ts'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import { openSite } from '../../src/site.ts'
import { clock, folder, master, ulid } from '../replica/world.ts'
import { closers, factsAt, say } from './office.ts'
import { databaseOf, differentMapping, kinds, openAnyOffice, staffOf } from './offices.ts'

const examples = new URL('../../examples/mappings/', import.meta.url)
const text = readFileSync(new URL('different.json', examples), 'utf8')
/** The different mapping with one thing changed. */
const changed = (
  change: (mapping: {
    tables: Record<string, { columns: Record<string, unknown>; stamp?: string }>
    [rest: string]: unknown
  }) => void,
): Mapping => {
  // prettier-ignore
  const mapping = JSON.parse(text) as Parameters<typeof change>[0]
  change(mapping)
  return parseMapping(JSON.stringify(mapping), 'changed.json')
}
const inSqlite = { schema: 'different', engine: 'SQLite' } as const

it('the example of the reference schema is the mapping that is used where none is named', () => {
  expect(parseMapping(readFileSync(new URL('reference.json', examples), 'utf8'), 'reference.json')).toEqual(referenceMapping) // prettier-ignore
})

it('a mapping file is refused with each of its faults and their places', () => {
  expect(() => parseMapping('{', 'm.json')).toThrow(/m.json is no JSON/)
  const broken = JSON.parse(text) as { tables: Record<string, { columns: Record<string, unknown> }> }
  delete broken.tables['patients']!.columns['birth_date']
  broken.tables['patients']!.columns['shoe_size'] = 'size'
  broken.tables['plans']!.columns['starts_on'] = { column: 'from_day', format: 'whenever' }
  const faults = (() => {
    try {
      return parseMapping(JSON.stringify(broken), 'm.json')
    } catch (error) {
      return (error as Error).message
    }
  })()
  for (const place of [
    'tables.patients.columns.birth_date: this is missing',
    'tables.patients.columns.shoe_size: there is no such name',
    'tables.plans.columns.starts_on',
  ])
    // prettier-ignore
    expect(faults).toContain(place)
  expect(() => changed((one) => delete one.tables['events']!.stamp)).toThrow('tables.events has no stamp, and changes are seen by change stamps') // prettier-ignore
  expect(() => changed((one) => (one.tables['events']!.columns['confirmation_type'] = { is: 'Portal' }))).toThrow('last_confirmed_date and confirmation_type are not both one column') // prettier-ignore
})

it.each(kinds)(
  'a mapping that fits is tried with three patients, and nothing is written ($schema schema, $engine)',
  async (kind) => {
    const url = await databaseOf(kind)
    const before = kind.engine === 'SQLite' ? readFileSync(url.slice(7)) : undefined
    const checked = await checkMapping(url, kind.schema === 'different' ? differentMapping : referenceMapping)
    expect(checked.problems).toEqual([])
    const { patient, plans, events } = checked.samples[0]!
    expect(checked.samples).toHaveLength(3)
    expect(patient).toMatchObject({ firstName: expect.any(String), birthDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), language: expect.stringMatching(/^(en|es)$/), portalEnabled: true }) // prettier-ignore
    expect(plans).toMatchObject([{ status: 'Active', startsOn: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), 'stage/1/position': 1 }]) // prettier-ignore
    expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ startsAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/), status: 'None', words: 'Consultation' })])) // prettier-ignore
    expect(checked.tables.find((table) => table.name === 'patients')).toMatchObject({ rows: 20 })
    if (kind.engine === 'SQLite') expect(readFileSync(url.slice(7))).toEqual(before)
  else expect(await (await staffOf(url, kind)).run("select count(*) as rows from pg_tables where tablename like 'pc_%'")).toEqual([{ rows: 0 }]) // prettier-ignore
  },
)

it('what cannot be mapped is named: a column that is not there, a value without meaning, a date written otherwise', async () => {
  const url = await databaseOf(inSqlite)
  const staff = await staffOf(url, inSqlite)
  await staff.run('update visits set state = 7 where visit_no = 2')
  const missing = await checkMapping(
    url,
    changed((one) => (one.tables['patients']!.columns['email'] = 'e_mail')),
  )
  expect(missing.problems).toEqual([expect.stringMatching(/its table persons has no column e_mail\.$/)])
  const wrong = await checkMapping(url, changed((one) => (one.tables['patients']!.columns['birth_date'] = { column: 'born', format: 'MM/DD/YYYY' }))) // prettier-ignore
  expect(wrong.problems).toEqual([
    expect.stringMatching(/^patients.birth_date \(born, written MM\/DD\/YYYY\): \d+ of 20 values are not what the mapping says/), // prettier-ignore
    expect.stringMatching(/^events.status \(state, 6 values translated\): the mapping says nothing of the value “7” \(1 rows\)/), // prettier-ignore
  ])
})

it('a value is written as the database has it: flags, statuses, dates, and what it has no column for not at all', () => {
  const { tables } = mappedTables(differentMapping, new Map())
  expect(tables.patients.values({ text_consent: 0, portal_enabled: 1, email_consent: null, middle_name: 'A' })).toEqual({ text_ok: 'N', portal: 'Y', mail_ok: null }) // prettier-ignore
  expect(tables.events.values({ last_confirmed_date: '2026-11-24T09:05', confirmation_type: 'Phone', status: 'No Show' })).toEqual({ confirmed_at: '24.11.2026 09:05', confirmed_by: '4', state: '4' }) // prettier-ignore
  expect(tables.communications.values({ at_utc: '2026-11-24T09:05:06.000Z', direction: 'in' })).toEqual({ at_second: '1795511106', inbound: '1' }) // prettier-ignore
})

it('what the mapping does not let the agent write it does not write, and says so', async () => {
  const nothing = changed((one) => {
    one['may write'] = { confirmations: false, communications: false, contact: [] }
    delete one.tables['communications']
  })
  const at = await openAnyOffice(inSqlite, { mapping: nothing })
  const [patient, event] = [(await at.bridge.documentOf('patients', 1))!, (await at.bridge.documentOf('events', 2))!]
  await say(at.replica, patient, 'm')
  const said = { at: clock.now(), by: { role: 'portal' as const, id: 'p' } }
  const text = { kind: 'text' as const, ...said, what: 'reminder' as const, to: '+14805550100', recipient: 'r', body: 'Soon.' } // prettier-ignore
  const sent = { kind: 'state' as const, ...said, message: 't', state: 'sent' as const }
  await at.replica.change([{ collection: 'communications', key: patient, facts: await factsAt(at.replica, 'patients', patient), add: { t: text, s: sent } }]) // prettier-ignore
  const startsAt = (await at.staff.row('events', 2))!['starts_at'] as string
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await at.replica.change([{ collection: 'confirmations', key: event, facts: await factsAt(at.replica, 'events', event), add: { [ulid()]: answered } }]) // prettier-ignore
  await at.bridge.written()
  expect(await at.staff.count('communications')).toBe(0)
  expect(await at.staff.row('events', 2)).toMatchObject({ last_confirmed_date: null })
  const [review] = await at.replica.list('reviews')
  expect(await at.replica.entries('reviews', review!.key)).toMatchObject([{ why: expect.stringContaining('does not let the agent write confirmations') }]) // prettier-ignore
})

it('a site enrolls with its mapping and a PostgreSQL address; the password stands in no file and no status', async () => {
  const dir = folder()
  const url = await databaseOf({ schema: 'different', engine: 'PostgreSQL' })
  const mapping = join(dir, 'ours.json')
  writeFileSync(mapping, text)
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock, log: () => {} })
  closers.push(() => portal.close())
  const address = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: address, code, insched: url, mapping })
  const site = await openSite({ dir: join(dir, 'site'), master, clock })
  closers.push(() => site.close())
  expect(await site.upload()).toMatchObject({ patients: expect.any(Number), stages: expect.any(Number) })
  const row = await site.bridge.patient(1)
  expect(row).toMatchObject({ first_name: expect.any(String), portal_enabled: 1 })
  const { password } = new URL(url)
  const settings = readFileSync(join(dir, 'site', 'site.json'), 'utf8')
  expect(settings).toContain(new URL(url).host)
  expect(settings).not.toContain(password)
  expect(JSON.stringify([await site.status(), site.settings, site.preferences.get()])).not.toContain(password)
  expect(parseMapping(readFileSync(join(dir, 'site', 'mapping.json'), 'utf8'), 'mapping.json')).toEqual(
    differentMapping,
  )
})
