/** How a site is, in words and numbers: one state, since when, what comes next, what waits, and every problem as a sentence. */
import { writerFollower } from '../bridges/insched/bridge.ts'
import type { Hl7Bridge } from '../bridges/hl7/hl7-bridge.ts'
import type { InSchedKeeper } from '../bridges/insched/keeper.ts'
import { writtenCollections } from '../bridges/insched/writer.ts'
import type { Backup } from '../mirror/backup.ts'
import { momentInWords } from '../mirror/schedule.ts'
import type { Runs } from '../mirror/runs.ts'
import { disconnectedUntil, type SiteState } from '../mirror/watchdog.ts'
import type { Clock } from '../replica/clock.ts'
import type { Link, LinkStatus, Restore } from '../replica/connection.ts'
import type { Waiting } from '../replica/quarantine.ts'
import type { Follower } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { clockShownFrom } from '../server/connection-test.ts'
import { alarmView } from '../server/page-index.ts'
import type { SitePreferences } from './preferences.ts'

export interface StatusParts {
  readonly replica: OpenReplica
  readonly index: Pick<Follower, 'toRemake'>
  readonly bridge: InSchedKeeper
  readonly link: Link
  readonly backup: Backup
  readonly runs: Runs
  readonly preferences: SitePreferences
  readonly hl7: Pick<Hl7Bridge, 'status'>
  readonly zone: () => string
  /** A sentence where answers wait too long to be written into InSched. */
  readonly unwritten: () => Promise<string | null>
  readonly clock: Clock
}

export async function statusOf(site: StatusParts) {
  const { replica, bridge, link, backup, runs, clock } = site
  const now = await link.status()
  const insched = bridge.status()
  const waiting = await replica.waiting()
  const holding = bridge.holding()
  const late = await site.unwritten()
  const alarms = (await replica.index({ view: alarmView })).map(({ body }) => (body as { why: string }).why)
  const said = [late, ...alarms, insched.problem, now.problem, backup.problem(), runs.problem(), ...waiting.map(waitingInWords), ...site.hl7.status().map(({ name, problem }) => problem && `HL7 channel ${name}: ${problem}`)] // prettier-ignore
  const problems = said.filter((problem) => problem !== null)
  const remaking = remakingInWords(await site.index.toRemake())
  const zone = site.zone()
  const moment = (at: number): string => momentInWords(at, zone, clock.now())
  const offset = now.clockOffset === null || Math.abs(now.clockOffset) < clockShownFrom ? null : now.clockOffset
  const [on, next] = [backup.now(), backup.next()]
  const [oldest] = await replica.index({ view: 'confirmation', state: 'sent', limit: 1 })
  return {
    state: stateOf(site, now, insched.problem !== null),
    since: new Date(now.since).toISOString(),
    link: now.state,
    peers: [
      {
        name: 'portal',
        sent: now.sent,
        acked: Math.max(0, now.sent - now.behind),
        received: now.received,
        behind: now.behind,
      },
    ],
    queues: {
      toPortal: now.behind,
      toInSched: await replica.unhandled(writerFollower, writtenCollections),
      reviews: await replica.indexCount({ view: 'review', state: 'open' }),
      waiting: waiting.reduce((sum, { changes }) => sum + changes, 0),
    },
    /** Since when InSched's database is put back to a backup, and what it lacks; null: it is not (DOM-19). */
    putBack: holding.at === 'put back' ? { since: new Date(holding.since).toISOString(), ...holding.differs } : null,
    /** Whether an answer waits for more than five minutes outside a backup window. */
    late: late !== null,
    /** Since when the oldest answer of a patient waits to be written into InSched; null: none does. */
    oldest: oldest === undefined ? null : new Date(oldest.at).toISOString(),
    next: runs.next(),
    backup: { now: on ? `until ${moment(on.until)}` : null, next: next ? moment(next.from) : null },
    lastContact: now.lastContact === null ? null : new Date(now.lastContact).toISOString(),
    /** The portal's clock less this machine's, seconds; null below a minute. */
    clockDifference: offset === null ? null : Math.round(offset / 1000),
    problems,
    notes: [...insched.notes, ...now.restores.map(inWords), ...(remaking === null ? [] : [remaking])],
  }
}

/** The one word for all of it. What a person must know first comes first. */
function stateOf(site: StatusParts, now: LinkStatus, hasProblem: boolean): SiteState {
  const holding = site.bridge.holding()
  if (holding.at === 'standby') return 'Standby'
  if (holding.at === 'disconnected') return disconnectedUntil(holding.until, site.zone())
  const down = now.state === 'refused' || (site.runs.wantsLink() && now.state !== 'connected')
  if (down) return `Down since ${new Date(now.since).toISOString()}`
  if (hasProblem || holding.at === 'reconnecting' || holding.at === 'put back') return 'Behind'
  if (site.preferences.values().timing.mode === 'by hand') return 'Paused by hand'
  // What waits for the next run is not behind.
  return now.behind > 0 && now.state === 'connected' ? 'Behind' : 'Working'
}

/** What a restore was. */
function inWords({ which, at, rows }: Restore): string {
  const changes = `${rows.toLocaleString('en-US')} ${rows === 1 ? 'change' : 'changes'}`
  const when = new Date(at).toISOString()
  return which === 'here'
    ? `This replica was restored (noticed at ${when}); ${changes} came back from the portal.`
    : `The portal was restored (noticed at ${when}); ${changes} went back to it.`
}

/** What an index that was made by another version has still to make anew; null: nothing. */
export function remakingInWords(records: number): string | null {
  if (records === 0) return null
  const left = `${records.toLocaleString('en-US')} ${records === 1 ? 'record is' : 'records are'} left`
  return `What the pages show is being made anew after an update of the program; ${left}. Until then some pages may not show all.`
}

/** What waits because it builds on what did not arrive (LINK-12). */
function waitingInWords({ changes, since }: Waiting): string {
  const what = changes === 1 ? '1 change' : `${changes.toLocaleString('en-US')} changes`
  return `${what} from the portal ${changes === 1 ? 'waits' : 'wait'} since ${new Date(since).toISOString()}: what they build on did not arrive. They are tried again by themselves; see the reviews.`
}
