/** Contact details that a patient asks to change: nothing in InSched before staff accept, then once, and never over what they did not see. */
import { expect, it } from 'vitest'
import { derivedUlid } from '../../src/replica/ids.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { answering } from '../../src/site/answering.ts'
import { clock, ulid } from '../replica/world.ts'
import { factsAt, openOffice, site, type Office } from './office.ts'

const desk = { role: 'staff' as const, id: 'desk', initials: 'JD' }
const phoneOf = ({ staff }: Office): unknown => staff.prepare('select cell_phone from patients where patient_id = 1').pluck().get() // prettier-ignore
const patientOf = async ({ bridge }: Office): Promise<string> => (await bridge.documentOf('patients', 1))!
const officeWith = (at: Office) => answering({ replica: at.replica, clock, site: site.key, factsOf: (key) => factsAt(at.replica, 'patients', key) }) // prettier-ignore

/** Patient 1 asks for another mobile phone; the review of it. */
async function ask(at: Office, to = '480 555 0199'): Promise<string> {
  const [id, key] = [ulid(), await patientOf(at)]
  const was = { cellPhone: phoneOf(at) as string }
  await at.replica.change([
    { collection: 'requests', key, facts: await factsAt(at.replica, 'patients', key), add: { [id]: { kind: 'contact change', at: clock.now(), by: { role: 'patient', id: 'a', name: 'Ann' }, fields: { cellPhone: to }, was } } }, // prettier-ignore
  ])
  await at.bridge.written()
  return derivedUlid('request', id)
}
const reviewOf = async (at: Office, key: string) => foldReview(await at.replica.entries('reviews', key))

it('[DOM-8] a wish is a review with old and new, and InSched stays as it is', async () => {
  const at = await openOffice()
  const before = phoneOf(at)
  const review = (await reviewOf(at, await ask(at)))!
  expect(review).toMatchObject({ about: 'contact change', resolved: null, patient: await patientOf(at) })
  expect(review.why).toContain(`Mobile phone: ${String(before)} -> 480 555 0199.`)
  expect(phoneOf(at)).toBe(before)
})

it('[DOM-15] accepted, it is written once, in one checkpoint of the agent, and the record says the same', async () => {
  const at = await openOffice()
  const key = await ask(at)
  await officeWith(at).answer(key, 'accepted', '', desk)
  await at.bridge.written()
  expect(phoneOf(at)).toBe('480 555 0199')
  expect((await at.replica.record('patients', await patientOf(at)))!.fields['cellPhone']).toBe('480 555 0199')
  expect((await reviewOf(at, key))!.resolved).not.toBeNull()
  const trail = at.staff.prepare("select initials, station from audit_trail where table_name = 'patients' and change = 'modified'").all() // prettier-ignore
  expect(trail).toEqual([{ initials: 'PC', station: 'TEST' }])
  // Staff change it back, and the document is walked again: it is not written a second time.
  at.staff.exec("update patients set cell_phone = 'theirs' where patient_id = 1")
  await ask(at, '480 555 0200')
  expect(phoneOf(at)).toBe('theirs')
})

it('refused, nothing is written, and it cannot be accepted afterwards', async () => {
  const at = await openOffice()
  const before = phoneOf(at)
  const key = await ask(at)
  await officeWith(at).answer(key, 'refused', 'Called: it was a slip', desk)
  await at.bridge.written()
  expect(phoneOf(at)).toBe(before)
  await expect(officeWith(at).answer(key, 'accepted', '', desk)).rejects.toThrow('was refused already')
})

it('[DOM-16] what staff changed in InSched before they accepted is not written over: it is a review again', async () => {
  const at = await openOffice()
  const key = await ask(at)
  at.staff.exec("update patients set cell_phone = 'newer' where patient_id = 1")
  await at.bridge.readNow()
  await officeWith(at).answer(key, 'accepted', '', desk)
  await at.bridge.written()
  expect(phoneOf(at)).toBe('newer')
  const open = await Promise.all((await at.replica.list('reviews')).map((head) => reviewOf(at, head.key)))
  expect(open.filter((one) => one!.resolved === null).map((one) => one!.why)).toEqual([expect.stringContaining('Mobile phone changed in InSched meanwhile')]) // prettier-ignore
})
