/** Mirror settings and facts at random, as people may choose them. */
import * as fc from 'fast-check'
import { choosable, leavingFields, type FieldGroup } from '../../src/mirror/leaving-fields.ts'
import { mirrorKeys, shareKey, shareWays, type MirrorTexts } from '../../src/mirror/mirror-settings.ts'
import { shareable } from '../../src/mirror/sharing.ts'
import { coverages, defaultSettings } from '../../src/mirror/policy.ts'
import type { Facts } from '../../src/replica/collections.ts'

export const day = 86_400_000

/** The values that a setting may have, by its key. */
export function valuesOf(key: string): fc.Arbitrary<string> {
  const [of, what] = key.split('.') as [keyof typeof defaultSettings.directions, string]
  switch (what) {
    case 'direction':
      return fc.constantFrom(
        ...(defaultSettings.directions[of].length === 2 ? ['both', 'up', 'down'] : ['up']),
        'off',
        'erased',
      )
    case 'patients':
      return fc.constantFrom(...coverages)
    case 'fields': {
      const names = choosable(of as FieldGroup)
      return fc.subarray(names).map((some) => (some.length === 0 ? 'none' : some.length === names.length ? 'all' : some.join(', '))) // prettier-ignore
    }
    default:
      return fc.integer({ min: 1, max: 365 }).map(String)
  }
}

/** Two other sites of the practice. */
export const otherSites = ['01M1000000000000000000TEMP', '01M1000000000000000000GRAN'] as const
const shareKeys = otherSites.flatMap((site) => shareable.map((name) => shareKey(site, name)))

/** The texts of some settings, and of what is shared with other sites; the others have their defaults. */
export const anyTexts: fc.Arbitrary<MirrorTexts> = fc
  .record(
    Object.fromEntries([
      ...mirrorKeys.map((key) => [key, valuesOf(key)]),
      ...shareKeys.map((key) => [key, fc.constantFrom(...shareWays)]),
    ]),
    { requiredKeys: [] },
  )
  .map((some) => some as MirrorTexts)

export const groups = Object.keys(leavingFields) as FieldGroup[]

export function anyFactsAt(now: number): fc.Arbitrary<Facts> {
  return fc.record({
    patient: fc.option(fc.constantFrom('p', 'q')),
    site: fc.option(fc.constantFrom('mesa', 'tempe')),
    shown: fc.boolean(),
    reachable: fc.boolean(),
    startsAt: fc.option(fc.oneof(fc.integer({ min: now - 800 * day, max: now + 800 * day }), fc.double())),
    at: fc.integer(),
  })
}
