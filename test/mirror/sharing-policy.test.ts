/** What comes down of the records of other sites, as rules over any settings of both. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { mirrorInForce, mirrorSettingsOf, shareKey, type MirrorTexts } from '../../src/mirror/mirror-settings.ts'
import {
  defaultSettings,
  mayHold,
  needs,
  offBecause,
  type MirrorSettings,
  type PatientCollection,
} from '../../src/mirror/policy.ts'
import { givenTo, heldBy, isShared, linkVersion, othersIn, shareable, sharedBy, sharingInWords, sourcesOf, takenOf, type Others } from '../../src/mirror/sharing.ts' // prettier-ignore
import type { Json } from '../../src/replica/json.ts'
import { anyTexts, otherSites } from './any-settings.ts'

const [mesa, tempe] = otherSites
/** As the portal tells Tempe what Mesa says, over the wire and back. */
const told = (settingsOfMesa: MirrorTexts, portals: MirrorTexts = {}): Others => {
  const settings = mirrorInForce(settingsOfMesa, portals)
  const says = {
    name: 'Mesa',
    gives: givenTo(settings, tempe),
    takes: takenOf(settings, tempe),
    holds: heldBy(settings, givenTo(settings, tempe)),
  }
  return othersIn(JSON.parse(JSON.stringify({ [mesa]: says })) as Record<string, Json>)
}
const chosen = (texts: MirrorTexts, other: string, collection: PatientCollection): string => texts[shareKey(other, collection)] ?? 'off' // prettier-ignore

it('by default no site gives or takes anything', () => {
  for (const site of otherSites) expect([...givenTo(defaultSettings, site), ...takenOf(defaultSettings, site)]).toEqual([]) // prettier-ignore
})

it('[SHARE-1] what comes down was given by an admin of its owner and taken by one here, goes up there, comes down here, and brings what it needs', () => {
  fc.assert(
    fc.property(anyTexts, anyTexts, (ofMesa, ofTempe) => {
      const [giver, taker] = [mirrorSettingsOf(ofMesa), mirrorSettingsOf(ofTempe)]
      const shared = sharedBy(taker, told(ofMesa))
      for (const collection of shareable) {
        if (!isShared(shared, collection, { site: mesa })) continue
        expect(chosen(ofMesa, tempe, collection)).toMatch(/give|both/)
        expect(chosen(ofTempe, mesa, collection)).toMatch(/take|both/)
        for (const settings of [giver, taker]) expect(offBecause(settings, collection)).toBeUndefined()
        expect(giver.directions[collection]).toContain('up')
        const needed = needs[collection]
        if (needed) expect(isShared(shared, needed, { site: mesa })).toBe(true)
      }
      expect([...shared.keys()].filter((site) => site !== mesa)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

it('the portal can only narrow what is shared', () => {
  fc.assert(
    fc.property(anyTexts, anyTexts, anyTexts, (ofMesa, ofTempe, portals) => {
      const without = sharedBy(mirrorSettingsOf(ofTempe), told(ofMesa))
      const narrowed = [
        sharedBy(mirrorSettingsOf(ofTempe), told(ofMesa, portals)),
        sharedBy(mirrorInForce(ofTempe, portals), told(ofMesa)),
      ]
      for (const shared of narrowed)
        for (const collection of shareable)
          if (isShared(shared, collection, { site: mesa }))
            expect(isShared(without, collection, { site: mesa })).toBe(true)
    }),
  )
})

it('where nothing is shared the version of a link is that of the settings alone, and another for whatever is shared', () => {
  const all = Object.fromEntries(shareable.map((name) => [shareKey(tempe, name), 'give']))
  const takes = Object.fromEntries(shareable.map((name) => [shareKey(mesa, name), 'take']))
  const taker = mirrorSettingsOf(takes)
  expect([taker.version, linkVersion(taker, sharedBy(taker, new Map()))]).toEqual([0, 0])
  const shared = [sharedBy(taker, told(all)), sharedBy(taker, told({ [shareKey(tempe, 'patients')]: 'give' }))]
  expect(new Set([0, ...shared.map((one) => linkVersion(taker, one))]).size).toBe(3)
  expect(shared.map((one) => sourcesOf(defaultSettings, one, 'events') > 1)).toEqual([true, false])
})

it('[SHARE-2] where the owner’s settings hold another document at the portal, what comes down is read anew, though the same is shared', () => {
  const at = Date.UTC(2027, 0, 5)
  const facts = fc.record({
    patient: fc.constantFrom('p', null),
    site: fc.constant(mesa),
    shown: fc.boolean(),
    reachable: fc.boolean(),
    startsAt: fc.option(fc.integer({ min: -500, max: 500 }).map((days) => at + days * 86_400_000)),
    at: fc.constant(1),
  })
  fc.assert(
    fc.property(anyTexts, anyTexts, fc.constantFrom(...shareable), facts, (before, after, collection, about) => {
      const [was, is] = [mirrorSettingsOf(before), mirrorSettingsOf(after)]
      const held = (settings: MirrorSettings): boolean => mayHold(settings, { collection, facts: about, now: at })
      fc.pre(held(was) !== held(is))
      expect(heldBy(was, [collection])).not.toEqual(heldBy(is, [collection]))
      const down = (settings: MirrorSettings): number => sourcesOf(defaultSettings, new Map([[mesa, new Map([[collection, heldBy(settings, [collection])[collection]!]])]]), collection) // prettier-ignore
      expect(down(was)).not.toBe(down(is))
    }),
  )
})

it('says of each choice that does not come to be what it waits for', () => {
  const takes = mirrorSettingsOf({ [shareKey(mesa, 'events')]: 'take' })
  expect(sharingInWords(takes, told({}))).toEqual(['events of Mesa are not taken: they need patients.'])
  const both = mirrorSettingsOf({ [shareKey(mesa, 'patients')]: 'both' })
  expect(sharingInWords(both, told({}))).toEqual([
    'Mesa does not take patients yet: an admin there chooses to.',
    'Mesa does not give patients yet: an admin there chooses to.',
  ])
  expect(sharingInWords(mirrorSettingsOf({ [shareKey(mesa, 'patients')]: 'take' }), told({ [shareKey(tempe, 'patients')]: 'give' }))).toEqual([]) // prettier-ignore
})
