/** A practice that texts: its replica in a SQLite file, the sender over Twilio's SDK, the sandbox behind it, all in a time that the test holds. */
import { join } from 'node:path'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { textSettingsKey } from '../../src/bridges/texts/rules.ts'
import { textSandbox, type TextSandbox } from '../../src/bridges/texts/sandbox.ts'
import { textReceiver } from '../../src/bridges/texts/receiving.ts'
import { textSender, type TextSender } from '../../src/bridges/texts/sender.ts'
import { twilioProvider, type Ask } from '../../src/bridges/texts/twilio.ts'
import type { Json } from '../../src/replica/json.ts'
import { mintUlid, type Ulid } from '../../src/replica/ids.ts'
import type { Edit, Replica } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { textSandboxApp } from '../../src/server/texts/text-sandbox-app.ts'
import { folder, master } from '../replica/world.ts'
import { heldClock, type HeldClock } from '../server/world.ts'

export const account = { origin: 'http://127.0.0.1:1', accountSid: 'ACsandbox', authToken: 'the token', messagingServiceSid: 'MGsandbox' } // prettier-ignore
export const zone = 'America/Phoenix'
/** A Monday, 10:00 in Phoenix. */
export const morning = Date.parse('2027-03-01T17:00:00Z')

export interface Texting {
  readonly clock: HeldClock
  readonly sandbox: TextSandbox
  readonly replica: OpenReplica
  readonly site: string
  readonly log: string[]
  readonly keys: ReturnType<typeof consentKeys>
  sender: TextSender
  isOpen: boolean
  /** Edits a record of InSched as the site would. */
  person(fields?: Record<string, Json>, key?: string): Promise<string>
  event(patient: string, startsAt: string, fields?: Record<string, Json>, key?: string): Promise<string>
  /** What is set of texts. */
  set(fields: Record<string, Json>): Promise<void>
  /** Lets time pass in steps, and all that it brings happen. */
  pass(ms: number, step?: number): Promise<void>
  /** All that happens without time passing. */
  settled(): Promise<void>
  /** The texts on the phones that came from the practice. */
  arrived(): { at: number; phone: string; body: string }[]
  start(): void
  close(): Promise<void>
}

/** Asks the sandbox's app; an answer that gets lost is a connection that broke. */
export function askOf(sandbox: () => TextSandbox): Ask {
  return async ({ method, url, headers, body }) => {
    const app = textSandboxApp(sandbox(), async () => new Response(null, { headers: { 'x-lost': 'yes' } }))
    const answer = await app.request(url.pathname + url.search, { method, headers: { ...headers, host: '127.0.0.1' }, ...(body === undefined ? {} : { body }) }) // prettier-ignore
    if (answer.headers.has('x-lost')) throw Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' })
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
  }
}

export async function texting(options: { readonly at?: number; readonly sending?: 'on' | 'off'; readonly wrap?: (replica: Replica) => Replica; readonly ask?: (ask: Ask) => Ask } = {}): Promise<Texting> {
  const clock = heldClock(options.at ?? morning)
  const [practice, id, site] = [mintUlid(clock), mintUlid(clock), mintUlid(clock)]
  const replica = await openReplica({ store: await openSqliteStore({ file: join(folder(), 'portal.sqlite'), master }), practice, id, clock })
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica) })
  const keys = consentKeys(new Uint8Array(32).fill(3))
  const log: string[] = []
  let sandbox: TextSandbox
  const sandboxAsk: Ask = async () => ({ status: 200, headers: {}, body: '' })
  sandbox = textSandbox({ account, clock, ask: sandboxAsk, stepMs: 500 })
  const ask = (options.ask ?? ((one) => one))(askOf(() => sandbox))
  const provider = twilioProvider(account, ask)
  const facts = (patient: string, startsAt: number | null = null) => ({ patient, site, shown: true, reachable: true, startsAt })
  const change = (edit: Edit): Promise<void> => replica.change([edit])
  const receiver = textReceiver({ replica, keys, clock, indexed: () => index.caughtUp(), anySite: () => site, handOver: (patient, message) => world.sender.handOver(patient, message) })
  const world: Texting = {
    clock, sandbox, replica, site, log, keys, isOpen: true,
    sender: undefined as unknown as TextSender,
    async person(fields = {}, key = mintUlid(clock)) {
      await change({ collection: 'patients', key, at: clock.now(), facts: facts(key), set: { firstName: 'Ann', lastName: 'Lee', cellPhone: '+1 480 555 0101', language: 'en', textConsent: true, emailConsent: null, portalEnabled: true, survivor: null, deleted: false, ...fields } })
      return key
    },
    async event(patient, startsAt, fields = {}, key = mintUlid(clock)) {
      await change({ collection: 'events', key, at: clock.now(), facts: facts(patient, Date.parse(`${startsAt}:00-07:00`)), set: { words: 'Rhinoplasty visit', startsAt, minutes: 30, location: '1', status: 'None', lastConfirmed: null, confirmationType: null, deleted: false, ...fields } })
      return key
    },
    set: (fields) => change({ collection: 'preferences', key: textSettingsKey(site), at: clock.now(), facts: { patient: null, site, shown: false, reachable: false, startsAt: null }, set: fields }),
    async settled() {
      await index.caughtUp()
      await world.sender.settled()
      await index.caughtUp()
    },
    async pass(ms, step = 60_000) {
      for (let left = ms; left > 0; left -= step) {
        clock.advance(Math.min(step, left))
        await world.settled()
      }
    },
    arrived: () => world.sandbox.texts().filter((text) => text.direction === 'outbound-api').map(({ at, phone, body }) => ({ at, phone, body })),
    start() {
      world.sender = textSender({
        replica: (options.wrap ?? ((one) => one))(replica), keys, clock, provider: () => provider, isOpen: () => world.isOpen,
        statusTo: () => null, indexed: () => index.caughtUp(), received: async (texts) => { for (const one of texts.toReversed()) await receiver.receive(one) }, log: (line) => void log.push(line), pace: 0,
      })
    },
    async close() {
      await world.sender.stop()
      await replica.close()
    },
  }
  await change({ collection: 'practice', key: site, at: clock.now(), facts: { patient: null, site, shown: true, reachable: false, startsAt: null }, set: { siteName: 'Mesa', practiceName: 'Desert Bloom Surgery', phone: '+1 480 555 0100', address: '1 E Main St', zone, 'location/1': { name: 'Mesa', zone, address: null, phone: null }, 'location/2': { name: 'Denver', zone: 'America/Denver', address: null, phone: '+1 303 555 0101' } } })
  await world.set({ sending: options.sending ?? 'on', practiceName: 'Desert Bloom' })
  world.start()
  return world
} // prettier-ignore
export type { Ulid }
