/**
 * The stations of a portal: sites without an agent, each with its folder, its replica and its link. A station shows a token
 * that is kept as a hash; one that is revoked or retired is no station any more.
 */
import { join } from 'node:path'
import type { Acceptor } from '../replica/acceptor.ts'
import type { Clock } from '../replica/clock.ts'
import { certify, mintKeyPair } from '../replica/device.ts'
import { mintUlid } from '../replica/ids.ts'
import type { Sealer } from '../replica/sealing.ts'
import { hashOf, type ControlStore, type Practice } from '../server/control-store-sqlite.ts'
import { dialing } from '../server/dialing.ts'
import { serveLoopbackLinks, type LoopbackLinks } from '../server/loopback-links.ts'
import { openStation, type Station } from '../station.ts'

export interface Stations {
  /** Makes a station of a practice; its token is shown this once. */
  add(practice: Practice, name: string): Promise<{ readonly siteId: string; readonly token: string }>
  /** Makes another token; the one before is worth nothing from then on. */
  renew(site: string): { readonly siteId: string; readonly token: string }
  /** The site of a token; undefined where it is nobody's, or the station may no longer be used. */
  siteOf(token: string): string | undefined
  /** A station that may be used; undefined where there is none. */
  of(site: string): Station | undefined
  close(): Promise<void>
}

export async function openStations(portal: {
  readonly dir: string
  readonly master: Sealer
  readonly clock: Clock
  readonly store: ControlStore
  /** What device certificates are signed with. */
  readonly privateKey: string
  readonly accept: Acceptor['accept']
  readonly mostBytes: number | undefined
}): Promise<Stations> {
  const { dir, master, clock, store } = portal
  const open = new Map<string, Station>()
  let links: LoopbackLinks | undefined

  const isUsable = (site: string): boolean =>
    store.device(site)?.revoked_at === null && store.site(site)!.retired_at === null
  const opened = async (id: string): Promise<void> => {
    const { practice, name } = store.site(id)!
    const { replica, certificate } = store.device(id)!
    links ??= await serveLoopbackLinks(portal.accept)
    const station = await openStation({
      dir: join(dir, 'stations', id),
      master,
      clock,
      practice: store.practice(practice)!,
      site: { id, name },
      replica,
      device: { privateKey: store.secret(`station ${id}`, () => ''), certificate },
      url: links.url,
      dial: dialing({ ca: undefined }).dial,
      mostBytes: portal.mostBytes,
    })
    open.set(id, station)
  }
  const renew = (site: string) => {
    const token = Buffer.from(clock.bytes(32)).toString('base64url')
    store.setStationToken(site, hashOf(token))
    return { siteId: site, token }
  }
  for (const site of store.stations()) if (isUsable(site)) await opened(site)

  return {
    async add(practice, name) {
      const [site, replica, keys] = [mintUlid(clock), mintUlid(clock), mintKeyPair()]
      const { publicKey, privateKey } = keys
      store.secret(`station ${site}`, () => privateKey)
      store.addSite({ id: site, practice: practice.id, name, codeHash: null, until: 0 })
      store.addDevice({ replica, site, publicKey, certificate: certify(portal.privateKey, { practice: practice.id, site, replica, publicKey, issuedAt: clock.now() }) }) // prettier-ignore
      const made = renew(site)
      await opened(site)
      return made
    },
    renew,
    siteOf(token) {
      const site = store.stationOf(hashOf(token))
      return site !== undefined && isUsable(site) ? site : undefined
    },
    of: (site) => (isUsable(site) ? open.get(site) : undefined),
    async close() {
      for (const station of open.values()) await station.close()
      await links?.close()
    },
  }
}
