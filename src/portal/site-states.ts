/**
 * How the sites of a portal are, and the watch over them: a site that is silent for longer than its schedule and its
 * backup windows explain is an alarm, since the site itself cannot say so. An alarm is over when the site is heard.
 */
import { alarmsOf, type Alarm, type AlarmMail } from './alarms.ts'
import { isSent, type MirrorSettings } from '../mirror/policy.ts'
import { byHandOf, preferencesOf, synchronizationKey, textsOf } from '../mirror/preferences.ts'
import { isSilent, stateOfSite, type Known, type SiteState } from '../mirror/watchdog.ts'
import type { Clock } from '../replica/clock.ts'
import type { PracticeFields } from '../replica/kinds/fields.ts'
import type { Review } from '../replica/kinds/reviews.ts'
import type { Waiting } from '../replica/quarantine.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { clockShownFrom } from '../server/connection-test.ts'
import type { ControlStore, SiteRow } from '../server/control-store-sqlite.ts'

export interface SiteStatus {
  readonly siteId: string
  readonly name: string
  readonly state: SiteState | 'Revoked' | 'Retired'
  /** ISO, UTC. */
  readonly lastContact: string | null
  /** Set while it is silent for longer than it may be: since when, and how many patients' answers wait for it. */
  readonly alarm: Alarm | null
  /** Since when its InSched database is not back from a backup window, ISO, UTC; null where it is. */
  readonly notBackSince: string | null
  /** How many patients' answers wait for the site. */
  readonly patientsWaiting: number
  /** The site's clock less the portal's, seconds; null below a minute. */
  readonly clockDifference: number | null
  /** Changes of the site that wait here because they build on others that did not arrive, and since when. */
  readonly waiting: { readonly changes: number; readonly since: string } | null
  /** Why not all of what the site sends is taken. */
  readonly problem: string | null
}

export interface SiteStates {
  /** A site connected, with its clock less the portal's in milliseconds. */
  connected(site: string, clockOffset: number): void
  /** A site's link pauses, with the reason (LINK-12), until it connects anew. */
  paused(site: string, why: string): void
  /** `waits`: what of it waits here (LINK-12). */
  of(site: SiteRow, waits?: Waiting): Promise<SiteStatus>
  stop(): Promise<void>
}

const lookEvery = 30_000
/** What patients say. */
const answers = ['confirmations', 'requests', 'messages', 'payments', 'communications'] as const

export function siteStates(portal: {
  readonly store: ControlStore
  readonly replicaOf: (practice: string) => OpenReplica | undefined
  readonly isConnected: (replica: string) => boolean
  readonly mirror: (site: string) => MirrorSettings
  readonly mail: AlarmMail | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}): SiteStates {
  const { store, clock, log } = portal
  const listensSince = clock.now()
  const offsets = new Map<string, number>()
  const paused = new Map<string, string>()
  const alarms = alarmsOf(portal)
  let cancel = (): void => {}
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  const knownOf = async (site: SiteRow, device: string, replica: OpenReplica): Promise<Known> => {
    const own = await replica.written('preferences', synchronizationKey(site.id), device)
    const practice = ((await replica.indexed('practice', site.id))?.body ?? {}) as Partial<PracticeFields>
    return {
      preferences: preferencesOf(textsOf(own)),
      byHand: byHandOf(own),
      zone: practice.zone ?? 'UTC',
      connected: portal.isConnected(device),
      heardAt: site.heard_at,
      listensSince,
      behind: await replica.replication.behind(device, (name) => isSent(portal.mirror(site.id), name, 'down')),
    }
  }
  /** By site since when its database is not back: what the site itself has said, and not resolved. */
  const notBack = async (replica: OpenReplica): Promise<Map<string, string>> => {
    const found = new Map<string, string>()
    for (const { id, at, body } of await replica.index({ view: 'review', state: 'open' })) {
      if ((body as unknown as Review).about !== 'not back from backup') continue
      const head = await replica.head('reviews', id)
      if (head?.facts.site) found.set(head.facts.site, new Date(at).toISOString())
    }
    return found
  }
  const of = async (site: SiteRow, waits?: Waiting): Promise<SiteStatus> => {
    const device = store.device(site.id)
    const status = {
      siteId: site.id,
      name: site.name,
      lastContact: site.heard_at === null ? null : new Date(site.heard_at).toISOString(),
      alarm: null,
      notBackSince: null,
      patientsWaiting: 0,
      clockDifference: null,
      waiting: waits ? { changes: waits.changes, since: new Date(waits.since).toISOString() } : null,
      problem: paused.get(site.id) ?? null,
    }
    if (site.retired_at !== null) return { ...status, state: 'Retired' }
    if (!device) return { ...status, state: 'Never enrolled' }
    if (device.revoked_at !== null) return { ...status, state: 'Revoked' }
    const replica = portal.replicaOf(site.practice)!
    const known = await knownOf(site, device.replica, replica)
    const patientsWaiting = (await replica.replication.waiting(device.replica, site.id, answers)).size
    const offset = offsets.get(site.id) ?? 0
    const now = clock.now()
    return {
      ...status,
      state: stateOfSite(known, now),
      alarm: isSilent(known, now) ? { since: status.lastContact, patientsWaiting } : null,
      notBackSince: (await notBack(replica)).get(site.id) ?? null,
      patientsWaiting,
      clockDifference: Math.abs(offset) < clockShownFrom ? null : Math.round(offset / 1000),
    }
  }
  const look = async (): Promise<void> => {
    for (const site of store.sites()) {
      if (stopped) return
      const { alarm, notBackSince, patientsWaiting } = await of(site)
      alarms.see(site, 'silent', alarm)
      alarms.see(site, 'not back', notBackSince === null ? null : { since: notBackSince, patientsWaiting })
    }
  }
  const wait = (): void => {
    if (stopped) return
    cancel = clock.after(lookEvery, () => {
      looking = look()
        .catch((error: unknown) => log(`looking after the sites failed: ${(error as Error).message}`))
        .then(wait)
    })
  }
  wait()

  return {
    connected(site, clockOffset) {
      offsets.set(site, clockOffset)
      paused.delete(site)
    },
    paused: (site, why) => void paused.set(site, why),
    of,
    async stop() {
      stopped = true
      cancel()
      await looking
    },
  }
}
