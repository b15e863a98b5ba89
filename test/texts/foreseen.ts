/**
 * The dry run beside the sender: for random rule sets, each with a schedule of its own and people who chose how they are
 * reached, its list is what is then sent, by text and by mail.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished } from 'vitest'
import { emailing } from '../../src/bridges/email/emailing.ts'
import type { Mail, Mailer } from '../../src/bridges/email/mailer.ts'
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
const anyChoice = fc.record({
  email: fc.constantFrom(null, 'on file', 'on file', 'on file'),
  emailConsent: fc.constantFrom(null, true, true, true, true, true, false),
  isOut: fc.constantFrom(false, false, false, false, false, true),
  choice: fc.constantFrom(null, null, null, null, { prefers: 'text' }, { prefers: 'email' }, { prefers: 'email' }, { noText: true }, { noEmail: true, prefers: 'email' }, { noneByItself: true }), // prettier-ignore
})
/** How the five people of a site are reached, and whether it tells by both. */
const anyReach = fc.record({ people: fc.array(anyChoice, { minLength: 5, maxLength: 5 }), alsoByEmail: fc.constantFrom('off', 'off', 'on') }) // prettier-ignore
const anySite = fc.record({ settings: anySettings(types), zone: fc.constantFrom(...zones), events: fc.array(anyEvent, { minLength: 3, maxLength: 9 }) }) // prettier-ignore

/** What somebody beside the sender sees of it, every three hours. */
export type Beside = (at: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  readonly sites: readonly string[]
}) => Promise<void>

/** Throws where a list differs for one of `count` rule sets. */
export async function dryRunIsTrue(count: number, seed: number, beside?: Beside): Promise<{ sent: number; mailed: number; together: number }> {
  const sites = fc.sample(anySite, { numRuns: count, seed })
  const reached = fc.sample(anyReach, { numRuns: count, seed })
  const clock = jumpingClock(from)
  const hmacKey = new Uint8Array(32).fill(3)
  const keys = consentKeys(hmacKey)
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
      { collection: 'preferences', key: textSettingsKey(site), at: 1, facts: { ...facts, shown: false }, set: { ...settings, alsoByEmail: reached[n]!.alsoByEmail } },
      ...people.map((fields, who): Edit => ({ collection: 'patients', key: person(who), at: 1, facts: { ...facts, patient: person(who) }, set: { lastName: 'Lee', cellPhone: phone(who === 2 ? 1 : 0), language: 'en', textConsent: true, birthDate: null, guarantor: null, relatives: [], deleted: false, survivor: null, email: reached[n]!.people[who]!.email && `p${who}.${n}@example.com`, emailConsent: reached[n]!.people[who]!.emailConsent, ...fields } })),
    ]
    for (const [who, { choice, isOut }] of reached[n]!.people.entries()) {
      if (choice) edits.push({ collection: 'communications', key: person(who), facts: { ...facts, patient: person(who), shown: false }, add: { chosen: { kind: 'channels', at: 1, by: { role: 'staff', id: 'jo', initials: 'JD' }, ...choice } } })
      if (isOut) edits.push({ collection: 'consents', key: keys.ofAddress(`p${who}.${n}@example.com`), facts: { patient: null, site: null, shown: false, reachable: false, startsAt: null }, add: { out: { kind: 'opted out', at: 1, by: { role: 'patient', id: 'p' }, channel: 'email', how: 'link' } } })
    }
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
    foreseen.push(sends.map(({ at, by, parts, body }) => line(at, `${by} ${parts[0].rule.what}`, parts.map(({ of, rule }) => `${of.event.key}/${rule.id}`), by === 'text' ? parts[0].of.number : parts[0].of.mailTo!.recipient, body)).toSorted())
  }

  const provider = heldProvider(clock)
  const log: string[] = []
  const mails: Mail[] = []
  const mailer: Mailer = { deliver: async (mail) => (mails.push(mail), null), send: () => {}, settled: async () => {}, close: async () => {} }
  const { tell, ...posting } = emailing({ replica, practice: 'practice', keys, hmacKey, clock, mailer, isOpen: () => true, takesCards: () => false, indexed: () => index.caughtUp(), origin: 'https://portal.example', log: (what) => void log.push(what) })
  onTestFinished(() => posting.stop())
  const sender = textSender({ replica, keys, clock, provider: () => provider, isOpen: () => true, byMail: tell, statusTo: () => null, calendarTo, indexed: () => index.caughtUp(), received: async () => {}, log: (what) => void log.push(what), pace: 0 })
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

  let [sent, mailed] = [0, 0]
  let together = 0
  for (const [n, { settings }] of sites.entries()) {
    const claims = (await Promise.all(Array.from({ length: 5 }, (_, who) => replica.entries('communications', derivedUlid('person', String(n), String(who)))))).flatMap((entries) => foldCommunications(entries).out)
    const texts = claims.flatMap((one) => (one.kind === 'text' && one.with === undefined ? [one] : []))
    const ruleOf = (entry: string | undefined): string => claims.find(({ id }) => id === entry)!.rule!
    const posted = claims.flatMap((one) => (one.kind === 'email' ? [one] : []))
    sent += texts.length
    mailed += posted.length
    together += texts.filter(({ lists }) => lists !== undefined).length
    const lines = [...texts.map(({ at, what, event, rule, lists, to, body }) => line(at, `text ${what}`, lists ? lists.map((one) => `${one.event}/${ruleOf(one.entry)}`) : [`${event!}/${rule!}`], to, body)), ...posted.map(({ at, what, event, rule, recipient, body }) => line(at, `email ${what}`, [`${event!}/${rule!}`], recipient, body))].toSorted()
    expect(lines, JSON.stringify({ n, settings, events: sites[n]!.events, reached: reached[n] }, null, 1)).toEqual(foreseen[n])
  }
  expect(sent).toBe(provider.taken.length)
  expect(mailed).toBe(mails.length)
  // Where nothing is told every list is the same.
  expect(sent + mailed).toBeGreaterThan(count)
  return { sent, mailed, together }
} // prettier-ignore
