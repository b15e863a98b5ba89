/** Frames and their bytes: every frame comes back as it was, the bytes are those of SPEC.md, and what is none is refused as such. */
import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import { zstdCompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { readFrame, writeFrame, type Frame, type Hello } from '../../src/replica/codec.ts'
import { digestBytes } from '../../src/replica/reconcile-codec.ts'
import { largestFrame, MalformedFrame } from '../../src/replica/wire-values.ts'
import { emptyUpdate } from '../../src/replica/document.ts'
import { collections } from '../../src/replica/collections.ts'
import { anyFrame, frames } from './frames.ts'

it.each(Object.entries(frames))('[LINK-2] a frame comes back as it was written: %s', (_, frame) => {
  fc.assert(
    fc.property(frame, (one) => {
      expect(readFrame(writeFrame(one))).toEqual(one)
    }),
    { numRuns: 200 },
  )
})

it('a frame that lies within a larger buffer is read by its own length', () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(40), (frame, before) => {
      const bytes = writeFrame(frame)
      const pool = new Uint8Array(before + bytes.length + 300).fill(1)
      pool.set(bytes, before)
      expect(readFrame(pool.subarray(before, before + bytes.length))).toEqual(frame)
    }),
  )
})

// Written by hand from the algebra of SPEC.md: these bytes are for ever, a build of today and one of next year agree.
const zeros = (count: number, byte = '00'): string => byte.repeat(count)
const epochBytes = 'ffffffffffff3f'
const hello: Hello = {
  kind: 'hello',
  versions: { oldest: 1, newest: 1 },
  practice: 'P',
  replica: 'é',
  epochs: [
    { id: 5, first: 1 },
    { id: 2 ** 48 - 1, first: 300 },
  ],
  head: 301,
  clock: 1_700_000_000_000,
  incarnations: collections.map((_, number) => (number === 12 ? 'i' : '')),
  yours: { chain: [{ id: 7, first: 2 }], seen: 128, positions: collections.map((_, number) => number) },
  settingsVersion: 0,
}
const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const rowsOfBatch: Extract<Frame, { kind: 'batch' }>['rows'] = [
  { seq: 101, key: ulid, generation: 1, erased: 0, receipt: false, update: Uint8Array.of(1, 2, 3), facts: { patient: ulid, site: 's1', shown: true, reachable: false, startsAt: null, at: 300 } }, // prettier-ignore
  { seq: 110, key: 'k', generation: 2, erased: 1, receipt: true, update: new Uint8Array(), facts: { patient: 'p', site: 's2', shown: false, reachable: true, startsAt: -1, at: 0 } }, // prettier-ignore
  { seq: 120, key: '', generation: 1, erased: 0, receipt: false, update: Uint8Array.of(255), facts: { patient: null, site: null, shown: false, reachable: false, startsAt: null, at: 1 } }, // prettier-ignore
]
const digest = (byte: number): Uint8Array => new Uint8Array(digestBytes).fill(byte)
const golden: readonly (readonly [string, Frame, string])[] = [
  ['challenge', { kind: 'challenge', nonce: Uint8Array.of(9, 8) }, '00 02 0908'],
  ['sign in', { kind: 'sign in', certificate: 'c', signature: Uint8Array.of(7) }, '01 01 63 01 07'],
  [
    'hello',
    hello,
    `02 01 01 01 50 02 c3a9  02 05 01 ${epochBytes} ac02  ad02 80d095ffbc31  0d ${zeros(12)} 01 69
     01 07 02 8001  0d 000102030405060708090a0b0c  00`,
  ],
  [
    'hello under settings that were changed',
    { ...hello, settingsVersion: 300 },
    `02 01 01 01 50 02 c3a9  02 05 01 ${epochBytes} ac02  ad02 80d095ffbc31  0d ${zeros(12)} 01 69
     01 07 02 8001  0d 000102030405060708090a0b0c  ac02`,
  ],
  [
    'batch with a receipt: facts and no content',
    { kind: 'batch', collection: 'events', from: 7, to: 9, tail: true, epoch: 1, settingsVersion: 300, rows: [{ ...rowsOfBatch[1]!, seq: 9, generation: 1, erased: 0, update: emptyUpdate }] }, // prettier-ignore
    '04 0c 07 02 01 01 ac02 11  01 02 7332  01 02 6a 01 6b 01 70 01 41 00 02 0000',
  ],
  [
    'want',
    { kind: 'want', cursors: collections.map((_, number) => ({ position: 200 * +(number === 0), complete: 5 })) },
    `03 0d c801 05 ${zeros(12, '0005')}`,
  ],
  [
    'batch, uncompressed, with every flag of a row',
    { kind: 'batch', collection: 'messages', from: 100, to: 130, tail: true, epoch: 2 ** 48 - 1, settingsVersion: 0, rows: rowsOfBatch }, // prettier-ignore
    `04 06 64 1e 01 ${epochBytes} 00 34
     02 02 7331 02 7332  03
     01 15 01563e3ab5d3d6764c61efb99302bd5b 01 ac02 03 010203
     09 ea 01 6b 02 01 01 70 02 41 00 00
     0a 00 00 00 01 01 ff`,
  ],
  [
    'batch that covers a range in which all was left out',
    { kind: 'batch', collection: 'preferences', from: 3, to: 500, tail: false, epoch: 1, settingsVersion: 2, rows: [] },
    '04 00 03 f103 00 01 02 02 00 00',
  ],
  [
    'batch whose facts are those of a later row (version 4)',
    {
      kind: 'batch',
      collection: 'preferences',
      from: 3,
      to: 500,
      tail: false,
      epoch: 1,
      settingsVersion: 2,
      newest: 800,
      rows: [],
    },
    '04 00 03 f103 04 01 02 ac02 02 00 00',
  ],
  [
    'ack',
    { kind: 'ack', collection: 'events', to: 130, refused: [{ seq: 120, reason: 'gap' }, { seq: 121, reason: 'waits for a refused row' }] }, // prettier-ignore
    '05 0c 8201 02 78 02 79 04',
  ],
  ['refuse', { kind: 'refuse', reason: 'copied folder' }, '06 02'],
  ['mark', { kind: 'mark', number: 300 }, '07 ac02'],
  ['marked', { kind: 'marked', number: 0 }, '08 00'],
  [
    'summary',
    { kind: 'summary', run: 300, collection: 'consents', buckets: digest(3) },
    `09 ac02 02 10 ${zeros(16, '03')}`,
  ],
  [
    'differing',
    {
      kind: 'differing',
      run: 1,
      collection: 'consents',
      buckets: [0, 200],
      documents: [{ key: 'k', digest: digest(5) }],
    },
    `0a 01 02 02 00 c801 01 01 6b ${zeros(16, '05')}`,
  ],
  [
    'documents',
    {
      kind: 'documents',
      run: 1,
      collection: 'messages',
      wanted: ['k', ''],
      rows: [{ ...rowsOfBatch[2]!, seq: 1 }],
      last: true,
    },
    '0b 01 06 02 01 6b 00 01 09 00 01 01 00 00 00 01 01 ff',
  ],
  ['chunk wanted', { kind: 'chunk wanted', name: 'n', patient: 'p' }, '0c 01 6e 01 70'],
  ['chunk', { kind: 'chunk', name: 'n', content: Uint8Array.of(4, 5) }, '0d 01 6e 02 0405'],
  ['chunks due', { kind: 'chunks due', patient: 'p', names: ['n', 'm'] }, '0e 01 70 02 01 6e 01 6d'],
  ['chunks kept', { kind: 'chunks kept', patient: 'p' }, '0f 01 70'],
]
const unspaced = (hex: string): string => hex.replaceAll(/\s/g, '')

it.each(golden)('[LINK-2] the bytes of this frame are those of the specification: %s', (_, frame, hex) => {
  expect(Buffer.from(writeFrame(frame)).toString('hex')).toBe(unspaced(hex))
  expect(readFrame(Buffer.from(unspaced(hex), 'hex'))).toEqual(frame)
})

it('every kind of frame has its golden bytes', () => {
  expect(new Set(golden.map(([, frame]) => frame.kind))).toEqual(new Set(Object.keys(frames)))
})

it('a compressed batch of an earlier build is read', () => {
  // 40 rows like the first above, packed by zstd 1.5 at level 1: the packed bytes may differ between builds, what they say may not.
  const packed =
    '040b00280306003028b52ffd60ed02350100f00102733128011501563e3ab5d3d6764c61efb99302bd5b01ac0203010203010032e76a3a01'
  const { rows, ...rest } = readFrame(Buffer.from(unspaced(packed), 'hex')) as Extract<Frame, { kind: 'batch' }>
  expect(rest).toEqual({ kind: 'batch', collection: 'plans', from: 0, to: 40, tail: true, epoch: 6, settingsVersion: 0 }) // prettier-ignore
  expect(rows).toEqual(Array.from({ length: 40 }, (_, i) => ({ ...rowsOfBatch[0], seq: i + 1 })))
})

it('a peer that has more collections, or fewer, is understood', () => {
  const { incarnations, yours, ...rest } = hello
  const more = <T>(list: readonly T[], one: T): T[] => [...list, one, one]
  const newer = { ...rest, incarnations: more(incarnations, 'x'), yours: { ...yours, positions: more(yours.positions, 9) } } // prettier-ignore
  expect(readFrame(writeFrame(newer))).toEqual(hello)
  const older = { ...rest, incarnations: ['a', 'b'], yours: { ...yours, positions: [4] } }
  expect(readFrame(writeFrame(older))).toEqual({
    ...rest,
    incarnations: collections.map((_, number) => ['a', 'b'][number] ?? ''),
    yours: { ...yours, positions: collections.map((_, number) => [4][number] ?? 0) },
  })
  const none = { position: 0, complete: 0 }
  const cursors = collections.map((_, number) => ({ position: number, complete: number }))
  expect(readFrame(writeFrame({ kind: 'want', cursors: more(cursors, none) }))).toEqual({ kind: 'want', cursors })
  expect(readFrame(writeFrame({ kind: 'want', cursors: cursors.slice(0, 3) }))).toEqual({
    kind: 'want',
    cursors: cursors.map((cursor, number) => (number < 3 ? cursor : none)),
  })
})

/** Reads; says whether it was a frame. Whatever else than a MalformedFrame is thrown, is thrown. */
function read(bytes: Uint8Array): Frame | 'malformed' {
  try {
    return readFrame(bytes)
  } catch (error) {
    if (error instanceof MalformedFrame) return 'malformed'
    throw error
  }
}

it('[LINK-2] bytes of any kind are a frame or are refused as malformed', () => {
  const startsLikeOne = fc.tuple(fc.nat(12), fc.uint8Array({ maxLength: 300 })).map(([kind, rest]) => Uint8Array.of(kind, ...rest)) // prettier-ignore
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), startsLikeOne), (bytes) => {
      const frame = read(bytes)
      if (frame !== 'malformed') expect(readFrame(writeFrame(frame))).toEqual(frame)
    }),
    { numRuns: 5_000 },
  )
})

it('[LINK-2] a frame that was cut off, anywhere, is malformed, also where other bytes follow in memory', () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(), (frame, chance) => {
      const bytes = writeFrame(frame)
      const pool = Buffer.concat([bytes, new Uint8Array(300)])
      const cuts = bytes.length < 200 ? bytes.keys() : [0, 1, 2, bytes.length - 1, chance % bytes.length]
      for (const end of cuts) {
        expect(read(pool.subarray(0, end))).toBe('malformed')
        expect(read(Uint8Array.from(bytes.subarray(0, end)))).toBe('malformed')
      }
      expect(read(pool)).toBe('malformed')
    }),
    { numRuns: 300 },
  )
})

it('[LINK-2] a frame in which bits were flipped is malformed, or another frame that comes back as it is', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(anyFrame, flips, (frame, list) => {
      const bytes = writeFrame(frame)
      for (const [at, bit] of list) bytes[at % bytes.length]! ^= 1 << bit
      const other = read(bytes)
      if (other !== 'malformed') expect(readFrame(writeFrame(other))).toEqual(other)
    }),
    { numRuns: 1_500 },
  )
})

/** A frame of these numbers, one after the other; bytes stand for themselves. */
function bytesOf(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const part of parts)
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else encoding.writeUint8Array(encoder, part)
  return encoding.toUint8Array(encoder)
}
const batchOf = (rows: Uint8Array, { from = 0, size = 10, flags = 1 } = {}): Uint8Array =>
  bytesOf(4, 6, from, size, flags, 1, 0, rows.length, rows)
const huge = 2 ** 48
const none = Number.MAX_SAFE_INTEGER

it.each([
  ['epochs', bytesOf(2, 1, 1, 0, 0, huge)],
  ['cursors', bytesOf(3, huge)],
  ['refused rows', bytesOf(5, 6, 1, huge)],
  ['refused rows, as many as may be', bytesOf(5, 6, 1, 100_000)],
  ['sites', batchOf(bytesOf(huge))],
  ['rows', batchOf(bytesOf(0, huge))],
  [
    'rows, packed',
    batchOf(zstdCompressSync(bytesOf(0, 8_000_000, new Uint8Array(8_000_000))), { size: none, flags: 3 }),
  ],
  ['buckets', bytesOf(10, 1, 6, huge)],
  ['digests', bytesOf(10, 1, 6, 0, huge)],
  ['wanted documents', bytesOf(11, 1, 6, huge)],
  ['text', bytesOf(1, huge)],
  ['bytes', bytesOf(0, huge)],
  ['packed bytes', batchOf(zstdCompressSync(new Uint8Array(largestFrame + 1)), { flags: 3 })],
])('[LINK-2] a frame that lies about its number of %s is refused, and no memory is taken for them', (_, bytes) => {
  const before = process.memoryUsage()
  expect(read(bytes)).toBe('malformed')
  const after = process.memoryUsage()
  // Nothing is ever taken for more than one frame unpacked.
  const most = 4 * largestFrame
  expect(after.heapTotal + after.external - before.heapTotal - before.external).toBeLessThan(most)
})

const row = (...parts: (number | Uint8Array)[]): Uint8Array => bytesOf(0, 1, ...parts)
it.each([
  ['is larger than 8 MiB', new Uint8Array(largestFrame + 1)],
  ['is empty', new Uint8Array()],
  ['is of an unknown kind', bytesOf(12)],
  ['says more than its end', bytesOf(7, 1, 1)],
  ['has a number beyond what a double counts', Uint8Array.of(7, 255, 255, 255, 255, 255, 255, 255, 255, 127)],
  ['has a text that is no UTF-8', Uint8Array.of(1, 2, 0xc3, 0x28, 0)],
  ['has a text that is too long', bytesOf(1, 4097, new Uint8Array(4097).fill(97), 0)],
  ['has a nonce that is too long', bytesOf(0, 65, new Uint8Array(65))],
  ['has no epoch', bytesOf(2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
  ['has a collection that this version does not know', bytesOf(5, collections.length, 0, 0)],
  ['has a reason that this version does not know', bytesOf(6, 99)],
  ['ends where no number can count', batchOf(bytesOf(0, 0), { from: none, size: none })],
  ['has a row beyond its end', batchOf(row(11, 0, 0, 0, 0, 0))],
  ['has a row at the position where it begins', batchOf(row(0, 0, 0, 0, 0, 0), { from: 5 })],
  ['has two rows at one position', batchOf(bytesOf(0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))],
  ['has a row of a site that it does not name', batchOf(row(1, 0, 0, 1, 0, 0))],
  ['has a row of no generation', batchOf(row(1, Uint8Array.of(128), 0, 0, 0, 0, 0, 0))],
  ['has a row that says its first generation', batchOf(row(1, Uint8Array.of(128), 0, 1, 0, 0, 0, 0))],
  ['has flags that mean nothing', batchOf(bytesOf(0, 0), { flags: 4 })],
  ['has a chunk whose name is longer than a name', bytesOf(13, 101, ...Array<number>(101).fill(97), 0)],
  ['has documents with flags that mean nothing', bytesOf(11, 1, 6, 0, 4, 2, 0, 0)],
  ['has half a digest', bytesOf(10, 1, 6, 0, 1, 0, new Uint8Array(8))],
  ['is packed and does not unpack', batchOf(Uint8Array.of(1, 2, 3), { flags: 3 })],
])('[LINK-2] a frame that %s is malformed', (_, bytes) => {
  expect(read(bytes)).toBe('malformed')
})

it('a row at its place is read: the malformed ones above are so for the reason that they name', () => {
  expect(read(batchOf(row(1, 0, 0, 0, 0, 0)))).toMatchObject({ kind: 'batch', rows: [{ seq: 1, key: '' }] })
  expect(read(batchOf(row(1, Uint8Array.of(128), 0, 2, 1, 0, 0, 0)))).toMatchObject({
    rows: [{ generation: 2, erased: 1 }],
  })
})
