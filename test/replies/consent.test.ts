/** Consent of a number: what stands whatever the order in which replicas heard it, how numbers are known, and that site and portal know them alike. */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { consentKeys, numberOf } from '../../src/bridges/texts/consent-number.ts'
import { consentsOf, optedIn, optedOut } from '../../src/bridges/texts/consent.ts'
import { foldConsent, type ConsentEntry } from '../../src/replica/kinds/consents.ts'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { openSite } from '../../src/site.ts'
import { clock, master, ulid } from '../replica/world.ts'
import { openSiteWorld } from '../server/site-world.ts'

const keys = consentKeys(new Uint8Array(32).fill(1))
const patient = { role: 'patient' as const, id: 'p' }
const staff = { role: 'staff' as const, id: 's', initials: 'JD' }
const out = (id: string, at: number, by = patient as ConsentEntry['by']): Entry<ConsentEntry> => ({ id, kind: 'opted out', at, by, channel: 'text', how: by.role === 'staff' ? 'staff' : 'reply' }) // prettier-ignore
const into = (id: string, at: number, ends: string[], by = patient as ConsentEntry['by']): Entry<ConsentEntry> => ({ id, kind: 'opted in', at, by, channel: 'text', how: by.role === 'staff' ? 'staff' : 'reply', ends }) // prettier-ignore

describe('consent of a number', () => {
  it('is unknown where nothing was said, and unknown is no', async () => {
    expect(foldConsent([]).state).toBe('unknown')
    const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
    const { whyNoText } = consentsOf({ replica, keys })
    expect(await whyNoText({ cellPhone: '480 555 0100', textConsent: null })).toBe('consent unknown')
    expect(await whyNoText({ cellPhone: '480 555 0100', textConsent: false })).toBe('no consent')
    expect(await whyNoText({ cellPhone: 'none', textConsent: true })).toBe('no number')
    expect(await whyNoText({ cellPhone: null, textConsent: true })).toBe('no number')
    expect(await whyNoText({ cellPhone: '480 555 0100', textConsent: true })).toBeNull()
    await replica.change([optedOut(keys.ofNumber('+14805550100'), { by: patient, how: 'reply', at: clock.now(), proof: { text: 'STOP', message: 'SM1' } })]) // prettier-ignore
    // At once, for each patient of the number, whatever InSched says of them.
    expect(await whyNoText({ cellPhone: '(480) 555-0100', textConsent: true })).toBe('opted out')
    expect(await whyNoText({ cellPhone: '+1 480 555 0100', textConsent: true })).toBe('opted out')
    expect(await whyNoText({ cellPhone: '480 555 0101', textConsent: true })).toBeNull()
    await replica.close()
  })
  it('[DOM-9] opted out wins over an opt-in that did not know of it, whatever the clocks say', () => {
    expect(foldConsent([out('a', 100), into('b', 200, ['a'])]).state).toBe('in')
    expect(foldConsent([out('a', 100), into('b', 200, [])]).state).toBe('out')
    expect(foldConsent([out('a', 100), into('b', 200, ['a']), out('c', 150)])).toMatchObject({ state: 'out', standing: ['c'] }) // prettier-ignore
    expect(foldConsent([out('a', 300), into('b', 200, ['a'])]).state).toBe('in')
  })
  it('[DOM-20] staff end no opt-out of a patient; one of staff they may', () => {
    expect(foldConsent([out('a', 100), into('b', 200, ['a'], staff)]).state).toBe('out')
    expect(foldConsent([out('a', 100, staff), into('b', 200, ['a'], staff)]).state).toBe('in')
    expect(foldConsent([out('a', 100, staff), into('b', 200, ['a'])]).state).toBe('in')
  })
  it('comes to the same in whatever order it is heard, and never to yes while an opt-out of a patient is not named', () => {
    const ids = ['a', 'b', 'c', 'd']
    const entry = fc.tuple(fc.constantFrom(...ids), fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 9 }), fc.subarray(ids)) // prettier-ignore
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([id]) => id }), fc.infiniteStream(fc.nat()), (some, order) => {
        const entries = some.map(([id, isOut, isStaff, at, ends]) => (isOut ? out(id, at, isStaff ? staff : patient) : into(id, at, ends, isStaff ? staff : patient))) // prettier-ignore
        const consent = foldConsent(entries)
        const shuffled = entries.map((one) => ({ one, place: order.next().value })).toSorted((a, b) => a.place - b.place).map(({ one }) => one) // prettier-ignore
        expect(foldConsent(shuffled)).toEqual(consent)
        const named = new Set(entries.flatMap((one) => (one.kind === 'opted in' && one.by.role === 'patient' ? one.ends : []))) // prettier-ignore
        const unnamed = entries.some(
          (one) => one.kind === 'opted out' && one.by.role === 'patient' && !named.has(one.id),
        )
        if (unnamed) expect(consent.state).toBe('out')
      }),
      { seed: 7 },
    )
  })
  it('a STOP that the provider delivers twice is there once, with its proof', async () => {
    const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
    const key = keys.ofNumber('+14805550100')
    const said = { by: patient, how: 'reply' as const, at: clock.now(), proof: { text: 'please stop', message: 'SM1', rules: 'replies 1' } } // prettier-ignore
    await replica.change([optedOut(key, said)])
    await replica.change([optedOut(key, { ...said, at: said.at + 5_000 })])
    expect(await replica.entries('consents', key)).toEqual([expect.objectContaining({ kind: 'opted out', at: said.at, proof: said.proof })]) // prettier-ignore
    await replica.change([optedIn(key, await consentsOf({ replica, keys }).of(key), { by: patient, how: 'reply', at: said.at + 9, proof: { text: 'START', message: 'SM2' } })]) // prettier-ignore
    expect((await consentsOf({ replica, keys }).ofNumber('+14805550100')).state).toBe('in')
    await replica.close()
  })
})

describe('a number', () => {
  it.each([
    ['480 555 0100', '+14805550100'],
    ['(480) 555-0100', '+14805550100'],
    ['1-480-555-0100', '+14805550100'],
    ['480.555.0100 x12', '+14805550100'],
    ['+52 55 1234 5678', '+525512345678'],
    ['555-0100', undefined],
    ['911', undefined],
    ['ask her sister', undefined],
    ['', undefined],
    [null, undefined],
  ])('written as %s is %s', (written, number) => {
    expect(numberOf(written)).toBe(number)
  })
  it('is not in the key of its document, and another practice has another key', () => {
    const key = keys.ofNumber('+14805550100')
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(consentKeys(new Uint8Array(32).fill(2)).ofNumber('+14805550100')).not.toBe(key)
    expect(keys.ofAddress(' Ann@Example.com ')).toBe(keys.ofAddress('ann@example.com'))
  })
})

it('a STOP holds at the portal at once while the site is off, and stands in InSched when it is back: both know the number alike', async () => {
  const world = await openSiteWorld()
  const { practiceId } = (await world.portal.status()).practices[0]!
  const atPortal = world.portal.replicaOf(practiceId)!
  world.insched.exec("update patients set cell_phone = '480 555 0142', text_consent = 1, portal_enabled = 1 where patient_id in (1, 2)") // prettier-ignore
  await world.site.upload()
  const [one] = await atPortal.index({ view: 'patient', patient: (await world.site.bridge.documentOf('patients', 1))! })
  const shared = await atPortal.index({ view: 'patient', state: one!.state })
  expect(new Set(shared.map((row) => row.id))).toEqual(
    new Set(await Promise.all([1, 2].map((id) => world.site.bridge.documentOf('patients', id)))),
  )
  await world.site.close()
  await atPortal.change([optedOut(one!.state, { by: patient, how: 'reply', at: Date.now(), proof: { text: 'STOP', message: 'SM1' } })]) // prettier-ignore
  expect(foldConsent(await atPortal.entries('consents', one!.state)).state).toBe('out')
  const site = await openSite({ dir: join(world.dir, 'site'), master, clock: systemClock })
  const insched = new Database(join(world.dir, 'insched.db'), { readonly: true })
  await expect.poll(() => insched.prepare('select text_consent from patients where patient_id in (1, 2)').pluck().all(), { timeout: 20_000 }).toEqual([0, 0]) // prettier-ignore
  // The site's own replica has it too: a page of the console says so without the portal.
  expect(foldConsent(await site.replica.entries('consents', one!.state)).state).toBe('out')
  insched.close()
  world.staff.close()
  await site.close()
  await world.portal.close()
})
