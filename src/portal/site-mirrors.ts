/**
 * The mirror settings of the sites of a portal, as each site has chosen and this portal has narrowed them: what may be
 * held of a site's documents, and what goes over its link. When a site changes them, what may be held no longer is withdrawn.
 * What a site gives and takes of others is written for each of these, and holds on their links as it stands there.
 */
import {
  asTheSite,
  mirrorChanged,
  mirrorInForce,
  mirrorKey,
  mirrorKeyNamed,
  mirrorTextsOf,
  sameSettings,
  type MirrorTexts,
  type Narrowed,
  type Narrowing,
} from '../mirror/mirror-settings.ts'
import {
  defaultSettings,
  isAlways,
  isAtBoth,
  isSent,
  isUpAlone,
  mayHold,
  passes,
  type Direction,
  type MirrorSettings,
} from '../mirror/policy.ts'
import { givenTo, heldBy, isShared, isSharedRecord, linkVersion, othersIn, othersKey, sharedBy, takenOf, type Shared } from '../mirror/sharing.ts' // prettier-ignore
import type { Clock } from '../replica/clock.ts'
import type { LinkSettings, Passes } from '../replica/collections.ts'
import { sameJson, type Json } from '../replica/json.ts'
import type { OpenReplica } from '../replica/replica.ts'

export interface SiteMirrors {
  of(site: string): MirrorSettings
  /** What a practice's replica may hold, by the owner of each document. */
  readonly holds: Passes
  /** Whether the owner of a document takes it as long as the portal may hold it. */
  readonly comesDown: Passes
  /** What passes on the link of a site, down also of what others share with it. */
  passes(site: string, direction: Direction): Passes
  /** What comes up of a site: its own, and what it changed of the records that others share with it. */
  comesUp(site: string): Passes
  /** What should be here and at the site. */
  atBoth(site: string): Passes
  /** Of what goes down, the site's own. */
  keeps(site: string): Passes
  /** Of the site's own that does not go down, what it is to know of: it alone says when it is to go. */
  tells(site: string): Passes
  link(site: string): LinkSettings
  /** Reads the settings of a practice's sites and follows them. */
  follow(replica: OpenReplica): Promise<void>
  /** Tells each site of a practice what the others say to it, where that is not as it was told. */
  introduce(replica: OpenReplica): Promise<void>
  /** What a site and the portal have set. */
  standing(replica: OpenReplica, site: string): Promise<{ readonly own: MirrorTexts; readonly portals: MirrorTexts }>
  /**
   * Changes the portal's own settings for a site, all or none, which can only narrow; throws a sentence where one would be
   * wrong. `asTheSite` takes one back: the site alone decides it then.
   */
  narrow(replica: OpenReplica, site: string, changes: readonly Narrowing[]): Promise<readonly Narrowed[]>
}

interface Known {
  readonly settings: MirrorSettings
  readonly shared: Shared
  /** That of the link. */
  readonly version: number
}
const unset: Known = { settings: defaultSettings, shared: new Map(), version: 0 }

/**
 * `device`: the replica of a site; undefined where it is not enrolled. `sites`: those of a practice. `nameOf`: how a site
 * is called for the others; null where that is not known, undefined where the site is in use no more.
 */
export function siteMirrors(portal: {
  readonly clock: Clock
  readonly device: (site: string) => string | undefined
  readonly sites: (practice: string) => readonly string[]
  readonly nameOf: (site: string) => string | null | undefined
}): SiteMirrors {
  const { clock } = portal
  const known = new Map<string, Known>()
  const listeners = new Set<() => void>()
  const knownOf = (site: string): Known => known.get(site) ?? unset
  const of = (site: string): MirrorSettings => knownOf(site).settings

  const standing = async (replica: OpenReplica, site: string) => {
    const device = portal.device(site)
    const own = device === undefined ? {} : await replica.written('preferences', mirrorKey(site), device)
    const portals = await replica.written('preferences', mirrorKey(site), replica.id)
    return { own: mirrorTextsOf(own), portals: mirrorTextsOf(portals) }
  }
  const load = async (replica: OpenReplica, site: string): Promise<void> => {
    const { own, portals } = await standing(replica, site)
    const settings = mirrorInForce(own, portals)
    // As it was told the site: both ends of its link go by the same.
    const shared = sharedBy(settings, othersIn(await replica.written('preferences', othersKey(site), replica.id)))
    known.set(site, { settings, shared, version: linkVersion(settings, shared) })
  }
  const holds: Passes = (collection, facts) =>
    mayHold(facts.site === null ? defaultSettings : of(facts.site), { collection, facts, now: clock.now() })
  const own =
    (site: string, direction: Direction): Passes =>
    (collection, facts, erasure = false) =>
      passes(of(site), { collection, facts, direction, site, now: clock.now(), erasure }).passes
  /** Of what another site shares, what this portal may hold itself, and that it holds it no more. */
  const ofOthers =
    (site: string): Passes =>
    (collection, facts, erasure = false) =>
      isShared(knownOf(site).shared, collection, facts) && (erasure || holds(collection, facts))
  const introduce = async (replica: OpenReplica): Promise<void> => {
    const sites = portal.sites(replica.practice)
    if (sites.length < 2) return
    for (const site of sites) {
      const told = await replica.written('preferences', othersKey(site), replica.id)
      const set: Record<string, Json> = {}
      for (const other of sites) {
        const name = portal.nameOf(other)
        if (other === site || portal.nameOf(site) === undefined) continue
        const [gives, takes] = name === undefined ? [[], []] : [givenTo(of(other), site), takenOf(of(other), site)]
        const says = name === undefined || (name === null && gives.length + takes.length === 0) ? null : { name, gives, takes, holds: heldBy(of(other), gives) } // prettier-ignore
        if (!sameJson(told[other] ?? null, says)) set[other] = says
      }
      if (Object.keys(set).length === 0) continue
      const facts = { patient: null, site, shown: false, reachable: false, startsAt: null }
      await replica.change([{ collection: 'preferences', key: othersKey(site), facts, set, at: clock.now() }])
    }
  }
  return {
    of,
    holds,
    comesDown: (collection, { site }) => site === null || !isUpAlone(of(site), collection),
    passes(site, direction) {
      const [owns, shared] = [own(site, direction), ofOthers(site)]
      return direction === 'up' ? owns : (...asked) => owns(...asked) || shared(...asked)
    },
    comesUp(site) {
      const owns = own(site, 'up')
      return (collection, facts, erasure = false) =>
        owns(collection, facts, erasure) || (!erasure && isSharedRecord(knownOf(site).shared, collection, facts))
    },
    atBoth:
      (site) =>
      (collection, facts, erasure = false) =>
        isAtBoth(of(site), { collection, facts, site, now: clock.now(), erasure }),
    keeps: (site) => own(site, 'down'),
    tells: (site) => (collection, facts) => facts.site === site && isUpAlone(of(site), collection),
    introduce,
    link: (site) => ({
      version: () => knownOf(site).version,
      sends: (name) => isSent(of(site), name, 'down'),
      always: isAlways,
      onChange(run) {
        listeners.add(run)
        return () => void listeners.delete(run)
      },
    }),
    async follow(replica) {
      for (const site of portal.sites(replica.practice)) await load(replica, site)
      // What was looked through when the replica was opened was judged by the defaults.
      await replica.withdraw()
      replica.follow({
        name: 'mirrors',
        collections: ['preferences'],
        async handle(heads) {
          const keys = new Set(heads.map((head) => head.key))
          let changed = false
          let isTold = true
          for (const site of portal.sites(replica.practice)) {
            if (!keys.has(mirrorKey(site)) && !keys.has(othersKey(site))) continue
            const before = knownOf(site)
            await load(replica, site)
            changed ||= knownOf(site).version !== before.version || !sameSettings(of(site), before.settings)
            // Also what a portal that was put back is told of what it had written itself is put right.
            isTold &&= sameSettings(of(site), before.settings) && !keys.has(othersKey(site))
          }
          if (!isTold) await introduce(replica)
          if (!changed) return []
          for (const run of [...listeners]) run()
          await replica.withdraw()
          return []
        },
      })
    },
    standing,
    async narrow(replica, site, changes) {
      const { portals } = await standing(replica, site)
      const set: Record<string, string | null> = {}
      for (const { key: name, value, content } of changes) {
        if (value === asTheSite) set[mirrorKeyNamed(name)] = null
        else {
          const { key, texts } = mirrorChanged(portals, name, value, content)
          set[key] = texts[key]!
        }
      }
      const facts = { patient: null, site, shown: false, reachable: false, startsAt: null }
      await replica.change([{ collection: 'preferences', key: mirrorKey(site), facts, set, at: clock.now() }])
      return Object.entries(set).map(([key, text]) => ({ key, old: portals[key] ?? asTheSite, new: text ?? asTheSite }))
    },
  }
}
