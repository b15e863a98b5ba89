/** Consent to text that staff set in InSched is an opt-in of the number: by whom, when and how, once, and never over a STOP. */
import { describe, expect, it } from 'vitest'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { optedOut } from '../../src/bridges/texts/consent.ts'
import { foldConsent, toWelcome } from '../../src/replica/kinds/consents.ts'
import { clock } from '../replica/world.ts'
import { closers, openOffice, site, start, type Office } from './office.ts'
import { kinds, openAnyOffice } from './offices.ts'

const keys = consentKeys(new Uint8Array(32).fill(7))
const key = keys.ofNumber('+14805550142')
const numbers = { keyOf: keys.ofPhone, patientsOf: () => Promise.resolve([]) }
/** Patients 1 and 2 have the number and were not asked. */
async function opened(): Promise<Office> {
  const at = await openOffice({ numbers })
  at.staff.exec("update patients set cell_phone = '(480) 555-0142', text_consent = null where patient_id <= 2")
  await at.bridge.readNow()
  return at
}
const entriesOf = ({ replica }: Pick<Office, 'replica'>) => replica.entries('consents', key)
const setYes = (at: Office, patient = 1, initials = 'JD'): void => {
  at.staff.exec(`update patients set text_consent = 1 where patient_id = ${patient};
    update audit_trail set initials = '${initials}' where audit_id = (select max(audit_id) from audit_trail)`)
}

describe.each(kinds)('$schema schema, $engine', (kind) => {
  it('[S2] a yes that staff set is an opt-in of the number; what was yes before is none, nor what else is edited', async () => {
    const at = await openAnyOffice(kind, { numbers })
    expect(await at.replica.list('consents')).toEqual([])
    await at.staff.set('patients', 1, { cell_phone: '480 555 0142', text_consent: 0 })
    await at.bridge.readNow()
    expect(await entriesOf(at)).toEqual([])
    await at.staff.set('patients', 1, { text_consent: 1 })
    await at.bridge.readNow()
    await at.staff.set('patients', 1, { last_name: 'Other' })
    await at.bridge.readNow()
    expect(await entriesOf(at)).toMatchObject([{ kind: 'opted in', how: 'staff', by: { role: 'staff', id: site.key }, ends: [] }]) // prettier-ignore
  })
})

it('[S2] it has the initials and the time of who set it, and is one also where the trail is read again by a replica that was put back', async () => {
  const at = await opened()
  setYes(at)
  const set = Date.parse(at.staff.prepare('select at_utc from audit_trail order by audit_id desc limit 1').pluck().get() as string) // prettier-ignore
  await at.bridge.readNow()
  expect(await entriesOf(at)).toMatchObject([{ by: { initials: 'JD' }, at: Math.min(set, clock.now()) }])
  await at.replica.remember('insched trail', 1)
  await at.bridge.stop()
  const again = await start(at.file, at.replica, { numbers })
  closers.push(() => again.stop())
  await again.readNow()
  expect(await entriesOf(at)).toHaveLength(1)
})

it('[S2] each yes of a number is kept, whoever of its patients it is for; a yes that was taken back before it was read is none', async () => {
  const at = await opened()
  setYes(at, 1)
  at.staff.exec('update patients set text_consent = 0 where patient_id = 1')
  await at.bridge.readNow()
  expect(await entriesOf(at)).toEqual([])
  setYes(at, 1)
  setYes(at, 2, 'AB')
  await at.bridge.readNow()
  expect(new Set((await entriesOf(at)).map(({ by }) => by.initials))).toEqual(new Set(['AB', 'JD']))
})

it('[S2] a new patient whom staff enter with a yes opts in too; one without a number, or combined into another, does not', async () => {
  const at = await opened()
  at.staff.exec("insert into patients(last_name, first_name, cell_phone, text_consent) values ('New', 'One', '+1 480 555 0142', 1), ('No', 'Phone', null, 1)") // prettier-ignore
  at.staff.exec('update patients set survivor_id = 3, text_consent = 1 where patient_id = 2')
  await at.bridge.readNow()
  expect(await at.replica.list('consents')).toMatchObject([{ key }])
  expect(await entriesOf(at)).toHaveLength(1)
})

it('[DOM-20] after a STOP a yes of staff is no opt-in, and nobody is to be welcomed', async () => {
  const at = await opened()
  await at.replica.change([optedOut(key, { by: { role: 'patient', id: key }, how: 'reply', at: clock.now(), proof: { text: 'STOP', message: 'SM1' } })]) // prettier-ignore
  setYes(at)
  await at.bridge.readNow()
  await at.bridge.written()
  expect((await entriesOf(at)).map(({ kind }) => kind)).toEqual(['opted out'])
  expect(foldConsent(await entriesOf(at)).state).toBe('out')
  expect(toWelcome(await entriesOf(at))).toBeUndefined()
})
