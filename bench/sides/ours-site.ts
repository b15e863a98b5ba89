/**
 * The site's side of ours in a process of its own. `open` opens store and socket and holds what comes back, so that the
 * clock of `catchUp` starts where the floor's does.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { readFrame } from '../../src/replica/codec.ts'
import { keepLink, type Link } from '../../src/replica/connection.ts'
import { certify } from '../../src/replica/device.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { changeSome } from '../documents.ts'
import { memoryNow } from '../memory.ts'
import { answer } from '../processes.ts'
import { openRole, type Pair } from './ours-pair.ts'
import { bytesOf, tapOf, type Traffic } from './traffic.ts'

interface Opened {
  readonly pair: Pair
  readonly replica: OpenReplica
  readonly socket: WebSocket
  readonly raw: Socket
  link?: Link
}
const sites: Opened[] = []
const all = (): boolean => true

async function dial(port: number): Promise<{ socket: WebSocket; raw: Socket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  let raw: Socket | undefined
  socket.once('upgrade', (response) => void (raw = response.socket))
  // Within the event: in the next turn the challenge would already be read, and be lost.
  socket.once('open', () => socket.pause())
  await once(socket, 'open')
  return { socket, raw: raw! }
}

async function catchUp(site: Opened): Promise<number> {
  const { pair, replica, socket } = site
  const certificate = certify(pair.keys.portal.privateKey, {
    practice: pair.practice,
    site: pair.site,
    replica: pair.site,
    publicKey: pair.keys.device.publicKey,
    issuedAt: 1,
  })
  let dialed = false
  const began = performance.now()
  site.link = keepLink({
    replica,
    peer: pair.portal,
    url: '',
    dial: () => {
      if (dialed) throw new Error('The connection broke during the measurement')
      dialed = true
      queueMicrotask(() => socket.resume())
      return socket
    },
    device: { privateKey: pair.keys.device.privateKey, certificate },
    passesIn: all,
    passesOut: all,
    clock,
  })
  await site.link.caughtUp()
  return (performance.now() - began) / 1000
}

export type OursSite = typeof handlers
const handlers = {
  async open(pair: Pair, file: string, port: number): Promise<void> {
    const replica = await openRole(pair, 'site', file)
    sites.push({ pair, replica, ...(await dial(port)) })
  },
  /** Seconds until each side has what the other had. */
  catchUp: async (): Promise<number> => catchUp(sites.at(-1)!),
  /** The same, with what went over the socket. */
  async catchUpCounted(): Promise<Traffic & { seconds: number }> {
    const site = sites.at(-1)!
    const before = bytesOf(site.raw)
    const tap = tapOf(site.socket)
    const seconds = await catchUp(site)
    return { seconds, ...tap(bytesOf(site.raw) - before) }
  },
  /** Changes `count` records while connected, and waits until the portal has them. */
  async change(count: number): Promise<void> {
    const { replica, link } = sites.at(-1)!
    await changeSome(replica, count, 'site')
    await link!.caughtUp()
  },
  /** Edits one field, one record at a time: seconds each until the portal has acknowledged it. */
  async edits(count: number, round: number): Promise<number[]> {
    const { replica, socket } = sites.at(-1)!
    let acknowledged = (_at: number): void => {}
    const listen = (data: Buffer): void => {
      const at = performance.now()
      if (readFrame(data).kind === 'ack') acknowledged(at)
    }
    // Before the link's own: what it then does with the acknowledgement is not on the way to it.
    socket.prependListener('message', listen)
    const heads = await replica.list('patients', undefined, count)
    const times: number[] = []
    for (const { key } of heads) {
      const ack = new Promise<number>((resolve) => (acknowledged = resolve))
      const began = performance.now()
      await replica.change([
        { collection: 'patients', key, set: { email: `round${round}@example.com` }, at: clock.now() },
      ])
      times.push(((await ack) - began) / 1000)
    }
    socket.off('message', listen)
    return times
  },
  memory: memoryNow,
  async close(): Promise<void> {
    for (const { link, replica } of sites.splice(0)) {
      await link?.stop()
      await replica.close()
    }
  },
}
answer(handlers)
