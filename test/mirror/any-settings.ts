/** Mirror settings and facts at random, as people may choose them. */
import * as fc from 'fast-check'
import { choosable, leavingFields, type FieldGroup } from '../../src/mirror/leaving-fields.ts'
import { mirrorKeys, type MirrorTexts } from '../../src/mirror/mirror-settings.ts'
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

/** The texts of some settings; the others have their defaults. */
export const anyTexts: fc.Arbitrary<MirrorTexts> = fc
  .record(Object.fromEntries(mirrorKeys.map((key) => [key, valuesOf(key)])), { requiredKeys: [] })
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
