/** `npm run soak -- frames`: hostile frames, ten times as many on the codec as on a live portal (20,000 on that, or as many as asked for). */
import fc from 'fast-check'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { readFrame, writeFrame, type Frame } from '../../src/replica/codec.ts'
import { MalformedFrame } from '../../src/replica/wire-values.ts'
import { collections } from '../../src/replica/collections.ts'
import { answerChallenge, certify, mintKeyPair } from '../../src/replica/device.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { examine } from '../../src/replica/update-scan.ts'
import { chanceOf, seedOfRun, type Chance } from '../faults/harness/chance.ts'
import { anyFrame } from '../replica/frames.ts'
import { clock, factsOf, linkTo, portalFor, ulid } from '../replica/world.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const chance = chanceOf(seed)
const valid = fc.sample(anyFrame, { numRuns: 3_000, seed }).map(writeFrame)
/** So many frames on the codec for each on the portal. */
const codecFrames = 10
const mebibyte = 1024 * 1024
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** A frame with something wrong: bits turned, an end cut off, another's end, bytes put in, or no frame at all. */
function hostile(from: Chance): Uint8Array {
  const frame = Uint8Array.from(valid[from.below(valid.length)]!)
  switch (from.below(5)) {
    case 0:
      for (let i = from.below(4); i >= 0; i--) frame[from.below(frame.length)]! ^= 1 << from.below(8)
      return frame
    case 1:
      return frame.subarray(0, from.below(frame.length + 1))
    case 2: {
      const other = valid[from.below(valid.length)]!
      return Buffer.concat([frame.subarray(0, from.below(frame.length)), other.subarray(from.below(other.length))])
    }
    case 3: {
      const at = from.below(frame.length)
      return Buffer.concat([frame.subarray(0, at), Buffer.alloc(from.below(9), from.below(256)), frame.subarray(at)])
    }
    default:
      return Uint8Array.from({ length: from.below(64) }, () => from.below(256))
  }
}

/** Bytes that are held. What decompression held outside of the heap is given back after a while only: the least of some looks. */
async function held(): Promise<number> {
  let least = Infinity
  for (let look = 0; look < 10; look++) {
    await setTimeout(50)
    collect()
    const { heapUsed, external } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}

/** Reads it as a link would, down to the updates of its rows. */
function read(bytes: Uint8Array): void {
  let frame: Frame
  try {
    frame = readFrame(bytes)
  } catch (error) {
    if (error instanceof MalformedFrame) return
    throw error
  }
  if (frame.kind !== 'batch' && frame.kind !== 'documents') return
  for (const row of frame.rows)
    try {
      examine(row.update)
    } catch (error) {
      // Whatever it says, it says it of these bytes, and at once.
      if (!(error instanceof Error)) throw error
    }
}

it(`hostile frames are refused: no crash, no hang, memory flat (seed ${seed})`, async () => {
  const live = countOfRun(20_000)
  const worst = { codec: 0, portal: 0 }
  let faults = ['The run broke off']
  let told = 0
  const memory: number[] = []
  try {
    for (let i = 0; i < codecFrames * live; i++) {
      const bytes = hostile(chance)
      const began = performance.now()
      read(bytes)
      worst.codec = Math.max(worst.codec, performance.now() - began)
      if (i === (codecFrames / 5) * live || i === codecFrames * live - 1) memory.push(await held())
    }
    const hub = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
    const own = await openReplica({ store: memoryStore(), practice: hub.practice, id: ulid(), clock })
    const portal = await portalFor(() => hub)
    const link = linkTo(portal, own, hub.id)
    const several = Array.from({ length: 16 }, async () => {
      const stranger = strangerAt(portal, hub.practice)
      while (told < live) {
        told++
        await stranger(chance)
      }
    })
    // Meanwhile an honest site works.
    const honest = (async () => {
      while (told < live) {
        const began = performance.now()
        const patient = ulid()
        await own.change([{ collection: 'patients', key: patient, facts: factsOf(patient, ulid()), set: { firstName: 'x' }, at: clock.now() }]) // prettier-ignore
        await link.caughtUp()
        worst.portal = Math.max(worst.portal, performance.now() - began)
        if (memory.length === 2 && told > live / 5) memory.push(await held())
      }
    })()
    await Promise.all([...several, honest])
    memory.push(await held())
    await link.stop()
    await portal.close()
    await Promise.all([hub.close(), own.close()])
    faults = []
    if (worst.codec > 1_000) faults.push(`A frame took ${worst.codec} ms`)
    if (worst.portal > 1_000) faults.push(`The honest site waited ${worst.portal} ms`)
    if (memory[1]! - memory[0]! > 8 * mebibyte)
      faults.push(`Memory grew by ${memory[1]! - memory[0]!} bytes on the codec`)
    if (memory.at(-1)! - memory[2]! > 32 * mebibyte)
      faults.push(`Memory grew by ${memory.at(-1)! - memory[2]!} bytes on the portal`)
  } finally {
    const counts = { 'frames on the codec': codecFrames * live, 'on a live portal': told }
    const rounded = {
      'ms for a frame': Math.ceil(worst.codec),
      'ms until a change of an honest site was at the portal': Math.ceil(worst.portal),
    }
    record({ soak: 'frames', seed, counts, worst: rounded, faults })
  }
  expect(faults).toEqual([])
})

/** Connects to the portal with a device that it certified, says something hostile at one of three stages, and waits for the end. */
function strangerAt(portal: { url: string; privateKey: string }, practice: string): (from: Chance) => Promise<void> {
  const keys = mintKeyPair()
  const replica = ulid()
  return async (from) => {
    const certificate = certify(portal.privateKey, { practice, site: ulid(), replica, publicKey: keys.publicKey, issuedAt: 1 }) // prettier-ignore
    const hello = writeFrame({
      kind: 'hello',
      versions: { oldest: 1, newest: 2 },
      practice,
      replica,
      epochs: [{ id: 5, first: 1 }],
      head: 0,
      clock: 0,
      incarnations: collections.map(() => ''),
      yours: { chain: [], seen: 0, positions: [] },
      settingsVersion: 0,
    })
    const want = writeFrame({ kind: 'want', cursors: collections.map(() => ({ position: 0, complete: 0 })) })
    const socket = new WebSocket(portal.url)
    const gone = once(socket, 'close')
    socket.on('error', () => {})
    const stage = from.below(3)
    socket.once('message', (data: Buffer) => {
      const challenge = readFrame(data)
      if (challenge.kind !== 'challenge') return socket.terminate()
      if (stage > 0) socket.send(writeFrame({ kind: 'sign in', certificate, signature: answerChallenge(keys.privateKey, challenge.nonce) })) // prettier-ignore
      if (stage > 1) {
        socket.send(hello)
        socket.send(want)
      }
      socket.send(hostile(from))
      // What happened to be a frame is followed by one that is none, so that every connection has an end.
      socket.send(Uint8Array.of(255, 255, 255))
    })
    await gone
  }
}
