/**
 * The frames of the link as pairs of pure functions between values and bytes (lib0 encoding). No socket, no store.
 * `SPEC.md` writes them as algebra. Reading throws a MalformedFrame on anything that is not a whole frame of this
 * version: counts, lengths and numbers are bounded before anything is made of them.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { refusals, type Batch, type Refusal, type WireRow } from './admission.ts'
import { collectionNumber, collectionOf, collections, type Facts } from './collections.ts'
import { packUlid, unpackUlid } from './ids.ts'
import type { KnownOfUs } from './peers.ts'
import type { Epoch } from './store.ts'

/** The versions of the protocol that this build speaks: the newest and one back. */
export const versions = { oldest: 1, newest: 2 } as const
/** The first version that can prove equality. */
export const reconcileFrom = 2

/** Why a connection is refused: identity and version only (LINK-9). A sentence for each stands in `refused.ts`. */
export const closeReasons = [
  'unknown device',
  'revoked device',
  'copied folder',
  'no common version',
  'other practice',
  'malformed frame',
] as const
export type CloseReason = (typeof closeReasons)[number]

export interface Hello {
  readonly kind: 'hello'
  readonly versions: { readonly oldest: number; readonly newest: number }
  readonly practice: string
  readonly replica: string
  readonly epochs: readonly Epoch[]
  readonly head: number
  /** The sender's clock, milliseconds UTC. */
  readonly clock: number
  readonly incarnations: readonly string[]
  /** What the sender knows of the receiver: its chain, the highest position seen, and where it stands in each collection. */
  readonly yours: KnownOfUs
  readonly settingsVersion: number
}
/** From where the sender wants to read each collection, and its mark of the last time it had everything. */
export interface Want {
  readonly kind: 'want'
  readonly cursors: readonly { readonly position: number; readonly complete: number }[]
}
export interface BatchFrame extends Batch {
  readonly kind: 'batch'
  readonly settingsVersion: number
}
export interface Ack {
  readonly kind: 'ack'
  readonly collection: Batch['collection']
  readonly to: number
  readonly refused: readonly { readonly seq: number; readonly reason: Refusal }[]
}
export interface Challenge {
  readonly kind: 'challenge'
  readonly nonce: Uint8Array
}
/** A device proves who it is: the portal's certificate of it, and its signature over the challenge. */
export interface SignIn {
  readonly kind: 'sign in'
  readonly certificate: string
  readonly signature: Uint8Array
}
export interface Refuse {
  readonly kind: 'refuse'
  readonly reason: CloseReason
}
/** Asks the peer to say `marked` when all that it has now is here. */
export interface Mark {
  readonly kind: 'mark' | 'marked'
  readonly number: number
}
/** A proof of equality, top down (version 2): the digests of a collection's buckets, one after another. */
export interface Summary {
  readonly kind: 'summary'
  readonly run: number
  readonly collection: Batch['collection']
  readonly buckets: Uint8Array
}
/** What of a summary is not so here: the documents of the buckets that differ, with their digests. */
export interface Differing {
  readonly kind: 'differing'
  readonly run: number
  readonly collection: Batch['collection']
  readonly buckets: readonly number[]
  readonly documents: readonly { readonly key: string; readonly digest: Uint8Array }[]
}
/** Whole documents that differ, and the keys of those that the sender wants. */
export interface Documents {
  readonly kind: 'documents'
  readonly run: number
  readonly collection: Batch['collection']
  readonly wanted: readonly string[]
  readonly rows: readonly WireRow[]
  /** Nothing of this answer follows. */
  readonly last: boolean
}
export type ReconcileFrame = Summary | Differing | Documents
export type Frame = Hello | Want | BatchFrame | Ack | Challenge | SignIn | Refuse | Mark | ReconcileFrame

/** Bytes from a peer that are no frame of this version. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame'
}

/** The largest frame, before and after decompression, in bytes. */
export const largestFrame = 8 * 1024 * 1024
const kinds: readonly Frame['kind'][] = [
  'challenge',
  'sign in',
  'hello',
  'want',
  'batch',
  'ack',
  'refuse',
  'mark',
  'marked',
  'summary',
  'differing',
  'documents',
]
const longestText = 4096
/** A batch holds about 256 KiB of rows of at least six bytes. */
const mostRows = 100_000
/** Of a newer version that has more of them. */
const mostCollections = 256
const compressFrom = 512

export function writeFrame(frame: Frame): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, kinds.indexOf(frame.kind))
  switch (frame.kind) {
    case 'challenge':
      encoding.writeVarUint8Array(encoder, frame.nonce)
      break
    case 'sign in':
      encoding.writeVarString(encoder, frame.certificate)
      encoding.writeVarUint8Array(encoder, frame.signature)
      break
    case 'hello':
      writeHello(encoder, frame)
      break
    case 'want':
      writeList(encoder, frame.cursors, ({ position, complete }) => {
        encoding.writeVarUint(encoder, position)
        encoding.writeVarUint(encoder, complete)
      })
      break
    case 'batch':
      writeBatch(encoder, frame)
      break
    case 'ack':
      encoding.writeVarUint(encoder, collectionNumber(frame.collection))
      encoding.writeVarUint(encoder, frame.to)
      writeList(encoder, frame.refused, ({ seq, reason }) => {
        encoding.writeVarUint(encoder, seq)
        encoding.writeVarUint(encoder, refusals.indexOf(reason))
      })
      break
    case 'mark':
    case 'marked':
      encoding.writeVarUint(encoder, frame.number)
      break
    case 'summary':
    case 'differing':
    case 'documents':
      writeReconcile(encoder, frame)
      break
    case 'refuse':
      encoding.writeVarUint(encoder, closeReasons.indexOf(frame.reason))
      break
  }
  return encoding.toUint8Array(encoder)
}

/** The frame in `bytes`; throws MalformedFrame. */
export function readFrame(bytes: Uint8Array): Frame {
  if (bytes.length > largestFrame) throw new MalformedFrame('A frame is larger than 8 MiB')
  try {
    const decoder = decoding.createDecoder(bytes)
    const frame = readKind(decoder, kinds[decoding.readVarUint(decoder)])
    if (decoding.hasContent(decoder)) throw new MalformedFrame('Bytes follow the end of a frame')
    return frame
  } catch (cause) {
    if (cause instanceof MalformedFrame) throw cause
    throw new MalformedFrame('These bytes are no frame', { cause })
  }
}

function readKind(decoder: decoding.Decoder, kind: Frame['kind'] | undefined): Frame {
  switch (kind) {
    case 'challenge':
      return { kind, nonce: bytesOf(decoder, 64) }
    case 'sign in':
      return { kind, certificate: textOf(decoder), signature: bytesOf(decoder, 256) }
    case 'hello':
      return readHello(decoder)
    case 'want':
      return {
        kind,
        cursors: perCollection(
          readList(decoder, mostCollections, () => ({ position: numberOf(decoder), complete: numberOf(decoder) })),
          {
            position: 0,
            complete: 0,
          },
        ),
      }
    case 'batch':
      return readBatch(decoder)
    case 'ack':
      return {
        kind,
        collection: collectionAt(decoder),
        to: numberOf(decoder),
        refused: readList(decoder, mostRows, () => ({ seq: numberOf(decoder), reason: oneOf(refusals, decoder) })),
      }
    case 'refuse':
      return { kind, reason: oneOf(closeReasons, decoder) }
    case 'mark':
    case 'marked':
      return { kind, number: numberOf(decoder) }
    case 'summary':
    case 'differing':
    case 'documents':
      return readReconcile(decoder, kind)
    case undefined:
      throw new MalformedFrame('This kind of frame is not known')
  }
}

function writeHello(encoder: encoding.Encoder, hello: Hello): void {
  const epochs = (list: readonly Epoch[]): void =>
    writeList(encoder, list, ({ id, first }) => {
      encoding.writeVarUint(encoder, id)
      encoding.writeVarUint(encoder, first)
    })
  encoding.writeVarUint(encoder, hello.versions.oldest)
  encoding.writeVarUint(encoder, hello.versions.newest)
  encoding.writeVarString(encoder, hello.practice)
  encoding.writeVarString(encoder, hello.replica)
  epochs(hello.epochs)
  encoding.writeVarUint(encoder, hello.head)
  encoding.writeVarUint(encoder, hello.clock)
  writeList(encoder, hello.incarnations, (id) => encoding.writeVarString(encoder, id))
  epochs(hello.yours.chain)
  encoding.writeVarUint(encoder, hello.yours.seen)
  writeList(encoder, hello.yours.positions, (position) => encoding.writeVarUint(encoder, position))
  encoding.writeVarUint(encoder, hello.settingsVersion)
}

function readHello(decoder: decoding.Decoder): Hello {
  const epochs = (): Epoch[] => readList(decoder, 64, () => ({ id: numberOf(decoder), first: numberOf(decoder) }))
  return {
    kind: 'hello',
    versions: { oldest: numberOf(decoder), newest: numberOf(decoder) },
    practice: textOf(decoder),
    replica: textOf(decoder),
    epochs: notEmpty(epochs()),
    head: numberOf(decoder),
    clock: numberOf(decoder),
    incarnations: perCollection(
      readList(decoder, mostCollections, () => textOf(decoder)),
      '',
    ),
    yours: {
      chain: epochs(),
      seen: numberOf(decoder),
      positions: perCollection(
        readList(decoder, mostCollections, () => numberOf(decoder)),
        0,
      ),
    },
    settingsVersion: numberOf(decoder),
  }
}

/** The bytes of a digest. */
export const digestBytes = 16

function writeReconcile(encoder: encoding.Encoder, frame: ReconcileFrame): void {
  encoding.writeVarUint(encoder, frame.run)
  encoding.writeVarUint(encoder, collectionNumber(frame.collection))
  switch (frame.kind) {
    case 'summary':
      return encoding.writeVarUint8Array(encoder, frame.buckets)
    case 'differing':
      writeList(encoder, frame.buckets, (bucket) => encoding.writeVarUint(encoder, bucket))
      return writeList(encoder, frame.documents, ({ key, digest }) => {
        encoding.writeVarString(encoder, key)
        encoding.writeUint8Array(encoder, digest)
      })
    case 'documents': {
      writeList(encoder, frame.wanted, (key) => encoding.writeVarString(encoder, key))
      const { bytes, compressed } = packRows(frame.rows, 0)
      encoding.writeUint8(encoder, (frame.last ? 1 : 0) | (compressed ? 2 : 0))
      return encoding.writeVarUint8Array(encoder, bytes)
    }
  }
}

function readReconcile(decoder: decoding.Decoder, kind: ReconcileFrame['kind']): ReconcileFrame {
  const run = numberOf(decoder)
  const collection = collectionAt(decoder)
  switch (kind) {
    case 'summary':
      return { kind, run, collection, buckets: bytesOf(decoder, 256 * digestBytes) }
    case 'differing':
      return {
        kind,
        run,
        collection,
        buckets: readList(decoder, 256, () => numberOf(decoder)),
        documents: readList(decoder, decoder.arr.length / digestBytes, () => ({
          key: textOf(decoder),
          digest: decoding.readUint8Array(decoder, digestBytes),
        })),
      }
    case 'documents': {
      const wanted = readList(decoder, decoder.arr.length, () => textOf(decoder))
      const flags = rowFlags(decoder)
      const { rows } = unpackRows(decoding.readVarUint8Array(decoder), (flags & 2) !== 0, 0)
      return { kind, run, collection, wanted, rows, last: (flags & 1) === 1 }
    }
  }
}

function packRows(list: readonly WireRow[], from: number): { bytes: Uint8Array; compressed: boolean } {
  const rows = encoding.createEncoder()
  // Room for all at once: an encoder that grows copies what it has.
  encoding.verifyLen(rows, list.reduce((sum, row) => sum + row.update.length + 64, 64)) // prettier-ignore
  const sites = [...new Set(list.map((row) => row.facts.site).filter((site) => site !== null))]
  writeList(rows, sites, (site) => encoding.writeVarString(rows, site))
  let last = from
  writeList(rows, list, (row) => {
    encoding.writeVarUint(rows, row.seq - last)
    last = row.seq
    writeRow(rows, row, sites)
  })
  const plain = encoding.toUint8Array(rows)
  const packed =
    plain.length >= compressFrom
      ? zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
      : plain
  const compressed = packed.length < plain.length
  return { bytes: compressed ? packed : plain, compressed }
}

/** How rows are packed, and whether nothing follows them. */
function rowFlags(decoder: decoding.Decoder): number {
  const flags = decoding.readUint8(decoder)
  if (flags > 3) throw new MalformedFrame('Rows have flags that this version does not know')
  return flags
}

function unpackRows(packed: Uint8Array, compressed: boolean, from: number): { rows: WireRow[]; last: number } {
  const plain = compressed ? unpack(packed) : packed
  const decoder = decoding.createDecoder(plain)
  const sites = readList(decoder, 10_000, () => textOf(decoder))
  let seq = from
  const rows = readList(decoder, mostRows, () => {
    const step = numberOf(decoder)
    if (step === 0) throw new MalformedFrame('The rows of a frame do not stand in order')
    return readRow(decoder, (seq = within(seq + step)), sites)
  })
  if (decoding.hasContent(decoder)) throw new MalformedFrame('Bytes follow the rows of a frame')
  return { rows, last: seq }
}

function writeBatch(encoder: encoding.Encoder, batch: BatchFrame): void {
  const { bytes, compressed } = packRows(batch.rows, batch.from)
  encoding.writeVarUint(encoder, collectionNumber(batch.collection))
  encoding.writeVarUint(encoder, batch.from)
  encoding.writeVarUint(encoder, batch.to - batch.from)
  encoding.writeUint8(encoder, (batch.tail ? 1 : 0) | (compressed ? 2 : 0))
  encoding.writeVarUint(encoder, batch.epoch)
  encoding.writeVarUint(encoder, batch.settingsVersion)
  encoding.writeVarUint8Array(encoder, bytes)
}

function readBatch(decoder: decoding.Decoder): BatchFrame {
  const collection = collectionAt(decoder)
  const from = numberOf(decoder)
  const to = within(from + numberOf(decoder))
  const flags = rowFlags(decoder)
  const epoch = numberOf(decoder)
  const settingsVersion = numberOf(decoder)
  const { rows, last } = unpackRows(decoding.readVarUint8Array(decoder), (flags & 2) !== 0, from)
  if (last > to) throw new MalformedFrame('The rows of a batch do not fit its range')
  return { kind: 'batch', collection, from, to, tail: (flags & 1) === 1, epoch, settingsVersion, rows }
}

/** The window is bounded too: it is taken before the first byte comes out. Ours is never larger than a frame. */
function unpack(packed: Uint8Array): Uint8Array {
  return zstdDecompressSync(packed, {
    // What is allocated at once: about what comes out.
    chunkSize: Math.max(16 * 1024, Math.min(16 * packed.length, 512 * 1024)),
    maxOutputLength: largestFrame,
    params: { [constants.ZSTD_d_windowLogMax]: Math.log2(largestFrame) },
  })
}

// One byte of flags in front of a row: what is usual costs nothing more.
const ulidKey = 1
const receiptFlag = 2
const shownFlag = 4
const reachableFlag = 8
const patientIsKey = 16
const hasPatient = 32
const hasStart = 64
const laterGeneration = 128

function writeRow(encoder: encoding.Encoder, row: WireRow, sites: readonly string[]): void {
  const { facts } = row
  const key = packUlid(row.key)
  const flags =
    (key ? ulidKey : 0) |
    (row.receipt ? receiptFlag : 0) |
    (facts.shown ? shownFlag : 0) |
    (facts.reachable ? reachableFlag : 0) |
    (facts.patient === row.key ? patientIsKey : 0) |
    (facts.patient !== null && facts.patient !== row.key ? hasPatient : 0) |
    (facts.startsAt !== null ? hasStart : 0) |
    (row.generation > 1 ? laterGeneration : 0)
  encoding.writeUint8(encoder, flags)
  if (key) encoding.writeUint8Array(encoder, key)
  else encoding.writeVarString(encoder, row.key)
  if (row.generation > 1) {
    encoding.writeVarUint(encoder, row.generation)
    encoding.writeVarUint(encoder, row.erased)
  }
  if (flags & hasPatient) encoding.writeVarString(encoder, facts.patient!)
  encoding.writeVarUint(encoder, facts.site === null ? 0 : sites.indexOf(facts.site) + 1)
  if (facts.startsAt !== null) encoding.writeVarInt(encoder, facts.startsAt)
  encoding.writeVarUint(encoder, facts.at)
  encoding.writeVarUint8Array(encoder, row.update)
}

function readRow(decoder: decoding.Decoder, seq: number, sites: readonly string[]): WireRow {
  const flags = decoding.readUint8(decoder)
  const key = flags & ulidKey ? unpackUlid(decoding.readUint8Array(decoder, 16)) : textOf(decoder)
  const [generation, erased] = flags & laterGeneration ? [numberOf(decoder), numberOf(decoder)] : [1, 0]
  if (flags & laterGeneration && generation < 2) throw new MalformedFrame('A row is of no later generation')
  const patient = flags & patientIsKey ? key : flags & hasPatient ? textOf(decoder) : null
  const site = numberOf(decoder)
  if (site > sites.length) throw new MalformedFrame('A row names a site that its batch does not')
  const facts: Facts = {
    patient,
    site: site === 0 ? null : sites[site - 1]!,
    shown: (flags & shownFlag) !== 0,
    reachable: (flags & reachableFlag) !== 0,
    startsAt: flags & hasStart ? decoding.readVarInt(decoder) : null,
    at: numberOf(decoder),
  }
  const update = decoding.readVarUint8Array(decoder)
  return { seq, key, generation, erased, facts, update, receipt: (flags & receiptFlag) !== 0 }
}

function writeList<T>(encoder: encoding.Encoder, list: readonly T[], write: (item: T) => void): void {
  encoding.writeVarUint(encoder, list.length)
  for (const item of list) write(item)
}

function readList<T>(decoder: decoding.Decoder, most: number, read: () => T): T[] {
  const length = decoding.readVarUint(decoder)
  // Each item takes a byte at least: nothing is made room for that cannot be there.
  if (length > Math.min(most, decoder.arr.length - decoder.pos))
    throw new MalformedFrame('A list is longer than it may be')
  const list: T[] = []
  for (let i = 0; i < length; i++) list.push(read())
  return list
}

/** As many values as this version has collections: a newer peer has more, an older one fewer. */
function perCollection<T>(values: readonly T[], missing: T): T[] {
  return collections.map((_, number) => values[number] ?? missing)
}

function notEmpty<T>(list: T[]): T[] {
  if (list.length === 0) throw new MalformedFrame('A replica has at least one epoch')
  return list
}

function numberOf(decoder: decoding.Decoder): number {
  return within(decoding.readVarUint(decoder))
}

function within(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MalformedFrame('A number is too large')
  return value
}

function textOf(decoder: decoding.Decoder): string {
  const text = decoding.readVarString(decoder)
  if (text.length > longestText) throw new MalformedFrame('A text is longer than it may be')
  return text
}

function bytesOf(decoder: decoding.Decoder, most: number): Uint8Array {
  const bytes = decoding.readVarUint8Array(decoder)
  if (bytes.length > most) throw new MalformedFrame('A value is longer than it may be')
  return bytes
}

function collectionAt(decoder: decoding.Decoder): Batch['collection'] {
  const name = collectionOf(decoding.readVarUint(decoder))
  if (!name) throw new MalformedFrame('This collection is not known to this version')
  return name
}

function oneOf<T>(list: readonly T[], decoder: decoding.Decoder): T {
  const value = list[decoding.readVarUint(decoder)]
  if (value === undefined) throw new MalformedFrame('This reason is not known to this version')
  return value
}
