/**
 * What carries the texts of a simulated practice: a provider in memory, or Twilio's own SDK and the text sandbox with its signed
 * webhooks, over HTTP on real sockets, in the same virtual time.
 */
import type { IncomingMessage } from 'node:http'
import { optedOut } from '../../src/bridges/texts/consent.ts'
import type { ConsentKeys } from '../../src/bridges/texts/consent-number.ts'
import type { ReceivedText, TextProvider } from '../../src/bridges/texts/provider.ts'
import { textReceiver } from '../../src/bridges/texts/receiving.ts'
import { textSandbox } from '../../src/bridges/texts/sandbox.ts'
import type { TextSender } from '../../src/bridges/texts/sender.ts'
import { twilioProvider, type Ask } from '../../src/bridges/texts/twilio.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { dialing } from '../../src/server/dialing.ts'
import { closeServer, listen } from '../../src/server/listen.ts'
import { textSandboxApp } from '../../src/server/texts/text-sandbox-app.ts'
import { receivedPath, statusPath, textWebhooks } from '../../src/server/texts/webhooks.ts'
import type { Chance } from '../faults/harness/chance.ts'
import { heldProvider } from './held-provider.ts'

export interface Carrier {
  readonly provider: TextProvider
  readonly statusTo: (patient: string, message: string) => string | null
  /** What the sender read of texts that came in. */
  readonly received: (texts: readonly ReceivedText[]) => Promise<void>
  /** How many texts it took, and the newest. */
  taken(): { readonly count: number; readonly newest: string | undefined }
  isDown(): boolean
  down(isDown: boolean): void
  /** The next text is taken, and the answer is lost. */
  loseAnswer(): void
  /** A phone writes STOP. */
  stop(phone: string): Promise<void>
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>
  close(): Promise<void>
}
/** The portal as a carrier sees it. */
export interface CarriedPortal {
  readonly replica: OpenReplica
  readonly keys: ConsentKeys
  readonly clock: Clock
  readonly chance: Chance
  readonly indexed: () => Promise<void>
  /** Undefined while the portal is dead. */
  readonly sender: () => TextSender | undefined
}

export async function carrierInMemory({ replica, keys, clock }: CarriedPortal): Promise<Carrier> {
  const provider = heldProvider(clock)
  return {
    provider,
    statusTo: () => null,
    received: async () => {},
    taken: () => ({ count: provider.taken.length, newest: provider.taken.at(-1)?.sid }),
    isDown: () => provider.isDown,
    down: (isDown) => void (provider.isDown = isDown),
    loseAnswer: () => void provider.unanswered++,
    async stop(phone) {
      provider.blocked.add(phone)
      await replica.change([optedOut(keys.ofNumber(phone), { by: { role: 'patient', id: 'x' }, how: 'reply', at: clock.now() })]) // prettier-ignore
    },
    settled: async () => {},
    close: async () => {},
  }
}

const account = { accountSid: 'ACsandbox', authToken: 'only for this test', messagingServiceSid: 'MGsandbox' }

export async function carrierOverHttp({ replica, keys, clock, chance, indexed, sender }: CarriedPortal): Promise<Carrier> {
  const practice = mintUlid(clock)
  const { ask } = dialing({ ca: undefined })
  const onItsWay = new Set<Promise<unknown>>()
  const posted: Ask = (request) => {
    const call = ask(request).then((answer) => {
      if (answer.status >= 300) throw new Error(`The portal answered ${answer.status}`)
      return answer
    })
    const ended = call.catch(() => {}).finally(() => onItsWay.delete(ended))
    onItsWay.add(ended)
    return call
  }
  const sandbox = textSandbox({ account, clock, ask: posted, stepMs: 500 })
  const app = textSandboxApp(sandbox, async () => new Response(null, { headers: { 'x-lost': 'yes' } }))
  const phones = await listen(
    async (request, bindings) => {
      const answer = await app.fetch(request, bindings)
      // The connection breaks where the answer should come.
      if (answer.headers.has('x-lost')) (bindings.incoming as IncomingMessage).socket.destroy()
      return answer
    },
    { port: 0, host: '127.0.0.1' },
  )
  const provider = twilioProvider({ ...account, origin: phones.url }, ask)
  const receiver = textReceiver({ replica, keys, clock, indexed, anySite: () => null, handOver: (patient, message) => sender()?.handOver(patient, message) })
  const alive = (): TextSender => {
    const now = sender()
    if (!now) throw new Error('The portal is dead.')
    return now
  }
  let origin = ''
  const hooks = textWebhooks({
    provider: () => provider,
    origin: () => origin,
    clock,
    log: () => {},
    became: (_, { patient, message }, taken) => alive().became(patient, message, taken),
    async received(_, text) {
      alive()
      await receiver.receive(text)
    },
  })
  const portal = await listen(hooks.fetch, { port: 0, host: '127.0.0.1' })
  origin = portal.url
  sandbox.inboundTo(`${origin}${receivedPath(practice)}`)
  return {
    provider: {
      ...provider,
      send(text) {
        if (chance.once(10)) sandbox.trouble({ is: chance.pick(['lost callbacks', 'doubled callbacks']) })
        return provider.send(text)
      },
    },
    statusTo: (patient, message) => `${origin}${statusPath(practice, patient, message)}`,
    async received(some) {
      for (const one of some.toReversed()) await receiver.receive(one)
    },
    taken() {
      const texts = sandbox.texts().filter(({ direction }) => direction === 'outbound-api')
      return { count: texts.length, newest: texts.at(-1)?.sid }
    },
    isDown: sandbox.isDown,
    down: sandbox.down,
    loseAnswer: () => sandbox.trouble({ is: 'unanswered' }),
    // Where the portal is dead it learns of it from the provider when it starts.
    stop: (phone) => sandbox.reply(phone, 'STOP').then(() => {}, () => {}),
    async settled() {
      while (onItsWay.size > 0) await Promise.all(onItsWay)
    },
    async close() {
      await closeServer(phones.server)
      await closeServer(portal.server)
    },
  }
} // prettier-ignore
