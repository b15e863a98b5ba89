/**
 * What a portal is: a control store, one replica per practice with its index, the acceptor of links, and the pages.
 * `openPortal` opens the folder; `listen` puts it on a port.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { WebSocketServer } from 'ws'
import { defaultSettings, passes } from './mirror/policy.ts'
import { acceptLinks } from './replica/acceptor.ts'
import type { Clock } from './replica/clock.ts'
import { certify, mintKeyPair, type KeyPair } from './replica/device.ts'
import { mintUlid, parseUlid, type Ulid } from './replica/ids.ts'
import { openReplica, type OpenReplica } from './replica/replica.ts'
import type { Passes } from './replica/collections.ts'
import type { Sealer } from './replica/sealing.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'
import { serveControl, type Operations } from './server/control.ts'
import { hashOf, openControlStore, type Practice } from './server/control-store-sqlite.ts'
import { closeServer, listen, type ListenOptions } from './server/listen.ts'
import { liveViews, type Live } from './server/live.ts'
import { indexedCollections, pageIndex } from './server/page-index.ts'
import { patientSessions, portalApp, type EnrollRequest } from './server/portal/portal-app.ts'
import { callerOf } from './server/reverse-proxy.ts'

export interface Portal {
  addPractice(practice: { name: string; zone: string }): Promise<{ practiceId: string }>
  addSite(site: { practice: string; name: string }): { siteId: string; enrollmentCode: string }
  replicaOf(practice: string): OpenReplica | undefined
  /** Serves pages and links, and the commands of this machine apart from them; resolves with the address. `publicUrl` is the origin that people see. */
  listen(options: ListenOptions & { readonly publicUrl?: string | undefined }): Promise<string>
  close(): Promise<void>
}

const codeLasts = 24 * 3_600_000

/** Opens a portal's folder, made where it is missing; rejects with a sentence where another process has it. */
export async function openPortal(options: {
  readonly dir: string
  readonly master: Sealer
  readonly clock: Clock
  readonly log: (line: string) => void
}): Promise<Portal> {
  const { dir, master, clock, log } = options
  mkdirSync(join(dir, 'practices'), { recursive: true })
  const store = openControlStore(join(dir, 'control.sqlite'), master, clock)
  const keys = JSON.parse(store.secret('portal key', () => JSON.stringify(mintKeyPair()))) as KeyPair
  const replicas = new Map<string, OpenReplica>()
  const closers: (() => void | Promise<void>)[] = []
  const heard = new Map<string, number>()
  const indexed: Live['changed'][] = []
  let publicUrl: string | undefined

  const openPractice = async (practice: Practice): Promise<void> => {
    const replica = await openReplica({
      store: await openSqliteStore({ file: join(dir, 'practices', `${practice.id}.sqlite`), master }),
      practice: practice.id as Ulid,
      id: practice.replica as Ulid,
      clock,
    })
    replica.follow({
      name: 'index',
      collections: indexedCollections,
      handle: pageIndex(replica),
      advanced: (documents) => indexed.forEach((run) => run(practice.id, documents)),
    })
    replicas.set(practice.id, replica)
  }
  for (const practice of store.practices()) await openPractice(practice)

  const acceptor = acceptLinks({
    portalPublicKey: keys.publicKey,
    clock,
    async admit(device) {
      const replica = replicas.get(device.practice)
      if (!replica || !store.site(device.site)) return 'unknown device'
      const known = store.device(device.site)
      if (known && (known.revoked_at !== null || known.replica !== device.replica)) return 'revoked device'
      const may =
        (direction: 'up' | 'down'): Passes =>
        (collection, facts, erasure = false) =>
          passes(defaultSettings, { collection, facts, direction, site: device.site, now: clock.now(), erasure }).passes
      return { replica, passesIn: may('up'), passesOut: may('down'), shared: may('up') }
    },
    events: {
      connected(device) {
        store.heard(device.site, clock.now())
        log(`site ${device.site} connected`)
      },
      heard(device) {
        // A site that uploads is heard many times a second; once in five is enough to know.
        const now = clock.now()
        if (now - (heard.get(device.site) ?? 0) < 5_000) return
        heard.set(device.site, now)
        store.heard(device.site, now)
      },
      gone: (device, why) => log(`site ${device.site} gone${why ? `: ${why}` : ''}`),
    },
  })

  const enroll = ({ code, replica, publicKey }: EnrollRequest): { status: 200 | 409 | 404; body: unknown } => {
    const site = store.siteOfCode(hashOf(code))
    if (!site || site.code_until < clock.now())
      return {
        status: 404,
        body: {
          error:
            'This enrolment code is not known, or its 24 hours are over. Make a new one with: patientconnection site add',
        },
      }
    const held = store.device(site.id)
    // The same device may ask again: the first answer may not have reached it.
    if (held && (held.replica !== replica || held.public_key !== publicKey))
      return {
        status: 409,
        body: { error: 'This enrolment code was used already. Make a new one with: patientconnection site add' },
      }
    const practice = store.practice(site.practice)!
    const certificate =
      held?.certificate ??
      certify(keys.privateKey, { practice: practice.id, site: site.id, replica, publicKey, issuedAt: clock.now() })
    if (!held) store.addDevice({ replica, site: site.id, publicKey, certificate })
    const hmacKey = store.secret(`hmac ${practice.id}`, () => Buffer.from(clock.bytes(32)).toString('base64'))
    store.audit.record({ did: 'site enrolled', practice: practice.id, of: [site.id, replica] })
    return {
      status: 200,
      body: {
        practice: practice.id,
        practiceName: practice.name,
        zone: practice.zone,
        site: site.id,
        siteName: site.name,
        portalReplica: practice.replica,
        certificate,
        hmacKey,
        // Where patients reach it may be another address than where the site does.
        publicUrl: publicUrl ?? null,
      },
    }
  }

  const portal: Portal = {
    async addPractice({ name, zone }) {
      if (name.trim() === '') throw new Error('A practice needs a name. Give it with --name.')
      try {
        Intl.DateTimeFormat('en', { timeZone: zone })
      } catch (cause) {
        throw new Error(`${zone} is no IANA time zone. Write one like America/Phoenix.`, { cause })
      }
      const practice: Practice = { id: mintUlid(clock), name, zone, replica: mintUlid(clock) }
      store.addPractice(practice)
      await openPractice(practice)
      store.audit.record({ did: 'practice added', practice: practice.id })
      return { practiceId: practice.id }
    },
    addSite({ practice, name }) {
      const id = parseUlid(practice, 'practice id')
      if (!store.practice(id))
        throw new Error(`There is no practice ${id} at this portal. Add it first with: patientconnection practice add`)
      // Hex: a code that begins with a dash would read as an option.
      const code = Buffer.from(clock.bytes(16)).toString('hex')
      const siteId = mintUlid(clock)
      store.addSite({ id: siteId, practice: id, name, codeHash: hashOf(code), until: clock.now() + codeLasts })
      store.audit.record({ did: 'site added', practice: id, of: siteId })
      return { siteId, enrollmentCode: code }
    },
    replicaOf: (practice) => replicas.get(practice),
    async listen(where) {
      publicUrl = where.publicUrl
      const proxies = where.behindProxy
      const secure = where.tls !== undefined || proxies !== undefined || publicUrl?.startsWith('https:') === true
      const isConnected = (site: string): boolean => acceptor.isConnected(store.device(site)?.replica ?? '')
      const { replicaOf } = portal
      const session = patientSessions({ store, secure, clock })
      const viewing = { store, replicaOf, isConnected, clock }
      const live = liveViews({ ...viewing, session, origin: publicUrl, log })
      indexed.push(live.changed)
      const { ticket } = live
      const app = portalApp({ ...viewing, ticket, enroll, secure, origin: publicUrl, proxies, log })
      const { server, url } = await listen(app.fetch, where)
      const sockets = new WebSocketServer({ noServer: true, maxPayload: 8 * 1024 * 1024 })
      server.on('upgrade', (request, socket, head) => {
        if (proxies && !callerOf(request, proxies).https) return void socket.destroy()
        if (request.url?.startsWith('/live/')) return live.upgrade(request, socket, head)
        if (request.url !== '/link') return void socket.destroy()
        sockets.handleUpgrade(request, socket, head, (link) => acceptor.accept(link))
      })
      closers.push(() => {
        acceptor.disconnect()
        live.close()
        for (const socket of sockets.clients) socket.terminate()
        return closeServer(server)
      })
      const operations: Operations = {
        'practice add': (input) => portal.addPractice(v.parse(v.object({ name: v.string(), zone: v.string() }), input)),
        'site add': async (input) =>
          portal.addSite(v.parse(v.object({ practice: v.string(), name: v.string() }), input)),
      }
      closers.push(await serveControl(dir, operations, clock))
      return url
    },
    async close() {
      for (const close of closers.splice(0).toReversed()) await close()
      for (const replica of replicas.values()) await replica.close()
      store.close()
    },
  }
  return portal
}
