/**
 * What a station is: a site without an agent, hosted at the portal. Its records come as XML and what is for it goes as XML;
 * between the two stands a replica with an id of its own, under the same mirror and over the same link as of any other site.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readAcknowledgement, type Download } from './bridges/xml/exchange-items.ts'
import { outgoing } from './bridges/xml/outgoing.ts'
import { openOutbox } from './bridges/xml/outbox-sqlite.ts'
import { stationAnswers } from './bridges/xml/station-answers.ts'
import { stationSource, type Receipt } from './bridges/xml/station-source.ts'
import { openStationStore } from './bridges/xml/station-sqlite.ts'
import { keepToSettings } from './mirror/keeping-to-settings.ts'
import { isAlways, isSent } from './mirror/policy.ts'
import { keepSiteMirror, leavingOnly, mirrorOf } from './mirror/site-mirror.ts'
import type { Clock } from './replica/clock.ts'
import { keepLink, type LinkOptions } from './replica/connection.ts'
import type { Ulid } from './replica/ids.ts'
import { openReplica } from './replica/replica.ts'
import type { Sealer } from './replica/sealing.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'

export interface StationOptions {
  readonly dir: string
  readonly master: Sealer
  readonly clock: Clock
  readonly practice: { readonly id: string; readonly name: string; readonly zone: string; readonly replica: string }
  readonly site: { readonly id: string; readonly name: string }
  readonly replica: string
  readonly device: { readonly privateKey: string; readonly certificate: string }
  /** Where the portal takes its link, and how it is reached. */
  readonly url: string
  readonly dial: LinkOptions['dial']
  readonly mostBytes?: number | undefined
}
export type Station = Awaited<ReturnType<typeof openStation>>

/** The most items of one download. */
const mostItems = 10_000
/** When what is left of an upload is tried again, milliseconds. */
const goOnAgain = 10_000
/** How long a request waits for the link, milliseconds. */
const patience = 20_000

/** Opens a station's folder, made where it is missing, goes on with an upload that was taken, and starts its link. */
export async function openStation(options: StationOptions) {
  const { dir, master, clock, practice, site } = options
  mkdirSync(dir, { recursive: true })
  const store = openStationStore(join(dir, 'station.sqlite'), master, clock)
  const outbox = openOutbox(join(dir, 'outbox.sqlite'), master)
  const mirror = mirrorOf(site.id, clock)
  const kept = await openSqliteStore({ file: join(dir, 'replica.sqlite'), master, mostBytes: options.mostBytes })
  const replica = await openReplica({
    store: kept,
    practice: practice.id as Ulid,
    id: options.replica as Ulid,
    clock,
    ...mirror.replicaPasses,
    site: site.id,
  })
  // What a station has, it says with its next upload: nothing of it is kept here beside what may leave.
  const siteMirror = await keepSiteMirror({ mirror, replica, site: site.id, portal: practice.replica, clock, sayAgain: async () => {} }) // prettier-ignore
  const source = stationSource({
    store,
    replica: leavingOnly(replica, () => mirror.settings().withheld),
    site: { key: site.id, name: site.name },
    practice,
  })
  const answers = stationAnswers({ store, outbox, replica, site: site.id, zoneOf: source.zoneOf, clock })
  // A long one holds up nobody's start; what cannot be done now is tried again.
  let cancelGoOn = (): void => {}
  const goOn = (): void => void source.goOn().catch(() => (cancelGoOn = clock.after(goOnAgain, goOn)))
  goOn()
  const { numberOf, confirm, unknown } = answers
  const following = replica.follow(outgoing('exchange', { replica, outbox, site: site.id, numberOf, confirm, unknown }))
  const link = keepLink({
    replica,
    peer: practice.replica,
    url: options.url,
    dial: options.dial,
    device: options.device,
    passesOut: mirror.passes('up'),
    passesIn: mirror.passes('down'),
    shared: mirror.atBoth,
    settings: {
      version: mirror.version,
      sends: (name) => isSent(mirror.settings(), name, 'up'),
      always: isAlways,
      onChange: mirror.onChange,
    },
    clock,
  })
  /** What is asked for is done here already; the portal has it within this time, or a moment later. */
  const atPortal = async (): Promise<void> => {
    const late = Promise.withResolvers<void>()
    const cancel = clock.after(patience, late.resolve)
    await Promise.race([link.caughtUp(), late.promise])
    cancel()
  }
  const stopKeeping = keepToSettings({ withdraw: siteMirror.apply }, clock)

  return {
    replica,
    /** Takes an upload, all of it or none; resolves when the portal's pages may show it. Throws XmlRefused with a sentence. */
    async upload(bytes: AsyncIterable<Uint8Array>): Promise<Receipt> {
      const receipt = await source.upload(bytes)
      await atPortal()
      return receipt
    },
    /** What is for the station behind an item's number; by default behind what it has acknowledged. */
    async download(since = outbox.acknowledged(), limit = mostItems): Promise<Download> {
      await atPortal()
      await following.caughtUp()
      const most = Math.min(limit, mostItems)
      const to = outbox.endOf(since, most)
      return { since, to, more: outbox.last() > to, items: outbox.between(since, to) }
    },
    /** Takes an acknowledgement, all of it or none; resolves with the number up to which all is acknowledged. */
    async acknowledge(bytes: Uint8Array): Promise<number> {
      await answers.acknowledge(readAcknowledgement(bytes))
      await atPortal()
      return outbox.acknowledged()
    },
    /** How many items wait to be acknowledged. */
    waiting: (): number => outbox.waiting(),
    async close(): Promise<void> {
      cancelGoOn()
      stopKeeping()
      siteMirror.stop()
      await source.stop()
      await link.stop()
      await following.stop()
      await replica.close()
      store.close()
      outbox.close()
    },
  }
}
