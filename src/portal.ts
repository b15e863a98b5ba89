/**
 * What a portal is: a control store, one replica per practice with its index, the acceptor of links, and the pages.
 * `openPortal` opens the folder; `listen` puts it on a port.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { takeBounces } from './bridges/email/bounces.ts'
import type { Mailer } from './bridges/email/mailer.ts'
import { consentKeys } from './bridges/texts/consent-number.ts'
import type { Accounts } from './bridges/payments/accounts.ts'
import { cashier as openCashier } from './bridges/payments/cashier.ts'
import { openPaymentLedger } from './bridges/payments/ledger-sqlite.ts'
import { stripeGateway } from './bridges/payments/stripe-gateway.ts'
import { keepToSettings } from './mirror/keeping-to-settings.ts'
import { acceptLinks } from './replica/acceptor.ts'
import { keepChunks, type Chunks } from './replica/chunks.ts'
import type { Clock } from './replica/clock.ts'
import { certify, mintKeyPair, type Certified, type KeyPair } from './replica/device.ts'
import { mintUlid, parseUlid, type Ulid } from './replica/ids.ts'
import { openReplica, type OpenReplica } from './replica/replica.ts'
import type { Sealer } from './replica/sealing.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'
import { virusScan } from './server/attachments/virus-scan.ts'
import { serveControl } from './server/control.ts'
import { hashOf, openControlStore, type Practice } from './server/control-store-sqlite.ts'
import { emailLinksApp } from './server/email/email-links-app.ts'
import { exchangeApp } from './server/exchange-app.ts'
import { frontsOf } from './server/portal/front.ts'
import { closeServer, listen, type App } from './server/listen.ts'
import { liveViews, type Live } from './server/live.ts'
import { operatorApp } from './server/operator/operator-app.ts'
import { operatorLinks } from './server/operator/operator-links.ts'
import type { OperatorView } from './server/operator/operator-overview.ts'
import type { PaymentsOfPractice } from './server/operator/operator-payments.ts'
import { outwardGate } from './server/outward.ts'
import { indexedCollections, pageIndex, pageIndexForm } from './server/page-index.ts'
import { patientSessions, portalApp, type EnrollRequest } from './server/portal/portal-app.ts'
import { receiptsOf } from './server/portal/receipts.ts'
import { operatorOperations, portalOperations } from './portal/operations.ts'
import type { Portal } from './portal/portal-face.ts'
import { leavingOf, standingCollections, standingOf } from './portal/standing.ts'
import { registerOf } from './portal/register.ts'
import { reconcilingOf } from './portal/reconciling.ts'
import { silenceWatch } from './portal/silence.ts'
import { siteMirrors } from './portal/site-mirrors.ts'
import { openStations } from './portal/stations.ts'
import { siteStates } from './portal/site-states.ts'
import { textingOf, type PortalTexts } from './portal/texting.ts'
import { callerOf } from './server/reverse-proxy.ts'

/** Opens a portal's folder, made where it is missing; rejects with a sentence where another process has it. */
export async function openPortal(options: {
  readonly dir: string
  readonly master: Sealer
  readonly clock: Clock
  readonly log: (line: string) => void
  /** The most that the file of each practice's replica may take. */
  readonly mostBytes?: number | undefined
  /** Sends codes and notices to patients; without it they sign in by password or passkey. */
  readonly mailer?: Mailer | undefined
  /** The address that alarms of its sites are mailed to. */
  readonly alarmsTo?: string | undefined
  /** Texts patients; without it none go out and none come in. */
  readonly texts?: PortalTexts | undefined
  /** The practices' accounts for card payments; a practice without one takes none. */
  readonly accounts?: Accounts | undefined
}): Promise<Portal> {
  const { dir, master, clock, log, mostBytes, mailer, alarmsTo } = options
  mkdirSync(join(dir, 'practices'), { recursive: true })
  const store = openControlStore(join(dir, 'control.sqlite'), master, clock)
  const keys = JSON.parse(store.secret('portal key', () => JSON.stringify(mintKeyPair()))) as KeyPair
  const replicas = new Map<string, OpenReplica>()
  const chunks = new Map<string, Chunks>()
  const closers: (() => void | Promise<void>)[] = []
  const heard = new Map<string, number>()
  const indexed: Live['changed'][] = []
  const toRemake = new Map<string, () => Promise<number>>()
  let publicUrl: string | undefined

  const hmacKeyOf = (practice: string): string =>
    store.secret(`hmac ${practice}`, () => Buffer.from(clock.bytes(32)).toString('base64'))
  const mirrors = siteMirrors({
    clock,
    device: (site) => store.device(site)?.replica,
    sites: (practice) => store.sites().flatMap((site) => (site.practice === practice ? [site.id] : [])),
    nameOf: (site) => (store.site(site)?.retired_at === null ? store.site(site)!.name : undefined),
  })
  const gate = outwardGate((practice) =>
    store
      .sites()
      .filter((site) => site.practice === practice && site.retired_at === null && isEnrolled(site.id))
      .map((site) => site.id),
  )
  const isEnrolled = (site: string): boolean => store.device(site)?.revoked_at === null
  const texting = textingOf({
    texts: options.texts,
    mailer,
    isOpen: (practice) => gate.of(practice).open,
    anySite: (practice) => store.sites().find((site) => site.practice === practice && site.retired_at === null)?.id ?? null, // prettier-ignore
    takesCards: (practice) => gateways.has(practice),
    clock,
    log,
  })
  const mail = mailer && alarmsTo !== undefined ? { mailer, to: alarmsTo } : undefined
  const silence = silenceWatch({
    sitesOf: (practice) => store.sites().flatMap((site) => (site.practice === practice && site.retired_at === null ? [site.id] : [])), // prettier-ignore
    zoneOf: (practice) => store.practice(practice)!.zone,
    isAnyHour: texting.isAnyHour,
    hasMail: mailer !== undefined,
    why(practice) {
      const { open, waitsFor } = gate.of(practice)
      if (!texting.hasAccount(practice)) return 'The practice has no account for texts at this portal.'
      return open
        ? texting.problem(practice)
        : `Nothing goes out before these sites were heard: ${waitsFor.join(', ')}.`
    },
    mail,
    audit: store.audit,
    clock,
    log,
  })
  const accounts: Accounts = options.accounts ?? new Map()
  const gateways = new Map([...accounts].map(([practice, account]) => [practice, stripeGateway(account)]))
  const ledger = openPaymentLedger(join(dir, 'payments.sqlite'))
  const money = { ledger, gatewayOf: (practice: string) => gateways.get(practice), replicaOf: (practice: string) => replicas.get(practice), clock, log } // prettier-ignore
  const cashier = openCashier({
    ...money,
    mayGoOut: (practice) => gate.of(practice).open,
    stands: standingOf({ store, replicaOf: money.replicaOf }),
    removed: (practice, account) => store.audit.record({ did: 'saved cards removed at the processor', practice, of: account }), // prettier-ignore
    paid: receiptsOf({ mailer, store, clock }),
  })
  /** What cannot be written now, as on a full disk, keeps nobody out: it is told at the next connection. */
  const tell = (replica: OpenReplica): Promise<void> =>
    mirrors.introduce(replica).catch((error: Error) => log(`sites could not be told of each other: ${error.message}`))
  const openPractice = async (practice: Practice): Promise<void> => {
    const kept = await openSqliteStore({ file: join(dir, 'practices', `${practice.id}.sqlite`), master, mostBytes })
    const replica = await openReplica({
      store: kept,
      practice: practice.id as Ulid,
      id: practice.replica as Ulid,
      clock,
      holds: mirrors.holds,
      comesDown: mirrors.comesDown,
    })
    await mirrors.follow(replica)
    await tell(replica)
    closers.push(keepToSettings(replica, clock))
    const index = replica.follow({
      name: 'index',
      collections: indexedCollections,
      handle: pageIndex(replica, consentKeys(Buffer.from(hmacKeyOf(practice.id), 'base64')).ofPhone),
      form: pageIndexForm,
      advanced: (documents) => indexed.forEach((run) => run(practice.id, documents)),
    })
    replicas.set(practice.id, replica)
    if (gateways.has(practice.id)) {
      replica.follow({ name: 'cashier', collections: ['payments'], handle: cashier.follow(practice.id) })
      replica.follow({ name: 'leaving', collections: standingCollections, handle: leavingOf(practice.id, store, cashier) }) // prettier-ignore
    }
    const key = Buffer.from(hmacKeyOf(practice.id), 'base64')
    chunks.set(practice.id, keepChunks({ replica, store: kept.chunks, key, clock }))
    // What was told to whom is read from the index: no text goes out by one that is only half of its form.
    texting.opened(practice.id, { replica, hmacKey: key, indexed: () => index.remade() })
    toRemake.set(practice.id, () => index.toRemake())
    silence.opened(practice.id, { replica, hmacKey: key })
  }
  for (const practice of store.practices()) await openPractice(practice)
  const reconciling = reconcilingOf({ ...money, cashier, practices: () => store.practices().flatMap((one) => (gateways.has(one.id) ? [one.id] : [])), audit: store.audit }) // prettier-ignore
  cashier.begun()
  const knowAgain = ({ practice, site, replica, publicKey }: Certified, certificate: string): void => {
    store.addSite({ id: site, practice, name: `Site ${site.slice(-4)}`, codeHash: null, until: 0 })
    store.addDevice({ replica, site, publicKey, certificate })
    store.audit.record({ did: 'site known again', practice, of: [site, replica] })
  }
  const acceptor = acceptLinks({
    portalPublicKey: keys.publicKey,
    clock,
    async admit(device, certificate) {
      const replica = replicas.get(device.practice)
      if (!replica) return 'unknown device'
      // A certificate of this portal for a site that it does not know: it was put back to a copy from before.
      if (!store.site(device.site)) knowAgain(device, certificate)
      const known = store.device(device.site)
      const retired = store.site(device.site)!.retired_at !== null
      if (retired || (known && (known.revoked_at !== null || known.replica !== device.replica))) return 'revoked device'
      await tell(replica)
      return {
        replica,
        passesIn: mirrors.comesUp(device.site),
        passesOut: mirrors.passes(device.site, 'down'),
        keeps: mirrors.keeps(device.site),
        tells: mirrors.tells(device.site),
        shared: mirrors.atBoth(device.site),
        settings: mirrors.link(device.site),
        chunks: chunks.get(device.practice)!,
      }
    },
    events: {
      connected(device, clockOffset) {
        states.connected(device.site, clockOffset)
        store.heard(device.site, clock.now())
        log(`site ${device.site} connected`)
      },
      caughtUp(device) {
        gate.heard(device.site)
        texting.wake(device.practice)
      },
      heard(device) {
        // A site that uploads is heard many times a second; once in five is enough to know.
        const now = clock.now()
        if (now - (heard.get(device.site) ?? 0) < 5_000) return
        heard.set(device.site, now)
        store.heard(device.site, now)
      },
      paused(device, why) {
        states.paused(device.site, why)
        log(`site ${device.site} paused: ${why}`)
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
    const hmacKey = hmacKeyOf(practice.id)
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

  const states = siteStates({
    store,
    replicaOf: (practice) => replicas.get(practice),
    isConnected: (replica) => acceptor.isConnected(replica),
    mirror: mirrors.of,
    mail,
    clock,
    log,
  })
  const stations = await openStations({ dir, master, clock, store, privateKey: keys.privateKey, accept: acceptor.accept, mostBytes, log }) // prettier-ignore
  const register = registerOf({
    store,
    stations,
    acceptor,
    mirrors,
    replicaOf: (practice) => replicas.get(practice)!,
    clock,
  })
  const { siteOf } = register
  const paymentsOf = (practice: string): PaymentsOfPractice => {
    const last = reconciling.last(practice)
    return {
      last: last ? { at: last.at, ...last.result } : null,
      waiting: ledger.problems().find((one) => one.practice === practice) ?? null,
      notRemoved: ledger.notRemoved(practice) ?? null,
    }
  }
  /** What the operator's page is made of. */
  const view = async (): Promise<OperatorView> => {
    const { practices } = await portal.status()
    const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
    return {
      practices: practices.map((practice) => ({
        ...practice,
        zone: store.practice(practice.practiceId)!.zone,
        payments: gateways.has(practice.practiceId) ? paymentsOf(practice.practiceId) : undefined,
        sites: practice.sites.map((site) => {
          const device = store.device(site.siteId)
          return { ...site, codeUntil: isoOf(store.codeUntil(site.siteId)), device: device ? { replica: device.replica, revokedAt: isoOf(device.revoked_at) } : null } // prettier-ignore
        }),
      })),
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
    addSite: register.addSite,
    addStation: register.addStation,
    renewToken: register.renewToken,
    stations,
    revokeDevice: register.revokeDevice,
    retireSite: register.retireSite,
    status: async () => ({
      practices: await Promise.all(
        store.practices().map(async (practice) => {
          const { open, waitsFor } = gate.of(practice.id)
          const sites = store.sites().filter((site) => site.practice === practice.id)
          const silent = silence.of(practice.id)
          const remaking = await toRemake.get(practice.id)!()
          const waiting = new Map((await replicas.get(practice.id)!.waiting()).map((one) => [one.peer, one]))
          return {
            practiceId: practice.id,
            name: practice.name,
            outward: open ? ('open' as const) : ('waits' as const),
            waitsFor,
            ...(texting.problem(practice.id) === null ? {} : { textsProblem: texting.problem(practice.id)! }),
            ...(ledger.notRemoved(practice.id) ? { cardsNotRemoved: ledger.notRemoved(practice.id)! } : {}),
            ...(silent.length === 0 ? {} : { textsSilent: silent }),
            ...(remaking === 0 ? {} : { toRemake: remaking }),
            sites: await Promise.all(
              sites.map((site) => states.of(site, waiting.get(store.device(site.id)?.replica ?? ''))),
            ),
          }
        }),
      ),
    }),
    async release(text) {
      const practice = store.practice(parseUlid(text, 'practice id'))
      if (!practice) throw new Error(`There is no practice ${text} at this portal.`)
      const { waitsFor } = gate.of(practice.id)
      gate.release(practice.id)
      texting.wake(practice.id)
      store.audit.record({ did: 'outward released', practice: practice.id, of: waitsFor })
      return portal.status()
    },
    outward: (practice) => gate.of(practice),
    async reconcilePayments(text, days) {
      const practice = parseUlid(text, 'practice id')
      if (!gateways.has(practice)) throw new Error(`Practice ${practice} has no account for card payments here. Name one with: patientconnection portal --payments FILE`) // prettier-ignore
      return reconciling.reconcile(practice, days)
    },
    async mirrorOf(text) {
      const site = siteOf(text)
      return mirrors.standing(replicas.get(site.practice)!, site.id)
    },
    async narrow(text, changes, by) {
      const site = siteOf(text)
      const done = await mirrors.narrow(replicas.get(site.practice)!, site.id, changes)
      for (const { key, old, new: now } of done)
        store.audit.record({ did: 'mirror changed', by, practice: site.practice, of: [site.id, key, old, now] })
      return done
    },
    replicaOf: (practice) => replicas.get(practice),
    chunksOf: (practice) => chunks.get(practice),
    async listen(where) {
      publicUrl = where.publicUrl
      const scan = where.scan === undefined ? undefined : virusScan(where.scan, clock)
      const proxies = where.behindProxy
      const secure = where.tls !== undefined || proxies !== undefined || publicUrl?.startsWith('https:') === true
      const isConnected = (site: string): boolean => acceptor.isConnected(store.device(site)?.replica ?? '')
      const { replicaOf, chunksOf } = portal
      const session = patientSessions({ store, secure, clock })
      const viewing = { store, replicaOf, isConnected, mirror: mirrors.of, clock }
      const files = { chunksOf, scan }
      const live = liveViews({ ...viewing, session, origin: publicUrl, log })
      indexed.push(live.changed)
      const { ticket } = live
      const app = portalApp({
        ...viewing,
        ...files,
        ticket,
        enroll,
        mailer,
        payments: { cashier, accounts },
        secure,
        origin: publicUrl,
        proxies,
        log,
      })
      const links = operatorLinks(clock)
      const { addPractice, addSite, revokeDevice, retireSite, release, reconcilePayments, mirrorOf, narrow } = portal
      const operator = operatorApp({ view, addPractice, addSite, revokeDevice, retireSite, release, reconcilePayments, mirrorOf, narrow, links, store, secure, origin: publicUrl, proxies, clock, log }) // prettier-ignore
      const emails = emailLinksApp({
        practice: texting.practiceOf,
        nameOf: frontsOf(store, replicaOf).of,
        pay: { cashier, origin: () => publicUrl ?? url, audit: store.audit },
        secure,
        clock,
        log,
      })
      const exchange = exchangeApp({ siteOf: stations.siteOf, stationOf: stations.of, practiceOf: (site) => store.site(site)?.practice, audit: store.audit, secure, proxies, clock, log }) // prettier-ignore
      let texts: { fetch: App } | undefined
      const appOf = (request: Request): { fetch: App } => (isOperators(request) ? operator : startsWith(request, '/texts/') && texts ? texts : startsWith(request, '/email/') ? emails : startsWith(request, '/exchange/') ? exchange : app) // prettier-ignore
      const { server, url } = await listen((request, bindings) => appOf(request).fetch(request, bindings), where)
      texts = texting.listening(publicUrl ?? url, proxies)
      if (where.bounces)
        closers.push((await takeBounces({ ...where.bounces, tls: where.tls, taken: texting.cameBack, log })).close)
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
      closers.push(
        await serveControl(
          dir,
          { ...portalOperations(portal), ...operatorOperations(links, store.audit, publicUrl ?? url) },
          clock,
        ),
      )
      return url
    },
    async close() {
      await stations.close()
      for (const close of closers.splice(0).toReversed()) await close()
      await texting.stop()
      await silence.stop()
      await reconciling.stop()
      await cashier.stop()
      for (const one of chunks.values()) await one.stop()
      await states.stop()
      for (const replica of replicas.values()) await replica.close()
      ledger.close()
      store.close()
    },
  }
  return portal
}

/** Whether a request is for the operator's page, which has nothing in common with those of patients. */
function isOperators(request: Request): boolean {
  const { pathname } = new URL(request.url)
  return pathname === '/operator' || pathname.startsWith('/operator/')
}

function startsWith(request: Request, path: string): boolean {
  return new URL(request.url).pathname.startsWith(path)
}
