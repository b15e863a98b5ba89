/** What the list beforehand says is what is then sent: the same texts, to the same numbers, at the same times. */
import { expect, it, onTestFinished } from 'vitest'
import { calendarAddress } from '../../src/bridges/texts/composing.ts'
import { foretell, type Foretelling } from '../../src/bridges/texts/foretelling.ts'
import { situationsOf, type Told } from '../../src/bridges/texts/situation.ts'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import { dryRunIsTrue } from './foreseen.ts'
import { origin, texting, zone, type Texting } from './texting.ts'

const hour = 3_600_000
const day = 24 * hour

async function opened(): Promise<Texting> {
  const world = await texting()
  onTestFinished(() => world.close())
  return world
}
async function foretold(world: Texting, forMs: number): Promise<Foretelling> {
  await world.settled()
  const now = world.clock.now()
  const situations = situationsOf({ replica: world.replica, keys: world.keys })
  const rows = await world.replica.index({ view: 'event', from: now - 40 * day, before: now + 40 * day })
  const found = await Promise.all(rows.map((row) => situations.of(row.id, now)))
  return foretell(found.filter((one): one is Told => one !== undefined), { from: now, until: now + forMs, calendarTo: (event) => calendarAddress(origin, event) }) // prettier-ignore
}
/** Time passes from one moment at which something happens to the next. */
async function pass(world: Texting, ms: number): Promise<void> {
  const { clock } = world
  const until = clock.now() + ms
  await world.settled()
  for (let next = clock.next(); next !== undefined && next <= until; next = clock.next()) {
    clock.advance(Math.max(0, next - clock.now()))
    await world.settled()
  }
  clock.advance(until - clock.now())
  await world.settled()
}
const wall = (at: number): string => wallClockOf(at, zone)

it('[TEXT-14] the list says who gets what and when, and of the others why not; what was told is in it no more', async () => {
  const world = await opened()
  const mother = await world.person({ firstName: 'Ann', birthDate: '1988-02-01' })
  const tom = await world.person({ firstName: 'Tom', birthDate: '2019-02-01', cellPhone: null, textConsent: null, guarantor: mother }) // prettier-ignore
  const bob = await world.person({ firstName: 'Bob', cellPhone: '+1 480 555 0102', textConsent: false })
  await world.event(mother, '2027-03-09T14:30')
  await world.event(tom, '2027-03-09T15:30')
  await world.event(bob, '2027-03-09T16:30')
  const { sends, untold } = await foretold(world, 10 * day)
  expect(sends.map(({ at, parts, body }) => [wall(at), parts.length, body.slice(0, 24)])).toEqual([
    ['2027-03-06T14:30', 2, 'Appointments at Desert B'],
    ['2027-03-08T14:30', 2, 'A reminder of your appoi'],
  ])
  expect(untold.map(({ of, rule, why }) => [of.firstName, rule.what, why])).toEqual([
    ['Bob', 'confirmation request', 'no consent'],
    ['Bob', 'reminder', 'no consent'],
  ])
  await pass(world, 6 * day)
  expect((await foretold(world, 10 * day)).sends).toHaveLength(1)
})

it(
  '[TEXT-14] [TEXT-19] what the list says is what is sent, by text or by mail, in random sets of rules and of how people are reached',
  { timeout: 120_000 },
  async () => {
    const { mailed, together } = await dryRunIsTrue(100, 8)
    expect(mailed).toBeGreaterThan(20)
    expect(together).toBeGreaterThan(0)
  },
)
