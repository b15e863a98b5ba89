/**
 * A practice that texts: its replica in a SQLite file, the portal's own sender and webhooks over Twilio's SDK, the sandbox
 * behind them, all in a time that the test holds. It can be killed between any two steps, and put back to older files.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Hono } from 'hono'
import type { Mailer } from '../../src/bridges/email/mailer.ts'
import { consentKeys } from '../../src/bridges/texts/consent-number.ts'
import { textSettingsKey } from '../../src/bridges/texts/rules.ts'
import { textSandbox, type TextSandbox } from '../../src/bridges/texts/sandbox.ts'
import type { Ask } from '../../src/bridges/texts/twilio.ts'
import { textingOf, type Texting as PortalTexting } from '../../src/portal/texting.ts'
import type { Json } from '../../src/replica/json.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { textSandboxApp } from '../../src/server/texts/text-sandbox-app.ts'
import { receivedPath } from '../../src/server/texts/webhooks.ts'
import { folder, master } from '../replica/world.ts'
import { heldClock, type HeldClock } from '../server/world.ts'

export const account = { origin: 'http://127.0.0.1:1', accountSid: 'ACsandbox', authToken: 'the token', messagingServiceSid: 'MGsandbox' } // prettier-ignore
export const zone = 'America/Phoenix'
export const origin = 'https://portal.example'
/** A Monday, 10:00 in Phoenix. */
export const morning = Date.parse('2027-03-01T17:00:00Z')

export interface Texting {
  readonly clock: HeldClock
  readonly sandbox: TextSandbox
  readonly practice: string
  readonly site: string
  readonly log: string[]
  readonly keys: ReturnType<typeof consentKeys>
  replica: OpenReplica
  texting: PortalTexting
  /** What the provider posts to. */
  webhooks: Hono<never>
  isOpen: boolean
  /** Edits a record of InSched as the site would. */
  person(fields?: Record<string, Json>, key?: string): Promise<string>
  event(patient: string, startsAt: string, fields?: Record<string, Json>, key?: string): Promise<string>
  /** Whatever else the site says. */
  says(edit: Edit): Promise<void>
  /** What is set of texts. */
  set(fields: Record<string, Json>): Promise<void>
  /** Lets time pass in steps, and all that it brings happen. */
  pass(ms: number, step?: number): Promise<void>
  /** Resolves when the pages show all that is durable now. */
  indexed(): Promise<void>
  /** All that happens without time passing. */
  settled(): Promise<void>
  /** The texts on the phones that came from the practice. */
  arrived(): { at: number; phone: string; body: string }[]
  /** The process dies after so many more of its steps (changes and calls); that one may be done, and nobody hears of it. */
  dieAfter(steps: number): void
  isDead(): boolean
  /** Stops what runs and opens the files again, those of `from` where it is given; what InSched has is there again. */
  restart(from?: string): Promise<void>
  /** A copy of the files as they are. */
  copy(): Promise<string>
  close(): Promise<void>
}

const died = (): Error => new Error('The process has died.')

export async function texting(options: { readonly at?: number; readonly sending?: 'on' | 'off'; readonly mailer?: Mailer; readonly takesCards?: () => boolean } = {}): Promise<Texting> {
  const clock = heldClock(options.at ?? morning)
  const [practice, id, site] = [mintUlid(clock), mintUlid(clock), mintUlid(clock)]
  const dir = folder()
  const file = join(dir, 'portal.sqlite')
  const hmacKey = new Uint8Array(32).fill(3)
  const log: string[] = []
  const said: Edit[] = []
  let copies = 0
  let stepsLeft = Infinity
  // Each process has a life of its own: what is left of a dead one changes nothing.
  let life = { isDead: false }
  const step = async <T>(of: { isDead: boolean }, work: () => Promise<T>): Promise<T> => {
    if (of.isDead) throw died()
    if (stepsLeft-- > 0) return work()
    of.isDead = true
    // The last step is done in half of the deaths, and its outcome is lost.
    if (stepsLeft % 2 === 0) await work()
    throw died()
  }
  const posted: Ask = async ({ url, headers, body }) => {
    if (life.isDead) throw Object.assign(new Error('Refused.'), { code: 'ECONNREFUSED' })
    const answer = await world.webhooks.request(url.pathname, { method: 'POST', headers, ...(body === undefined ? {} : { body }) }, { incoming: { headers: {}, socket: {} } })
    if (answer.status >= 300) throw new Error(`The webhook answered ${answer.status}`)
    return { status: answer.status, headers: {}, body: await answer.text() }
  }
  const sandbox = textSandbox({ account, clock, ask: posted, stepMs: 500 })
  sandbox.inboundTo(`${origin}${receivedPath(practice)}`)
  const sandboxApp = textSandboxApp(sandbox, async () => new Response(null, { headers: { 'x-lost': 'yes' } }))
  let follower: { caughtUp(): Promise<void> }

  const open = async (): Promise<void> => {
    life = { isDead: false }
    stepsLeft = Infinity
    const own = life
    const replica = await openReplica({ store: await openSqliteStore({ file, master }), practice, id, clock })
    const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, world.keys.ofPhone) })
    follower = index
    world.replica = replica
    const mortal: OpenReplica = { ...replica, change: (edits) => step(own, () => replica.change(edits)) }
    const ask: Ask = async ({ method, url, headers, body }) =>
      step(own, async () => {
        const answer = await sandboxApp.request(url.pathname + url.search, { method, headers: { ...headers, host: '127.0.0.1' }, ...(body === undefined ? {} : { body }) })
        if (answer.headers.has('x-lost')) throw Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' })
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
      })
    world.texting = textingOf({ mailer: options.mailer, takesCards: options.takesCards, texts: { accountOf: () => account, ask, pace: 0 }, isOpen: () => world.isOpen, anySite: () => site, clock, log: (line) => void log.push(line) })
    world.texting.opened(practice, { replica: mortal, hmacKey, indexed: () => index.caughtUp() })
    world.webhooks = world.texting.listening(origin) as unknown as Hono<never>
  }
  const facts = (patient: string, startsAt: number | null = null) => ({ patient, site, shown: true, reachable: true, startsAt })
  const say = async (edit: Edit): Promise<void> => {
    said.push(edit)
    await world.replica.change([edit])
  }
  const world: Texting = {
    clock, sandbox, practice, site, log, keys: consentKeys(hmacKey), isOpen: true,
    replica: undefined as unknown as OpenReplica,
    texting: undefined as unknown as PortalTexting,
    webhooks: undefined as unknown as Hono<never>,
    async person(fields = {}, key = mintUlid(clock)) {
      const whole = { firstName: 'Ann', lastName: 'Lee', cellPhone: '+1 480 555 0101', language: 'en', textConsent: true, emailConsent: null, portalEnabled: true, survivor: null, deleted: false }
      const known = said.some((edit) => edit.key === key)
      await say({ collection: 'patients', key, at: clock.now(), facts: facts(key), set: { ...(known ? {} : whole), ...fields } })
      return key
    },
    async event(patient, startsAt, fields = {}, key = mintUlid(clock)) {
      const whole = { words: 'Rhinoplasty visit', startsAt, minutes: 30, location: '1', status: 'None', lastConfirmed: null, confirmationType: null, deleted: false }
      const known = said.some((edit) => edit.key === key)
      const start = (fields['startsAt'] as string | undefined) ?? startsAt
      await say({ collection: 'events', key, at: clock.now(), facts: facts(patient, Date.parse(`${start}:00-07:00`)), set: { ...(known ? {} : whole), ...fields } })
      return key
    },
    says: (edit) => say(edit),
    set: (fields) => say({ collection: 'preferences', key: textSettingsKey(site), at: clock.now(), facts: { patient: null, site, shown: false, reachable: false, startsAt: null }, set: fields }),
    indexed: () => follower.caughtUp(),
    async settled() {
      await follower.caughtUp()
      await world.texting.settled(practice)
      await follower.caughtUp()
    },
    async pass(ms, by = 60_000) {
      for (let left = ms; left > 0; left -= by) {
        clock.advance(Math.min(by, left))
        await world.settled()
      }
    },
    arrived: () => sandbox.texts().filter((text) => text.direction === 'outbound-api').map(({ at, phone, body }) => ({ at, phone, body })),
    dieAfter: (steps) => void (stepsLeft = steps),
    isDead: () => life.isDead,
    async copy() {
      const to = join(dir, `copy-${++copies}.sqlite`)
      await stop()
      copyFileSync(file, to)
      await open()
      return to
    },
    async restart(from) {
      await stop()
      if (from !== undefined) copyFileSync(from, file)
      await open()
      if (from === undefined) return
      // The site brings its records again, as they were said, before the portal may send.
      world.isOpen = false
      for (const edit of said) await world.replica.change([edit])
      world.isOpen = true
      world.texting.wake(practice)
    },
    close: () => stop(),
  }
  const stop = async (): Promise<void> => {
    life.isDead = true
    await world.texting.stop()
    await world.replica.close()
    for (const rest of ['-wal', '-shm']) if (existsSync(file + rest)) rmSync(file + rest)
  }
  await open()
  await say({ collection: 'practice', key: site, at: clock.now(), facts: { patient: null, site, shown: true, reachable: false, startsAt: null }, set: { siteName: 'Mesa', practiceName: 'Desert Bloom Surgery', phone: '+1 480 555 0100', address: '1 E Main St', zone, 'location/1': { name: 'Mesa', zone, address: null, phone: null }, 'location/2': { name: 'Denver', zone: 'America/Denver', address: null, phone: '+1 303 555 0101' } } })
  await world.set({ sending: options.sending ?? 'on', practiceName: 'Desert Bloom' })
  return world
} // prettier-ignore
