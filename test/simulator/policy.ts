/** Two worlds: one in which everything passes to everybody, and one with the product's own policy. */
import { defaultSettings, mayHold, passes, type Direction } from '../../src/mirror/policy.ts'
import type { Passes } from '../../src/replica/collections.ts'
import type { SiteId } from '../../src/replica/ids.ts'

/** What a machine is: a practice site, or the portal, which has none. */
export interface Place {
  readonly site: SiteId | undefined
}

export interface Policy {
  passes(direction: Direction, site: SiteId, now: () => number): Passes
  /** What the portal may hold. */
  holds(now: () => number): Passes
}

export const everythingPasses: Policy = { passes: () => () => true, holds: () => () => true }

export const productPolicy: Policy = {
  passes:
    (direction, site, now) =>
    (collection, facts, erasure = false) =>
      passes(defaultSettings, { collection, facts, direction, site, now: now(), erasure }).passes,
  holds: (now) => (collection, facts) => mayHold(defaultSettings, { collection, facts, now: now() }),
}
