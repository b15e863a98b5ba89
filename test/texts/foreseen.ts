/** The dry run beside the sender: for random rule sets, each with a schedule of its own, its list is what is then sent. */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished } from 'vitest'
import { consentKeys, type ConsentKeys } from '../../src/bridges/texts/consent-number.ts'
import { calendarAddress } from '../../src/bridges/texts/composing.ts'
import { foretell } from '../../src/bridges/texts/foretelling.ts'
import { textSettingsKey } from '../../src/bridges/texts/rules.ts'
import { textSender } from '../../src/bridges/texts/sender.ts'
import { situationsOf, type Told } from '../../src/bridges/texts/situation.ts'
import { instantOf } from '../../src/mirror/wall-clock.ts'
import { derivedUlid, mintUlid } from '../../src/replica/ids.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import type { Clock } from '../../src/replica/clock.ts'
import type { Edit, Replica } from '../../src/replica/replica-face.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { folder, master } from '../replica/world.ts'
import { anySettings } from './any-rules.ts'
import { heldProvider } from './held-provider.ts'
import { jumpingClock } from './jumping-clock.ts'

const hour = 3_600_000
const day = 24 * hour
/** A Wednesday; on Sunday the clocks of the zones that have daylight saving go forward. */
const from = Date.parse('2027-03-10T16:30:00Z')
const until = from + 9 * day
const zones = ['America/New_York', 'America/Denver', 'America/Phoenix', 'Pacific/Honolulu'] as const
const types = ['0'.repeat(25) + 'C', '0'.repeat(25) + 'D']

const dates = ['2027-03-10', '2027-03-11', '2027-03-12', '2027-03-14', '2027-03-15', '2027-03-16', '2027-03-18']
const start = fc.tuple(fc.constantFrom(...dates), fc.constantFrom('06:30', '08:15', '09:00', '09:25', '14:30', '19:45')).map(([date, time]) => `${date}T${time}`) // prettier-ignore
const anyEvent = fc.record({
  who: fc.nat(4),
  startsAt: start,
  bookedBefore: fc.constantFrom(5 * 60_000, 3 * hour, 2 * day, 20 * day),
  fields: fc.record({
    type: fc.constantFrom(null, ...types),
    location: fc.constantFrom('1', '1', '2'),
    status: fc.constantFrom('None', 'None', 'None', 'None', 'Checked Out', 'Canceled'),
    minutes: fc.constantFrom(15, 60),
    isConfirmed: fc.constantFrom(false, false, true),
  }),
})
const anySite = fc.record({ settings: anySettings(types), zone: fc.constantFrom(...zones), events: fc.array(anyEvent, { minLength: 3, maxLength: 9 }) }) // prettier-ignore

/** What somebody beside the sender sees of it, every three hours. */
export type Beside = (at: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  readonly sites: readonly string[]
}) => Promise<void>

/** Throws where a list differs for one of `count` rule sets. */
export async function dryRunIsTrue(count: number, seed: number, beside?: Beside): Promise<{ sent: number; together: number }> {
  const sites = fc.sample(anySite, { numRuns: count, seed })
  const clock = jumpingClock(from)
  const keys = consentKeys(new Uint8Array(32).fill(3))
  const replica = await openReplica({ store: await openSqliteStore({ file: join(folder(), 'portal.sqlite'), master }), practice: mintUlid(clock), id: mintUlid(clock), clock })
  onTestFinished(() => replica.close())
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, keys.ofPhone) })
  const events: string[][] = []
  for (const [n, { settings, zone, events: booked }] of sites.entries()) {
    const site = derivedUlid('site', String(n))
    const person = (who: number): string => derivedUlid('person', String(n), String(who))
    const facts = { patient: null, site, shown: true, reachable: true, startsAt: null }
    const phone = (last: number): string => `+1480${String(2_000_000 + n * 10 + last)}`
    // A mother and her two children, her husband on the same phone, and somebody else on it of whom no relation is known.
    const people = [{ firstName: 'Ann' }, { firstName: 'Tom', birthDate: '2019-01-01', cellPhone: null, guarantor: person(0) }, { firstName: 'Eva', birthDate: '2015-01-01', guarantor: person(0) }, { firstName: 'Ben', relatives: [person(0)] }, { firstName: 'Zoe', textConsent: n % 3 === 0 ? null : true }]
    const edits: Edit[] = [
      { collection: 'practice', key: site, at: 1, facts, set: { siteName: 'x', practiceName: 'Bloom', phone: '+14805550100', zone, 'location/1': { name: 'One', zone, address: null, phone: null }, 'location/2': { name: 'Two', zone: 'America/Denver', address: null, phone: null } } },
      { collection: 'preferences', key: textSettingsKey(site), at: 1, facts: { ...facts, shown: false }, set: settings },
      ...people.map((fields, who): Edit => ({ collection: 'patients', key: person(who), at: 1, facts: { ...facts, patient: person(who) }, set: { lastName: 'Lee', cellPhone: phone(who === 2 ? 1 : 0), language: 'en', textConsent: true, birthDate: null, guarantor: null, relatives: [], deleted: false, survivor: null, ...fields } })),
    ]
    const own: string[] = []
    for (const [at, { who, startsAt, bookedBefore, fields: { isConfirmed, ...fields } }] of booked.entries()) {
      const key = derivedUlid('event', String(n), String(at))
      own.push(key)
      const set = { words: null, startsAt, lastConfirmed: isConfirmed ? '2027-03-10T08:00' : null, confirmationType: null, deleted: false, ...fields }
      edits.push({ collection: 'events', key, at: from - bookedBefore, facts: { ...facts, patient: person(who), startsAt: instantOf(startsAt, fields.location === '2' ? 'America/Denver' : zone) }, set })
    }
    events.push(own)
    await replica.change(edits)
  }
  await index.caughtUp()

  const situations = situationsOf({ replica, keys })
  const calendarTo = (event: string): string => calendarAddress('https://portal.example', event)
  const line = (at: number, what: string, told: readonly string[], to: string | null, body: string): string => `${new Date(at).toISOString().slice(0, 19)} ${what} ${told.toSorted().join(' ')} to ${to}: ${body}`
  const foreseen: string[][] = []
  for (const own of events) {
    const told = (await Promise.all(own.map((event) => situations.of(event, from)))).filter((one): one is Told => one !== undefined)
    const { sends } = foretell(told, { from, until: until - 1, calendarTo })
    foreseen.push(sends.map(({ at, parts, body }) => line(at, parts[0].rule.what, parts.map(({ of, rule }) => `${of.event.key}/${rule.id}`), parts[0].of.number, body)).toSorted())
  }

  const provider = heldProvider(clock)
  const log: string[] = []
  const sender = textSender({ replica, keys, clock, provider: () => provider, isOpen: () => true, statusTo: () => null, calendarTo, indexed: () => index.caughtUp(), received: async () => {}, log: (what) => void log.push(what), pace: 0 })
  onTestFinished(() => sender.stop())
  const own = sites.map((_, n) => derivedUlid('site', String(n)))
  let looked = from
  await clock.runUntil(until - 1, async () => {
    await sender.settled()
    await index.caughtUp()
    if (!beside || clock.now() < looked + 3 * hour) return
    looked = clock.now()
    await beside({ replica, keys, clock, sites: own })
  })
  expect(log).toEqual([])

  let sent = 0
  let together = 0
  for (const [n, { settings }] of sites.entries()) {
    const claims = (await Promise.all(Array.from({ length: 5 }, (_, who) => replica.entries('communications', derivedUlid('person', String(n), String(who)))))).flatMap((entries) => foldCommunications(entries).out)
    const texts = claims.flatMap((one) => (one.kind === 'text' && one.with === undefined ? [one] : []))
    const ruleOf = (entry: string | undefined): string => claims.find(({ id }) => id === entry)!.rule!
    sent += texts.length
    together += texts.filter(({ lists }) => lists !== undefined).length
    const lines = texts.map(({ at, what, event, rule, lists, to, body }) => line(at, what, lists ? lists.map((one) => `${one.event}/${ruleOf(one.entry)}`) : [`${event!}/${rule!}`], to, body)).toSorted()
    expect(lines, JSON.stringify({ n, settings, events: sites[n]!.events }, null, 1)).toEqual(foreseen[n])
  }
  expect(sent).toBe(provider.taken.length)
  // Where nothing is told every list is the same.
  expect(sent).toBeGreaterThan(count)
  return { sent, together }
} // prettier-ignore
