/**
 * What a practice site is: a replica with its index, the InSched bridge, and the link to the portal; what it does with
 * them is in `site/`. Local ids of InSched in and out.
 */
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { inschedOf, settingsOf, type SiteOptions } from './enrolling.ts'
import { mappingReviews } from './bridges/insched/mapping-problems.ts'
import { referenceMapping } from './bridges/insched/reference-mapping.ts'
import { keepInSched, type InSchedKeeper } from './bridges/insched/keeper.ts'
import type { Choice } from './bridges/insched/put-back.ts'
import { consentKeys } from './bridges/texts/consent-number.ts'
import { calendarAddress } from './bridges/texts/composing.ts'
import { situationsOf } from './bridges/texts/situation.ts'
import { openHl7, type Hl7Bridge } from './bridges/hl7/hl7-bridge.ts'
import { inboundApply } from './bridges/hl7/inbound.ts'
import { keepBackupWindows, type Backup } from './mirror/backup.ts'
import { fieldConflicts } from './mirror/field-conflicts.ts'
import { endByThemselves } from './site/by-itself.ts'
import { doubleBookings } from './site/double-bookings.ts'
import { keepToSettings } from './mirror/keeping-to-settings.ts'
import { isAlways, isSent } from './mirror/policy.ts'
import { keepSiteMirror, leavingOnly, mirrorOf } from './mirror/site-mirror.ts'
import { keepChunks } from './replica/chunks.ts'
import type { Preferences } from './mirror/preferences.ts'
import { keepRuns, type Runs } from './mirror/runs.ts'
import { momentInWords } from './mirror/schedule.ts'
import { keepLink, type Link } from './replica/connection.ts'
import { mintUlid, type Ulid } from './replica/ids.ts'
import type { Attachment } from './replica/kinds/attachments.ts'
import type { PracticeFields } from './replica/kinds/fields.ts'
import type { By } from './replica/kinds/kind.ts'
import type { DocumentHead } from './replica/replica-face.ts'
import { openReplica } from './replica/replica.ts'
import { weeklyProof } from './replica/weekly-proof.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'
import { virusScan } from './server/attachments/virus-scan.ts'
import { testConnection } from './server/connection-test.ts'
import { dialing, whyUnreached } from './server/dialing.ts'
import { noProxy, proxyFor } from './server/proxy.ts'
import { indexedCollections, pageIndex, pageIndexForm } from './server/page-index.ts'
import { openDesk } from './server/console/desk-sqlite.ts'
import { backupOf } from './site/backup.ts'
import { communicationsOf } from './site/communications.ts'
import { dayOfSite } from './site/day.ts'
import { dryRunOf } from './site/dry-run.ts'
import { importingOf } from './site/importing.ts'
import { exchangeOf } from './site/exchange.ts'
import { hl7Of } from './site/hl7.ts'
import { inboxOf } from './site/inbox.ts'
import { mirrorOperations } from './site/mirror.ts'
import { listsOf } from './site/lists.ts'
import { keepLocalTexts, localTexts } from './site/local-preferences.ts'
import { alarmWhenNotBack } from './site/not-back.ts'
import { othersOfSite } from './site/others.ts'
import { ownRecords } from './site/own-records.ts'
import { patientsOf } from './site/patients.ts'
import { paymentsOfSite } from './site/payments.ts'
import { receivedTimes } from './site/received.ts'
import { sitePreferences } from './site/preferences.ts'
import { repliesOf } from './site/replies.ts'
import { statusOf } from './site/status.ts'
import { reachingOf } from './site/reaching.ts'
import { textsOfSite } from './site/texting.ts'
import { synchronizingOf } from './site/synchronizing.ts'
import { watchUnread } from './site/unread.ts'
import { transfersOf } from './site/transfers.ts'
import { unwrittenAnswers } from './site/unwritten.ts'

export type Site = Awaited<ReturnType<typeof openSite>>

/** Opens an enrolled site and starts its bridge and link; throws a sentence where it cannot. `mostBytes` bounds the replica's file. */
export async function openSite(
  options: SiteOptions & { readonly mostBytes?: number | undefined; readonly say?: (line: string) => void },
) {
  const { dir, master, clock } = options
  const settings = settingsOf(dir)
  const site = { key: settings.site, name: settings.siteName }
  const mirror = mirrorOf(settings.site, clock)
  /** How a site of the practice is called; null where that is not known here. */
  const nameOfSite = (of: string): string | null =>
    of === site.key ? settings.siteName : (mirror.others().get(of)?.name ?? null)
  const may = mirror.passes
  const store = await openSqliteStore({ file: join(dir, 'replica.sqlite'), master, mostBytes: options.mostBytes })
  const replica = await openReplica({
    store,
    practice: settings.practice as Ulid,
    id: settings.replica as Ulid,
    clock,
    ...mirror.replicaPasses,
    site: settings.site,
  })
  const mirrorKept = await keepSiteMirror({
    mirror,
    replica,
    site: settings.site,
    portal: settings.portalReplica,
    clock,
    sayAgain: () => bridge.sayAgain(),
  }).catch(async (error: unknown) => {
    await replica.close()
    throw error
  })
  const agent: By = { role: 'site', id: settings.site, initials: 'PC' }
  let zone = 'UTC'
  const loadZone = async (): Promise<void> => {
    const { zone: found } = ((await replica.indexed('practice', settings.site))?.body ?? {}) as Partial<PracticeFields>
    if (found !== undefined) zone = found
  }
  await loadZone()
  const look = (): void => {
    backup.look()
    runs?.look()
  }
  const preferences = await sitePreferences({
    replica,
    site: settings.site,
    clock,
    local: localTexts(settings, master),
    keepLocal: (texts) => keepLocalTexts(dir, master, texts),
    changed: () => look(),
  })
  const values = (): Preferences => preferences.values()
  // A database that is let go of now must not be opened: what is on is known before the bridge is made.
  const backup: Backup = keepBackupWindows({
    letGo: (until) => bridge.letGo(until),
    takeBack: () => bridge.takeBack(),
    windows: () => values().backup.windows,
    byHand: preferences.byHand,
    keepByHand: preferences.keepByHand,
    zone: () => zone,
    clock,
  })
  const hmacKey = Buffer.from(master.open(Buffer.from(settings.hmacKey, 'base64'), 'hmac key').toString(), 'base64')
  const keys = consentKeys(hmacKey)
  let insched: ReturnType<typeof inschedOf>
  // The bridge reads before there are channels to tell.
  const tells = Promise.withResolvers<Pick<Hl7Bridge, 'checkedIn' | 'booked' | 'posted'>>()
  let bridge: InSchedKeeper
  try {
    insched = inschedOf(dir, master)
    bridge = await keepInSched({
      ...insched,
      // Fields are chosen at the source: what may not leave never gets into a document.
      replica: leavingOnly(replica, () => mirror.settings().withheld),
      practice: settings.practice,
      site,
      holder: `${hostname()}:${realpathSync(dir)}`,
      station: hostname(),
      clock,
      polls: () => runs?.readsAlong() ?? true,
      checkedIn: async (checkIns) => (await tells.promise).checkedIn(checkIns),
      booked: async (bookings) => (await tells.promise).booked(bookings),
      posted: async (postings) => (await tells.promise).posted(postings),
      disconnectedUntil: backup.now()?.until,
      say: (moment) => momentInWords(moment, zone, clock.now()),
      others: { isShared: () => mirror.isSharing(), nameOf: nameOfSite },
      numbers: {
        keyOf: keys.ofPhone,
        async patientsOf(state) {
          await index.remade()
          return (await replica.index({ view: 'patient', state })).map((row) => row.id)
        },
      },
    })
  } catch (error) {
    backup.stop()
    await replica.close()
    throw error
  }
  const desk = openDesk(join(dir, 'desk.sqlite'), master, clock)
  const chunks = keepChunks({ replica, store: store.chunks, key: hmacKey, clock })
  const scan = settings.scan ? virusScan(settings.scan, clock) : undefined
  const indexed: ((documents: readonly DocumentHead[]) => void)[] = []
  const index = replica.follow({
    name: 'index',
    collections: indexedCollections,
    handle: pageIndex(replica, keys.ofPhone, site.key),
    form: pageIndexForm,
    advanced(documents) {
      for (const run of indexed) run(documents)
      // Windows and runs are by the zone that InSched has.
      if (documents.some((head) => head.collection === 'practice')) void loadZone().then(look)
    },
  })
  replica.follow(fieldConflicts(replica, site.key, clock))
  replica.follow(
    doubleBookings({ replica, index, agent, shares: () => mirror.shared().size > 0, nameOf: nameOfSite, clock }),
  )
  const ofMapping = mappingReviews(site.key, insched.mapping ?? referenceMapping)
  const ends = endByThemselves({ replica, index, agent, isOfMapping: (review) => ofMapping.has(review), clock })
  replica.follow(ends.follower)
  // What a store that is full did not take is found at the next start; the status says why.
  void ends.look().catch(() => {})
  replica.follow(receivedTimes(replica, desk, site.key))
  const { dial } = dialing({ ca: settings.ca ?? undefined, proxy: () => values().proxy, machine: options.machine })
  const device = {
    certificate: settings.certificate,
    privateKey: Buffer.from(master.open(Buffer.from(settings.privateKey, 'base64'), 'private key')).toString(),
  }
  const url = `${settings.portal.replace(/^http/, 'ws')}/link`
  const link: Link = keepLink({
    replica,
    peer: settings.portalReplica,
    url,
    dial,
    whyUnreached,
    device,
    passesOut: mirror.goesUp,
    passesIn: may('down'),
    // What should be at the portal is what may go there: an owner's own records, withheld, are not missing.
    shared: mirror.atBoth,
    chunks,
    settings: {
      version: mirror.version,
      sends: (name) => isSent(mirror.settings(), name, 'up'),
      always: isAlways,
      onChange: mirror.onChange,
    },
    clock,
    held: true,
  })
  const proofs = weeklyProof({ replica, link, clock })
  const stopKeeping = keepToSettings({ withdraw: mirrorKept.apply }, clock)
  let runs: Runs | undefined = undefined
  const own = ownRecords({ bridge, replica, site: settings.site, nameOf: nameOfSite }) // prettier-ignore
  const parts = {
    replica,
    bridge: { ...bridge, documentOf: own.ownDocumentOf },
    link,
    index,
    passesUp: may('up'),
    agent,
    clock,
  }
  const transfers = transfersOf({ ...parts, prove: proofs.prove })
  const kept = await keepRuns({
    timing: () => values().timing,
    zone: () => zone,
    window: backup.now,
    // A standby says nothing in the name of the site while another agent does.
    link: { hold: link.hold, resume: () => (bridge.holding().at === 'standby' ? link.hold() : link.resume()) },
    run: (kind) => synchronizing.sync(undefined, { full: kind === 'full' }),
    remembered: async (what) => (await replica.remembered(`last ${what} by the clock`)) * 1000,
    remember: (what, at) => replica.remember(`last ${what} by the clock`, Math.floor(at / 1000)),
    clock,
  })
  runs = kept
  const synchronizing = synchronizingOf({ runs: kept, backup, transfers })
  bridge.onChange(kept.look)
  // What needs InSched's database for new settings goes on when it is back.
  bridge.onChange(() => {
    if (mirrorKept.problem() !== null && bridge.holding().at === 'connected') mirrorKept.apply().catch(() => {})
  })
  kept.look()
  const alarm = alarmWhenNotBack(parts)
  const unwritten = unwrittenAnswers({ ...parts, desk })
  const zoneNow = async (): Promise<string> => {
    await loadZone()
    return zone
  }
  const unread = watchUnread({ ...parts, zone: zoneNow })
  const hl7 = openHl7({ dir, master, replica, site: site.key, clock, say: options.say ?? (() => {}), insched: bridge, apply: (queue, wakeWriter) => inboundApply({ queue, wakeWriter, replica, numbers: { ...bridge, documentOf: own.documentOf }, site: site.key, zone: zoneNow, mint: () => mintUlid(clock), clock }) }) // prettier-ignore
  tells.resolve(hl7)
  const importRecords = importingOf({
    hl7,
    replica,
    site: site.key,
    zone: zoneNow,
    documentOf: own.documentOf,
    localOf: bridge.localOf,
    clock,
  })
  const exchange = exchangeOf({ ...parts, dir, master, site: site.key })
  const texts = textsOfSite({ ...parts, hmacKey, site: site.key, documentOf: own.documentOf, namesForTexts: bridge.namesForTexts }) // prettier-ignore
  const days = dayOfSite({ ...parts, desk, localOf: bridge.localOf, zone: zoneNow, site: site.key, whyTexts: texts.texts.why }) // prettier-ignore
  const dryRuns = dryRunOf({ ...parts, site: settings.site, situations: situationsOf({ replica, keys }), textFields: texts.textFields, nameOf: days.nameOf, localOf: bridge.localOf, zone: zoneNow, calendarTo: (event) => calendarAddress(settings.publicUrl ?? settings.portal, event) }) // prettier-ignore
  const communications = communicationsOf({ ...parts, desk, hl7 })
  const invitations = `${settings.publicUrl ?? settings.portal}/invitation/${settings.practice}`

  return {
    settings: {
      practiceName: settings.practiceName,
      siteName: settings.siteName,
      siteId: settings.site as string,
      portal: settings.portal,
    },
    bridge,
    replica,
    chunks,
    /** The attachments of a message; none where there is no such message, or it was retracted. */
    async attachmentsOf(entry: string): Promise<readonly Attachment[]> {
      const { attachments = [] } = ((await replica.indexed('message', entry))?.body ?? {}) as {
        attachments?: Attachment[]
      }
      return attachments
    },
    /** The IANA zone of the site, as InSched has it. */
    zone: zoneNow,
    /** Calls `run` with documents once the pages show their change. */
    onIndexed: (run: (documents: readonly DocumentHead[]) => void): void => void indexed.push(run),
    ...synchronizing,
    ...patientsOf({ ...parts, chunks, scan, desk, keys, invitations, zone: zoneNow, settings: mirror.settings }),
    ...listsOf({ ...parts, communications, nameOfSite }),
    communications,
    /** Whether Recent Communications has such an entry; `clinical`: for somebody who sees messages of clinical systems. */
    isCommunication: async (entry: string, clinical: boolean) =>
      (clinical && hl7.has(entry)) || (await replica.indexed('communication', entry)) !== undefined,
    ...days,
    ...othersOfSite({ ...parts, mirror }),
    ...repliesOf({ ...parts, nameOf: days.nameOf }),
    texts: { ...texts.texts, ...dryRuns },
    ...reachingOf({ ...parts, hmacKey, documentOf: own.documentOf }),
    ...inboxOf({ ...parts, desk, nameOf: days.nameOf, site: site.key }),
    ...paymentsOfSite({ ...parts, nameOf: days.nameOf }),
    desk,
    preferences: { get: preferences.get, set: preferences.set, change: preferences.change, values },
    /** What comes next by itself. */
    coming: kept.coming,
    mirror: mirrorOperations({ ...parts, mirror, kept: mirrorKept, site: settings.site }),
    backup: backupOf({
      backup,
      mostMinutes: () => values().backup.mostMinutes,
      zone: () => zone,
      open: () => bridge.holding().at === 'connected',
      clock,
    }),
    /** Does what an admin chose for a database of InSched that was put back to a backup. */
    async settleRestored(choice: Choice) {
      await bridge.settle(choice)
      return { says: choice === 'trust' ? 'The restored database is right: the portal has what it has.' : 'What the restored database lacked is written back; what cannot be is in the reviews.' } // prettier-ignore
    },
    /** Test connection: hop by hop, by the settings of now. */
    testConnection: () =>
      testConnection({
        url,
        dial,
        proxy: () => proxyFor(new URL(url), values().proxy, options.machine ?? noProxy),
        device,
        clock,
      }),
    hl7: hl7Of({ hl7, bridge: parts.bridge }),
    exchange: { ...exchange, importRecords },
    /** Opens the channels of the HL7 bridge; before, they only queue. */
    openChannels: hl7.start,
    status: () =>
      statusOf({ ...parts, hl7, backup, runs: kept, preferences, zone: () => zone, unwritten: unwritten.problem }),
    /** Calls `run` when the link changes. */
    onChange: (run: () => void) => link.onChange(run),
    async close() {
      await unread.stop()
      proofs.stop()
      stopKeeping()
      alarm.stop()
      await hl7.close()
      await exchange.close()
      backup.stop()
      const ended = kept.stop()
      mirrorKept.stop()
      await link.stop()
      await bridge.stop()
      await chunks.stop()
      await ended
      await replica.close()
      desk.close()
    },
  }
}
