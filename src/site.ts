/**
 * What a practice site is: a replica with its index, the InSched bridge, and the link to the portal; what it does with
 * them is in `site/`. Local ids of InSched in and out.
 */
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { settingsOf, type SiteOptions } from './enrolling.ts'
import { startInSchedBridge, type InSchedBridge } from './bridges/insched/bridge.ts'
import { fieldConflicts } from './mirror/field-conflicts.ts'
import { defaultSettings, passes } from './mirror/policy.ts'
import { keepLink, type Link } from './replica/connection.ts'
import type { Ulid } from './replica/ids.ts'
import type { PracticeFields } from './replica/kinds/fields.ts'
import type { By } from './replica/kinds/kind.ts'
import { openReplica } from './replica/replica.ts'
import { weeklyProof } from './replica/weekly-proof.ts'
import type { Passes } from './replica/collections.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'
import { dialing, whyUnreached } from './server/dialing.ts'
import { indexedCollections, pageIndex } from './server/page-index.ts'
import { listsOf } from './site/lists.ts'
import { patientsOf } from './site/patients.ts'
import { statusOf } from './site/status.ts'
import { transfersOf } from './site/transfers.ts'

export type Site = Awaited<ReturnType<typeof openSite>>

/** Opens an enrolled site and starts its bridge and link; throws a sentence where it cannot. */
export async function openSite(options: SiteOptions) {
  const { dir, master, clock } = options
  const settings = settingsOf(dir)
  const site = { key: settings.site, name: settings.siteName }
  const may =
    (direction: 'up' | 'down'): Passes =>
    (collection, facts, erasure = false) =>
      passes(defaultSettings, { collection, facts, direction, site: settings.site as Ulid, now: clock.now(), erasure })
        .passes
  const replica = await openReplica({
    store: await openSqliteStore({ file: join(dir, 'replica.sqlite'), master }),
    practice: settings.practice as Ulid,
    id: settings.replica as Ulid,
    clock,
    passes: may('up'),
    site: settings.site,
  })
  let bridge: InSchedBridge
  try {
    bridge = startInSchedBridge({
      url: settings.insched,
      replica,
      practice: settings.practice,
      site,
      holder: `${hostname()}:${realpathSync(dir)}`,
      station: hostname(),
      clock,
    })
  } catch (error) {
    await replica.close()
    throw error
  }
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica) })
  replica.follow(fieldConflicts(replica, site.key, clock))
  const link: Link = keepLink({
    replica,
    peer: settings.portalReplica,
    url: `${settings.portal.replace(/^http/, 'ws')}/link`,
    dial: dialing(settings.ca ?? undefined).dial,
    whyUnreached,
    device: {
      certificate: settings.certificate,
      privateKey: Buffer.from(master.open(Buffer.from(settings.privateKey, 'base64'), 'private key')).toString(),
    },
    passesOut: may('up'),
    passesIn: may('down'),
    // What should be at the portal is what may go there: an owner's own records, withheld, are not missing.
    shared: may('up'),
    clock,
  })
  const proofs = weeklyProof({ replica, link, clock })

  const agent: By = { role: 'site', id: settings.site, initials: 'PC' }
  const parts = { replica, bridge, link, index, passesUp: may('up'), agent, clock }
  const transfers = transfersOf(parts)
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
    /** The IANA zone of the site, as InSched has it. */
    async zone(): Promise<string> {
      const { zone } = ((await replica.indexed('practice', settings.site))?.body ?? {}) as Partial<PracticeFields>
      return zone ?? 'UTC'
    },
    /** Upload Records and Download Online Communications. */
    upload: transfers.upload,
    download: transfers.download,
    ...patientsOf({ ...parts, invitations }),
    ...listsOf(parts),
    status: () => statusOf(parts),
    /** Proves that the portal holds what it should, and heals what differs. */
    async verify() {
      await transfers.reachPortal('The proof')
      return proofs.prove()
    },
    /** Calls `run` when the link changes. */
    onChange: (run: () => void) => link.onChange(run),
    async close() {
      proofs.stop()
      await link.stop()
      await bridge.stop()
      await replica.close()
    },
  }
}
