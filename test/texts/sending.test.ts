import { expect, it, onTestFinished } from 'vitest'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { texting, type Texting } from './texting.ts'

const hour = 3_600_000
const day = 24 * hour

async function opened(options: Parameters<typeof texting>[0] = {}): Promise<Texting> {
  const world = await texting(options)
  onTestFinished(() => world.close())
  return world
}
const out = async (world: Texting, patient: string) =>
  foldCommunications(await world.replica.entries('communications', patient))
const local = (at: number): string => new Date(at - 7 * hour).toISOString().slice(0, 16)

it('[TEXT-1] [TEXT-8] [F27] a confirmation request goes out three days before and a reminder one day before, each once', async () => {
  const world = await opened()
  const patient = await world.person()
  await world.event(patient, '2027-03-10T14:30')
  await world.pass(10 * day, 10 * 60_000)
  expect(world.arrived().map(({ at, phone, body }) => [local(at), phone, body])).toEqual([
    ['2027-03-07T14:30', '+14805550101', "Ann: appointment at Desert Bloom, Mesa, Wed, Mar 10, 2:30 PM. Reply C to confirm, R to ask for another time, N if you can't come. Questions? +1 480 555 0100 Reply STOP to opt out."],
    ['2027-03-09T14:30', '+14805550101', 'Ann: this is a reminder of your appointment at Desert Bloom, Mesa, Wed, Mar 10, 2:30 PM. Questions? +1 480 555 0100'],
  ]) // prettier-ignore
  expect((await out(world, patient)).out.map((one) => [one.what, one.state])).toEqual([
    ['confirmation request', 'delivered'],
    ['reminder', 'delivered'],
  ])
})

it('[F23] nothing is due, and nothing happens', async () => {
  const world = await opened()
  await world.pass(2 * day, hour)
  expect(world.arrived()).toEqual([])
  expect(world.texting.problem(world.practice)).toBeNull()
})

it('sending is off until it is turned on; what is due by then goes out when it is', async () => {
  const world = await opened({ sending: 'off' })
  await world.event(await world.person(), '2027-03-03T14:30')
  await world.pass(hour)
  expect(world.arrived()).toEqual([])
  await world.set({ sending: 'on' })
  await world.settled()
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-1] [F24] a text whose answer is lost is looked up at the provider, never sent again, and asked for until its end is known', async () => {
  const world = await opened()
  const patient = await world.person()
  world.sandbox.trouble({ is: 'unanswered' })
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(2 * hour)
  expect(world.arrived()).toHaveLength(1)
  expect((await out(world, patient)).out).toMatchObject([{ state: 'delivered', sid: world.sandbox.texts()[0]!.sid }])
})

it('[TEXT-1] a text that was surely not taken goes out when the provider is back', async () => {
  const world = await opened()
  world.sandbox.down(true)
  await world.event(await world.person(), '2027-03-03T14:30')
  await world.pass(2 * hour)
  expect(world.texting.problem(world.practice)).toContain('Texts wait')
  world.sandbox.down(false)
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
  expect(world.texting.problem(world.practice)).toBeNull()
})

it('[TEXT-1] a portal that starts again sends nothing a second time', async () => {
  const world = await opened()
  await world.event(await world.person(), '2027-03-03T14:30')
  await world.settled()
  await world.restart()
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
})

it.each([
  ['moved', { startsAt: '2027-03-15T14:30' }],
  ['canceled', { status: 'Canceled' }],
  ['deleted', { deleted: true }],
  ['checked in', { status: 'Checked In' }],
])('[TEXT-3] [F4] an event that was %s gets no text for its old time', async (_, change) => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-05T14:30')
  await world.pass(hour)
  await world.event(patient, '2027-03-05T14:30', change, event)
  await world.pass(4 * day, 10 * 60_000)
  expect(world.arrived()).toEqual([])
})

it('[TEXT-3] [F5] an event that moved is asked about again, for its new time', async () => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-04T14:30')
  await world.pass(6 * hour)
  await world.event(patient, '2027-03-04T14:30', { startsAt: '2027-03-08T09:00' }, event)
  await world.pass(8 * day, 10 * 60_000)
  expect(world.arrived().map(({ body }) => /\w{3}, Mar \d+, \d+:\d\d [AP]M/.exec(body)![0])).toEqual([
    'Thu, Mar 4, 2:30 PM',
    'Mon, Mar 8, 9:00 AM',
    'Mon, Mar 8, 9:00 AM',
  ])
})

it('[TEXT-4] [F3] a changed rule tells nobody again what was told, and a new rule nothing that was due before it', async () => {
  const world = await opened()
  await world.event(await world.person(), '2027-03-04T09:30')
  await world.settled()
  expect(world.arrived()).toHaveLength(1)
  await world.set({ 'rule/request': 'confirmation request 2 days before' })
  await world.set({ 'rule/extra': 'confirmation request 3 days before', 'since/extra': world.clock.now() })
  await world.pass(20 * hour)
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-5] an event that is booked late gets the rule that is closest to it alone', async () => {
  const world = await opened()
  await world.set({
    'rule/week': 'reminder 7 days before',
    'rule/two': 'reminder 2 days before',
    'rule/request': 'none',
  })
  const patient = await world.person()
  await world.event(patient, '2027-03-02T09:30')
  await world.pass(2 * hour)
  expect(world.arrived()).toHaveLength(1)
  expect((await out(world, patient)).notSent.map(({ rule, why }) => `${rule}: ${why}`).toSorted()).toEqual([
    'two: another rule is closer',
    'week: another rule is closer',
  ])
})

it('[TEXT-5] nothing goes out shortly before the event, and no request for one that is booked the same day', async () => {
  const world = await opened()
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  await world.event(ann, '2027-03-01T11:30')
  await world.event(tom, '2027-03-01T16:30')
  await world.pass(5 * hour)
  expect(world.arrived().map(({ phone, body }) => [phone, /reminder/.test(body)])).toEqual([['+14805550102', true]])
  expect((await out(world, ann)).notSent.map(({ why }) => why).toSorted()).toEqual(['booked the same day', 'too late'])
})

it('[TEXT-3] who has confirmed is not asked again, and still reminded unless that is off', async () => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-06T14:30')
  await world.pass(hour)
  await world.event(
    patient,
    '2027-03-06T14:30',
    { lastConfirmed: '2027-03-01T11:00', confirmationType: 'Phone' },
    event,
  )
  await world.pass(6 * day, 10 * 60_000)
  expect(world.arrived().map(({ body }) => /reminder/.test(body))).toEqual([true])
})

it('[TEXT-5] one number gets one text a day and three a week; the next waits for its day', async () => {
  const world = await opened()
  const [ann, tom] = [await world.person(), await world.person({ firstName: 'Tom' })]
  await world.event(ann, '2027-03-04T14:30')
  await world.event(tom, '2027-03-04T15:30')
  await world.pass(3 * day, 10 * 60_000)
  const days = world.arrived().map(({ at }) => local(at).slice(0, 10))
  expect(days).toEqual(['2027-03-01', '2027-03-02', '2027-03-03'])
})

it.each([
  ['no yes', { textConsent: null }, 'consent unknown'],
  ['a no', { textConsent: false }, 'no consent'],
  ['no number', { cellPhone: null }, 'no number'],
])('[TEXT-6] [TEXT-11] a patient with %s is not texted, and the event says why', async (_, fields, why) => {
  const world = await opened()
  const patient = await world.person(fields)
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  expect(world.arrived()).toEqual([])
  expect((await out(world, patient)).notSent.map((one) => one.why)).toContain(why)
})

it('[TEXT-6] a number that the provider blocks is opted out here too; one that takes no texts is shown to staff', async () => {
  const world = await opened()
  const [ann, tom] = [await world.person(), await world.person({ cellPhone: '+14805550102' })]
  world.sandbox.trouble({ is: 'error', status: 400, code: 21_610 }, { is: 'error', status: 400, code: 21_614 })
  await world.event(ann, '2027-03-03T14:30')
  // The first trouble is hers, whatever the ids say of the order.
  await world.settled()
  await world.event(tom, '2027-03-03T15:30')
  await world.pass(3 * day, 10 * 60_000)
  expect((await out(world, ann)).out.map((one) => [one.state, one.code])).toEqual([['failed', '21610']])
  expect(await world.replica.entries('consents', world.keys.ofNumber('+14805550101'))).toMatchObject([{ kind: 'opted out', how: 'provider' }]) // prettier-ignore
  expect((await out(world, tom)).out[0]).toMatchObject({ state: 'failed', code: '21614' })
  const reviews = await world.replica.index({ view: 'review', state: 'open' })
  expect(reviews.map((row) => (row.body as { about: string }).about)).toEqual(['number takes no texts'])
})

it('[TEXT-7] a portal that may not send outward sends nothing before it may, and then what is still true', async () => {
  const world = await opened()
  world.isOpen = false
  await world.event(await world.person(), '2027-03-03T14:30')
  await world.pass(hour)
  expect(world.arrived()).toEqual([])
  world.isOpen = true
  await world.pass(60_000)
  expect(world.arrived()).toHaveLength(1)
})

it('a text says what the practice has written for its kind, its rule and its language, else the usual words; nothing is told again for it', async () => {
  const world = await opened()
  await world.set({ 'template/confirmation-request/en': '{first name}, see you at {practice} on {date} at {time}? Reply C.', 'template/confirmation-request/en/second': '{practice}: still {when}? Reply Y.' }) // prettier-ignore
  await world.event(await world.person(), '2027-03-10T14:30')
  await world.event(await world.person({ firstName: 'Ana', cellPhone: '+1 480 555 0102', language: 'es' }), '2027-03-10T15:00') // prettier-ignore
  await world.pass(7 * day, 30 * 60_000)
  expect(world.arrived().map(({ body }) => body)).toEqual([
    'Ann, see you at Desert Bloom on Wed, Mar 10 at 2:30 PM? Reply C. Reply STOP to opt out.',
    expect.stringMatching(/^Ana: tiene una cita en Desert Bloom, Mesa/),
  ])
  await world.set({ 'template/confirmation-request/en': '{practice}: {when}. Reply C.' })
  // What this version does not take for a template counts as none.
  await world.set({ 'template/reminder/es': '{practice}: your {procedure} on {when}' })
  await world.pass(2 * day, 30 * 60_000)
  expect(world.arrived().slice(2).map(({ body }) => body.slice(0, 15))).toEqual(['Ann: this is a ', 'Ana: le recorda']) // prettier-ignore
})

it('[TEXT-3] what staff send by hand goes out before its moment and outside the window, once; never at night, and never without consent (R31)', async () => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-30T14:30')
  const by = { role: 'staff' as const, id: 'jo', initials: 'JD' }
  const sendNow = (of = patient, about = event) => world.replica.change([{ collection: 'communications', key: of, facts: { patient: of, site: world.site, shown: false, reachable: true, startsAt: null }, add: { [`by hand ${world.clock.now()} ${about}`]: { kind: 'send now', at: world.clock.now(), by, what: 'reminder', event: about, startsAt: '2027-03-30T14:30', rule: 'reminder' } } }]) // prettier-ignore
  await world.pass(hour)
  expect(world.arrived()).toEqual([])
  // Half past ten in the evening: it waits for the morning, not for the window.
  await world.pass(11.5 * hour, 10 * 60_000)
  await sendNow()
  await world.pass(9 * hour, 10 * 60_000)
  expect(world.arrived()).toEqual([])
  await world.pass(hour, 10 * 60_000)
  expect(world.arrived().map(({ at, body }) => [local(at), /reminder/.test(body)])).toEqual([
    ['2027-03-02T08:00', true],
  ])
  await sendNow()
  await world.pass(2 * day, hour)
  expect(world.arrived()).toHaveLength(1)
  const tom = await world.person({ cellPhone: '+14805550102', textConsent: null })
  await sendNow(tom, await world.event(tom, '2027-03-30T14:30'))
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-3] an event whose texts are held gets none until they are let go, and then what is still true (R31)', async () => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-10T14:30')
  const hold = (holds: boolean) => world.replica.change([{ collection: 'communications', key: patient, facts: { patient, site: world.site, shown: false, reachable: true, startsAt: null }, add: { [`hold ${holds}`]: { kind: 'hold', at: world.clock.now(), by: { role: 'staff', id: 'jo' }, event, holds } } }]) // prettier-ignore
  await hold(true)
  await world.pass(8 * day, hour)
  expect(world.arrived()).toEqual([])
  await hold(false)
  await world.pass(hour)
  expect(world.arrived().map(({ body }) => /reminder|Reply C/.exec(body)?.[0])).toEqual(['Reply C'])
})

it('[F1] the sender that is woken many times at once, and begun again, sends each text once', async () => {
  const world = await opened()
  await world.event(await world.person(), '2027-03-03T14:30')
  for (let i = 0; i < 50; i++) world.texting.wake(world.practice)
  await world.settled()
  await world.restart()
  for (let i = 0; i < 50; i++) world.texting.wake(world.practice)
  await world.pass(hour)
  expect(world.arrived()).toHaveLength(1)
})

it('[F8] a yes to one of two people on a number confirms nobody else', async () => {
  const world = await opened()
  const [ann, tom] = [await world.person(), await world.person({ firstName: 'Tom' })]
  await world.set({ perDay: '2' })
  const events = [await world.event(ann, '2027-03-03T14:30'), await world.event(tom, '2027-03-03T15:30')]
  await world.settled()
  expect(world.arrived()).toHaveLength(2)
  await world.sandbox.reply('+14805550101', 'yes')
  await world.pass(60_000)
  for (const event of events) expect(await world.replica.entries('confirmations', event)).toEqual([])
})

it('[F24] a text of which nothing more is heard has failed after a day', async () => {
  const world = await opened()
  const patient = await world.person()
  world.sandbox.trouble({ is: 'stuck' })
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  expect((await out(world, patient)).out).toMatchObject([{ state: 'accepted' }])
  await world.pass(1.5 * day, hour)
  expect((await out(world, patient)).out[0]).toMatchObject({ state: 'failed', code: 'no end' })
})

it('[S18] [S19] a number of which the network says afterwards that it takes no texts is shown to staff', async () => {
  const world = await opened()
  const patient = await world.person()
  world.sandbox.trouble({ is: 'undelivered', code: 30006 })
  await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour)
  expect((await out(world, patient)).out).toMatchObject([{ state: 'undelivered', code: '30006' }])
  expect((await world.replica.list('reviews')).length).toBe(1)
})

it('[TEXT-2] where it is night at the patient’s address nothing goes out, whatever number and location say', async () => {
  const world = await opened()
  // Hawaii is three hours behind Phoenix: the window begins there at 11:00 of Phoenix.
  const patient = await world.person({ cellPhone: '+14805550103', zones: 'Pacific/Honolulu' })
  await world.event(patient, '2027-03-10T09:30')
  await world.pass(8 * day, 10 * 60_000)
  expect(world.arrived().map(({ at }) => local(at).slice(11))).toEqual(['11:00'])
})

it('[3.1 (22)] an event that only went to another room keeps what was told', async () => {
  const world = await opened()
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-03T14:30')
  await world.settled()
  await world.event(patient, '2027-03-03T14:30', { minutes: 45 }, event)
  await world.pass(4 * hour)
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-13] a rule that asks for it sends where the event goes into a calendar, behind the sign-in and without a word of it', async () => {
  const world = await opened()
  await world.set({ 'rule/request': 'confirmation request 5 days before with calendar link' })
  const event = await world.event(await world.person(), '2027-03-05T14:30')
  await world.pass(hour)
  expect(world.arrived()[0]!.body).toContain(`/appointments/${event}/calendar.ics`)
})
