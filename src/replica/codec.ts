/**
 * The frames of the link as pairs of pure functions between values and bytes (lib0 encoding). No socket, no store.
 * `SPEC.md` writes them as algebra. Reading throws a MalformedFrame on anything that is not a whole frame of this
 * version: counts, lengths and numbers are bounded before anything is made of them.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { refusals, type Batch, type Refusal } from './admission.ts'
import { readChunkFrame, writeChunkFrame, type ChunkFrame } from './chunk-codec.ts'
import { collectionNumber, collections } from './collections.ts'
import type { KnownOfUs } from './peers.ts'
import { readReconcile, writeReconcile, type ReconcileFrame } from './reconcile-codec.ts'
import { mostRows, packRows, rowFlags, unpackRows } from './row-codec.ts'
import type { Epoch } from './store.ts'
import {
  bytesOf,
  collectionAt,
  largestFrame,
  MalformedFrame,
  numberOf,
  oneOf,
  readList,
  textOf,
  within,
  writeList,
} from './wire-values.ts'

/** The versions of the protocol that this build speaks: the newest, and back to the first. */
export const versions = { oldest: 1, newest: 5 } as const
/** The first version that can prove equality. */
export const reconcileFrom = 2
/** The first version that brings the chunks of attachments. */
export const chunksFrom = 3
/** The first version in which a batch says of which later positions its rows tell. */
export const newestFrom = 4
/** The first version that says when the chunks of a patient's messages have arrived. */
export const chunksDueFrom = 5

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
export type Frame = Hello | Want | BatchFrame | Ack | Challenge | SignIn | Refuse | Mark | ReconcileFrame | ChunkFrame

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
  'chunk wanted',
  'chunk',
  'chunks due',
  'chunks kept',
]
/** Of a newer version that has more of them. */
const mostCollections = 256

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
    case 'chunk wanted':
    case 'chunk':
    case 'chunks due':
    case 'chunks kept':
      writeChunkFrame(encoder, frame)
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
    case 'chunk wanted':
    case 'chunk':
    case 'chunks due':
    case 'chunks kept':
      return readChunkFrame(decoder, kind)
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

function writeBatch(encoder: encoding.Encoder, batch: BatchFrame): void {
  const { bytes, compressed } = packRows(batch.rows, batch.from)
  encoding.writeVarUint(encoder, collectionNumber(batch.collection))
  encoding.writeVarUint(encoder, batch.from)
  encoding.writeVarUint(encoder, batch.to - batch.from)
  const { newest } = batch
  encoding.writeUint8(encoder, (batch.tail ? 1 : 0) | (compressed ? 2 : 0) | (newest === undefined ? 0 : 4))
  encoding.writeVarUint(encoder, batch.epoch)
  encoding.writeVarUint(encoder, batch.settingsVersion)
  if (newest !== undefined) encoding.writeVarUint(encoder, newest - batch.to)
  encoding.writeVarUint8Array(encoder, bytes)
}

function readBatch(decoder: decoding.Decoder): BatchFrame {
  const collection = collectionAt(decoder)
  const from = numberOf(decoder)
  const to = within(from + numberOf(decoder))
  const flags = rowFlags(decoder, 7)
  const epoch = numberOf(decoder)
  const settingsVersion = numberOf(decoder)
  const newest = flags & 4 ? within(to + numberOf(decoder)) : undefined
  const { rows, last } = unpackRows(decoding.readVarUint8Array(decoder), (flags & 2) !== 0, from)
  if (last > to) throw new MalformedFrame('The rows of a batch do not fit its range')
  const tail = (flags & 1) === 1
  return {
    kind: 'batch',
    collection,
    from,
    to,
    tail,
    epoch,
    settingsVersion,
    rows,
    ...(newest !== undefined && { newest }),
  }
}

/** As many values as this version has collections: a newer peer has more, an older one fewer. */
function perCollection<T>(values: readonly T[], missing: T): T[] {
  return collections.map((_, number) => values[number] ?? missing)
}

function notEmpty<T>(list: T[]): T[] {
  if (list.length === 0) throw new MalformedFrame('A replica has at least one epoch')
  return list
}
