/**
 * The mirror settings of the sites of a portal, as each site has chosen and this portal has narrowed them: what may be
 * held of a site's documents, and what goes over its link. When a site changes them, what may be held no longer is withdrawn.
 */
import {
  asTheSite,
  mirrorChanged,
  mirrorInForce,
  mirrorKey,
  mirrorKeyNamed,
  mirrorTextsOf,
  type MirrorTexts,
  type Narrowed,
  type Narrowing,
} from '../mirror/mirror-settings.ts'
import {
  defaultSettings,
  isAlways,
  isSent,
  mayHold,
  passes,
  type Direction,
  type MirrorSettings,
} from '../mirror/policy.ts'
import type { Clock } from '../replica/clock.ts'
import type { LinkSettings, Passes } from '../replica/collections.ts'
import type { OpenReplica } from '../replica/replica.ts'

export interface SiteMirrors {
  of(site: string): MirrorSettings
  /** What a practice's replica may hold, by the owner of each document. */
  readonly holds: Passes
  /** What passes on the link of a site. */
  passes(site: string, direction: Direction): Passes
  link(site: string): LinkSettings
  /** Reads the settings of a practice's sites and follows them. */
  follow(replica: OpenReplica): Promise<void>
  /** What a site and the portal have set. */
  standing(replica: OpenReplica, site: string): Promise<{ readonly own: MirrorTexts; readonly portals: MirrorTexts }>
  /**
   * Changes the portal's own settings for a site, all or none, which can only narrow; throws a sentence where one would be
   * wrong. `asTheSite` takes one back: the site alone decides it then.
   */
  narrow(replica: OpenReplica, site: string, changes: readonly Narrowing[]): Promise<readonly Narrowed[]>
}

/** `device`: the replica of a site; undefined where it is not enrolled. `sites`: those of a practice. */
export function siteMirrors(portal: {
  readonly clock: Clock
  readonly device: (site: string) => string | undefined
  readonly sites: (practice: string) => readonly string[]
}): SiteMirrors {
  const { clock } = portal
  const known = new Map<string, MirrorSettings>()
  const listeners = new Set<() => void>()
  const of = (site: string): MirrorSettings => known.get(site) ?? defaultSettings

  const standing = async (replica: OpenReplica, site: string) => {
    const device = portal.device(site)
    const own = device === undefined ? {} : await replica.written('preferences', mirrorKey(site), device)
    const portals = await replica.written('preferences', mirrorKey(site), replica.id)
    return { own: mirrorTextsOf(own), portals: mirrorTextsOf(portals) }
  }
  const load = async (replica: OpenReplica, site: string): Promise<void> => {
    const { own, portals } = await standing(replica, site)
    known.set(site, mirrorInForce(own, portals))
  }
  return {
    of,
    holds: (collection, facts) =>
      mayHold(facts.site === null ? defaultSettings : of(facts.site), { collection, facts, now: clock.now() }),
    passes:
      (site, direction) =>
      (collection, facts, erasure = false) =>
        passes(of(site), { collection, facts, direction, site, now: clock.now(), erasure }).passes,
    link: (site) => ({
      version: () => of(site).version,
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
          for (const site of portal.sites(replica.practice)) {
            if (!keys.has(mirrorKey(site))) continue
            const before = of(site).version
            await load(replica, site)
            changed ||= of(site).version !== before
          }
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
