/**
 * What each site has chosen for each collection: on; off, so that nothing of it goes either way; or erased, so that the
 * site sends nothing of it, still takes what the portal has, and the portal erases it once every site has chosen that.
 * What was chosen is known at both ends at once, as if the settings had travelled first, and the link starts over.
 */
import type { Collection, LinkSettings, Passes } from '../../src/replica/collections.ts'
import type { Direction } from '../../src/mirror/policy.ts'
import type { SiteId } from '../../src/replica/ids.ts'

export type Mode = 'on' | 'off' | 'erased'

/** The collections that the simulator switches: entries of patients and of sites, and records. */
export const switchable: readonly Collection[] = ['confirmations', 'messages', 'plans']

export interface Modes {
  of(site: string, collection: Collection): Mode
  choose(site: string, collection: Collection, mode: Mode): void
  /** The settings of a link by which one end sends. */
  settings(direction: Direction, site: SiteId): LinkSettings
  /** What passes of what passes anyway. */
  within(direction: Direction, site: SiteId, passes: Passes): Passes
}

export function modesChosen(): Modes {
  const chosen = new Map<string, Mode>()
  let version = 1
  const of = (site: string, collection: Collection): Mode => chosen.get(`${site}/${collection}`) ?? 'on'
  const isOpen = (direction: Direction, site: string, collection: Collection): boolean =>
    direction === 'up' ? of(site, collection) === 'on' : of(site, collection) !== 'off'
  return {
    of,
    choose(site, collection, mode) {
      chosen.set(`${site}/${collection}`, mode)
      version++
    },
    settings: (direction, site) => ({
      version: () => version,
      sends: (collection) => isOpen(direction, site, collection),
    }),
    within:
      (direction, site, passes) =>
      (...asked) =>
        isOpen(direction, site, asked[0]) && passes(...asked),
  }
}
