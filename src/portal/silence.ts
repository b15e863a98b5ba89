/**
 * The silence alarm: texts that the rules should have produced and that did not go out. It looks by itself, apart from the
 * sender, every ten minutes; what it sees twice is told once, in numbers of the practice: in the log and the trail, by mail,
 * as a review that is at the site's console too, and on the operator's page. It is over when texts go out again, or none
 * has to, and that is told too. How far it came is remembered, so that a new start tells nothing twice.
 */
import { isNotTaken } from '../bridges/email/mailer.ts'
import { consentKeys } from '../bridges/texts/consent-number.ts'
import { countInWords } from '../bridges/texts/counts-in-words.ts'
import { latelyBooked } from '../bridges/texts/lately-booked.ts'
import { sendCounts } from '../bridges/texts/send-counts.ts'
import { situationsOf } from '../bridges/texts/situation.ts'
import { wallClockOf } from '../mirror/wall-clock.ts'
import type { Clock } from '../replica/clock.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Review } from '../replica/kinds/reviews.ts'
import type { OpenReplica } from '../replica/replica.ts'
import type { AuditTrail } from '../server/audit-sqlite.ts'
import type { AlarmMail } from './alarms.ts'

/** A site of which texts do not go out. */
export interface Silence {
  readonly siteId: string
  /** Since when it is seen, ISO, UTC. */
  readonly since: string
  /** What did not go out, in sentences. */
  readonly says: string
}

const minute = 60_000
const lookEvery = 10 * minute
/** A sender that was started anew catches up first. */
const firstLookAfter = 5 * minute
/** How far back a look goes, and beyond the beginning of a silence. */
const lookBack = 180 * minute
const longestLook = 7 * 24 * 60 * minute
/** What was seen once and then not looked at for so long is seen anew. */
const seenFor = 3 * lookEvery
const mailLasts = 24 * 60 * minute

/** How far an alarm came. Numbers, since they are remembered. */
const stages = { none: 0, raised: 1, told: 2, over: 3 } as const
type Stage = (typeof stages)[keyof typeof stages]
interface Watched {
  readonly siteId: string
  /** Since when texts are seen to be missing, milliseconds UTC; 0: they are not. */
  since: number
  stage: Stage
  says: string
}
interface Practice { readonly id: string; readonly replica: OpenReplica; readonly look: (watched: Watched) => Promise<Seen> } // prettier-ignore
interface Seen { readonly isSilent: boolean; readonly says: string } // prettier-ignore

export type SilenceWatch = ReturnType<typeof silenceWatch>

export function silenceWatch(portal: {
  /** The sites of a practice that are in use. */
  readonly sitesOf: (practice: string) => readonly string[]
  readonly zoneOf: (practice: string) => string
  readonly isAnyHour: (practice: string) => boolean
  /** Whether the portal has a mail server: what goes by mail is no text that is missing. */
  readonly hasMail: boolean
  /** Why nothing goes out at present, as far as it is known. */
  readonly why: (practice: string) => string | null
  readonly mail: AlarmMail | undefined
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly log: (line: string) => void
}) {
  const { mail, audit, clock, log } = portal
  const practices = new Map<string, Practice>()
  const watched = new Map<string, Watched>()
  const stoppers: (() => Promise<void>)[] = []
  let cancel = (): void => {}
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  const load = async ({ replica }: Practice, siteId: string): Promise<Watched> => {
    const known = watched.get(siteId)
    if (known) return known
    const since = (await replica.remembered(`texts silent ${siteId}`)) * 1_000
    const stage = (await replica.remembered(`texts alarm ${siteId}`)) as Stage
    const isStale = stage === stages.none && clock.now() - since > seenFor
    const loaded: Watched = { siteId, since: isStale ? 0 : since, stage, says: '' }
    watched.set(siteId, loaded)
    return loaded
  }
  /** What a full disk does not remember holds until the next start all the same: the alarm must not wait for it. */
  const unkept = (siteId: string) => (error: Error): void => log(`the alarm of texts of site ${siteId} could not be kept: ${error.name}`) // prettier-ignore
  const become = async ({ replica }: Practice, site: Watched, to: Partial<Pick<Watched, 'since' | 'stage'>>): Promise<void> => {
    const before = { ...site }
    // To the second, as it is remembered: a review of it is the same after a new start.
    if (to.since !== undefined) site.since = Math.floor(to.since / 1_000) * 1_000
    if (to.stage !== undefined) site.stage = to.stage
    const unchanged = unkept(site.siteId)
    if (site.since !== before.since) await replica.remember(`texts silent ${site.siteId}`, site.since / 1_000).catch(unchanged)
    if (site.stage !== before.stage) await replica.remember(`texts alarm ${site.siteId}`, site.stage).catch(unchanged)
  } // prettier-ignore

  const review = async ({ replica }: Practice, { siteId, since, says }: Watched, isOver: boolean): Promise<void> => {
    const by: By = { role: 'portal', id: replica.id }
    const at = clock.now()
    const key = derivedUlid('texts silent', siteId, String(since))
    const facts = { patient: null, site: siteId, shown: false, reachable: false, startsAt: null }
    const opened = { kind: 'opened' as const, at, by, about: 'texts silent' as const, why: says, todo: 'Ask whoever runs the portal. Until texts go out, call the patients whose events are near: the list is under Synchronization, Texts, Who gets what.' } // prettier-ignore
    const over = { kind: 'resolved' as const, at, by, note: says, how: 'by itself' as const }
    await replica.change([{ collection: 'reviews', key, facts, add: isOver ? { over } : { opened } }]).catch(unkept(siteId)) // prettier-ignore
  }
  /** Tells by mail what is to be told; what the server surely has not taken is told at the next look. */
  const tell = async (practice: Practice, site: Watched): Promise<void> => {
    const isOver = site.stage === stages.over
    if (!isOver && site.stage !== stages.raised) return
    const line = lineOf(practice, site)
    const outcome = mail ? await mail.mailer.deliver({ to: mail.to, from: 'PatientConnection portal', subject: isOver ? `Over: texts of site ${site.siteId}` : `Alarm: texts of site ${site.siteId} do not go out`, text: `${line}\n\nSee how it stands with: patientconnection portal status\n`, until: clock.now() + mailLasts }) : null // prettier-ignore
    if (outcome !== null) log(`An alarm could not be mailed: ${outcome}.`)
    if (outcome === null || !isNotTaken(outcome)) await become(practice, site, isOver ? { stage: stages.none, since: 0 } : { stage: stages.told }) // prettier-ignore
  }
  const lineOf = ({ id }: Practice, { siteId, stage, says }: Watched): string => `${stage === stages.over ? 'alarm over' : 'alarm'}: texts of site ${siteId} of practice ${id}: ${says}` // prettier-ignore

  const lookAt = async (practice: Practice, siteId: string): Promise<void> => {
    const site = await load(practice, siteId)
    const isRaised = site.stage === stages.raised || site.stage === stages.told
    const { isSilent, says } = await practice.look(site)
    const event = { practice: practice.id, of: [siteId, 'texts silent'] }
    if (isSilent && !isRaised && (site.since === 0 || site.stage === stages.over))
      await become(practice, site, { since: clock.now(), stage: stages.none })
    else if (isSilent) {
      site.says = says
      if (!isRaised) {
        await become(practice, site, { stage: stages.raised })
        log(lineOf(practice, site))
        audit.record({ did: 'alarm raised', ...event })
      }
      // Said twice it is there once.
      await review(practice, site, false)
    } else if (isRaised) {
      site.says = says
      await become(practice, site, { stage: stages.over })
      log(lineOf(practice, site))
      audit.record({ did: 'alarm over', ...event })
      await review(practice, site, true)
    } else if (site.stage === stages.none && site.since !== 0) await become(practice, site, { since: 0 })
    await tell(practice, site)
  }
  const round = async (): Promise<void> => {
    for (const practice of practices.values())
      for (const site of portal.sitesOf(practice.id)) {
        if (stopped) return
        await lookAt(practice, site).catch((error: Error) => log(`the silence of texts of site ${site} could not be told: ${error.name}`)) // prettier-ignore
      }
  }
  const wait = (ms: number): void => {
    if (stopped) return
    cancel = clock.after(ms, () => {
      looking = round().then(() => wait(lookEvery))
    })
  }
  wait(firstLookAfter)

  return {
    /** A practice was opened, and is watched from here on. */
    opened(id: string, { replica, hmacKey }: { readonly replica: OpenReplica; readonly hmacKey: Uint8Array }): void {
      const keys = consentKeys(hmacKey)
      const booked = latelyBooked({ replica, clock })
      stoppers.push(booked.stop)
      const counts = sendCounts({ replica, situations: situationsOf({ replica, keys, hasMail: () => portal.hasMail }), bookedSince: booked.since, isAnyHour: () => portal.isAnyHour(id) }) // prettier-ignore
      practices.set(id, { id, replica, look: async (site) => seen(id, replica, counts, site) })
    },
    /** The sites of a practice of which texts do not go out. */
    of: (id: string): Silence[] =>
      portal.sitesOf(id).flatMap((siteId) => {
        const site = watched.get(siteId)
        const isRaised = site && (site.stage === stages.raised || site.stage === stages.told)
        return isRaised ? [{ siteId, since: new Date(site.since).toISOString(), says: site.says }] : []
      }),
    /** Resolves when no look is under way. */
    settled: (): Promise<void> => looking,
    async stop(): Promise<void> {
      stopped = true
      cancel()
      await looking
      for (const stop of stoppers) await stop()
    },
  }

  /** How the texts of a site stand now. What cannot be counted is as bad as what does not go out. */
  async function seen(id: string, replica: OpenReplica, counts: ReturnType<typeof sendCounts>, { siteId, since }: Watched): Promise<Seen> {
    const now = clock.now()
    const from = Math.max((since || now) - lookBack, now - longestLook)
    try {
      // Staff have been asked, and know.
      if (await isHeldByStaff(replica)) return { isSilent: false, says: 'Staff are asked to let them go.' }
      const { kinds, lastHanded } = await counts.of(siteId, { from, now })
      const silent = kinds.filter(({ isSilent }) => isSilent)
      const zone = portal.zoneOf(id)
      if (silent.length > 0) return { isSilent: true, says: [...silent.map((one) => countInWords(one, zone)), portal.why(id)].filter(Boolean).join(' ') }
      const isBack = lastHanded !== null && lastHanded >= since
      return { isSilent: false, says: isBack ? `Texts go out again; the last one at ${wallClockOf(lastHanded, zone).replace('T', ' ')}.` : 'Nothing is due any more that did not go out.' }
    } catch (error) {
      return { isSilent: true, says: `What should have gone out cannot be counted (${(error as Error).name}).` }
    }
  } // prettier-ignore
}

async function isHeldByStaff(replica: OpenReplica): Promise<boolean> {
  const open = await replica.index({ view: 'review', state: 'open' })
  return open.some(({ body }) => (body as unknown as Review).about === 'texts held')
}
