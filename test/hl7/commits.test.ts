/** Commit acknowledgements of MLLP release 2: whoever gets a frame says by one byte that it is kept, or that it could not be; and what a channel does where it is told nothing else. */
import Database from 'better-sqlite3'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parseChannel, type OutboundChannel } from '../../src/bridges/hl7/channels.ts'
import { NoAnswer } from '../../src/bridges/hl7/mllp-client.ts'
import { mllpFrame } from '../../src/bridges/hl7/mllp.ts'
import { openQueue } from '../../src/bridges/hl7/queue-sqlite.ts'
import { startSender } from '../../src/bridges/hl7/sender.ts'
import { clock, folder, master } from '../replica/world.ts'
import { ack, adt, listening, openWorld } from './hl7-world.ts'

const kept = Buffer.of(0x0b, 0x06, 0x1c, 0x0d)
const notKept = Buffer.of(0x0b, 0x15, 0x1c, 0x0d)
const framed = (text: string): Buffer => Buffer.from(mllpFrame(Buffer.from(text)))
const hex = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('hex')

/** A peer that sends bytes and reads bytes; `got` is all that came, as hex. */
async function peerAt(port: number): Promise<{ socket: Socket; got: () => string; answers: () => string }> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const chunks: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => void chunks.push(bytes))
  await once(socket, 'connect')
  const all = (): Buffer => Buffer.concat(chunks)
  /** What came, with each answer as its code and control id. */
  const answers = (): string =>
    all().toString('latin1').split('\x1c\r').map((frame) => {
      const found = /\rMSA\|(\w\w)\|(\w+)/.exec(frame)
      return found ? `<${found[1]} ${found[2]}>` : frame && `${frame}\x1c\r`
    }).join('') // prettier-ignore
  return { socket, got: () => all().toString('hex'), answers }
}

/** A peer that is sent to: what each connection brought, as hex, and what it writes back for the nth frame of a message. */
async function serverThat(replies: (nth: number) => readonly Uint8Array[]): Promise<{ port: number; got: () => string[] }> {
  const connections: Buffer[] = []
  let frames = 0
  const server = createServer((socket) => {
    const place = connections.push(Buffer.alloc(0)) - 1
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      connections[place] = Buffer.concat([connections[place]!, bytes])
      // Messages come whole here, one a read; commit acknowledgements are answered by nothing.
      if (bytes.includes('MSH')) for (const reply of replies(++frames)) socket.write(reply)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, got: () => connections.map((bytes) => bytes.toString('hex')) }
} // prettier-ignore

const sendingTo = (port: number, more: object = {}) => ({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, commitAcknowledgements: true, ...more }) // prettier-ignore

it('a message that came is said to be kept once it is on disk, before it is applied and whatever waits before it; a peer’s own commit acknowledgements are no messages', async () => {
  const applying = Promise.withResolvers<void>()
  const { bridge, dir } = await openWorld({ applies: () => applying.promise.then(() => ({})) })
  bridge.start()
  const peer = await peerAt(await listening(bridge, { commitAcknowledgements: true }))
  peer.socket.write(Buffer.concat([framed(adt('M1', '1')), framed(adt('M2', '1'))]))
  await expect.poll(peer.got).toBe(hex(kept, kept))
  const file = new Database(join(dir, 'hl7.sqlite'), { readonly: true })
  onTestFinished(() => void file.close())
  const stored = () => file.prepare('select control, state from messages').all()
  expect(stored()).toEqual([{ control: 'M1', state: 'received' }, { control: 'M2', state: 'received' }]) // prettier-ignore
  applying.resolve()
  const commits = hex(kept, kept)
  await expect.poll(peer.answers).toBe(`${Buffer.from(commits, 'hex').toString('latin1')}<AA M1><AA M2>`)
  const before = peer.answers()
  // The last answer goes again as often as the channel retries, and no more.
  peer.socket.write(Buffer.concat([kept, notKept, notKept, notKept]))
  peer.socket.write(framed(adt('M3', '1')))
  await expect.poll(peer.answers).toBe(`${before}<AA M2><AA M2>${kept.toString('latin1')}<AA M3>`)
  expect(stored()).toHaveLength(3)
})

it('a message that cannot be queued is said to be not kept and answered by nothing; it is taken when it comes again', async () => {
  const { bridge, dir } = await openWorld()
  bridge.start()
  const peer = await peerAt(await listening(bridge, { commitAcknowledgements: true, mostBytes: 1_024 }))
  const file = new Database(join(dir, 'hl7.sqlite'))
  onTestFinished(() => void file.close())
  file.exec("create trigger full before insert on messages begin select raise(abort, 'full'); end")
  peer.socket.write(framed(adt('M1', '1')))
  await expect.poll(peer.got).toBe(hex(notKept))
  file.exec('drop trigger full')
  peer.socket.write(framed(adt('big', '1', { rest: 'x'.repeat(1_024) })))
  await expect.poll(peer.got).toBe(hex(notKept, notKept))
  peer.socket.write(framed(adt('M1', '1')))
  const said = Buffer.concat([notKept, notKept, kept]).toString('latin1')
  await expect.poll(peer.answers).toBe(`${said}<AA M1>`)
})

it('without the setting a channel says nothing but its answers, and waits for nothing else', async () => {
  const { bridge } = await openWorld()
  bridge.start()
  const peer = await peerAt(await listening(bridge))
  peer.socket.write(framed(adt('M1', '1')))
  await expect.poll(peer.answers).toBe('<AA M1>')
  const { port, got } = await serverThat(() => [framed(ack('AA', 'M1'))])
  await bridge.add(sendingTo(port, { commitAcknowledgements: false }))
  const { id } = await bridge.send('lab', Buffer.from(adt('M1', '1')))
  await expect.poll(() => bridge.message(id).state).toBe('done')
  expect(got()).toEqual([hex(framed(adt('M1', '1')))])
})

it('a message goes again when the peer did not keep it, two times, and its answer is said to be kept', async () => {
  const { bridge } = await openWorld()
  const message = framed(adt('M1', '1'))
  const { port, got } = await serverThat((nth) => (nth < 3 ? [notKept] : [kept, framed(ack('AA', 'M1'))]))
  await bridge.add(sendingTo(port))
  bridge.start()
  const { id } = await bridge.send('lab', Buffer.from(adt('M1', '1')))
  await expect.poll(() => bridge.message(id).state).toBe('done')
  expect(bridge.message(id)).toMatchObject({ tries: 1, code: 'AA' })
  await expect.poll(got).toEqual([hex(message, message, message, kept)])
})

it('after two retries it is a message without an answer: it waits, says why, and goes again by the rule of those', async () => {
  const { bridge } = await openWorld({ retryMs: 100 })
  const message = framed(adt('M1', '1'))
  const { port, got } = await serverThat((nth) => (nth < 4 ? [notKept] : [kept, framed(ack('AA', 'M1'))]))
  await bridge.add(sendingTo(port))
  bridge.start()
  const { id } = await bridge.send('lab', Buffer.from(adt('M1', '1')))
  await expect.poll(() => bridge.status()[0]!.problem).toBe('The peer said that it could not keep the message (15, MLLP release 2).') // prettier-ignore
  await expect.poll(() => bridge.message(id)).toMatchObject({ state: 'queued', tries: 1 })
  await expect.poll(() => bridge.message(id)).toMatchObject({ state: 'done', tries: 2 })
  await expect.poll(got).toEqual([hex(message, message, message, message, kept)])
})

it('where nothing is said in time the connection is closed and the message goes again on a new one, so that a late word counts for nothing', async () => {
  const { bridge } = await openWorld()
  const [first, second] = [framed(adt('M1', '1')), framed(adt('M2', '1'))]
  const { port, got } = await serverThat((nth) => {
    if (nth < 3) return []
    // The last one answers as if it were of release 1; then its peer cannot know what a late 06 would be of.
    return nth === 3 ? [framed(ack('AA', 'M1'))] : [kept, framed(ack('AA', 'M2'))]
  })
  await bridge.add(sendingTo(port, { responseSeconds: 0.2 }))
  bridge.start()
  const sent = [await bridge.send('lab', Buffer.from(adt('M1', '1'))), await bridge.send('lab', Buffer.from(adt('M2', '1')))] // prettier-ignore
  await expect.poll(() => sent.map(({ id }) => bridge.message(id).state)).toEqual(['done', 'done'])
  expect(sent.map(({ id }) => bridge.message(id).tries)).toEqual([1, 1])
  await expect.poll(got).toEqual([hex(first), hex(first), hex(first, kept), hex(second, kept)])
})

it('two sites that speak release 2 understand each other, on one connection and on one for each message, and a verbose log says so', async () => {
  const { bridge, said } = await openWorld()
  bridge.start()
  const port = await listening(bridge, { commitAcknowledgements: true })
  await bridge.add(sendingTo(port))
  await bridge.add(sendingTo(port, { name: 'each', keepsConnection: false }))
  await bridge.verbose('lab', 5)
  const sent: { id: string }[] = []
  for (const name of ['lab', 'each']) for (const number of ['1', '2', '3']) sent.push(await bridge.send(name, Buffer.from(adt(name + number, number)))) // prettier-ignore
  await expect.poll(() => sent.map(({ id }) => bridge.message(id)).map(({ state, tries }) => `${state} ${tries}`)).toEqual(sent.map(() => 'done 1')) // prettier-ignore
  expect(said.filter((line) => line.endsWith('the peer said of a message that it is kept'))).toHaveLength(3)
  expect(said.filter((line) => !line.startsWith('hl7 lab: verbose '))).toEqual([])
})

it('what a channel does where it is told nothing else: 5 seconds for an answer, release 1, two retries in release 2, and a queue that retries after 10 seconds, longer each time', async () => {
  const given = { name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port: 1 } }
  const channel = parseChannel(given) as OutboundChannel
  expect(channel).toMatchObject({ responseSeconds: 5, commitAcknowledgements: false, commitRetries: 2, paused: false })
  expect(() => parseChannel({ ...given, to: { by: 'folder', path: '/tmp/x' }, commitAcknowledgements: true })).toThrow('A folder has no commit acknowledgements.') // prettier-ignore
  const waits: number[] = []
  let now = clock.now()
  const enough = Promise.withResolvers<void>()
  /** Each wait is over at once, and has taken its time. */
  const held = {
    ...clock,
    now: () => now,
    after: (ms: number, run: () => void) => {
      now += ms
      if (waits.push(ms) === 7) enough.resolve()
      else setImmediate(run)
      return () => {}
    },
  }
  const queue = openQueue(join(folder(), 'hl7.sqlite'), master, held)
  const bytes = Buffer.from(adt('M1', '1'))
  const message = (await queue.enqueue({ channel: 'lab', sender: 'x', control: 'M1', kind: 'ADT^A08', lanes: [], bytes }))! // prettier-ignore
  const sender = startSender({ channel, queue, clock: held, tell: () => {}, deliver: () => Promise.reject(new NoAnswer('No.')) }) // prettier-ignore
  await enough.promise
  await sender.stop()
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  expect(queue.message(message.id)).toMatchObject({ state: 'queued', tries: 7 })
  queue.close()
})
