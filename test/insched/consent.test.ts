/** InSched's consent to text follows what the number said: STOP for every patient of it, START of the patient, never a yes of staff over a STOP. */
import { expect, it } from 'vitest'
import type { BridgeOptions } from '../../src/bridges/insched/bridge.ts'
import { referenceMapping } from '../../src/bridges/insched/reference-mapping.ts'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { consentsOf, optedIn, optedOut } from '../../src/bridges/texts/consent.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import type { Replica } from '../../src/replica/replica-face.ts'
import { clock } from '../replica/world.ts'
import { closers, openOffice, start, type Office } from './office.ts'

const keys = consentKeys(new Uint8Array(32).fill(7))
const number = '+14805550142'
const key = keys.ofNumber(number)
const patient = { role: 'patient' as const, id: key }
let messages = 0
const proof = (text: string) => ({ text, message: `SM${++messages}` })

const numbersOf = (replica: () => Replica) => ({
  keyOf: keys.ofPhone,
  async patientsOf(consent: string) {
    const heads = await replica().list('patients')
    const found = await Promise.all(heads.map(async ({ key: one }) => ({ one, phone: (await replica().record('patients', one))?.fields['cellPhone'] as string | null }))) // prettier-ignore
    return found.filter(({ phone }) => keys.ofPhone(phone) === consent).map(({ one }) => one)
  },
})
/** Patients 1 and 2 have the number, written differently; 1 has said yes, 2 is unknown; 3 has another. */
async function openShared(more: Partial<BridgeOptions> = {}): Promise<Office> {
  let office: Office | undefined = undefined
  const at: Office = (office = await openOffice({ numbers: numbersOf(() => office!.replica), ...more }))
  at.staff
    .exec(`update patients set cell_phone = '(480) 555-0142', text_consent = 1, portal_enabled = 1 where patient_id = 1;
    update patients set cell_phone = '480.555.0142', text_consent = null where patient_id = 2;
    update patients set cell_phone = '480 555 0143', text_consent = 1 where patient_id = 3`)
  await at.bridge.readNow()
  return at
}
const stop = async (at: Office): Promise<void> => {
  await at.replica.change([optedOut(key, { by: patient, how: 'reply', at: clock.now(), proof: proof('STOP') })])
  await at.bridge.written()
}
const begin = async (at: Office): Promise<void> => {
  const consent = await consentsOf({ replica: at.replica, keys }).of(key)
  await at.replica.change([
    optedIn(key, consent, { by: patient, how: 'reply', at: clock.now(), proof: proof('START') }),
  ])
  await at.bridge.written()
}
const settled = async (at: Office): Promise<void> => {
  await at.bridge.readNow()
  await at.bridge.written()
}
const consentIn = ({ staff }: Office): unknown[] => staff.prepare('select text_consent from patients where patient_id <= 3 order by patient_id').pluck().all() // prettier-ignore
const recordOf = async (at: Office, local: number) => (await at.replica.record('patients', (await at.bridge.documentOf('patients', local))!))!.fields // prettier-ignore
const reviewsOf = async (at: Office) => (await Promise.all((await at.replica.list('reviews')).map(async (head) => foldReview(await at.replica.entries('reviews', head.key))!))).map((one) => one.about) // prettier-ignore

it('[DOM-9] [F12] STOP writes no for all patients of the number, however it is written, and for nobody else', async () => {
  const at = await openShared()
  await stop(at)
  expect(consentIn(at)).toEqual([0, 0, 1])
  expect((await recordOf(at, 1))['textConsent']).toBe(false)
  const trail = at.staff.prepare("select initials, checkpoint from audit_trail where table_name = 'patients' and initials = 'PC'").all() as { checkpoint: string }[] // prettier-ignore
  expect(new Set(trail.map((row) => row.checkpoint)).size).toBe(2)
  expect(await reviewsOf(at)).toEqual([])
})

it('[DOM-20] a yes that staff set after a STOP becomes no again and a review; only the patient opts in', async () => {
  const at = await openShared()
  await stop(at)
  for (let time = 1; time <= 2; time++) {
    at.staff.exec('update patients set text_consent = 1 where patient_id = 2')
    await settled(at)
    await settled(at)
    expect(consentIn(at)).toEqual([0, 0, 1])
    expect(await reviewsOf(at)).toEqual(Array.from({ length: time }, () => 'consent after opt-out'))
  }
  await begin(at)
  expect(consentIn(at)).toEqual([1, 1, 1])
})

it('[DOM-20] START gives back what the STOP took; a no of staff stays', async () => {
  const at = await openShared()
  at.staff.exec('update patients set text_consent = 0 where patient_id = 2')
  await settled(at)
  await stop(at)
  await begin(at)
  expect(consentIn(at)).toEqual([1, 0, 1])
  expect((await recordOf(at, 1))['textConsent']).toBe(true)
  // And STOP again is STOP.
  await stop(at)
  expect(consentIn(at)).toEqual([0, 0, 1])
})

it('[F11] a patient who is imported with a number that opted out is written to by nobody, whatever the import says', async () => {
  const at = await openShared()
  await stop(at)
  at.staff.exec(
    "insert into patients(last_name, first_name, cell_phone, text_consent, portal_enabled) values ('New', 'Import', '+1 480 555 0142', 1, 1)",
  )
  await settled(at)
  await settled(at)
  expect(at.staff.prepare("select text_consent from patients where last_name = 'New'").pluck().get()).toBe(0)
  expect(await reviewsOf(at)).toEqual(['consent after opt-out'])
})

it('[F11] combining keeps the STOP: the Survivor who takes the number over is followed', async () => {
  const at = await openShared()
  await stop(at)
  at.staff.exec("update patients set survivor_id = 3 where patient_id = 1; update patients set cell_phone = '480 555 0142', text_consent = 1 where patient_id = 3") // prettier-ignore
  await settled(at)
  await settled(at)
  expect(at.staff.prepare('select text_consent from patients where patient_id = 3').pluck().get()).toBe(0)
})

it('what reaches a patient is said anew with consent: without it, portal and mail a patient is reached by nothing', async () => {
  const at = await openShared()
  at.staff.exec('update patients set portal_enabled = 0, email_consent = 0 where patient_id = 1')
  await settled(at)
  const key1 = (await at.bridge.documentOf('patients', 1))!
  const head = () => at.replica.head('patients', key1)
  expect((await head())!.facts.reachable).toBe(true)
  await stop(at)
  expect((await head())!.facts.reachable).toBe(false)
  await begin(at)
  expect((await head())!.facts.reachable).toBe(true)
})

it('a STOP that came while the agent was down is written when it is back, and once', async () => {
  const at = await openShared()
  await at.bridge.stop()
  await at.replica.change([optedOut(key, { by: patient, how: 'reply', at: clock.now(), proof: proof('stop') })])
  expect(consentIn(at)).toEqual([1, null, 1])
  const again = await start(at.file, at.replica, { numbers: numbersOf(() => at.replica) })
  closers.push(() => again.stop())
  await again.written()
  expect(consentIn(at)).toEqual([0, 0, 1])
})

it('where the mapping does not let the agent write consent, InSched stays as it is, and nothing is texted all the same', async () => {
  const mapping = { ...referenceMapping, 'may write': { ...referenceMapping['may write'], consent: false } }
  const at = await openShared({ mapping })
  await stop(at)
  expect(consentIn(at)).toEqual([1, null, 1])
  const { whyNoText } = consentsOf({ replica: at.replica, keys })
  expect(await whyNoText({ cellPhone: number, textConsent: true })).toBe('opted out')
})
