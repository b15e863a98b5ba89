/** What one number gets of a day: one text where a relation is on file, with a line for each visit and an answer to each line. */
import { expect, it, onTestFinished } from 'vitest'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { foldRequests } from '../../src/replica/kinds/requests.ts'
import { texting, type Texting } from './texting.ts'

const hour = 3_600_000
const phone = '+14805550101'

async function opened(): Promise<Texting> {
  const world = await texting()
  onTestFinished(() => world.close())
  return world
}
const out = async (world: Texting, patient: string) => foldCommunications(await world.replica.entries('communications', patient)).out // prettier-ignore
const bodies = (world: Texting): string[] => world.arrived().map(({ body }) => body)
/** A mother, and two children who have no number themselves. */
async function family(world: Texting): Promise<{ mother: string; tom: string; eva: string }> {
  const mother = await world.person({ firstName: 'Ann', birthDate: '1988-02-01' })
  const child = (firstName: string) => world.person({ firstName, birthDate: '2019-02-01', cellPhone: null, textConsent: null, guarantor: mother }) // prettier-ignore
  return { mother, tom: await child('Tom'), eva: await child('Eva') }
}

it('[TEXT-12] minors are told through their guarantor: one text for the day, a line for each, and each line has its answer', async () => {
  const world = await opened()
  const { mother, tom, eva } = await family(world)
  const events = [
    await world.event(tom, '2027-03-05T14:30'),
    await world.event(eva, '2027-03-05T15:30'),
    await world.event(mother, '2027-03-05T16:30'),
  ]
  await world.pass(2 * 24 * hour, 10 * 60_000)
  expect(bodies(world)).toEqual([
    'Appointments at Desert Bloom, Mesa, Fri, Mar 5: 1) Tom 2:30 PM; 2) Eva 3:30 PM; 3) Ann 4:30 PM. Reply C to confirm all, or by number like "1 yes, 2 no". Questions? +1 480 555 0100 Reply STOP to opt out.',
  ])
  // Each event has a claim of its own, and what became of the text is said of each.
  for (const [at, patient] of [tom, eva, mother].entries())
    expect(await out(world, patient)).toMatchObject([{ event: events[at], what: 'confirmation request', state: 'delivered' }]) // prettier-ignore
  await world.sandbox.reply(phone, '1 yes, 2 no')
  await world.settled()
  const confirmed = async (event: string) => foldConfirmations(await world.replica.entries('confirmations', event)).length
  expect(await Promise.all(events.map(confirmed))).toEqual([1, 0, 0])
  expect(foldRequests(await world.replica.entries('requests', eva))).toMatchObject([{ kind: 'declined', event: events[1] }]) // prettier-ignore
  await world.sandbox.reply(phone, '3 yes')
  await world.settled()
  expect(await Promise.all(events.map(confirmed))).toEqual([1, 0, 1])
}) // prettier-ignore

it('[TEXT-12] C confirms all that a text lists', async () => {
  const world = await opened()
  const { tom, eva } = await family(world)
  const events = [await world.event(tom, '2027-03-03T14:30'), await world.event(eva, '2027-03-03T15:30')]
  await world.settled()
  await world.sandbox.reply(phone, 'C')
  await world.settled()
  for (const event of events)
    expect(foldConfirmations(await world.replica.entries('confirmations', event))).toHaveLength(1)
})

it('[TEXT-12] two adults share a text where a relation is on file, and never without one', async () => {
  const world = await opened()
  const ann = await world.person({ firstName: 'Ann' })
  const ben = await world.person({ firstName: 'Ben', relatives: [ann] })
  const other = await world.person({ firstName: 'Zoe' })
  // Nothing is sent before all of it is there.
  world.isOpen = false
  for (const patient of [other, ann, ben]) await world.event(patient, '2027-03-04T14:30')
  world.isOpen = true
  world.texting.wake(world.practice)
  await world.pass(3 * 24 * hour, 10 * 60_000)
  const texts = bodies(world)
  expect(texts.length).toBeGreaterThanOrEqual(2)
  expect(texts.filter((body) => /Ann .*Ben|Ben .*Ann/.test(body))).not.toEqual([])
  for (const body of texts) expect(/Zoe/.test(body) && /Ann|Ben/.test(body), body).toBe(false)
  await world.set({ groupsFamilies: 'off' })
})

it('[TEXT-12] with families off each has a text of its own', async () => {
  const world = await opened()
  await world.set({ groupsFamilies: 'off', perDay: '9' })
  const { tom, eva } = await family(world)
  await world.event(tom, '2027-03-03T14:30')
  await world.event(eva, '2027-03-03T15:30')
  await world.settled()
  expect(
    bodies(world)
      .map((body) => body.slice(0, 4))
      .toSorted(),
  ).toEqual(['Eva:', 'Tom:'])
})

it('[TEXT-12] of events of one patient that follow each other the first is mentioned, and an answer is for all', async () => {
  const world = await opened()
  const ann = await world.person()
  const events = [await world.event(ann, '2027-03-03T14:30'), await world.event(ann, '2027-03-03T15:20')]
  await world.settled()
  expect(bodies(world)).toHaveLength(1)
  expect(bodies(world)[0]).toMatch(/^Ann: appointment at Desert Bloom, Mesa, Wed, Mar 3, 2:30 PM\./)
  await world.sandbox.reply(phone, 'yes')
  await world.settled()
  for (const event of events)
    expect(foldConfirmations(await world.replica.entries('confirmations', event))).toHaveLength(1)
})

it('[TEXT-6] [TEXT-12] a minor whose guarantor has no number or said no is not texted, and the event says why', async () => {
  const world = await opened()
  const mother = await world.person({ firstName: 'Ann', cellPhone: null })
  const tom = await world.person({ firstName: 'Tom', birthDate: '2019-02-01', guarantor: mother })
  await world.event(tom, '2027-03-03T14:30')
  await world.settled()
  expect(world.arrived()).toEqual([])
  const { notSent } = foldCommunications(await world.replica.entries('communications', tom))
  expect(notSent.map(({ why }) => why)).toContain('no number of the guarantor')
})

it('[TEXT-1] [TEXT-12] one event of a text that nobody took has moved: the others are told anew, once, and it is told of its new time', async () => {
  const world = await opened()
  const { tom, eva } = await family(world)
  await world.settled()
  world.sandbox.down(true)
  await world.event(tom, '2027-03-03T14:30')
  const moved = await world.event(eva, '2027-03-03T15:30')
  await world.pass(10 * 60_000)
  await world.event(eva, '2027-03-03T15:30', { startsAt: '2027-03-09T09:00' }, moved)
  world.sandbox.down(false)
  await world.pass(2 * hour)
  expect(bodies(world)).toHaveLength(1)
  expect(bodies(world)[0]).toMatch(/^Tom: appointment at .* Wed, Mar 3, 2:30 PM\./)
  expect((await out(world, tom)).map(({ state, code }) => [state, code])).toEqual([['dropped', 'told anew'], ['delivered', null]]) // prettier-ignore
  expect((await out(world, eva)).map(({ state, code }) => [state, code])).toEqual([['dropped', 'moved']])
})

it('[TEXT-7] [TEXT-12] a portal that was put back to a copy from before a text for a family sends it to nobody again', async () => {
  const world = await opened()
  const { tom, eva } = await family(world)
  const before = await world.copy()
  await world.event(tom, '2027-03-03T14:30')
  await world.event(eva, '2027-03-03T15:30')
  await world.settled()
  expect(bodies(world)).toHaveLength(1)
  await world.restart(before)
  await world.pass(hour)
  expect(bodies(world)).toHaveLength(1)
  expect((await out(world, eva)).map(({ what }) => what)).toEqual(['confirmation request'])
})
