/** What the list beforehand says is what is then sent: the same texts, to the same numbers, at the same times. */
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { calendarAddress } from '../../src/bridges/texts/composing.ts'
import { foretell, type Foretelling } from '../../src/bridges/texts/foretelling.ts'
import { wordsOfRule, type RuleWords } from '../../src/bridges/texts/rule-words.ts'
import { situationsOf, type Told } from '../../src/bridges/texts/situation.ts'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import { anyRuleWords } from './any-rules.ts'
import { origin, morning, texting, zone, type Texting } from './texting.ts'

const hour = 3_600_000
const day = 24 * hour
const types = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW']

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

/** One person with a number, a child of theirs, and somebody on the same number who is no relation. */
async function household(world: Texting, number: number): Promise<string[]> {
  const cellPhone = `+1 480 555 01${String(number % 100).padStart(2, '0')}`
  const parent = await world.person({ cellPhone, birthDate: '1980-01-01' })
  const child = await world.person({ firstName: 'Tom', birthDate: '2020-06-01', cellPhone: null, guarantor: parent })
  return [parent, child, await world.person({ firstName: 'Zoë', cellPhone, language: 'es' })]
}
const anySet = fc.record({
  rules: fc.array(anyRuleWords.map((rule): RuleWords => ({ ...rule, isOn: true, location: rule.location === '34' ? null : rule.location, types: rule.types.length === 0 ? [] : [types[rule.types.length % 2]!] })), { minLength: 1, maxLength: 5 }), // prettier-ignore
  window: fc.constantFrom('09:00-18:00', '10:30-16:45', '00:00-00:00', '19:00-07:00'),
  excludedDays: fc.constantFrom('', 'Sunday', 'Saturday, Sunday', 'Tuesday'),
  perDay: fc.constantFrom('1', '2', '9'),
  perWeek: fc.constantFrom('1', '3', '30'),
  requestsPerDay: fc.constantFrom('1', '3'),
  notWithinHours: fc.constantFrom('0', '2', '26'),
  switches: fc.record(Object.fromEntries(['asksSameDay', 'remindsConfirmed', 'closestOnly', 'earlySameDay', 'groupsFamilies'].map((key) => [key, fc.constantFrom('on', 'off')]))), // prettier-ignore
  events: fc.array(fc.record({ who: fc.nat({ max: 2 }), minutes: fc.integer({ min: 1, max: 9 * 96 }).map((quarters) => quarters * 15), location: fc.constantFrom('1', '2'), type: fc.constantFrom(null, ...types), status: fc.constantFrom('None', 'None', 'None', 'Checked Out', 'Canceled') }), { minLength: 1, maxLength: 6 }), // prettier-ignore
})
/** More with RULE_SETS=1000. */
const sets = Number(process.env['RULE_SETS'] ?? 12)

it(`[TEXT-14] what the list says is what is sent, in ${sets} random sets of rules`, { timeout: 600_000 }, async () => {
  const world = await opened()
  for (const [n, set] of fc.sample(anySet, { seed: 8, numRuns: sets }).entries()) {
    const { rules, switches, events, ...general } = set
    const since = morning
    const named = rules.flatMap((rule, at) => [[`rule/r${at}`, wordsOfRule(rule)], [`since/r${at}`, since]] as const)
    const off = [...Array(6).keys()].slice(rules.length).map((at) => [`rule/r${at}`, 'none'] as const)
    await world.set({ 'rule/request': 'none', 'rule/reminder': 'none', ...Object.fromEntries([...off, ...named]), ...general, ...switches }) // prettier-ignore
    // Nothing goes out before the list is made.
    world.isOpen = false
    const people = await household(world, n)
    const now = world.clock.now()
    for (const { who, minutes, location, type, status } of events)
      await world.event(people[who]!, wall(now + minutes * 60_000 - 12 * hour), { location, type, status })
    const [from, { sends }] = [world.arrived().length, await foretold(world, 6 * day)]
    world.isOpen = true
    world.texting.wake(world.practice)
    await pass(world, 6 * day)
    const sent = world.arrived().slice(from)
    const told = (some: readonly { at: number; body: string; to: string | null }[]) => some.map(({ at, body, to }) => `${wall(at)} ${to} ${body}`).toSorted() // prettier-ignore
    expect(told(sent.map(({ at, body, phone }) => ({ at, body, to: phone }))), `set ${n}: ${JSON.stringify(set)}`).toEqual(
      told(sends.map(({ at, body, parts }) => ({ at, body, to: parts[0].of.number }))),
    )
  }
}) // prettier-ignore
