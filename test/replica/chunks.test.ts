/** Attachments between two replicas over a real link: what crosses, what is refused, what comes back, and what goes. */
import fc from 'fast-check'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { chunkBytes } from '../../src/replica/chunk-store.ts'
import { inChunks, keepChunks, NotHere, type Chunks } from '../../src/replica/chunks.ts'
import { readFrame, writeFrame, type Frame } from '../../src/replica/codec.ts'
import type { Passes } from '../../src/replica/collections.ts'
import type { Link } from '../../src/replica/connection.ts'
import type { Attachment } from '../../src/replica/kinds/attachments.ts'
import { messageSchema } from '../../src/replica/kinds/messages.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import type { Store } from '../../src/replica/store.ts'
import * as v from 'valibot'
import { clock, factsOf, folder, linkTo, master, portalFor, ulid } from './world.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const key = new Uint8Array(32).fill(3)
interface Place { replica: OpenReplica; chunks: Chunks; store: Store; close(): Promise<void> } // prettier-ignore

async function placeOver(store: Store, practice: ReturnType<typeof ulid>, id = ulid(), holds?: Passes): Promise<Place> {
  const replica = await openReplica({ store, practice, id, clock, ...(holds ? { holds } : {}) })
  const chunks = keepChunks({ replica, store: store.chunks, key, clock })
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await chunks.stop()
    await replica.close()
  }
  closers.push(close)
  return { replica, chunks, store, close }
}
/** A portal and a site; `holds`: what the portal may hold, where not all. */
async function pair(dir = folder(), holds?: Passes) {
  const practice = ulid()
  const open = async (name: string, id = ulid()): Promise<Place> =>
    placeOver(
      await openSqliteStore({ file: join(dir, `${name}.sqlite`), master }),
      practice,
      id,
      name === 'site' ? undefined : holds,
    )
  const [hub, site] = [await open('hub'), await open('site')]
  const at = { hub, site }
  const portal = await portalFor(
    () => at.hub.replica,
    () => ({ chunks: at.hub.chunks }),
  )
  closers.push(() => portal.close())
  const link = (other: Parameters<typeof linkTo>[3] = {}): Link => {
    const made = linkTo(portal, at.site.replica, at.hub.replica.id, { chunks: at.site.chunks, ...other })
    closers.push(() => made.stop())
    return made
  }
  return { dir, at, portal, link, open }
}

const patternOf = (size: number, salt = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + salt + (i >> 8) + 13 * (i >> 18)) & 255))
async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}
const whole = async (chunks: Chunks, attachment: Pick<Attachment, 'chunks'>): Promise<Buffer> =>
  buffer(chunks.read(attachment))

async function send({ replica, chunks }: Place, patient: string, content: Uint8Array): Promise<Attachment> {
  const upload = chunks.upload()
  const attachment = { name: 'letter.pdf', type: 'application/pdf', ...(await upload.write(once(content))) }
  await say(replica, patient, [attachment])
  await upload.settle(patient)
  return attachment
}
const say = (replica: OpenReplica, patient: string, attachments: Attachment[], id: string = ulid()) =>
  replica.change([
    {
      collection: 'messages',
      key: patient,
      facts: factsOf(patient, replica.id),
      add: { [id]: { kind: 'message', at: clock.now(), by: { role: 'staff', id: 's' }, thread: ulid(), subject: 's', text: 't', ...(attachments.length > 0 ? { attachments } : {}) } }, // prettier-ignore
    },
  ])

/** A socket between two ends whose frames a test may change, hold back or cut. */
function meddling(change: (frame: Frame, socket: WebSocket) => Frame | undefined): (url: string) => WebSocket {
  return (url) => {
    const socket = new WebSocket(url)
    const emit = socket.emit.bind(socket)
    socket.emit = ((name: string, data: Buffer, ...more: unknown[]) => {
      if (name !== 'message') return emit(name, data, ...more)
      const frame = readFrame(data)
      const changed = change(frame, socket)
      return changed ? emit(name, changed === frame ? data : Buffer.from(writeFrame(changed)), ...more) : true
    }) as typeof socket.emit
    return socket
  }
}

it('[BLOB-7] a file crosses both ways and is the same to the byte; the message is there before it, and says that it is on its way', async () => {
  const { at, link } = await pair()
  const [patient, content] = [ulid(), patternOf(3 * chunkBytes + 17)]
  const attachment = await send(at.site, patient, content)
  let held = true
  const waiting: (() => void)[] = []
  const portalSide = link({
    dial: (url) => {
      const socket = new WebSocket(url)
      const sending = socket.send.bind(socket) as (data: Uint8Array, then?: () => void) => void
      // Chunks stay with the site until the message is at the portal.
      socket.send = ((data: Uint8Array, then?: () => void) => {
        if (held && readFrame(data).kind === 'chunk') waiting.push(() => sending(data, then))
        else sending(data, then)
      }) as typeof socket.send
      return socket
    },
  })
  await portalSide.caughtUp()
  const [entry] = await at.hub.replica.entries('messages', patient)
  expect(entry).toMatchObject({ kind: 'message', attachments: [attachment] })
  await at.hub.chunks.caughtUp()
  expect(await at.hub.chunks.isHere(attachment)).toBe(false)
  await expect(whole(at.hub.chunks, attachment)).rejects.toThrow(NotHere)
  held = false
  await expect.poll(() => waiting.length).toBeGreaterThan(0)
  for (const go of waiting) go()
  await expect.poll(() => at.hub.chunks.isHere(attachment)).toBe(true)
  expect(Buffer.compare(await whole(at.hub.chunks, attachment), content)).toBe(0)
  const answer = await send(at.hub, patient, patternOf(chunkBytes, 9))
  await expect.poll(() => at.site.chunks.isHere(answer)).toBe(true)
  expect(Buffer.compare(await whole(at.site.chunks, answer), patternOf(chunkBytes, 9))).toBe(0)
  expect([await at.site.chunks.waiting(), await at.hub.chunks.waiting()]).toEqual([0, 0])
})

it('[BLOB-1] any content comes back as it was, in pieces of whatever size it was written, each chunk but the last 256 KiB', async () => {
  const { chunks } = await placeOver(memoryStore(), ulid())
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes), fc.integer({ min: 1, max: 3 * chunkBytes })), // prettier-ignore
      fc.array(fc.integer({ min: 1, max: chunkBytes }), { maxLength: 8 }),
      async (size, cuts) => {
        const content = patternOf(size, cuts.length)
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          let from = 0
          for (const cut of cuts) yield content.subarray(from, (from += cut))
          yield content.subarray(from)
        }
        const upload = chunks.upload()
        const written = await upload.write(pieces())
        const sizes: number[] = []
        for await (const chunk of inChunks(pieces())) sizes.push(chunk.length)
        expect(sizes.slice(0, -1).every((each) => each === chunkBytes)).toBe(true)
        expect([written.size, written.chunks.length]).toEqual([size, Math.ceil(size / chunkBytes)])
        expect(Buffer.compare(await whole(chunks, written), content)).toBe(0)
        expect(v.is(messageSchema, { kind: 'message', at: 0, by: { role: 'site', id: 's' }, thread: ulid(), subject: 's', text: 't', attachments: [{ name: 'n', type: 'image/png', ...written }] })).toBe(true) // prettier-ignore
        await upload.giveUp()
        await expect(whole(chunks, written)).rejects.toThrow(NotHere)
      },
    ),
    { numRuns: 20 },
  )
})

it('[BLOB-1] equal content is kept once; its name is another under another practice’s key, and is no plain hash', async () => {
  const place = await placeOver(memoryStore(), ulid())
  const other = keepChunks({ replica: place.replica, store: memoryStore().chunks, key: new Uint8Array(32), clock })
  closers.push(() => other.stop())
  const content = Buffer.from('a leaflet that anybody has')
  const [one, two] = [await send(place, ulid(), content), await send(place, ulid(), content)]
  expect(one.chunks).toEqual(two.chunks)
  expect(other.nameOf(content)).not.toBe(one.chunks[0])
  for (const hash of ['sha256', 'sha512', 'sha1', 'md5'])
    for (const digest of ['hex', 'base64url'] as const)
      expect(one.chunks[0]).not.toContain((await import('node:crypto')).createHash(hash).update(content).digest(digest))
})

it('[BLOB-2] an erasure takes the file away here and at the peer, also from the files; what another patient’s message uses stays', async () => {
  const { dir, at, link } = await pair()
  const [first, second] = [ulid(), ulid()]
  const [own, shared] = [patternOf(chunkBytes + 5, 1), patternOf(chunkBytes, 2)]
  const [alone, both, same] = [await send(at.site, first, own), await send(at.site, first, shared), await send(at.site, second, shared)] // prettier-ignore
  link()
  for (const one of [alone, both]) await expect.poll(() => at.hub.chunks.isHere(one)).toBe(true)
  const sealed = async (place: Place, name: string): Promise<boolean> => (await place.store.chunks.usersOf(name)).length > 0 // prettier-ignore
  await at.site.replica.change([{ collection: 'messages', key: first, erase: true }])
  for (const place of [at.site, at.hub]) {
    await expect.poll(() => place.chunks.isHere(alone)).toBe(false)
    for (const name of alone.chunks) expect(await sealed(place, name)).toBe(false)
    expect(Buffer.compare(await whole(place.chunks, same), shared)).toBe(0)
  }
  // What is left of the names would be found in the bytes of the files, as those of the other are.
  const names = (): string[] => readdirSync(dir).map((file) => readFileSync(join(dir, file)).toString('latin1'))
  expect(names().some((text) => text.includes(same.chunks[0]!))).toBe(true)
  expect(names().some((text) => alone.chunks.some((name) => text.includes(name)))).toBe(false)
})

it('[BLOB-2] a message that is retracted keeps its place and loses its files', async () => {
  const { at } = await pair()
  const patient = ulid()
  const attachment = await send(at.site, patient, patternOf(9))
  const [message] = await at.site.replica.entries('messages', patient)
  await at.site.replica.change([
    { collection: 'messages', key: patient, add: { [ulid()]: { kind: 'retracted', at: clock.now(), by: { role: 'staff', id: 's' }, entry: message!.id } } }, // prettier-ignore
  ])
  await at.site.chunks.caughtUp()
  expect(await at.site.chunks.isHere(attachment)).toBe(false)
})

it('[BLOB-6] a fetch that is cut in the middle, again and again, goes on with what is missing', async () => {
  const { at, link } = await pair()
  const content = patternOf(7 * chunkBytes + 1)
  const attachment = await send(at.hub, ulid(), content)
  let taken = 0
  link({
    dial: meddling((frame, socket) => {
      if (frame.kind !== 'chunk') return frame
      taken++
      if (taken % 3 !== 0) return frame
      socket.terminate()
      return undefined
    }),
  })
  await expect.poll(() => at.site.chunks.isHere(attachment)).toBe(true)
  expect(Buffer.compare(await whole(at.site.chunks, attachment), content)).toBe(0)
  // Eight chunks, and each cut lost at most what was under way.
  expect(taken).toBeGreaterThan(8)
  expect(taken).toBeLessThanOrEqual(8 + 2 * 4)
})

it('[BLOB-6] a portal that is put back to a copy from before fetches the chunks again', async () => {
  const { dir, at, portal, link, open } = await pair()
  const [patient, id] = [ulid(), at.hub.replica.id]
  const first = link()
  await first.caughtUp()
  await at.hub.close()
  cpSync(join(dir, 'hub.sqlite'), join(dir, 'copy.sqlite'))
  at.hub = await open('hub', id)
  portal.acceptor.disconnect()
  const attachment = await send(at.site, patient, patternOf(2 * chunkBytes))
  await expect.poll(() => at.hub.chunks.isHere(attachment)).toBe(true)
  await at.hub.close()
  at.hub = await open('copy', id)
  portal.acceptor.disconnect()
  expect(await at.hub.chunks.isHere(attachment)).toBe(false)
  await expect.poll(() => at.hub.chunks.isHere(attachment)).toBe(true)
  expect(Buffer.compare(await whole(at.hub.chunks, attachment), patternOf(2 * chunkBytes))).toBe(0)
})

it('[BLOB-4] what is not what its name says is not kept, and the link goes on', async () => {
  const { at, link } = await pair()
  const patient = ulid()
  const attachment = await send(at.hub, patient, patternOf(100))
  let changed = 0
  const made = link({
    dial: meddling((frame) => {
      if (frame.kind !== 'chunk') return frame
      changed++
      return { ...frame, content: frame.content.toReversed() }
    }),
  })
  await expect.poll(() => changed).toBeGreaterThan(0)
  await at.hub.replica.change([{ collection: 'messages', key: patient, add: { later: { kind: 'retracted', at: 1, by: { role: 'staff', id: 's' }, entry: 'nothing' } } }]) // prettier-ignore
  await made.caughtUp()
  expect((await at.site.replica.entries('messages', patient)).map(({ id }) => id)).toContain('later')
  expect((await made.status()).state).toBe('connected')
  expect(await at.site.store.chunks.missing(attachment.chunks)).toEqual(attachment.chunks)
})

it.each([
  ['that nobody asked for', { kind: 'chunk', name: 'n', content: Uint8Array.of(1) } as Frame],
  ['that is longer than a chunk', undefined],
])('[BLOB-4] a chunk %s ends the connection, and nothing of it is kept', async (_, unasked) => {
  const { at, link } = await pair()
  const patient = ulid()
  const attachment = await send(at.hub, patient, patternOf(100))
  let hostile = true
  let closed = 0
  const dial = (url: string): WebSocket => {
    const socket = new WebSocket(url)
    const emit = socket.emit.bind(socket)
    socket.on('close', () => void closed++)
    socket.emit = ((name: string, data: Buffer, ...more: unknown[]) => {
      if (name !== 'message' || !hostile) return emit(name, data, ...more)
      const frame = readFrame(data)
      if (frame.kind !== 'chunk') return emit(name, data, ...more)
      const instead = unasked ?? { ...frame, content: new Uint8Array(chunkBytes + 1) }
      hostile = false
      return emit(name, Buffer.from(writeFrame(instead)), ...more)
    }) as typeof socket.emit
    return socket
  }
  link({ dial })
  await expect.poll(() => closed).toBe(1)
  expect(await at.site.store.chunks.usersOf('n')).toEqual([])
  // The next connection brings it.
  await expect.poll(() => at.site.chunks.isHere(attachment)).toBe(true)
})

it('[BLOB-8] messages that are to go from the portal go only when their files are at the site too, also when the connection is cut before', async () => {
  let allowed = true
  const { at, link } = await pair(undefined, () => allowed)
  const [patient, other, content] = [ulid(), ulid(), patternOf(3 * chunkBytes + 5)]
  const attachment = await send(at.hub, patient, content)
  await say(at.hub.replica, other, [])
  let held = true
  const [waiting, kinds]: [(() => void)[], string[]] = [[], []]
  const dial = (url: string): WebSocket => {
    const socket = new WebSocket(url)
    const emit = socket.emit.bind(socket)
    socket.emit = ((name: string, ...all: unknown[]) => {
      const kind = name === 'message' ? readFrame(all[0] as Buffer).kind : ''
      kinds.push(kind)
      if (kind !== 'chunk' || !held) return emit(name, ...all)
      // The connection is cut when the first waits for it.
      waiting.push(() => socket.terminate())
      return true
    }) as typeof socket.emit
    return socket
  }
  await link({ dial }).caughtUp()
  allowed = false
  await at.hub.replica.withdraw()
  await expect.poll(() => kinds).toContain('chunks due')
  // What names no file waits for none.
  await expect.poll(() => at.hub.replica.entries('messages', other)).toEqual([])
  expect((await at.hub.replica.entries('messages', patient)).length).toBe(1)
  expect(await at.hub.chunks.isHere(attachment)).toBe(true)
  expect(await at.site.chunks.isHere(attachment)).toBe(false)
  held = false
  for (const cut of waiting.splice(0)) cut()
  await expect.poll(() => at.hub.replica.entries('messages', patient)).toEqual([])
  await expect.poll(() => at.hub.chunks.isHere(attachment)).toBe(false)
  expect(Buffer.compare(await whole(at.site.chunks, attachment), content)).toBe(0)
})

it('[BLOB-5] a chunk is given only for a document that uses it and passes to the peer', async () => {
  const { at, portal } = await pair()
  const [mine, others] = [ulid(), ulid()]
  const [own, foreign] = [await send(at.hub, mine, patternOf(50, 1)), await send(at.hub, others, patternOf(50, 2))]
  const passes = (_: unknown, facts: { patient: string | null }): boolean => facts.patient === mine
  const limited = await portalFor(
    () => at.hub.replica,
    () => ({ chunks: at.hub.chunks, passesOut: passes }),
  )
  closers.push(() => limited.close())
  // A site that knows the other patient's message all the same, and asks for its chunk by name.
  await say(at.site.replica, others, [foreign])
  const answers: Frame[] = []
  const made = linkTo(limited, at.site.replica, at.hub.replica.id, {
    chunks: at.site.chunks,
    dial: meddling((frame) => {
      if (frame.kind === 'chunk') answers.push(frame)
      return frame
    }),
  })
  closers.push(() => made.stop())
  await expect.poll(() => at.site.chunks.isHere(own)).toBe(true)
  await expect.poll(() => answers.map((frame) => (frame.kind === 'chunk' ? [frame.name, frame.content.length] : []))).toContainEqual([foreign.chunks[0], 0]) // prettier-ignore
  expect(await at.site.chunks.isHere(foreign)).toBe(false)
  expect(portal.url).not.toBe(limited.url)
})

it('[BLOB-7] an entry from before attachments still reads, and one whose chunks do not fit its size does not', () => {
  const message = { kind: 'message', at: 0, by: { role: 'site', id: 's' }, thread: ulid(), subject: 's', text: 't' }
  expect(v.is(messageSchema, message)).toBe(true)
  const name = 'x'.repeat(43)
  const attachment = { name: 'n', type: 'image/png', size: 1, chunks: [name] }
  const fits = (over: object): boolean => v.is(messageSchema, { ...message, attachments: [{ ...attachment, ...over }] })
  expect(fits({})).toBe(true)
  for (const wrong of [
    { chunks: [] },
    { chunks: [name, name] },
    { size: 0 },
    { size: 21 * 2 ** 20 },
    { chunks: ['x'] },
    { name: '' },
    { type: 'png' },
  ])
    // prettier-ignore
    expect(fits(wrong)).toBe(false)
})
