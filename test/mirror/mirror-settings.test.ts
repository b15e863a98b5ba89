/** The settings of the mirror as rules: what may be written, which of two holds, and what each end makes of them. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { choosable, isWithheld, onlyLeaving, whyNeeded } from '../../src/mirror/leaving-fields.ts'
import {
  dependenciesInWords,
  mirrorChanged,
  mirrorInForce,
  mirrorKeys,
  mirrorSettingsOf,
  narrower,
  textOf,
} from '../../src/mirror/mirror-settings.ts'
import {
  alwaysCollections,
  defaultSettings,
  isSent,
  isUpAlone,
  mayHold,
  passes,
  type Direction,
} from '../../src/mirror/policy.ts'
import { collections } from '../../src/replica/collections.ts'
import { anyFactsAt, anyTexts, groups, otherSites, valuesOf } from './any-settings.ts'

const now = Date.UTC(2026, 10, 23)
const anyCollection = fc.constantFrom(...collections)
const anyDirection = fc.constantFrom<Direction>('up', 'down')

it('has the defaults where nothing was chosen, whoever writes them out', () => {
  expect(mirrorSettingsOf({})).toEqual(defaultSettings)
  expect(mirrorSettingsOf({}).version).toBe(0)
  const written = Object.fromEntries(mirrorKeys.map((key) => [key, textOf({}, key)]))
  expect(mirrorSettingsOf(written)).toEqual(defaultSettings)
})

it('[R6] gives equal settings an equal version and others another, in whatever order they were written', () => {
  fc.assert(
    fc.property(anyTexts, anyTexts, (a, b) => {
      const [one, other] = [mirrorSettingsOf(a), mirrorSettingsOf(b)]
      const { version: v1, ...left } = one
      const { version: v2, ...right } = other
      expect(v1 === v2).toBe(JSON.stringify(left) === JSON.stringify(right))
      expect(mirrorSettingsOf(Object.fromEntries(Object.entries(a).toReversed())).version).toBe(v1)
    }),
  )
})

it('the narrower of two settings passes, holds, sends and leaves only what both do', () => {
  fc.assert(
    fc.property(
      anyTexts,
      anyTexts,
      anyCollection,
      anyFactsAt(now),
      anyDirection,
      fc.boolean(),
      (a, b, collection, facts, direction, erasure) => {
        const [one, other] = [mirrorSettingsOf(a), mirrorSettingsOf(b)]
        const both = narrower(one, other)
        const question = { collection, facts, direction, site: 'mesa', now, erasure }
        for (const each of [one, other]) {
          if (mayHold(both, question)) expect(mayHold(each, question)).toBe(true)
          // What the portal is to erase comes down first, whatever was on before.
          if (direction === 'up' && passes(both, question).passes) expect(passes(each, question).passes).toBe(true)
          if (direction === 'up' && isSent(both, collection, 'up')) expect(isSent(each, collection, 'up')).toBe(true)
          for (const group of groups)
            for (const field of each.withheld[group]) expect(isWithheld(both.withheld, group === 'stages' ? 'plans' : group, group === 'stages' ? `stage/1/${field}` : field)).toBe(true) // prettier-ignore
        }
        expect(narrower(other, one)).toEqual(both)
        expect(narrower(both, one)).toEqual(both)
      },
    ),
    { numRuns: 500 },
  )
})

it('the portal narrows what it names and nothing else, and widens nothing', () => {
  fc.assert(
    fc.property(anyTexts, anyTexts, (site, portal) => {
      const inForce = mirrorInForce(site, portal)
      expect(narrower(inForce, mirrorSettingsOf(site))).toEqual(inForce)
      expect(mirrorInForce(site, {})).toEqual(mirrorSettingsOf(site))
      expect(narrower(inForce, mirrorSettingsOf({ ...site, ...portal }))).toEqual(inForce)
    }),
  )
})

it('of what goes up alone a site takes what the portal is to let go of, and nothing else', () => {
  fc.assert(
    fc.property(anyTexts, anyCollection, anyFactsAt(now), (texts, collection, facts) => {
      const settings = mirrorSettingsOf(texts)
      fc.pre(isUpAlone(settings, collection))
      const question = { collection, facts: { ...facts, site: 'mesa' }, site: 'mesa', now, direction: 'down' } as const
      const comesDown = passes(settings, question).passes
      expect(comesDown).toBe(!mayHold(settings, question))
      // A site whose clock is some hours off takes it as well, and nothing that still goes up.
      if (comesDown) expect(passes(settings, { ...question, now: now - 23 * 3_600_000, arrives: true }).passes).toBe(true) // prettier-ignore
      if (passes(settings, { ...question, direction: 'up' }).passes) expect(passes(settings, { ...question, arrives: true }).passes).toBe(false) // prettier-ignore
      expect(isSent(settings, collection, 'down')).toBe(true)
    }),
    { numRuns: 500 },
  )
})

it('the portal may hold all that a site sends, and of a collection that is to be erased nothing', () => {
  fc.assert(
    fc.property(anyTexts, anyCollection, anyFactsAt(now), (texts, collection, facts) => {
      const settings = mirrorSettingsOf(texts)
      const question = { collection, facts, site: 'mesa', now }
      if (passes(settings, { ...question, direction: 'up' }).passes) expect(mayHold(settings, question)).toBe(true)
      if (texts[`${collection}.direction`] !== 'erased') return
      expect(mayHold(settings, question)).toBe(false)
      // What only the portal has comes down before.
      if (facts.site === 'mesa') expect(passes(settings, { ...question, direction: 'down' }).passes).toBe(true)
      expect(isSent(settings, collection, 'down')).toBe(true)
    }),
    { numRuns: 500 },
  )
})

it('counts what cannot be read as the narrowest, so that nothing leaves by a mistake', () => {
  for (const key of mirrorKeys) {
    const settings = mirrorSettingsOf({ [key]: 'what a newer version writes' })
    expect(narrower(settings, defaultSettings)).toEqual(settings)
    fc.assert(
      fc.property(valuesOf(key), (text) => {
        // What cannot be read stops; it does not erase.
        fc.pre(text !== 'erased')
        expect(narrower(settings, mirrorSettingsOf({ [key]: text }))).toEqual(settings)
      }),
    )
  }
})

it.each(alwaysCollections)('%s cannot be switched off, and a sentence says why', (collection) => {
  expect(() => mirrorChanged({}, collection, 'off', 'erase')).toThrow(/must always travel.*Nothing was changed/)
  expect(() => mirrorChanged({}, `${collection}.direction`, 'off')).toThrow(/Nothing was changed/)
})

it('asks who turns a collection off whether the portal keeps or erases what it has', () => {
  expect(() => mirrorChanged({}, 'messages', 'off')).toThrow(/--keep.*--erase.*Nothing was changed/)
  expect(mirrorChanged({}, 'messages', 'off', 'keep').texts).toEqual({ 'messages.direction': 'off' })
  expect(mirrorChanged({}, 'messages', 'off', 'erase').texts).toEqual({ 'messages.direction': 'erased' })
  expect(mirrorChanged({ 'messages.direction': 'erased' }, 'messages', 'on').texts).toEqual({ 'messages.direction': 'both' }) // prettier-ignore
  expect(() => mirrorChanged({}, 'messages', 'up', 'erase')).toThrow(/Nothing was changed/)
})

it('refuses a wrong value with a sentence that names the setting, the value and what is allowed', () => {
  const wrong: [string, string, RegExp][] = [
    ['events.daysAhead', '0', /whole number from 1 to 365/],
    ['events.daysAhead', '366', /whole number from 1 to 365/],
    ['patients.direction', 'down', /up, off or erased/],
    ['messages.patients', 'some', /all, reachable, portal enabled or none/],
    ['patients.fields', 'email, specialIssues', /names parted by commas/],
    ['patients.fields', 'birthDate', /birthDate always leaves.*invitation/],
    ['patients.fields', 'deleted', /deleted always leaves/],
    ['patients.address1', 'on', /no setting patients.address1/],
    ['__proto__', 'on', /no setting/],
    [`share.${otherSites[0]}.events`, 'up', /off, give, take or both/],
    [`share.${otherSites[0]}.practice`, 'give', /no setting/],
    ['share.tempe.events', 'give', /no setting/],
  ]
  for (const [key, value, says] of wrong) {
    expect(() => mirrorChanged({}, key, value)).toThrow(says)
    expect(() => mirrorChanged({}, key, value)).toThrow(/Nothing was changed\.$/)
  }
})

it('says what a collection needs where that is off', () => {
  expect(dependenciesInWords(defaultSettings)).toEqual([])
  const says = dependenciesInWords(mirrorSettingsOf({ 'patients.direction': 'off' }))
  expect(says).toContain('events need patients, and patients are off: so nothing of events goes.')
  expect(says).toContain('confirmations need events, and events are off: so nothing of confirmations goes.')
})

it('takes withheld fields, and no others, out of what a source says', () => {
  fc.assert(
    fc.property(anyTexts, (texts) => {
      const { withheld } = mirrorSettingsOf(texts)
      for (const group of groups) {
        const collection = group === 'stages' ? 'plans' : group
        const name = (field: string): string => (group === 'stages' ? `stage/7/${field}` : field)
        const all = [...choosable(group), 'deleted']
        const edit = { collection, key: 'k', set: Object.fromEntries(all.map((field) => [name(field), 1])), at: 1 }
        const left = Object.keys(onlyLeaving(edit, withheld).set)
        expect(left).toEqual(all.filter((field) => !withheld[group].includes(field)).map(name))
      }
    }),
  )
})

it('what the front desk confirmed leaves only where the fields of the event that it wrote do; what a patient confirmed as ever', () => {
  const by = { role: 'staff' as const, id: 's' }
  const answered = { kind: 'answered' as const, at: 1, by, channel: 'console' as const, patient: 'p', startsAt: '2026-12-01T09:00', type: 'Phone' } // prettier-ignore
  const written = { kind: 'written' as const, at: 1, by, answer: 'a', lastConfirmed: '2026-11-25T09:00', confirmationType: 'Phone' } // prettier-ignore
  const atDesk = { collection: 'confirmations' as const, key: 'k', add: { a: answered, 'written:a': written } }
  const ofPatient = { collection: 'confirmations' as const, key: 'k', add: { 'written:b': written } }
  const withheld = (...events: string[]) => ({ ...defaultSettings.withheld, events })
  expect(onlyLeaving(atDesk, withheld('minutes'))).toEqual(atDesk)
  for (const field of ['lastConfirmed', 'confirmationType'])
    expect(onlyLeaving(atDesk, withheld(field))).toEqual({ ...atDesk, add: {} })
  expect(onlyLeaving(ofPatient, withheld('lastConfirmed'))).toEqual(ofPatient)
})

it('withholds no field without which records would be of the wrong person or of no use', () => {
  for (const [group, field] of [
    ['patients', 'birthDate'],
    ['patients', 'survivor'],
    ['events', 'startsAt'],
    ['events', 'status'],
    ['practice', 'zone'],
  ] as const)
    // prettier-ignore
    expect(whyNeeded(group, field)).toMatch(/\w/)
  fc.assert(
    fc.property(anyTexts, (texts) => {
      const { withheld } = mirrorSettingsOf(texts)
      for (const group of groups) expect(withheld[group].filter((field) => whyNeeded(group, field))).toEqual([])
    }),
  )
})
