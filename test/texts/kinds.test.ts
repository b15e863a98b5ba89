/** The kinds of rules and their conditions: when each tells, what, and why not. */
import { expect, it, onTestFinished } from 'vitest'
import { outlookOf } from '../../src/bridges/texts/judging.ts'
import { situationsOf } from '../../src/bridges/texts/situation.ts'
import { texting, type Texting } from './texting.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

async function opened(fields: Record<string, string>, at?: number): Promise<Texting> {
  const world = await texting(at === undefined ? {} : { at })
  onTestFinished(() => world.close())
  await world.set({ 'rule/request': 'none', 'rule/reminder': 'none', ...fields })
  return world
}
const local = (at: number): string => new Date(at - 7 * hour).toISOString().slice(0, 16)
const arrived = (world: Texting) => world.arrived().map(({ at, body }) => [local(at), body])
const why = async (world: Texting, event: string): Promise<Record<string, string>> => {
  const told = (await situationsOf(world).of(event, world.clock.now()))!
  return Object.fromEntries(outlookOf(told).map(({ rule, verdict }) => [rule.id, verdict.is === 'not' || verdict.is === 'wait' ? verdict.why : verdict.is])) // prettier-ignore
}

it('[TEXT-13] a booking is told of when it can no more be undone; a move after that is told as a change, and what was undone is not', async () => {
  const world = await opened({ 'rule/booked': 'booking notice', 'rule/changed': 'change notice', perDay: '9' })
  const ann = await world.person()
  const event = await world.event(ann, '2027-03-20T14:30')
  const undone = await world.event(ann, '2027-03-21T14:30')
  await world.pass(5 * minute)
  expect(await why(world, event)).toEqual({ booked: 'grace', changed: 'nothing was told' })
  await world.event(ann, '', { deleted: true, startsAt: '2027-03-21T14:30' }, undone)
  await world.pass(hour)
  await world.event(ann, '', { startsAt: '2027-03-22T09:00' }, event)
  await world.pass(5 * minute)
  // Moved and moved back within the grace: nobody hears of it.
  await world.event(ann, '', { startsAt: '2027-03-20T14:30' }, event)
  await world.pass(hour)
  await world.event(ann, '', { startsAt: '2027-03-22T10:00' }, event)
  await world.pass(hour)
  expect(arrived(world)).toEqual([
    ['2027-03-01T10:10', 'Ann: your appointment at Desert Bloom, Mesa is booked for Sat, Mar 20, 2:30 PM. Questions? +1 480 555 0100 Reply STOP to opt out.'],
    ['2027-03-01T12:15', 'Ann: your appointment at Desert Bloom, Mesa is now Mon, Mar 22, 10:00 AM. Questions? +1 480 555 0100'],
  ].map(([at, body]) => [expect.stringMatching(at!.slice(0, 13)) as string, body]))
  expect(await why(world, event)).toEqual({ booked: 'told already', changed: 'told' })
}) // prettier-ignore

it('[TEXT-13] a booking of months ahead is told of once, also where the portal was started again before it was told', async () => {
  const world = await opened({ 'rule/booked': 'booking notice' })
  const ann = await world.person()
  const event = await world.event(ann, '2027-07-20T14:30')
  await world.pass(5 * minute)
  await world.restart()
  await world.pass(10 * minute)
  expect(world.arrived()).toHaveLength(1)
  await world.restart()
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
  expect(await why(world, event)).toEqual({ booked: 'told' })
})

it('[TEXT-11] why a visit was not told of beforehand can still be said when it is over', async () => {
  const world = await opened({ 'rule/ask': 'confirmation request 3 days before', 'rule/day': 'reminder 1 day before' })
  const ann = await world.person({ textConsent: false })
  const event = await world.event(ann, '2027-03-02T14:30')
  await world.pass(day, hour)
  expect(await why(world, event)).toEqual({ ask: 'no consent', day: 'no consent' })
  await world.event(ann, '2027-03-02T14:30', { status: 'Checked Out' }, event)
  await world.pass(hour)
  expect(await why(world, event)).toEqual({ ask: 'no consent', day: 'no consent' })
})

it('[TEXT-13] a booking notice in the night waits for the morning, and is not told where a request has told the time', async () => {
  const world = await opened({ 'rule/booked': 'booking notice', 'rule/ask': 'confirmation request 3 days before' }, Date.parse('2027-03-02T04:00:00Z')) // prettier-ignore
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  await world.event(ann, '2027-03-20T14:30')
  const soon = await world.event(tom, '2027-03-04T14:30')
  await world.pass(day, 10 * minute)
  expect(world.arrived().map(({ at, phone }) => `${phone} ${local(at).slice(11)}`).toSorted()).toEqual(["+14805550101 09:00", "+14805550102 09:00"]) // prettier-ignore
  expect(await why(world, soon)).toEqual({ ask: 'told', booked: 'told already' })
})

it('[TEXT-13] after a visit the patient is thanked once checked out, and not days later', async () => {
  const world = await opened({ 'rule/thanks': 'after visit 2 hours after' })
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  const came = await world.event(ann, '2027-03-01T11:00')
  const missed = await world.event(tom, '2027-03-01T11:00')
  await world.pass(2 * hour)
  await world.event(ann, '', { status: 'Checked Out', startsAt: '2027-03-01T11:00' }, came)
  await world.pass(2 * hour)
  expect(arrived(world)).toEqual([['2027-03-01T13:30', 'Ann: thank you for coming to Desert Bloom, Mesa on Mon, Mar 1, 11:00 AM. Questions? +1 480 555 0100 Reply STOP to opt out.']]) // prettier-ignore
  expect(await why(world, missed)).toEqual({ thanks: 'not visited' })
  await world.pass(4 * day, hour)
  await world.event(tom, '', { status: 'Checked Out', startsAt: '2027-03-01T11:00' }, missed)
  await world.pass(hour)
  expect(arrived(world)).toHaveLength(1)
  expect(await why(world, missed)).toEqual({ thanks: 'too late' })
})

it('[TEXT-2] [TEXT-13] what is due on an excluded day goes out at its time on the day before; a day that is excluded today holds back today', async () => {
  const world = await opened({ 'rule/reminder': 'reminder 2 days before', excludedDays: 'Sunday, 2027-03-02' })
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  // Two days before Tuesday is Sunday; two days before Thursday is the Tuesday that is excluded.
  await world.event(ann, '2027-03-09T14:30')
  await world.event(tom, '2027-03-04T15:30')
  await world.pass(8 * day, 10 * minute)
  expect(world.arrived().map(({ at, phone }) => [phone, local(at)])).toEqual([['+14805550102', '2027-03-01T15:30'], ['+14805550101', '2027-03-06T14:30']]) // prettier-ignore
  const other = await world.person({ cellPhone: '+14805550103' })
  await world.set({ excludedDays: 'Tuesday' })
  const event = await world.event(other, '2027-03-11T15:30')
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(2)
  expect(await why(world, event)).toEqual({ reminder: 'hours' })
})

it('[TEXT-13] the reminder of an early event goes out before the window opens where that is wanted, else the evening before', async () => {
  for (const [earlySameDay, when] of [['off', '2027-03-01T17:55'], ['on', '2027-03-02T08:00']] as const) {
    const world = await opened({ 'rule/reminder': 'reminder 2 hours before', earlySameDay, window: '10:00-18:00' })
    await world.event(await world.person(), '2027-03-02T09:30')
    await world.pass(day, 5 * minute)
    expect(arrived(world).map(([at]) => at)).toEqual([when])
  }
}) // prettier-ignore

it('[TEXT-13] a rule for a type, for confirmed events, with a time to come, tells these and says why not the others', async () => {
  const [consult, other] = ['0'.repeat(25) + 'C', '0'.repeat(25) + 'D']
  const world = await opened({ 'rule/consult': `reminder 2 days before for type ${consult} if confirmed arrive 15 minutes early` }) // prettier-ignore
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  const confirmed = { type: consult, lastConfirmed: '2027-03-01T10:30', confirmationType: 'Phone' }
  const of = [await world.event(ann, '2027-03-03T14:30', confirmed), await world.event(tom, '2027-03-03T14:30', { type: consult }), await world.event(tom, '2027-03-04T14:30', { type: other })] // prettier-ignore
  await world.pass(5 * hour)
  expect(arrived(world)).toEqual([['2027-03-01T14:30', expect.stringMatching(/^Ann: this is a reminder .* Mar 3, 2:30 PM\..* Please come at 2:15 PM\./) as string]]) // prettier-ignore
  expect(await Promise.all(of.map((event) => why(world, event)))).toEqual([{ consult: 'told' }, { consult: 'not confirmed' }, {}]) // prettier-ignore
})

it('[TEXT-5] with closest-only off each rule that is due tells, as far as the number may have texts', async () => {
  const world = await opened({ 'rule/week': 'reminder 7 days before', 'rule/two': 'reminder 2 days before', closestOnly: 'off', perDay: '9' }) // prettier-ignore
  await world.event(await world.person(), '2027-03-03T09:30')
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(2)
})
