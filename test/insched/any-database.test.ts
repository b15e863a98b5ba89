/** The rules of the domain on every database that InSched may be in: the same tests over two schemas and two engines. */
import { beforeEach, describe, expect, it } from 'vitest'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { stagesOf } from '../../src/replica/kinds/fields.ts'
import { answering } from '../../src/site/answering.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, factsAt, resolve, say, site } from './office.ts'
import { kinds, openAnyOffice, type AnyOffice } from './offices.ts'

const record = async ({ bridge, replica }: AnyOffice, table: 'patients' | 'plans' | 'events', id: number) =>
  replica.record(table, (await bridge.documentOf(table, id))!)

/** A patient confirms event 2, for the start that stands there or another. */
async function answer(at: AnyOffice, more: { startsAt?: string; at?: number; id?: string } = {}): Promise<string> {
  const document = (await at.bridge.documentOf('events', 2))!
  const startsAt = more.startsAt ?? ((await at.staff.row('events', 2))!['starts_at'] as string)
  const patient = (await at.bridge.documentOf('patients', 1))!
  const answered = { kind: 'answered' as const, at: more.at ?? clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await at.replica.change([{ collection: 'confirmations', key: document, facts: await factsAt(at.replica, 'events', document), add: { [more.id ?? ulid()]: answered } }]) // prettier-ignore
  await at.bridge.written()
  return document
}
const kindsOf = async (at: AnyOffice, document: string) =>
  (await at.replica.entries('confirmations', document)).map((entry) => entry.kind).toSorted()

describe.each(kinds)('$schema schema, $engine', (kind) => {
  let at: AnyOffice
  beforeEach(async () => {
    at = await openAnyOffice(kind)
  })

  it('[DOM-8] the first reading says of everybody what stands there, whatever it is called', async () => {
    const patient = (await record(at, 'patients', 1))!.fields
    const row = (await at.staff.row('patients', 1))!
    expect(patient).toMatchObject({ firstName: row['first_name'], lastName: row['last_name'], birthDate: row['birth_date'], cellPhone: row['cell_phone'], portalEnabled: true, textConsent: true, deleted: false }) // prettier-ignore
    expect(patient['balanceDueCents']).toEqual(expect.any(Number))
    const event = (await record(at, 'events', 2))!
    expect(event.fields).toMatchObject({ startsAt: (await at.staff.row('events', 2))!['starts_at'], minutes: 45, status: 'None', words: 'Consultation', location: '1', lastConfirmed: null }) // prettier-ignore
    expect((await record(at, 'plans', 1))!.fields).toMatchObject({ status: 'Active', words: (await at.staff.row('plans', 1))!['patient_words'] }) // prettier-ignore
    expect(stagesOf((await record(at, 'plans', 1))!.values)).toHaveLength(6)
    const [practice] = await at.replica.list('practice')
    expect((await at.replica.record('practice', practice!.key))!.fields).toMatchObject({ practiceName: 'Desert Bloom Surgery', zone: 'America/Phoenix' }) // prettier-ignore
    expect(await at.replica.count('patients')).toBe(20)
    expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
  })

  it('[DOM-1] [DOM-2] a confirmation is written once with its type, never moves back, and leaves the status', async () => {
    const now = clock.now()
    const document = await answer(at, { at: now })
    await answer(at, { at: now - 86_400_000 })
    expect(await at.staff.row('events', 2)).toMatchObject({ status: 'None', confirmation_type: 'Portal', last_confirmed_date: wallClockOf(now, 'America/Phoenix') }) // prettier-ignore
    expect(await kindsOf(at, document)).toEqual(['answered', 'answered', 'written', 'written'])
    expect((await at.replica.entries('confirmations', document)).filter((one) => one.kind === 'written' && one.readBackAt !== undefined)).toHaveLength(2) // prettier-ignore
    // The agent's own change is no news.
    expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
  })

  it('[DOM-3] [DOM-4] an answer for a time that has moved, or for what was canceled, confirms nothing', async () => {
    const seen = (await at.staff.row('events', 2))!['starts_at'] as string
    await at.staff.set('events', 2, { starts_at: '2027-01-05T10:00' })
    const document = await answer(at, { startsAt: seen })
    await at.staff.set('events', 2, { status: 'Canceled' })
    await answer(at)
    expect(await at.staff.row('events', 2)).toMatchObject({ last_confirmed_date: null, status: 'Canceled', starts_at: '2027-01-05T10:00' }) // prettier-ignore
    expect(await kindsOf(at, document)).toEqual(['answered', 'answered', 'set aside', 'set aside'])
    expect(await at.replica.count('reviews')).toBe(2)
  })

  it('[DOM-8] what staff change, add and delete is what the records say, also twice between two looks', async () => {
    await at.staff.set('patients', 1, { cell_phone: '+1 480 555 0101' })
    await at.staff.set('patients', 1, { cell_phone: '+1 480 555 0199' })
    await at.staff.set('stages', 6, { completed: 1 })
    await at.staff.remove('stages', 5)
    const added = await at.staff.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at: wallClockOf(clock.now() + 86_400_000, 'America/Phoenix'), minutes: 30, status: 'None' }) // prettier-ignore
    await at.bridge.readNow()
    expect((await record(at, 'patients', 1))!.fields['cellPhone']).toBe('+1 480 555 0199')
    expect((await record(at, 'plans', 1))!.fields).toMatchObject({ 'stage/6/completed': true, 'stage/5/deleted': true })
    expect((await record(at, 'events', added))!.fields).toMatchObject({ minutes: 30, deleted: false })
    const document = (await at.bridge.documentOf('events', added))!
    await at.staff.set('events', added, { minutes: 31 })
    await at.staff.set('events', added, { minutes: 32 })
    await at.bridge.readNow()
    await at.staff.set('events', added, { minutes: 33 })
    await at.bridge.readNow()
    expect((await record(at, 'events', added))!.fields['minutes']).toBe(33)
    await at.staff.remove('events', added)
    await at.bridge.readNow()
    expect((await at.replica.record('events', document))!.fields['deleted']).toBe(true)
    expect(await at.bridge.documentOf('events', added)).toBeUndefined()
    // Without being asked.
    await at.staff.set('patients', 2, { email: 'other@example.com' })
    await expect.poll(async () => (await record(at, 'patients', 2))!.fields['email']).toBe('other@example.com')
  })

  it('[DOM-17] a patient whose name and birth date are both others waits for a person, with what is written there', async () => {
    const key = (await at.bridge.documentOf('patients', 1))!
    const before = (await at.replica.record('patients', key))!.fields
    await at.staff.set('patients', 1, { first_name: 'Zed', birth_date: '1950-01-01' })
    await answer(at)
    expect((await at.replica.record('patients', key))!.fields).toEqual(before)
    expect(await at.staff.row('events', 2)).toMatchObject({ last_confirmed_date: null })
    await resolve(at.replica, (await at.replica.list('reviews'))[0]!.key)
    await at.bridge.written()
    expect((await at.replica.record('patients', key))!.fields).toMatchObject({
      firstName: 'Zed',
      birthDate: '1950-01-01',
    })
    expect(await at.staff.row('events', 2)).toMatchObject({ confirmation_type: 'Portal' })
  })

  it('[DOM-15] a message and an accepted change of a phone are written once, also by the next life of the agent', async () => {
    const patient = (await at.bridge.documentOf('patients', 1))!
    await say(at.replica, patient, 'm', 'Is parking free?')
    const id = ulid()
    const was = { cellPhone: (await at.staff.row('patients', 1))!['cell_phone'] as string }
    const asked = { kind: 'contact change' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, fields: { cellPhone: '480 555 0177' }, was } // prettier-ignore
    await at.replica.change([{ collection: 'requests', key: patient, facts: await factsAt(at.replica, 'patients', patient), add: { [id]: asked } }]) // prettier-ignore
    await at.bridge.written()
    const office = answering({ replica: at.replica, clock, site: site.key, factsOf: (one) => factsAt(at.replica, 'patients', one) }) // prettier-ignore
    await office.answer(derivedUlid('request', id), 'accepted', '', { role: 'staff', id: 'desk', initials: 'JD' })
    await at.bridge.written()
    await at.bridge.stop()
    const again = await at.start()
    await again.readNow()
    await again.written()
    expect(await at.staff.count('communications')).toBe(1)
    expect(await at.staff.row('communications', 1)).toMatchObject({ patient_id: 1, event_id: null, channel: 'portal', direction: 'in', subject: 'Hello', body: 'Is parking free?', external_id: 'm' }) // prettier-ignore
    expect(await at.staff.row('patients', 1)).toMatchObject({ cell_phone: '480 555 0177' })
    expect(await again.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
    expect(again.status().problem).toBeNull()
  })

  it('[DOM-15] a text that left is written once, and what becomes of it too where InSched has a place for that', async () => {
    const key = (await at.bridge.documentOf('patients', 1))!
    const said = { at: clock.now(), by: { role: 'portal' as const, id: 'p' } }
    const facts = await factsAt(at.replica, 'patients', key)
    const text = { kind: 'text' as const, ...said, what: 'reminder' as const, to: '+14805550100', recipient: 'r', body: 'Soon.' } // prettier-ignore
    const became = (state: 'sent' | 'delivered') => ({ [`t:${state}`]: { kind: 'state' as const, ...said, message: 't', state } }) // prettier-ignore
    await at.replica.change([{ collection: 'communications', key, facts, add: { t: text, ...became('sent') } }])
    await at.bridge.written()
    await at.replica.change([{ collection: 'communications', key, add: became('delivered') }])
    await at.bridge.written()
    expect(at.bridge.status().problem).toBeNull()
    expect(await at.staff.count('communications')).toBe(1)
    const row = (await at.staff.row('communications', 1))!
    expect(row).toMatchObject({ direction: 'out', channel: 'text', body: 'Soon.', external_id: 't' })
    expect(row['state']).toBe(kind.schema === 'reference' ? 'delivered' : undefined)
  })

  it('what texts may not say is asked of the practice’s own names: what patients are told, and what staff say where the mapping names it', async () => {
    const { care, first, types } = await at.bridge.namesForTexts()
    expect(types).toContainEqual(
      kind.schema === 'reference'
        ? { type: 'CONS', name: 'Consultation rhinoplasty' }
        : { type: '1', name: 'Consultation' },
    )
    expect(care).toEqual(expect.arrayContaining(['Consultation', 'Procedure visit']))
    expect(care.includes('Surgery rhinoplasty') && care.includes('Surgery Scheduled')).toBe(kind.schema === 'reference')
    expect(first).toContain(kind.schema === 'reference' ? (await at.staff.row('patients', 1))!['first_name'] : 'Ann')
  })

  it('[DOM-11] a payment is one deposit, for the plan it was asked for; what moves later stands on it, and what staff do to it is seen', async () => {
    const key = (await at.bridge.documentOf('patients', 1))!
    const [payment, request] = [ulid(), ulid()]
    const portal = { role: 'portal' as const, id: 'p' }
    const now = { at: clock.now() }
    const add = async (entries: Record<string, PaymentEntry>, run = at.bridge): Promise<void> => {
      await at.replica.change([{ collection: 'payments', key, facts: await factsAt(at.replica, 'patients', key), add: entries }]) // prettier-ignore
      await run.written()
    }
    const known = async () => foldPayments(await at.replica.entries('payments', key)).payments[0]!
    const plan = (await at.bridge.documentOf('plans', 1))!
    await add({
      [request]: { kind: 'requested', ...now, by: { role: 'staff', id: 'jo' }, amount: cents(12_345), due: null, words: 'Deposit for your visit', plan }, // prettier-ignore
      [payment]: { kind: 'started', ...now, by: { role: 'patient', id: 'a', name: 'Pat' }, amount: cents(12_345), request }, // prettier-ignore
      paid: { kind: 'paid', ...now, by: portal, payment, amount: cents(12_345), transaction: 'pi_1', brand: 'visa', last4: '4242', authorization: 'A1' }, // prettier-ignore
    })
    expect(at.bridge.status().problem).toBeNull()
    expect(await at.staff.count('deposits')).toBe(1)
    const { deposit } = (await known()).posted!
    expect(await at.staff.row('deposits', deposit)).toMatchObject({ patient_id: 1, plan_id: 1, deposited_on: wallClockOf(now.at, 'America/Phoenix').slice(0, 10), amount_cents: 12_345, refunded_cents: 0, voided_cents: 0, card_last4: '4242', authorization_code: 'A1', transaction_id: 'pi_1', paid_by: 'Pat' }) // prettier-ignore
    await add({
      r: { kind: 'refunded', ...now, by: portal, payment, refund: 're_1', amount: cents(345), state: 'done' },
    })
    expect(await at.staff.row('deposits', deposit)).toMatchObject({ refunded_cents: 345 })
    // The agent's own change is no news.
    const said = (await at.replica.entries('payments', key)).length
    await at.bridge.readNow()
    expect((await at.replica.entries('payments', key)).length).toBe(said)
    await at.staff.set('deposits', deposit, { refunded_cents: 200 })
    await at.bridge.readNow()
    expect((await known()).deposits).toMatchObject([{ amounts: { amount: 12_345, refunded: 200 } }])
    await at.staff.remove('deposits', deposit)
    await at.bridge.readNow()
    expect((await known()).deposits).toMatchObject([{ amounts: null }])
    await at.bridge.stop()
    const again = await at.start()
    await add({ r2: { kind: 'refunded', ...now, by: portal, payment, refund: 're_2', amount: cents(45), state: 'done' } }, again) // prettier-ignore
    expect(await at.staff.count('deposits')).toBe(0)
    expect(again.status().problem).toBeNull()
  })

  it('a patient is found by parts of the name, and another agent is refused', async () => {
    const { last_name, first_name } = (await at.staff.row('patients', 1)) as { last_name: string; first_name: string }
    const found = await at.bridge.findPatients(`${first_name.slice(0, 2).toLowerCase()} ${last_name.slice(0, 3)}`)
    expect(found).toEqual(expect.arrayContaining([expect.objectContaining({ patient_id: 1, last_name, first_name })]))
    await expect(at.start({ holder: 'elsewhere' })).rejects.toThrow(/Another agent works on the InSched database/)
  })

  it('[DOM-7] an event comes in when it enters the horizon, and Alert Notes never do', async () => {
    const far = await at.staff.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at: '2099-01-01T10:00', minutes: 30, status: 'None', alert_notes: 'ALERT-NOTE' }) // prettier-ignore
    await at.bridge.readNow()
    expect(await at.bridge.documentOf('events', far)).toBeUndefined()
    await at.bridge.stop()
    const later = { ...clock, now: () => Date.parse('2098-06-01T00:00:00Z') }
    const again = await at.start({ clock: later })
    closers.push(() => again.stop())
    await again.readNow()
    const document = (await again.documentOf('events', far))!
    expect((await at.replica.record('events', document))!.fields['startsAt']).toBe('2099-01-01T10:00')
    expect(JSON.stringify(await at.replica.record('events', document))).not.toContain('ALERT-NOTE')
  })
})
