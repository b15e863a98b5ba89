/**
 * A practice in four zones that texts for months in virtual time: bookings, moves, cancels, visits, families, STOPs, outages,
 * lost answers, edits of rules, and a sender that is started again in the middle of its work. What must never happen is
 * looked for at each text, and at the end every claim, every text and every "why / why not" line is held beside the others.
 */
import { join } from 'node:path'
import { expect } from 'vitest'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { optedOut } from '../../src/bridges/texts/consent.ts'
import { outlookOf } from '../../src/bridges/texts/judging.ts'
import { textsChanged, textSettingsKey } from '../../src/bridges/texts/rules.ts'
import { textSender, type TextSender } from '../../src/bridges/texts/sender.ts'
import { situationsOf } from '../../src/bridges/texts/situation.ts'
import { zonesOfNumber } from '../../src/bridges/texts/zones.ts'
import { instantOf, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { derivedUlid, mintUlid } from '../../src/replica/ids.ts'
import type { Json } from '../../src/replica/json.ts'
import { foldCommunications, type OutMessage } from '../../src/replica/kinds/communications.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { folder, master } from '../replica/world.ts'
import { chanceOf } from '../faults/harness/chance.ts'
import { heldProvider } from './held-provider.ts'
import { jumpingClock } from './jumping-clock.ts'

export interface YearOptions { readonly from: number; readonly days: number; readonly families: number; readonly eventsPerDay: number; readonly seed: number } // prettier-ignore
export interface YearDone { readonly events: number; readonly texts: number; readonly together: number; readonly moved: number; readonly dropped: number; readonly restarts: number } // prettier-ignore

interface State { readonly at: number; readonly startsAt: string; readonly status: string } // prettier-ignore
interface Booked { readonly key: string; readonly patient: string; readonly location: number; readonly states: State[] } // prettier-ignore

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Locations with an area code of each. */
const places = [['America/New_York', '212'], ['America/Denver', '303'], ['America/Phoenix', '480'], ['Pacific/Honolulu', '808']] as const // prettier-ignore
const edits = [
  ['rule/request', 'confirmation request 3 days before'],
  ['rule/request', 'confirmation request 50 hours before'],
  ['rule/reminder', 'reminder 1 day before'],
  ['rule/reminder', 'reminder 20 hours before if not confirmed'],
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

export async function practiceThatTexts({ from, days, families, eventsPerDay, seed }: YearOptions): Promise<YearDone> {
  const chance = chanceOf(seed)
  const { below } = chance
  const clock = jumpingClock(from)
  const keys = consentKeys(new Uint8Array(32).fill(3))
  const file = join(folder(), 'portal.sqlite')
  const replica = await openReplica({ store: await openSqliteStore({ file, master }), practice: mintUlid(clock), id: mintUlid(clock), clock })
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, keys.ofPhone) })
  const site = derivedUlid('site')
  const facts = (patient: string | null, startsAt: number | null = null) => ({ patient, site, shown: true, reachable: true, startsAt })

  // Each family has one phone: a parent, a child of whom the parent is guarantor, and in some a second adult without a relation.
  const phoneOf = (family: number): string => `+1${places[family % 4]![1]}${String(2_000_000 + family)}`
  const person = (family: number, who: number): string => derivedUlid('person', String(family), String(who))
  const setUp: Edit[] = [
    { collection: 'practice', key: site, at: 1, facts: facts(null), set: { siteName: 'x', practiceName: 'Bloom', phone: '+14805550100', zone: 'America/Phoenix', ...Object.fromEntries(places.map(([zone], at) => [`location/${at}`, { name: `Place ${at}`, zone, address: null, phone: null }])) } },
    { collection: 'preferences', key: textSettingsKey(site), at: 1, facts: { ...facts(null), shown: false }, set: { sending: 'on', perWeek: '9' } },
  ]
  for (let family = 0; family < families; family++)
    for (const [who, fields] of [{ firstName: 'Ann' }, { firstName: 'Tom', birthDate: '2019-01-01', cellPhone: null, guarantor: person(family, 0) }, { firstName: 'Zoe' }].entries())
      setUp.push({ collection: 'patients', key: person(family, who), at: 1, facts: facts(person(family, who)), set: { lastName: 'Lee', cellPhone: phoneOf(family), language: family % 5 === 0 ? 'es' : 'en', textConsent: true, birthDate: null, guarantor: null, relatives: [], deleted: false, survivor: null, ...fields } })
  for (let at = 0; at < setUp.length; at += 500) await replica.change(setUp.slice(at, at + 500))
  await index.caughtUp()

  const provider = heldProvider(clock)
  const stopped = new Set<string>()
  const send = provider.send.bind(provider)
  provider.send = (text) => {
    const now = clock.now()
    for (const zone of zonesOfNumber(text.to)) {
      const time = wallClockOf(now, zone).slice(11)
      expect(time >= '08:00' && time < '21:00', `a text went out at ${time} in ${zone}`).toBe(true)
    }
    expect(stopped.has(text.to), 'a text went out after STOP').toBe(false)
    return send(text)
  }
  const log: string[] = []
  const start = (): TextSender => textSender({ replica, keys, clock, provider: () => provider, isOpen: () => true, statusTo: () => null, indexed: () => index.caughtUp(), received: async () => {}, log: (what) => void log.push(what), pace: 0 })
  let sender = start()
  const settled = async (): Promise<void> => {
    await index.caughtUp()
    await sender.settled()
  }

  const booked: Booked[] = []
  const last = (of: Booked): State => of.states.at(-1)!
  const say = async (of: Booked, change: Partial<State>): Promise<void> => {
    const state = { ...last(of), ...change, at: clock.now() }
    of.states.push(state)
    await replica.change([{ collection: 'events', key: of.key, at: state.at, facts: facts(of.patient, instantOf(state.startsAt, places[of.location]![0])), set: { startsAt: state.startsAt, status: state.status } }])
  }
  const startAhead = (location: number): string => {
    const date = wallClockOf(clock.now() + (1 + below(14)) * day, places[location]![0]).slice(0, 10)
    return `${date}T${['08:15', '09:00', '09:30', '14:30', '17:45'][below(5)]!}`
  }
  const book = async (family: number, who: number, startsAt: string): Promise<void> => {
    const of: Booked = { key: derivedUlid('event', String(booked.length)), patient: person(family, who), location: family % 4, states: [] }
    booked.push(of)
    of.states.push({ at: clock.now(), startsAt, status: 'None' })
    const set: Record<string, Json> = { words: null, type: null, startsAt, minutes: 20, location: String(of.location), status: 'None', lastConfirmed: null, confirmationType: null, deleted: false }
    await replica.change([{ collection: 'events', key: of.key, at: clock.now(), facts: facts(of.patient, instantOf(startsAt, places[of.location]![0])), set }])
  }
  let [moved, restarts] = [0, 0]
  const recent = (): Booked | undefined => booked[booked.length - 1 - below(Math.min(booked.length, eventsPerDay * 10))]
  const startOf = (of: Booked): number => instantOf(last(of).startsAt, places[of.location]![0])
  const changeRule = async (): Promise<void> => {
    const [key, value] = edits[below(edits.length)]!
    const fields = (await replica.record('preferences', textSettingsKey(site)))!.fields
    await replica.change([{ collection: 'preferences', key: textSettingsKey(site), at: clock.now(), set: textsChanged(fields, { key, value, at: clock.now() }) }])
  }
  const something = async (): Promise<void> => {
    const dice = below(100)
    const family = below(families)
    if (dice < 60) {
      const startsAt = startAhead(family % 4)
      await book(family, below(3), startsAt)
      // Every other time the child comes on the same day.
      if (dice < 25) await book(family, 1, `${startsAt.slice(0, 11)}15:30`)
    } else if (dice < 78) {
      const of = recent()
      if (!of || last(of).status !== 'None' || startOf(of) < clock.now()) return
      moved++
      await say(of, { startsAt: startAhead(of.location) })
    } else if (dice < 86) {
      const of = recent()
      if (of && last(of).status === 'None' && startOf(of) > clock.now()) await say(of, { status: 'Canceled' })
    } else if (dice < 88) {
      const phone = phoneOf(family)
      stopped.add(phone)
      provider.blocked.add(phone)
      await replica.change([optedOut(keys.ofNumber(phone), { by: { role: 'patient', id: 'x' }, how: 'reply', at: clock.now() })])
    } else if (dice < 92) provider.unanswered++
    else if (dice < 95) provider.isDown = !provider.isDown
    else if (dice < 98) await changeRule()
    else {
      // Killed wherever it stands, and started again at once.
      restarts++
      await sender.stop()
      sender = start()
    }
  }

  const perDay = Math.ceil(eventsPerDay / 0.6)
  for (let today = 0; today < days; today++) {
    for (let nth = 0; nth < perDay; nth++) {
      await clock.runUntil(from + today * day + Math.floor(((nth + below(1_000) / 1_000) * day) / perDay), settled)
      await something()
    }
    for (const of of booked.slice(-eventsPerDay * 30)) if (last(of).status === 'None' && startOf(of) < clock.now() - hour) await say(of, { status: 'Checked Out' })
    if (today % 3 === 2) provider.isDown = false
  }
  provider.isDown = false
  await clock.runUntil(from + days * day, settled)
  await expect(openSqliteStore({ file, master }), 'a second portal could open the same files').rejects.toThrow(/in use by another process/)

  // Each claim beside the texts that the provider took.
  const claims: (OutMessage & { readonly kind: 'text' })[] = []
  for (const patient of new Set(booked.map((one) => one.patient)))
    claims.push(...foldCommunications(await replica.entries('communications', patient)).out.flatMap((one) => (one.kind === 'text' ? [one] : [])))
  const sent = claims.filter(({ state }) => state !== 'dropped' && state !== 'queued' && state !== 'failed')
  const told = sent.map(({ event, startsAt, what, rule }) => `${event!} ${startsAt!} ${what} ${rule!}`)
  expect(told.length, 'something was told twice').toBe(new Set(told).size)
  expect(new Set(sent.map(({ sid }) => sid))).toEqual(new Set(provider.taken.map(({ sid }) => sid)))
  const bySid = new Map(provider.taken.map((text) => [text.sid, text]))
  const byKey = new Map(booked.map((one) => [one.key, one]))
  for (const { sid, event, startsAt, what } of sent) {
    const { at } = bySid.get(sid!)!
    // The provider counts whole seconds.
    const stood = byKey.get(event!)!.states.filter((state, place, all) => state.at < at + 1_000 && (all[place + 1]?.at ?? Infinity) >= at)
    const status = what === 'after visit' ? 'Checked Out' : 'None'
    expect(stood.some((state) => state.startsAt === startsAt && state.status === status), `a ${what} told of ${startsAt!}, where nothing stood`).toBe(true)
  }
  for (const text of sent) for (const other of text.lists ?? []) expect(sent.some(({ id }) => id === other.entry)).toBe(true)

  // Each line of why and why not beside what was told.
  const situations = situationsOf({ replica, keys })
  const isTold = new Set(told)
  for (const { key } of booked) {
    const of = (await situations.of(key, clock.now()))!
    for (const { rule, verdict } of outlookOf(of)) {
      const was = isTold.has(`${key} ${of.event.startsAt} ${rule.what} ${rule.id}`)
      expect(verdict.is === 'told' && verdict.message.sid !== null, `${rule.id}: ${JSON.stringify(verdict)}`).toBe(was)
    }
  }
  await sender.stop()
  await index.stop()
  await replica.close()
  return { events: booked.length, texts: provider.taken.length, together: sent.filter(({ lists }) => lists !== undefined).length, moved, dropped: claims.filter(({ state }) => state === 'dropped').length, restarts }
} // prettier-ignore
