/**
 * Test connection: walks from this machine to the portal hop by hop, as the link does, and names the one that failed. It
 * signs in and says nothing more, so a link that is up is not disturbed.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { WebSocket } from 'ws'
import type { Clock } from '../replica/clock.ts'
import { readFrame, versions, writeFrame, type Frame } from '../replica/codec.ts'
import { answerChallenge } from '../replica/device.ts'
import { closeSentences } from '../replica/refused.ts'
import { isOfCertificate, whyUnreached } from './dialing.ts'
import { ProxyFailed } from './proxy.ts'

export const hops = ['name', 'proxy', 'TLS', 'portal', 'sign-in', 'clock', 'version'] as const
export type Hop = (typeof hops)[number]

export interface Walked {
  readonly hop: Hop
  readonly state: 'right' | 'failed' | 'not used' | 'not reached'
  /** A sentence. */
  readonly says: string
}
export interface ConnectionTest {
  /** The hop that failed; null: all are right. */
  readonly failed: Hop | null
  readonly hops: readonly Walked[]
}

export interface ConnectionTestOptions {
  /** Address of the portal's link. */
  readonly url: string
  readonly dial: (url: string) => WebSocket
  /** The proxy that is on the way; throws where it cannot be read. */
  readonly proxy: () => URL | undefined
  readonly device: { readonly privateKey: string; readonly certificate: string }
  readonly clock: Clock
}

const patience = 20_000
/** From which difference of the clocks on it is shown, milliseconds. */
export const clockShownFrom = 60_000

/** Walks; resolves with what each hop says, whatever fails. */
export async function testConnection(options: ConnectionTestOptions): Promise<ConnectionTest> {
  const walked = new Map<Hop, Walked>()
  const right = (hop: Hop, says: string, state: Walked['state'] = 'right'): void =>
    void walked.set(hop, { hop, state, says })
  const failed = (hop: Hop, says: string): ConnectionTest => {
    right(hop, says, 'failed')
    return {
      failed: hop,
      hops: hops.map((one) => walked.get(one) ?? { hop: one, state: 'not reached', says: 'Not reached.' }),
    }
  }
  const url = new URL(options.url)
  let proxy: URL | undefined
  try {
    proxy = options.proxy()
  } catch (error) {
    return failed('proxy', (error as Error).message)
  }
  const host = (proxy ?? url).hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) === 0) {
    try {
      const { address } = await lookup(host)
      right('name', proxy ? `The proxy ${host} is ${address}; the portal’s name is for the proxy to find.` : `${host} is ${address}.`) // prettier-ignore
    } catch (error) {
      return failed('name', `The name ${host} is not known here (${(error as NodeJS.ErrnoException).code ?? 'no answer'}). Check ${proxy ? 'proxy.address' : 'the portal’s address'} and this machine’s network.`) // prettier-ignore
    }
  } else right('name', `${host} is an address.`, 'not used')

  const socket = options.dial(options.url)
  try {
    const frames = framesOf(socket, options.clock)
    const challenge = await frames.next()
    if (proxy) right('proxy', `The proxy ${proxy.host} let it through.`)
    else right('proxy', 'None is on the way.', 'not used')
    if (url.protocol === 'wss:') right('TLS', 'The certificate is right.')
    else right('TLS', 'Plain, on this machine.', 'not used')
    if (challenge.kind !== 'challenge') return failed('portal', 'What answers at the portal’s address is no portal.')
    right('portal', 'The portal answers.')
    const { certificate, privateKey } = options.device
    const signature = answerChallenge(privateKey, challenge.nonce)
    socket.send(writeFrame({ kind: 'sign in', certificate, signature }))
    const hello = await frames.next()
    if (hello.kind === 'refuse') return failed('sign-in', closeSentences[hello.reason])
    if (hello.kind !== 'hello') return failed('sign-in', 'The portal did not answer the sign-in.')
    right('sign-in', 'This site is signed in.')
    const offset = hello.clock - options.clock.now()
    const seconds = Math.round(Math.abs(offset) / 1000)
    const which = offset > 0 ? 'ahead of' : 'behind'
    if (Math.abs(offset) >= clockShownFrom)
      failed('clock', `The portal’s clock is ${seconds} s ${which} this machine’s. Set this machine’s clock; nothing is refused for it.`) // prettier-ignore
    else right('clock', `The clocks differ by ${seconds} s.`)
    if (hello.versions.newest < versions.oldest || hello.versions.oldest > versions.newest)
      return failed('version', closeSentences['no common version'])
    right('version', `Both speak version ${Math.min(versions.newest, hello.versions.newest)}.`)
    const all = hops.map((hop) => walked.get(hop)!)
    return { failed: all.find(({ state }) => state === 'failed')?.hop ?? null, hops: all }
  } catch (error) {
    const why = whyUnreached(error as Error & { code?: string })
    if (error instanceof ProxyFailed) {
      if (error.status === undefined || error.status === 407 || error.status === 403) return failed('proxy', why)
      right('proxy', `The proxy ${proxy?.host} answers.`)
      return failed('portal', why)
    }
    if (proxy) right('proxy', `The proxy ${proxy.host} let it through.`)
    else right('proxy', 'None is on the way.', 'not used')
    if (isOfCertificate(error as { code?: string })) return failed('TLS', why)
    return failed(walked.has('portal') ? 'sign-in' : 'portal', why)
  } finally {
    socket.terminate()
  }
}

/** The frames of a socket, one by one; rejects where it fails, ends or is silent. */
function framesOf(socket: WebSocket, clock: Clock): { next(): Promise<Frame> } {
  const come: Frame[] = []
  let broken: Error | undefined
  let wake = (): void => {}
  const fail = (error: Error): void => {
    broken ??= error
    wake()
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The connection was closed')))
  socket.on('message', (data: Buffer) => {
    try {
      come.push(readFrame(data))
      wake()
    } catch (cause) {
      fail(new Error('What answers is no portal', { cause }))
    }
  })
  return {
    async next() {
      const cancel = clock.after(patience, () => fail(new Error('No answer came')))
      try {
        while (come.length === 0) {
          if (broken) throw broken
          await new Promise<void>((resolve) => void (wake = resolve))
        }
        return come.shift()!
      } finally {
        cancel()
      }
    },
  }
}
