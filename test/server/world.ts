/** A portal with two practices, their replicas in SQLite files and the people of `people.json`, behind the real app; time and browsers under the test's control. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hono } from 'hono'
import type { Accounts } from '../../src/bridges/payments/accounts.ts'
import { cashier, type Cashier } from '../../src/bridges/payments/cashier.ts'
import { openPaymentLedger } from '../../src/bridges/payments/ledger-sqlite.ts'
import { stripeGateway } from '../../src/bridges/payments/stripe-gateway.ts'
import { keepChunks, type Chunks } from '../../src/replica/chunks.ts'
import { defaultSettings } from '../../src/mirror/policy.ts'
import { systemClock, type Clock } from '../../src/replica/clock.ts'
import { mintUlid, type PracticeId, type ReplicaId } from '../../src/replica/ids.ts'
import type { Relationship, Scope } from '../../src/replica/kinds/access.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { standingOf } from '../../src/portal/standing.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { hashOf, openControlStore, type ControlStore } from '../../src/server/control-store-sqlite.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { receiptsOf } from '../../src/server/portal/receipts.ts'
import type { Incoming } from '../../src/server/reverse-proxy.ts'
import { portalApp, type PortalAppOptions } from '../../src/server/portal/portal-app.ts'
import type { PortalEnv } from '../../src/server/portal/viewer.ts'
import { tickets } from '../../src/server/tickets.ts'
import { folder, master } from '../replica/world.ts'

export interface Person {
  readonly key: string
  readonly firstName: string
  readonly lastName: string
  readonly birthDate: string
  readonly email: string | null
  readonly cellPhone: string | null
  readonly subject: string
  readonly text: string
  readonly event: string
  readonly plan: string
}
interface PracticeOfFile { name: string; site: string; phone: string; patients: Person[] } // prettier-ignore
const file = JSON.parse(readFileSync(new URL('people.json', import.meta.url), 'utf8')) as {
  practices: PracticeOfFile[]
}
export const people: readonly Person[] = file.practices.flatMap((practice) => practice.patients)

/** A clock that stands until the test moves it. */
export interface HeldClock extends Clock {
  /** When the next timer is due; undefined where there is none. */
  next(): number | undefined
  advance(ms: number): void
}
export function heldClock(at = Date.parse('2026-11-23T17:00:00Z')): HeldClock {
  let now = at
  let timers: { at: number; run: () => void }[] = []
  return {
    now: () => now,
    bytes: systemClock.bytes,
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.push(timer)
      return () => void (timers = timers.filter((one) => one !== timer))
    },
    next: () => timers.reduce<number | undefined>((least, { at }) => Math.min(least ?? at, at), undefined),
    advance(ms) {
      now += ms
      const due = timers.filter((one) => one.at <= now)
      timers = timers.filter((one) => one.at > now)
      for (const one of due) one.run()
    },
  }
}

/** What is known of a patient in the world. */
export interface Known extends Person {
  readonly practice: string
  readonly practiceName: string
  readonly phone: string
  readonly patient: string
  readonly eventKey: string
  readonly startsAt: string
  readonly thread: string
  readonly replica: OpenReplica
}

export interface PortalWorld {
  readonly app: Hono<PortalEnv>
  readonly store: ControlStore
  readonly clock: HeldClock
  readonly known: Readonly<Record<string, Known>>
  readonly log: string[]
  /** Makes an invitation as a site does; the path of its link. */
  invite(person: string): Promise<string>
  /** Gives access as a site does; the path of its link, and the grant. */
  grant(
    person: string,
    given: { name: string; relationship: Relationship; scope: readonly Scope[]; from: string; to: string | null },
  ): Promise<{ path: string; grant: string }>
  /** A browser that is signed in by a fresh invitation. */
  signedIn(person: string, address?: string): Promise<Browser>
  /** The files of the messages of a person's practice. */
  chunksOf(person: string): Chunks
  /** Of a world with a card processor: what is asked of it. */
  readonly cashier: Cashier | undefined
  /** Waits until the pages know all. */
  indexed(): Promise<void>
  close(): Promise<void>
}

const starts = '2026-12-01T09:00'
export async function openPortalWorld(
  options: Partial<PortalAppOptions> = {},
  practices = file.practices,
  /** Where the API of a card processor is, of which every practice has an account, with secrets of the practice's name. */
  cards?: string,
): Promise<PortalWorld> {
  const dir = folder()
  const clock = heldClock()
  // Followers and commits run on real timers; what they stamp is the held time.
  const live: Clock = { ...systemClock, now: clock.now }
  const store = openControlStore(join(dir, 'control.sqlite'), master, clock)
  const replicas = new Map<string, OpenReplica>()
  const chunks = new Map<string, Chunks>()
  const followers: { caughtUp(): Promise<void> }[] = []
  const known: Record<string, Known> = {}
  const log: string[] = []
  for (const practice of practices) {
    const [id, replicaId, site] = [mintUlid(clock), mintUlid(clock), mintUlid(clock)]
    const kept = await openSqliteStore({ file: join(dir, `${id}.sqlite`), master })
    const replica = await openReplica({ store: kept, practice: id as PracticeId, id: replicaId as ReplicaId, clock: live }) // prettier-ignore
    replicas.set(id, replica)
    chunks.set(id, keepChunks({ replica, store: kept.chunks, key: new Uint8Array(32), clock: live }))
    store.addPractice({ id, name: practice.name, zone: 'America/Phoenix', replica: replicaId })
    store.addSite({ id: site, practice: id, name: practice.site, codeHash: hashOf(site), until: 0 })
    const at = clock.now()
    const by = { role: 'site' as const, id: site }
    const edits: Edit[] = [
      { collection: 'practice', key: site, at, facts: { patient: null, site, shown: true, reachable: true, startsAt: null }, set: { siteName: practice.site, practiceName: practice.name, phone: practice.phone, address: null, zone: 'America/Phoenix' } }, // prettier-ignore
    ]
    for (const person of practice.patients) {
      const [patient, eventKey, plan, thread] = [mintUlid(clock), mintUlid(clock), mintUlid(clock), mintUlid(clock)]
      const facts = { patient, site, shown: true, reachable: true, startsAt: null }
      known[person.key] = { ...person, practice: id, practiceName: practice.name, phone: practice.phone, patient, eventKey, startsAt: starts, thread, replica } // prettier-ignore
      const { firstName, lastName, birthDate, email, cellPhone } = person
      edits.push(
        { collection: 'patients', key: patient, at, facts, set: { firstName, middleName: null, lastName, birthDate, email, cellPhone, homePhone: null, language: 'en', portalEnabled: true, deleted: false } }, // prettier-ignore
        { collection: 'events', key: eventKey, at, facts: { ...facts, startsAt: Date.parse(`${starts}:00-07:00`) }, set: { words: person.event, startsAt: starts, minutes: 30, location: null, status: 'None', lastConfirmed: null, confirmationType: null, deleted: false } }, // prettier-ignore
        { collection: 'plans', key: plan, at, facts, set: { words: person.plan, status: 'Active', deleted: false, 'stage/1/words': 'Consultation', 'stage/1/position': 0, 'stage/1/completed': false } }, // prettier-ignore
        { collection: 'messages', key: patient, facts, add: { [mintUlid(clock)]: { kind: 'message', at, by, thread, subject: person.subject, text: person.text } } }, // prettier-ignore
      )
    }
    await replica.change(edits)
    followers.push(replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica) }))
  }
  const indexed = async (): Promise<void> => {
    for (const follower of followers) await follower.caughtUp()
  }
  await indexed()
  const accounts: Accounts = new Map(cards === undefined ? [] : [...replicas.keys()].map((id, i) => [id, { secretKey: 'sk_test_1', webhookSecrets: [`whsec_old${i}`, `whsec_${i}`], apiBase: cards }])) // prettier-ignore
  const ledger = openPaymentLedger(join(dir, 'payments.sqlite'))
  const gateways = new Map([...accounts].map(([id, account]) => [id, stripeGateway(account)]))
  const taking = cards === undefined ? undefined : cashier({ ledger, gatewayOf: (id) => gateways.get(id), replicaOf: (id) => replicas.get(id), mayGoOut: () => true, stands: standingOf({ store, replicaOf: (id) => replicas.get(id) }), paid: receiptsOf({ mailer: options.mailer, store, clock }), clock, log: (line) => void log.push(line) }) // prettier-ignore
  const app = portalApp({
    payments: taking && { cashier: taking, accounts },
    store,
    replicaOf: (practice) => replicas.get(practice),
    isConnected: () => false,
    mirror: () => defaultSettings,
    chunksOf: (practice) => chunks.get(practice),
    ticket: (session) => tickets(clock).mint(session),
    enroll: () => ({ status: 404, body: { error: 'This enrolment code is not known' } }),
    secure: false,
    clock,
    log: (line) => void log.push(line),
    ...options,
  })
  const world: PortalWorld = {
    app,
    store,
    clock,
    known,
    log,
    cashier: taking,
    indexed,
    chunksOf: (person) => chunks.get(known[person]!.practice)!,
    async invite(person) {
      const { practice, patient, replica } = known[person]!
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const entry = { kind: 'invited' as const, at: clock.now(), by: { role: 'site' as const, id: 'site' }, tokenHash: hashOf(token), until: clock.now() + 72 * 3_600_000 } // prettier-ignore
      await replica.change([{ collection: 'access', key: patient, facts: { patient, site: (await replica.head('patients', patient))!.facts.site, shown: true, reachable: true, startsAt: null }, add: { [mintUlid(clock)]: entry } }]) // prettier-ignore
      await indexed()
      return `/invitation/${practice}.${token}`
    },
    async grant(person, given) {
      const { practice, patient, replica } = known[person]!
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const grant = mintUlid(clock)
      const by = { role: 'staff' as const, id: mintUlid(clock), initials: 'JD', name: 'Jo Desk' }
      const entry = { kind: 'granted' as const, at: clock.now(), by, ...given, scope: [...given.scope], tokenHash: hashOf(token), until: clock.now() + 72 * 3_600_000 } // prettier-ignore
      await replica.change([{ collection: 'access', key: patient, facts: { patient, site: (await replica.head('patients', patient))!.facts.site, shown: true, reachable: true, startsAt: null }, add: { [grant]: entry } }]) // prettier-ignore
      await indexed()
      return { path: `/invitation/${practice}.${token}`, grant }
    },
    async signedIn(person, address) {
      const browser = browserOf(app, address)
      const path = await world.invite(person)
      await browser.get(path)
      const answer = await browser.post(path, { date: known[person]!.birthDate })
      if (answer.status !== 303) throw new Error(`Signing in answered ${answer.status}`)
      await indexed()
      return browser
    },
    async close() {
      await taking?.stop()
      ledger.close()
      for (const one of chunks.values()) await one.stop()
      for (const replica of replicas.values()) await replica.close()
      store.close()
    },
  }
  return world
}

/** An app as a test asks it. */
export interface App {
  request(path: string, init: RequestInit, bindings: { incoming: Incoming }): Response | Promise<Response>
}
export interface Answer { readonly status: number; readonly text: string; readonly headers: Headers } // prettier-ignore
export interface Browser {
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** Posts a form with these fields and no others. */
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** Posts the form of `action` on a page, with what is hidden in it. */
  submit(page: string, action: string, fields?: Record<string, string>): Promise<Answer>
  /** The hidden fields of the first form of `action` on a page. */
  hidden(page: string, action: string): Promise<Record<string, string>>
  cookies: Map<string, string>
}

/** A browser without scripts at a client address, on the app itself; it follows no redirect. */
export function browserOf(app: App, address = '203.0.113.7', host = 'localhost'): Browser {
  const cookies = new Map<string, string>()
  const send = async (
    path: string,
    init: { method: string; body?: URLSearchParams },
    more: Record<string, string>,
  ): Promise<Answer> => {
    // prettier-ignore
    const headers = { host, ...(cookies.size > 0 ? { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}), ...more } // prettier-ignore
    const incoming = { headers, socket: { remoteAddress: address } }
    const answer = await app.request(path, { ...init, headers }, { incoming })
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0]!.split('=')
      if (value) cookies.set(name!, value)
      else cookies.delete(name!)
    }
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  }
  const browser: Browser = {
    cookies,
    get: (path, headers = {}) => send(path, { method: 'GET' }, headers),
    post: (path, fields, headers = {}) => send(path, { method: 'POST', body: new URLSearchParams(fields) }, headers),
    async hidden(page, action) {
      const { text } = await browser.get(page)
      return hiddenOf(text, action)
    },
    async submit(page, action, fields = {}) {
      return browser.post(action, { ...(await browser.hidden(page, action)), ...fields })
    },
  }
  return browser
}

/** The hidden fields of the first form of `action` in a page's text. */
export function hiddenOf(text: string, action: string): Record<string, string> {
  const form = [...text.matchAll(/<form\s+method="post"\s+action="([^"]+)"[\s\S]*?<\/form>/g)].find((one) => one[1] === action) // prettier-ignore
  if (!form) throw new Error(`The page has no form ${action}`)
  return Object.fromEntries(
    [...form[0].matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)].map((one) => [
      one[1]!,
      one[2]!,
    ]),
  )
}

/** What of a person must not be on a page for somebody else. */
export function secretsOf(person: Person): string[] {
  const { firstName, lastName, birthDate, email, cellPhone, subject, text, event, plan } = person
  const [year, month, day] = birthDate.split('-')
  return [firstName, lastName, birthDate, `${month}/${day}/${year}`, email, cellPhone, subject, text, event, plan].filter((one) => one !== null) // prettier-ignore
}
