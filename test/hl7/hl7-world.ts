/** A site's HL7 bridge on a replica in memory, with its channels open, and peers that speak to it. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { readMessage } from '../../src/bridges/hl7/encodings.ts'
import { parseMessage, segmentOf, textAt, type Message } from '../../src/bridges/hl7/message.ts'
import { openHl7, type Hl7Bridge, type Hl7Options } from '../../src/bridges/hl7/hl7-bridge.ts'
import type { Apply } from '../../src/bridges/hl7/intake.ts'
import { mllpFrame, mllpFramer } from '../../src/bridges/hl7/mllp.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { noInSched } from './bridge-alone.ts'
import { clock, folder, master, ulid } from '../replica/world.ts'

export const site = ulid() as string

export interface World {
  readonly dir: string
  readonly replica: OpenReplica
  readonly bridge: Hl7Bridge
  /** What was logged. */
  readonly said: string[]
  /** The same folder and replica again, as after a crash or a stop. */
  again(more?: Partial<Hl7Options>): Hl7Bridge
  reviews(): Promise<string[]>
}

/** `apply` takes everything by default. */
export async function openWorld(
  more: Partial<Hl7Options> & {
    readonly applies?: Apply
    readonly applyWith?: (replica: OpenReplica) => Hl7Options['apply']
  } = {},
): Promise<World> {
  const dir = more.dir ?? folder()
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
  const said: string[] = []
  const opened: Hl7Bridge[] = []
  const open = (other: Partial<Hl7Options> = {}): Hl7Bridge => {
    const bridge = openHl7({ dir, master, replica, site, clock, say: (line) => void said.push(line), apply: more.applyWith?.(replica) ?? (() => more.applies ?? (async () => ({}))), insched: noInSched, retryMs: 20, ...more, ...other }) // prettier-ignore
    opened.push(bridge)
    return bridge
  }
  const bridge = open()
  onTestFinished(async () => {
    for (const one of opened) await one.close()
    await replica.close()
  })
  return {
    dir,
    replica,
    bridge,
    said,
    again: open,
    async reviews() {
      const heads = await replica.list('reviews')
      const all = await Promise.all(
        heads.map(async ({ key }) => foldReview(await replica.entries('reviews', key))!.why),
      )
      return all
    },
  }
}

/** A channel that listens on a free port of this machine; resolves with the port. */
export async function listening(bridge: Hl7Bridge, more: object = {}): Promise<number> {
  const { to, ...rest } = { to: {}, ...more } as { to: object }
  const { name } = await bridge.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port: 0, ...to }, ...rest }) // prettier-ignore
  return portOf(bridge, name)
}

export async function portOf(bridge: Hl7Bridge, name: string): Promise<number> {
  for (;;) {
    const found = bridge.status().find((one) => one.name === name)!
    if (found.port !== null) return found.port
    if (found.problem !== null) throw new Error(found.problem)
    await new Promise((resolve) => void setImmediate(resolve))
  }
}

/** A peer that writes bytes and reads frames. */
export interface RawPeer {
  readonly socket: Socket
  write(text: string): void
  send(...messages: string[]): void
  /** The next answer. */
  answer(): Promise<Message>
  /** Answers that have come and were not asked for. */
  waiting(): number
}
export async function rawPeer(port: number): Promise<RawPeer> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  const framer = mllpFramer(1_000_000)
  const answers: Message[] = []
  let asking: ((message: Message) => void)[] = []
  socket.on('data', (bytes: Buffer) => {
    for (const framed of framer.push(bytes)) {
      if (framed.kind !== 'message') continue
      const message = readMessage(framed.bytes, 'UNICODE UTF-8')
      const asker = asking.shift()
      if (asker) asker(message)
      else answers.push(message)
    }
  })
  return {
    socket,
    write: (text) => void socket.write(Buffer.from(text, 'latin1')),
    send: (...messages) => void socket.write(Buffer.concat(messages.map((message) => mllpFrame(Buffer.from(message))))),
    answer: () => {
      const held = answers.shift()
      return held ? Promise.resolve(held) : new Promise((resolve) => void asking.push(resolve))
    },
    waiting: () => answers.length,
  }
}

/** A server of a peer that answers as it is told: with text, or not at all. */
export async function rawServer(reply: (message: Message, times: number) => string | null | Promise<string | null>): Promise<{ port: number; got: Message[]; server: Server }> {
  const got: Message[] = []
  const server = createServer((socket) => {
    const framer = mllpFramer(1_000_000)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      for (const framed of framer.push(bytes)) {
        if (framed.kind !== 'message') continue
        const message = parseMessage(Buffer.from(framed.bytes).toString())
        got.push(message)
        const times = got.filter((one) => controlOf(one) === controlOf(message)).length
        void Promise.resolve(reply(message, times)).then((text) => {
          if (text !== null && socket.writable) socket.write(mllpFrame(Buffer.from(text)))
        })
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, got, server }
} // prettier-ignore

export const controlOf = (message: Message): string => textAt(segmentOf(message, 'MSH'), 10)
/** MSA-1 and MSA-2. */
export const acknowledges = (message: Message): string =>
  `${textAt(segmentOf(message, 'MSA'), 1)} ${textAt(segmentOf(message, 'MSA'), 2)}`

/** ADT^A08 of a patient, under a control id. */
export const adt = (control: string, patient: string, more: { event?: string; msh15?: string; msh16?: string; version?: string; rest?: string } = {}): string =>
  `MSH|^~\\&|EHR|HOSP|PC|BLOOM|20261124080000||ADT^${more.event ?? 'A08'}|${control}|P|${more.version ?? '2.5'}|||${more.msh15 ?? ''}|${more.msh16 ?? ''}\rPID|1||${patient}^^^HOSP||Doe^Ann${more.rest ?? ''}\r` // prettier-ignore

export const ack = (code: string, of: string): string =>
  `MSH|^~\\&|PC|BLOOM|EHR|HOSP|20261124080001||ACK|X${of}|P|2.5\rMSA|${code}|${of}\r`
