/**
 * A practice in four zones that texts for months in virtual time: bookings, moves, cancels, visits, families, answers, STOPs,
 * outages, lost answers, edits of rules, and a portal that dies between any two of its steps and is started again. What must
 * never happen is looked for at each text; each event's texts and lines of why are held beside the truth as it begins, and
 * again when nothing more can be told of it.
 */
import { join } from 'node:path'
import { expect } from 'vitest'
import { agenda, type Agenda } from '../../src/bridges/texts/agenda.ts'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import type { OutgoingText, TakenText, TextProvider } from '../../src/bridges/texts/provider.ts'
import { textsChanged, textSettingsKey, textSettingsOf, type TextSettings } from '../../src/bridges/texts/rules.ts'
import { textSender, type TextSender } from '../../src/bridges/texts/sender.ts'
import { answers as said, namedText } from '../../src/bridges/texts/wording.ts'
import { instantOf, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { derivedUlid, mintUlid } from '../../src/replica/ids.ts'
import type { Json } from '../../src/replica/json.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { folder, master } from '../replica/world.ts'
import { chanceOf } from '../faults/harness/chance.ts'
import { carrierInMemory, type CarriedPortal, type Carrier } from './carriers.ts'
import { jumpingClock } from './jumping-clock.ts'
import { personOf, phoneOf, places, zonesOf, type Booked, type State } from './year-people.ts'
import { yearTruth } from './year-truth.ts'

export interface YearOptions {
  /** Milliseconds UTC. */
  readonly from: number
  readonly days: number
  /** Each of three patients. */
  readonly families: number
  readonly eventsPerDay: number
  readonly seed: number
  /** What carries the texts; by default a provider in memory. */
  readonly carrier?: (portal: CarriedPortal) => Promise<Carrier>
  /** Called after so many days each, with what was counted since the last time. */
  readonly told?: { readonly every: number; readonly of: (counts: YearCounts) => void }
}
const nothing = { days: 0, events: 0, texts: 0, 'texts for several': 0, moves: 0, cancels: 0, confirmed: 0, 'STOPs': 0, outages: 0, 'lost answers': 0, 'rule edits': 0, deaths: 0, 'second starts refused': 0, 'lines of why': 0 } // prettier-ignore
export type YearCounts = Readonly<typeof nothing>

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const edits = [
  ['rule/request', 'confirmation request 3 days before'],
  ['rule/request', 'confirmation request 50 hours before'],
  ['rule/reminder', 'reminder 1 day before'],
  ['rule/reminder', 'reminder 20 hours before if not confirmed'],
  ['rule/reminder', 'off reminder 1 day before'],
  ['rule/week', 'reminder 7 days before arrive 15 minutes early'],
  ['rule/booked', 'booking notice'],
  ['rule/changed', 'change notice'],
  ['rule/thanks', 'after visit 2 hours after'],
  ['window', '08:00-20:00'],
  ['window', '00:00-00:00'],
  ['excludedDays', 'Sunday'],
  ['excludedDays', ''],
  ['perDay', '2'],
  ['perDay', '1'],
] as const

const isAnswerToStop = (body: string): boolean =>
  (['en', 'es'] as const).some(
    (language) => body === namedText({ practice: 'Bloom', phone: null }, said.optedOut(language)),
  )

class Died extends Error {
  override readonly name = 'Died'
}

export async function practiceThatTexts(options: YearOptions): Promise<YearCounts> {
  const { from, days, families, eventsPerDay, seed } = options
  const chance = chanceOf(seed)
  const { below, once, pick } = chance
  const clock = jumpingClock(from)
  const keys = consentKeys(new Uint8Array(32).fill(3))
  const file = join(folder(), 'portal.sqlite')
  const replica = await openReplica({ store: await openSqliteStore({ file, master }), practice: mintUlid(clock), id: mintUlid(clock), clock })
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, keys.ofPhone) })
  const site = derivedUlid('site')
  const facts = (patient: string | null, startsAt: number | null = null) => ({ patient, site, shown: true, reachable: true, startsAt })
  const counts: Record<keyof typeof nothing, number> = { ...nothing }

  const setUp: Edit[] = [
    { collection: 'practice', key: site, at: 1, facts: facts(null), set: { siteName: 'x', practiceName: 'Bloom', phone: '+14805550100', zone: 'America/Phoenix', ...Object.fromEntries(places.map(([zone], at) => [`location/${at}`, { name: `Place ${at}`, zone, address: null, phone: null }])) } },
    { collection: 'preferences', key: textSettingsKey(site), at: 1, facts: { ...facts(null), shown: false }, set: { sending: 'on', perWeek: '9' } },
  ]
  for (let family = 0; family < families; family++)
    for (const who of [0, 1, 2]) {
      const { key, fields } = personOf(family, who)
      setUp.push({ collection: 'patients', key, at: 1, facts: facts(key), set: { lastName: 'Lee', language: 'en', birthDate: null, guarantor: null, relatives: [], deleted: false, survivor: null, ...fields } })
    }
  for (let at = 0; at < setUp.length; at += 500) await replica.change(setUp.slice(at, at + 500))
  await index.caughtUp()

  // The provider, and what is looked for at each text.
  let sender: TextSender | undefined
  const carrier = await (options.carrier ?? carrierInMemory)({ replica, keys, clock, chance, indexed: () => index.caughtUp(), sender: () => sender })
  const stoppedAt = new Map<string, number>()
  const handedAt = new Map<string, number>()
  let window = '09:00-18:00'
  /** What was wrong with a text as it was handed over: the sender goes on, whatever is thrown there. */
  const wrong: string[] = []
  const watched = async (text: OutgoingText): Promise<TakenText> => {
    const now = clock.now()
    const times = zonesOf(text.to).map((zone) => wallClockOf(now, zone).slice(11))
    if (times.some((time) => time < '08:00' || time >= '21:00')) wrong.push(`a text went out at ${times.join(', ')} of its zones`)
    const [opens = '', closes = ''] = window.split('-')
    if (opens !== closes && (times[0]! < opens || times[0]! >= closes)) wrong.push(`a text went out at ${times[0]}, the window is ${window}`)
    // Of a STOP that is found at the provider nobody knows whether it was answered: the provider refuses a second answer.
    if (stoppedAt.has(text.to) && !isAnswerToStop(text.body)) wrong.push(`a text went out after STOP, ${now - stoppedAt.get(text.to)!} ms`)
    const before = carrier.taken().count
    try {
      return await carrier.provider.send(text)
    } finally {
      const { count, newest } = carrier.taken()
      const sid = count > before ? newest : undefined
      if (sid !== undefined && stoppedAt.has(text.to)) wrong.push('a text arrived after STOP')
      if (sid !== undefined) handedAt.set(sid, now)
    }
  }

  // The portal's sender: each start has a life of its own, and what is left of a dead one does nothing.
  let life = { isDead: true, stepsLeft: 0 }
  const step = async <T>(of: typeof life, work: () => Promise<T>): Promise<T> => {
    if (of.isDead) throw new Died()
    if (of.stepsLeft-- > 0) return work()
    of.isDead = true
    // The last step is done in half of the deaths, and nobody hears of its outcome.
    if (once(2)) await work()
    throw new Died()
  }
  const log: string[] = []
  const start = (): void => {
    const own = (life = { isDead: false, stepsLeft: Infinity })
    const mortal = { ...replica, change: (some: readonly Edit[]) => step(own, () => replica.change(some)) }
    const held: TextProvider = { ...carrier.provider, send: (text) => step(own, () => watched(text)) }
    sender = textSender({ replica: mortal, keys, clock, provider: () => held, isOpen: () => !own.isDead, statusTo: carrier.statusTo, indexed: () => index.caughtUp(), received: carrier.received, log: (line) => void log.push(line), pace: 0 })
  }
  const settled = async (): Promise<void> => {
    await index.caughtUp()
    await sender?.settled()
    await carrier.settled()
    await sender?.settled()
    if (!life.isDead || !sender) return
    await sender.stop()
    sender = undefined
  }
  start()

  // What people do.
  const set: { readonly at: number; readonly settings: TextSettings }[] = []
  const keep = async (): Promise<void> => void set.push({ at: clock.now(), settings: textSettingsOf((await replica.record('preferences', textSettingsKey(site)))!.fields) })
  await keep()
  const settingsAt = (at: number): TextSettings[] => set.flatMap(({ at: since, settings }, place) => (since <= at && (set[place + 1]?.at ?? Infinity) >= at ? [settings] : []))
  const truth = yearTruth({ replica, keys, handedAt, stoppedAt, settingsAt })
  const booked: Booked[] = []
  const byKey = new Map<string, Booked>()
  /** When each event is looked at: as it begins, as its patient comes or does not, and when nothing more is told of it. */
  const [begins, visits, ends] = [agenda(), agenda(), agenda()]
  const last = (of: Booked): State => of.states.at(-1)!
  const startOf = (of: Booked): number => instantOf(last(of).startsAt, places[of.location]![0])
  const say = async (of: Booked, change: Partial<State>, more: Record<string, Json> = {}): Promise<void> => {
    const before = of.states.at(-1)
    const state = { ...before!, ...change, at: clock.now() }
    of.states.push(state)
    if (startOf(of) > state.at) {
      begins.set(of.key, startOf(of))
      visits.set(of.key, startOf(of) + hour)
      ends.set(of.key, startOf(of) + 5 * day)
    }
    const whole = { words: null, type: null, minutes: 20, location: String(of.location), lastConfirmed: null, confirmationType: null, deleted: false }
    await replica.change([{ collection: 'events', key: of.key, at: state.at, facts: facts(of.patient, startOf(of)), set: { ...(before ? {} : whole), startsAt: state.startsAt, status: state.status, ...more } }])
  }
  const startAhead = (location: number): string => {
    const ahead = once(10) ? 15 + below(60) : 1 + below(14)
    return `${wallClockOf(clock.now() + ahead * day, places[location]![0]).slice(0, 10)}T${pick(['08:15', '09:00', '09:30', '14:30', '17:45'])}`
  }
  const book = async (family: number, who: number, startsAt: string): Promise<void> => {
    const of: Booked = { key: derivedUlid('event', String(counts.events)), family, who, patient: personOf(family, who).key, location: family % 4, states: [] }
    booked.push(of)
    byKey.set(of.key, of)
    counts.events++
    await say(of, { startsAt, status: 'None', isConfirmed: false })
  }
  const changeRule = async (): Promise<void> => {
    const [key, value] = pick(edits)
    counts['rule edits']++
    if (key === 'window') window = value
    const fields = (await replica.record('preferences', textSettingsKey(site)))!.fields
    await replica.change([{ collection: 'preferences', key: textSettingsKey(site), at: clock.now(), set: textsChanged(fields, { key, value, at: clock.now() }) }])
    await keep()
  }
  const something = async (): Promise<void> => {
    const dice = below(100)
    const family = below(families)
    if (dice < 60) {
      const startsAt = startAhead(family % 4)
      await book(family, below(3), startsAt)
      // Every other time the child comes on the same day.
      if (dice < 25) await book(family, 1, `${startsAt.slice(0, 11)}15:30`)
      return
    }
    if (dice < 92) {
      const of = booked[booked.length - 1 - below(Math.min(booked.length, eventsPerDay * 10))]
      if (!of || last(of).status !== 'None' || startOf(of) < clock.now()) return
      if (dice < 76) {
        const startsAt = startAhead(of.location)
        // What stays where it is keeps its confirmation.
        if (startsAt === last(of).startsAt) return
        counts.moves++
        await say(of, { startsAt, isConfirmed: false })
      } else if (dice < 84) {
        counts.cancels++
        await say(of, { status: 'Canceled' })
      } else {
        counts.confirmed++
        await say(of, { isConfirmed: true }, { lastConfirmed: wallClockOf(clock.now(), places[of.location]![0]), confirmationType: 'Phone' })
      }
    } else if (dice < 95) {
      const phone = phoneOf(family)
      if (stoppedAt.has(phone)) return
      counts.STOPs++
      stoppedAt.set(phone, clock.now())
      await carrier.stop(phone)
    } else {
      counts['lost answers']++
      carrier.loseAnswer()
    }
  }
  const over = async (of: Booked, isOver = true): Promise<void> => {
    const { lines, several } = await truth.atTheEnd(of, clock.now(), isOver)
    counts['lines of why'] += lines
    counts['texts for several'] += several
    byKey.delete(of.key)
  }
  const dueOf = function* (what: Agenda): Generator<Booked> {
    for (let key = what.takeDue(clock.now()); key !== undefined; key = what.takeDue(clock.now())) yield byKey.get(key)!
  }
  const look = async (): Promise<void> => {
    expect(wrong).toEqual([])
    for (const line of log.splice(0)) expect(line).toMatch(/^Texts wait: (The texts provider failed|Died)/)
    for (const of of dueOf(begins)) counts['lines of why'] += await truth.beforeItBegins(of, startOf(of) - 1)
    for (const of of dueOf(visits)) if (last(of).status === 'None') await say(of, { status: once(15) ? 'No Show' : 'Checked Out' })
    for (const of of dueOf(ends)) await over(of)
  }
  /** What happens once a day at most, however many events there are: the portal dies, or the provider does. */
  const troubles = async (): Promise<void> => {
    if (life.isDead && sender === undefined && clock.now() >= deadUntil) start()
    if (carrier.isDown() && clock.now() >= downUntil) {
      carrier.down(false)
      sender?.wake()
    }
    if (once(perDay)) await changeRule()
    if (!life.isDead && once(perDay)) {
      counts.deaths++
      life.stepsLeft = below(5)
      // Mostly it is started again at once.
      deadUntil = clock.now() + (once(4) ? below(8) * hour : 0)
    }
    if (!carrier.isDown() && once(perDay)) {
      counts.outages++
      carrier.down(true)
      downUntil = clock.now() + below(8) * hour
    }
  }
  let [deadUntil, downUntil] = [0, 0]
  const secondStart = async (): Promise<void> => {
    counts['second starts refused']++
    await expect(openSqliteStore({ file, master }), 'a second portal could open the same files').rejects.toThrow(/in use by another process/)
  }
  let before: YearCounts = nothing
  const tell = (): void => {
    counts.texts = handedAt.size
    const since = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - before[name as keyof YearCounts]]))
    before = { ...counts }
    options.told?.of(since as YearCounts)
  }

  // A booking is of 1.25 events, and of 100 things that happen 60 are bookings.
  const perDay = Math.ceil(eventsPerDay / 0.85)
  for (let today = 0; today < days; today++) {
    for (let nth = 0; nth < perDay; nth++) {
      await clock.runUntil(from + today * day + Math.floor(((nth + below(1_000) / 1_000) * day) / perDay), settled)
      await look()
      await troubles()
      await something()
    }
    counts.days++
    if (today % 30 === 0) await secondStart()
    if (options.told && counts.days % options.told.every === 0 && counts.days < days) tell()
  }
  carrier.down(false)
  if (life.isDead) start()
  await clock.runUntil(from + days * day, settled)
  await look()
  // What is still to come has been told of in part, and all of that is true so far.
  for (const of of byKey.values()) await over(of, false)
  truth.allExplained()
  tell()
  await sender?.stop()
  await carrier.close()
  await index.stop()
  await replica.close()
  return { ...counts }
} // prettier-ignore
