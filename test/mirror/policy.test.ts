/** The default table of the mirror as rules, and that the policy answers every question. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { leavingFields } from '../../src/mirror/leaving-fields.ts'
import { mirrorSettingsOf } from '../../src/mirror/mirror-settings.ts'
import {
  alwaysCollections,
  defaultSettings,
  isSent,
  mayHold,
  passes,
  type Direction,
  type MirrorSettings,
  type SettableCollection,
} from '../../src/mirror/policy.ts'
import { collections, type Collection, type Facts } from '../../src/replica/collections.ts'
import { anyFactsAt, anyTexts } from './any-settings.ts'

const now = Date.UTC(2026, 10, 23)
const day = 86_400_000
const base: Facts = { patient: 'p', site: 'mesa', shown: true, reachable: true, startsAt: null, at: 0 }
const ask = (collection: Collection, direction: Direction, facts: Partial<Facts> = {}, settings = defaultSettings) =>
  passes(settings, { collection, direction, facts: { ...base, ...facts }, site: 'mesa', now }).passes
const without = (collection: SettableCollection): MirrorSettings => ({
  ...defaultSettings,
  directions: { ...defaultSettings.directions, [collection]: [] },
})

const anyFacts = anyFactsAt(now)
const anyDirection = fc.constantFrom<Direction>('up', 'down')
const anySettings = anyTexts.map(mirrorSettingsOf)

it('answers every question, with a sentence where it says no', () => {
  fc.assert(
    fc.property(
      anySettings,
      fc.constantFrom(...collections),
      anyFacts,
      anyDirection,
      (settings, collection, facts, direction) => {
        const verdict = passes(settings, { collection, facts, direction, site: 'mesa', now })
        expect(verdict.passes || verdict.why.endsWith('.')).toBe(true)
      },
    ),
  )
})

it('lets consents travel to every site, whatever the settings', () => {
  fc.assert(
    fc.property(anySettings, anyFacts, anyDirection, (settings, facts, direction) => {
      expect(passes(settings, { collection: 'consents', facts, direction, site: 'mesa', now }).passes).toBe(true)
    }),
  )
})

it('cannot switch off access, preferences and reviews of the site itself', () => {
  fc.assert(
    fc.property(anySettings, anyFacts, anyDirection, (settings, facts, direction) => {
      for (const collection of ['access', 'preferences', 'reviews'] as const)
        expect(ask(collection, direction, { ...facts, site: 'mesa' }, settings)).toBe(true)
    }),
  )
})

it('never sends a document of another site, consents apart', () => {
  fc.assert(
    fc.property(
      anySettings,
      fc.constantFrom(...collections),
      anyFacts,
      anyDirection,
      (settings, collection, facts, direction) => {
        fc.pre(collection !== 'consents')
        expect(ask(collection, direction, { ...facts, site: 'tempe' }, settings)).toBe(false)
      },
    ),
  )
})

it('gives an owner its own records down again, whatever the settings and the facts', () => {
  fc.assert(
    fc.property(anySettings, anyFacts, (settings, facts) => {
      for (const collection of ['practice', 'patients', 'plans', 'events'] as const)
        expect(ask(collection, 'down', { ...facts, site: 'mesa' }, settings)).toBe(true)
    }),
  )
})

it('uploads patients only while they can be reached', () => {
  expect(ask('patients', 'up')).toBe(true)
  expect(ask('patients', 'up', { reachable: false })).toBe(false)
})

it('uploads plans only while patients may be shown them', () => {
  expect(ask('plans', 'up')).toBe(true)
  expect(ask('plans', 'up', { shown: false })).toBe(false)
})

it('uploads the practice', () => {
  expect(ask('practice', 'up', { patient: null, reachable: false })).toBe(true)
})

it('uploads events of reachable patients from 365 days ahead to 400 days past', () => {
  expect(ask('events', 'up', { startsAt: now + 365 * day })).toBe(true)
  expect(ask('events', 'up', { startsAt: now + 365 * day + 1 })).toBe(false)
  expect(ask('events', 'up', { startsAt: now - 400 * day })).toBe(true)
  expect(ask('events', 'up', { startsAt: now - 400 * day - 1 })).toBe(false)
  expect(ask('events', 'up', { startsAt: now, reachable: false })).toBe(false)
  expect(ask('events', 'up', { startsAt: now, patient: null })).toBe(false)
})

it.each(['messages', 'confirmations', 'requests', 'communications', 'payments'] as const)(
  'uploads %s of patients who can be reached, and what was said at the portal goes down also of others',
  (collection) => {
    const soon = { startsAt: now + day }
    expect(ask(collection, 'up', soon)).toBe(true)
    expect(ask(collection, 'up', { ...soon, reachable: false })).toBe(false)
    for (const reachable of [true, false]) expect(ask(collection, 'down', { ...soon, reachable })).toBe(true)
  },
)

it('uploads a confirmation only where its event is uploaded, by horizon and by patient', () => {
  fc.assert(
    fc.property(anySettings, anyFacts, (settings, facts) => {
      const of = { ...facts, site: 'mesa' }
      if (ask('confirmations', 'up', of, settings)) expect(ask('events', 'up', { ...of }, { ...settings, directions: { ...settings.directions, events: ['up'] } })).toBe(true) // prettier-ignore
    }),
  )
  expect(ask('confirmations', 'up', { startsAt: now + 365 * day + 1 })).toBe(false)
  expect(ask('confirmations', 'up', { startsAt: null })).toBe(false)
})

it('[R9] the portal may hold what a site sends, and an event for a day more on either side', () => {
  fc.assert(
    fc.property(anySettings, fc.constantFrom(...collections), anyFacts, (settings, collection, facts) => {
      if (ask(collection, 'up', { ...facts, site: 'mesa' }, settings))
        expect(mayHold(settings, { collection, facts, now })).toBe(true)
    }),
  )
  const held = (collection: Collection, facts: Partial<Facts>): boolean =>
    mayHold(defaultSettings, { collection, facts: { ...base, ...facts }, now })
  expect(held('patients', { reachable: false })).toBe(false)
  expect(held('plans', { shown: false })).toBe(false)
  expect(held('reviews', { reachable: false, shown: false })).toBe(true)
  for (const startsAt of [now - 401 * day, now + 366 * day]) expect(held('events', { startsAt })).toBe(true)
  for (const startsAt of [now - 401 * day - 1, now + 366 * day + 1]) expect(held('events', { startsAt })).toBe(false)
})

it('sends nothing of a collection that is off, and an owner its own records', () => {
  expect(isSent(without('messages'), 'messages', 'up')).toBe(false)
  expect(isSent(without('patients'), 'messages', 'up')).toBe(false)
  expect(isSent(without('patients'), 'patients', 'down')).toBe(true)
  for (const collection of alwaysCollections) expect(isSent(without('patients'), collection, 'up')).toBe(true)
  expect(isSent(defaultSettings, 'patients', 'up')).toBe(true)
})

it('switches off what needs a collection that is off', () => {
  for (const collection of ['events', 'plans', 'messages', 'confirmations'] as const)
    expect(ask(collection, 'up', { startsAt: now }, without('patients'))).toBe(false)
  expect(ask('patients', 'up', {}, without('events'))).toBe(true)
})

it('names no field that must never leave', () => {
  const names = Object.values(leavingFields).flatMap((fields) => Object.keys(fields))
  expect(names).toContain('birthDate')
  expect(names.filter((name) => /special|alert|resource|procedure|interest|address2|note/i.test(name))).toEqual([])
})
