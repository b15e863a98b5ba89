/** Write-back “None”: what patients say is known, and not one row of InSched is another. */
import { expect, it } from 'vitest'
import { referenceMapping } from '../../src/bridges/insched/reference-mapping.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { optedOut } from '../../src/bridges/texts/consent.ts'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { answering } from '../../src/site/answering.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import { clock, ulid } from '../replica/world.ts'
import { confirm, factsAt, openOffice, say, site, type Office } from './office.ts'

const keys = consentKeys(new Uint8Array(32).fill(7))
const number = '+14805550142'
const mayWrite = { confirmations: false, communications: false, deposits: false, contact: [], consent: false, records: false } as const // prettier-ignore
const patientRecord = async (at: Office): Promise<string> => (await at.bridge.documentOf('patients', 1))!

/** Every row of every table that is the practice's, its audit trail among them. */
function rowsOf({ staff }: Office): Record<string, unknown[]> {
  const tables = staff.prepare("select name from sqlite_schema where type = 'table' and name not like 'pc\\_%' escape '\\' and name not like 'sqlite%'").pluck().all() as string[] // prettier-ignore
  return Object.fromEntries(tables.map((table) => [table, staff.prepare(`select * from "${table}"`).all()]))
}
/** Everything that patients can say: a confirmation, a message, a text and a reply, an accepted change of contact details, STOP. */
async function sayAll(at: Office): Promise<string> {
  const key = await patientRecord(at)
  const event = await confirm(at)
  await say(at.replica, key, 'm')
  const said = { at: clock.now(), by: { role: 'portal' as const, id: 'p' } }
  const asked = ulid()
  await at.replica.change([
    { collection: 'communications', key, facts: await factsAt(at.replica, 'patients', key), add: { t: { kind: 'text', ...said, what: 'reminder', to: number, recipient: keys.ofNumber(number), body: 'Soon.' }, s: { kind: 'state', ...said, message: 't', state: 'sent' }, r: { kind: 'received', ...said, from: number, recipient: keys.ofNumber(number), body: 'C', outcome: 'answered' } } },
    { collection: 'requests', key, facts: await factsAt(at.replica, 'patients', key), add: { [asked]: { kind: 'contact change', at: clock.now(), by: { role: 'patient', id: 'a', name: 'Ann' }, fields: { cellPhone: '480 555 0199' }, was: { cellPhone: '(480) 555-0142' } } } },
    optedOut(keys.ofNumber(number), { by: { role: 'patient', id: keys.ofNumber(number) }, how: 'reply', at: clock.now(), proof: { text: 'STOP', message: 'SM1' } }),
  ]) // prettier-ignore
  await at.bridge.written()
  await answering({ replica: at.replica, clock, site: site.key, factsOf: (one) => factsAt(at.replica, 'patients', one) }).answer(derivedUlid('request', asked), 'accepted', '', { role: 'staff', id: 'desk', initials: 'JD' }) // prettier-ignore
  await at.bridge.written()
  return event
}

it.each([
  { writeBack: 'None', outcome: 'changes no row of InSched, and staff are told what to write by hand', may: mayWrite, isSame: true },
  { writeBack: 'everything', outcome: 'is in its tables', may: referenceMapping['may write'], isSame: false },
])('[S21] with write-back $writeBack what patients say $outcome', async ({ may, isSame }) => {
  const patientsOf = async (): Promise<string[]> => [await patientRecord(at)]
  const at: Office = await openOffice({ mapping: { ...referenceMapping, 'may write': may }, numbers: { keyOf: keys.ofPhone, patientsOf } })
  at.staff.exec("update patients set cell_phone = '(480) 555-0142', text_consent = 1 where patient_id = 1")
  await at.bridge.readNow()
  const before = rowsOf(at)
  const event = await sayAll(at)
  const after = rowsOf(at)
  if (isSame) expect(after).toEqual(before)
  // The same without “None” changes each of them: what is compared is what would have been written.
  else for (const table of ['patients', 'events', 'communications', 'audit_trail']) expect(after[table]).not.toEqual(before[table])
  // The answer is known all the same, and says itself whether it stands in InSched.
  const answers = foldConfirmations(await at.replica.entries('confirmations', event))
  expect(answers.map((one) => one.state)).toEqual([isSame ? 'sent' : 'written'])
  const reviews = await Promise.all((await at.replica.list('reviews')).map(async ({ key }) => foldReview(await at.replica.entries('reviews', key))!))
  const open = reviews.filter((one) => one.resolved === null)
  expect(open.map((one) => one.todo).toSorted()).toEqual(isSame ? ['Write it into InSched by hand.', 'Write it into the schedule by hand, or let the agent write it by the mapping.'] : [])
}) // prettier-ignore
