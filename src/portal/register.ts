/** The register of a portal's sites: made, with or without an agent of their own, refused from then on, and ended. */
import type { Acceptor } from '../replica/acceptor.ts'
import type { Clock } from '../replica/clock.ts'
import { mintUlid, parseUlid } from '../replica/ids.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { hashOf, type ControlStore, type Practice, type SiteRow } from '../server/control-store-sqlite.ts'
import { passOn } from '../server/retiring.ts'
import type { Portal } from './portal-face.ts'
import type { SiteMirrors } from './site-mirrors.ts'
import type { Stations } from './stations.ts'

const codeLasts = 24 * 3_600_000

export interface Register extends Pick<
  Portal,
  'addSite' | 'addStation' | 'renewToken' | 'revokeDevice' | 'retireSite'
> {
  /** The site of an id as it was typed; throws a sentence where there is none. */
  siteOf(text: string): SiteRow
}

export function registerOf(portal: {
  readonly store: ControlStore
  readonly stations: Stations
  readonly acceptor: Acceptor
  readonly mirrors: SiteMirrors
  /** Of a practice of this portal. */
  readonly replicaOf: (practice: string) => OpenReplica
  readonly clock: Clock
}): Register {
  const { store, stations, acceptor, mirrors, replicaOf, clock } = portal
  const siteOf = (text: string): SiteRow => {
    const site = store.site(parseUlid(text, 'site id'))
    if (!site)
      throw new Error(`There is no site ${text} at this portal. List them with: patientconnection portal status`)
    return site
  }
  const practiceNamed = (text: string): Practice => {
    const practice = store.practice(parseUlid(text, 'practice id'))
    if (practice) return practice
    throw new Error(`There is no practice ${text} at this portal. Add it first with: patientconnection practice add`)
  }
  return {
    siteOf,
    addSite({ practice, name }) {
      const { id } = practiceNamed(practice)
      // Hex: a code that begins with a dash would read as an option.
      const code = Buffer.from(clock.bytes(16)).toString('hex')
      const siteId = mintUlid(clock)
      store.addSite({ id: siteId, practice: id, name, codeHash: hashOf(code), until: clock.now() + codeLasts })
      store.audit.record({ did: 'site added', practice: id, of: siteId })
      return { siteId, enrollmentCode: code }
    },
    async addStation({ practice, name }) {
      if (name.trim() === '') throw new Error('A station needs a name. Give it with --name.')
      const { id } = practiceNamed(practice)
      const made = await stations.add(practiceNamed(practice), name)
      store.audit.record({ did: 'station added', practice: id, of: made.siteId })
      return made
    },
    renewToken(text) {
      const site = siteOf(text)
      if (!store.stations().includes(site.id)) throw new Error(`Site ${site.id} has an agent and no token. Tokens are for stations.`) // prettier-ignore
      const made = stations.renew(site.id)
      store.audit.record({ did: 'station token made', practice: site.practice, of: site.id })
      return made
    },
    async revokeDevice(text) {
      const site = siteOf(text)
      const device = store.device(site.id)
      if (!device) throw new Error(`Site ${site.id} was never enrolled, so it has no device to revoke.`)
      store.revokeDevice(site.id, clock.now())
      acceptor.disconnect(device.replica)
      store.audit.record({ did: 'device revoked', practice: site.practice, of: [site.id, device.replica] })
      return { siteId: site.id, revokedAt: new Date(store.device(site.id)!.revoked_at!).toISOString() }
    },
    async retireSite(text, to) {
      const site = siteOf(text)
      const heir = to === undefined ? undefined : siteOf(to)
      if (heir && (heir.practice !== site.practice || heir.id === site.id || heir.retired_at !== null))
        throw new Error(`Site ${heir.id} cannot take over: it must be another site of the same practice, not retired.`)
      // Refused first, so that nothing of it comes in while its records go over.
      store.retireSite(site.id, clock.now())
      store.revokeDevice(site.id, clock.now())
      const device = store.device(site.id)
      if (device) acceptor.disconnect(device.replica)
      const documents = await passOn(replicaOf(site.practice), site.id, heir?.id)
      await mirrors.introduce(replicaOf(site.practice))
      store.audit.record({ did: 'site retired', practice: site.practice, of: heir ? [site.id, heir.id] : site.id })
      return { siteId: site.id, documents }
    },
  }
}
