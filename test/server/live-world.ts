/** A portal with one linked site and two patients, browsers that sign in, and stock y-websocket clients. */
import { once } from 'node:events'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { keepLink } from '../../src/replica/connection.ts'
import { systemClock, type Clock } from '../../src/replica/clock.ts'
import { mintKeyPair } from '../../src/replica/device.ts'
import type { Scope } from '../../src/replica/kinds/access.ts'
import type { EventFields, PatientFields } from '../../src/replica/kinds/fields.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { hashOf } from '../../src/server/control-store-sqlite.ts'
import { factsOf, fileReplica, folder, master, ulid } from '../replica/world.ts'

/** The machine's clock, that a test can put forward: timers that are due then run at once. */
export interface TestClock extends Clock {
  advance(ms: number): void
}
export function testClock(): TestClock {
  let ahead = 0
  const due = new Set<{ at: number; cancel: () => void; run: () => void }>()
  const now = (): number => systemClock.now() + ahead
  return {
    now,
    bytes: (length) => systemClock.bytes(length),
    after(ms, run) {
      const timer = {
        at: now() + ms,
        run: () => {
          due.delete(timer)
          run()
        },
        cancel: () => {},
      }
      timer.cancel = systemClock.after(ms, timer.run)
      due.add(timer)
      return () => {
        timer.cancel()
        due.delete(timer)
      }
    },
    advance(ms) {
      ahead += ms
      for (const timer of [...due].filter((one) => one.at <= now())) {
        timer.cancel()
        timer.run()
      }
    },
  }
}

export interface Person {
  readonly patient: string
  readonly event: string
  readonly plan: string
  readonly born: string
}

export interface World {
  readonly clock: TestClock
  readonly url: string
  readonly practice: string
  readonly siteId: string
  readonly site: OpenReplica
  readonly portal: Portal
  readonly ana: Person
  readonly ben: Person
  readonly log: string[]
  caughtUp(): Promise<void>
  /** The portal's process ends and starts again on the same folder and port. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Nine in the morning at the practice, `days` from today. */
export function morning(days: number): { readonly wall: string; readonly at: number; readonly text: string } {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  const text = new Date(`${day}T09:00Z`).toLocaleString('en-US', {
    timeZone: 'UTC',
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  })
  // Phoenix keeps one offset all year.
  return { wall: `${day}T09:00`, at: Date.parse(`${day}T16:00Z`), text }
}
/** When both patients have their appointment. */
export const visit = morning(30)

export async function openWorld(): Promise<World> {
  const clock = testClock()
  const dir = folder()
  const log: string[] = []
  const open = () => openPortal({ dir: join(dir, 'portal'), master, clock, log: (line) => void log.push(line) })
  let portal = await open()
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const { siteId, enrollmentCode } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const keys = mintKeyPair()
  const site = await fileReplica(join(dir, 'site.sqlite'), practiceId as never, ulid())
  const answer = await fetch(`${url}/enroll`, {
    method: 'POST',
    body: JSON.stringify({ code: enrollmentCode, replica: site.id, publicKey: keys.publicKey }),
  })
  const { certificate, portalReplica } = (await answer.json()) as { certificate: string; portalReplica: string }
  const link = keepLink({
    replica: site,
    peer: portalReplica,
    url: `${url.replace('http', 'ws')}/link`,
    dial: (address) => new WebSocket(address),
    device: { privateKey: keys.privateKey, certificate },
    passesIn: () => true,
    passesOut: () => true,
    clock,
  })
  await site.change([
    {
      collection: 'practice',
      key: siteId,
      at: clock.now(),
      facts: { ...factsOf('', siteId), patient: null },
      set: {
        siteName: 'Mesa',
        practiceName: 'Desert Bloom',
        phone: '+14805550100',
        address: '1 Main Street',
        zone: 'America/Phoenix',
        'location/1': { name: 'Mesa office', zone: 'America/Phoenix', address: '1 Main Street', phone: null },
      },
    },
  ])
  const world: World = {
    clock,
    url,
    practice: practiceId,
    siteId,
    site,
    get portal() {
      return portal
    },
    ana: await addPerson(site, siteId, { firstName: 'Ana', lastName: 'Quartz', birthDate: '1985-04-27' }),
    ben: await addPerson(site, siteId, { firstName: 'Benedikt', lastName: 'Feldspar', birthDate: '1970-01-31' }),
    log,
    async caughtUp() {
      await link.caughtUp()
    },
    async restart() {
      await portal.close()
      portal = await open()
      await portal.listen({ port: Number(new URL(url).port), host: '127.0.0.1' })
    },
    async close() {
      await link.stop()
      await site.close()
      await portal.close()
    },
  }
  await link.caughtUp()
  return world
}

async function addPerson(
  site: OpenReplica,
  siteId: string,
  name: { firstName: string; lastName: string; birthDate: string },
): Promise<Person> {
  const [patient, event, plan] = [ulid(), ulid(), ulid()]
  const facts = factsOf(patient, siteId)
  const fields: PatientFields = {
    ...name,
    middleName: null,
    homePhone: null,
    cellPhone: null,
    email: null,
    language: 'en',
    zones: null,
    textConsent: true,
    emailConsent: true,
    portalEnabled: true,
    balanceDueCents: 0,
    survivor: null,
    guarantor: null,
    relatives: [],
    deleted: false,
  }
  const fieldsOfEvent: EventFields = {
    type: null,
    words: `Visit of ${name.firstName}`,
    startsAt: visit.wall,
    minutes: 30,
    location: '1',
    status: 'None',
    lastConfirmed: null,
    confirmationType: null,
    deleted: false,
  }
  const at = Date.now()
  await site.change([
    { collection: 'patients', key: patient, facts, at, set: { ...fields } },
    { collection: 'events', key: event, facts: { ...facts, startsAt: visit.at }, at, set: { ...fieldsOfEvent } },
    {
      collection: 'plans',
      key: plan,
      facts,
      at,
      set: {
        words: `Plan of ${name.firstName}`,
        deleted: false,
        'stage/1/words': 'Impression',
        'stage/1/position': 1,
        'stage/1/completed': true,
        'stage/1/completedOn': '2026-01-05',
        'stage/2/words': 'Fitting',
        'stage/2/position': 2,
        'stage/3/words': null,
        'stage/3/position': 3,
      },
    },
  ])
  await say(site, siteId, patient, `To ${name.firstName}`, `Hello ${name.firstName} ${name.lastName}`)
  return { patient, event, plan, born: name.birthDate }
}

/** The practice writes to a patient; the id of the message. */
export async function say(
  site: OpenReplica,
  siteId: string,
  patient: string,
  subject: string,
  text: string,
  thread?: string,
): Promise<string> {
  const id = ulid()
  await site.change([
    {
      collection: 'messages',
      key: patient,
      facts: factsOf(patient, siteId),
      add: {
        [id]: {
          kind: 'message',
          at: Date.now(),
          by: { role: 'staff', id: 's', name: 'Jo Desk' },
          thread: (thread ?? id) as never,
          subject,
          text,
        },
      },
    },
  ])
  return id
}

/** A signed-in browser without scripts. */
export interface Browser {
  readonly cookie: string
  get(path: string): Promise<{ status: number; text: string }>
  post(path: string, fields?: Record<string, string>): Promise<{ status: number; text: string }>
}

/** The site invites the patient, who opens the invitation; or somebody who is signed in does, for one more person. With a scope, a guardian does. */
export async function signIn(world: World, person: Person, as?: Browser, scope?: readonly Scope[]): Promise<Browser> {
  const token = ulid()
  const { site, clock } = world
  await site.change([
    {
      collection: 'access',
      key: person.patient,
      facts: factsOf(person.patient, world.siteId),
      add: {
        [ulid()]: {
          ...(scope ? { kind: 'granted', name: 'Gwen', relationship: 'representative', scope: [...scope], from: '2020-01-01', to: null } : { kind: 'invited' }), // prettier-ignore
          at: clock.now(),
          by: { role: 'staff', id: 's' },
          tokenHash: hashOf(token),
          until: clock.now() + 86_400_000,
        },
      },
    },
  ])
  await world.caughtUp()
  const path = `/invitation/${world.practice}.${token}`
  for (;;) {
    const answer = await fetch(world.url + path, {
      method: 'POST',
      headers: as ? { cookie: as.cookie } : {},
      body: new URLSearchParams({ date: person.born, ...(as ? { join: 'yes' } : {}) }),
      redirect: 'manual',
    })
    await answer.text()
    // The index follows the link.
    if (answer.status === 404) continue
    const cookie = answer.headers.getSetCookie().at(-1)!.split(';')[0]!
    return browserWith(world, cookie)
  }
}

/** Signs in by name and password. */
export async function signInBy(world: World, name: string, password: string): Promise<Browser> {
  const body = new URLSearchParams({ name, password })
  const answer = await fetch(`${world.url}/sign-in`, { method: 'POST', body, redirect: 'manual' })
  await answer.text()
  return browserWith(world, answer.headers.getSetCookie().at(-1)!.split(';')[0]!)
}

function browserWith(world: World, cookie: string): Browser {
  const get = async (path: string) => {
    const answer = await fetch(world.url + path, { headers: { cookie }, redirect: 'manual' })
    return { status: answer.status, text: await answer.text() }
  }
  return {
    cookie,
    get,
    async post(path, fields = {}) {
      const csrf = /name="csrf"\s+value="([^"]+)"/.exec((await get('/')).text)?.[1] ?? ''
      const answer = await fetch(world.url + path, {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ csrf, ...fields }),
        redirect: 'manual',
      })
      return { status: answer.status, text: await answer.text() }
    },
  }
}

export async function ticketOf(browser: Browser): Promise<string> {
  return (JSON.parse((await browser.post('/live/ticket')).text) as { ticket: string }).ticket
}

/** A stock y-websocket client and what it saw. */
export interface Client {
  readonly doc: Y.Doc
  readonly provider: WebsocketProvider
  /** The root maps as they are now. */
  seen(): Record<string, Record<string, unknown>>
  /** Close codes, in order. */
  readonly codes: number[]
  /** Bytes of each update. */
  readonly updates: number[]
}

const roots = ['events', 'messages', 'office', 'plans', 'stages']
const open = new Set<WebsocketProvider>()

/** Joins a view with `WebsocketProvider`, as a page of the portal or with a ticket. */
export function joinView(
  world: World,
  name: string,
  by: { readonly cookie?: string; readonly origin?: string; readonly ticket?: string },
): Client {
  const { cookie, origin } = by
  class BrowserSocket extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}) } })
    }
  }
  const doc = new Y.Doc()
  const codes: number[] = []
  const updates: number[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update.length))
  const provider = new WebsocketProvider(`${world.url.replace('http', 'ws')}/live`, name, doc, {
    WebSocketPolyfill: BrowserSocket as never,
    disableBc: true,
    params: by.ticket ? { ticket: by.ticket } : {},
  })
  open.add(provider)
  provider.on('connection-close', (event) => void (event && codes.push(event.code)))
  return {
    doc,
    provider,
    codes,
    updates,
    seen: () =>
      Object.fromEntries(
        roots
          .map((root) => [root, doc.getMap(root).toJSON()] as const)
          .filter(([, map]) => Object.keys(map).length > 0),
      ),
  }
}

/** Joins as a page of a signed-in browser does. */
export const joinAs = (world: World, browser: Browser, name: string): Client =>
  joinView(world, name, { cookie: browser.cookie, origin: world.url })

export function leaveAll(): void {
  for (const provider of open) provider.destroy()
  open.clear()
}

/** A bare WebSocket of a signed-in browser, once it is open. */
export async function rawSocket(
  world: World,
  browser: Browser,
  name: string,
  options: { readonly autoPong?: boolean } = {},
): Promise<WebSocket> {
  const headers = { cookie: browser.cookie, origin: world.url }
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/live/${name}`, { headers, ...options })
  await once(socket, 'open')
  return socket
}

/** The code with which a socket is closed. */
export const closeCode = (socket: WebSocket): Promise<number> =>
  new Promise((done) => void socket.once('close', (code) => done(code)))
