/**
 * A segment: rows of one collection that were appended together, as the bytes that a store keeps of them. Two parts: the
 * heads in clear (numbers only: seqs, documents, sources), so that what changed is found without opening anything, and
 * the updates one after the other, compressed where that pays, to be sealed with the heads as associated data.
 *
 *   heads := [uint8(flags) • varUint(seq - seq before) • varInt(document - document before) • varUint(size of update)
 *              • varUint(seq - previous)? • varUint(generation)? • (varUint(source) • varUint(epoch))? • varInt(position - position before)?
 *              • [varUint(source) • varUint(seq - newest)]?]
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Sealer } from './sealing.ts'

/** All of a row but its update. Documents and sources are numbers that the store gives; source 0 is this replica. */
export interface RowHead {
  readonly seq: number
  readonly document: number
  readonly generation: number
  /** The seq of the row before it of the same document; 0 for none. */
  readonly previous: number
  readonly source: number
  /** The peer's epoch and position where the row came from one, else 0. */
  readonly epoch: number
  readonly position: number
  readonly receipt: boolean
  /** Of a fold: per source the newest seq that is in it. null: a plain row. */
  readonly sources: ReadonlyMap<number, number> | null
  /** The length of the update in bytes. */
  readonly size: number
}
export interface LogRow extends RowHead {
  readonly update: Uint8Array
}

const receiptFlag = 1
const foldFlag = 2
const hasPrevious = 4
const hasGeneration = 8
const hasOrigin = 16
/** The source and epoch are those of the row before: so it is within a batch. */
const sameOrigin = 32

const compressFrom = 512
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** The heads of rows in order of seq. */
function writeHeads(rows: readonly RowHead[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, rows.length)
  let [seq, document, source, epoch, position] = [0, 0, 0, 0, 0]
  for (const row of rows) {
    const same = row.source === source && row.epoch === epoch
    const flags =
      (row.receipt ? receiptFlag : 0) |
      (row.sources ? foldFlag : 0) |
      (row.previous > 0 ? hasPrevious : 0) |
      (row.generation !== 1 ? hasGeneration : 0) |
      (row.source > 0 ? hasOrigin : 0) |
      (row.source > 0 && same ? sameOrigin : 0)
    encoding.writeUint8(encoder, flags)
    encoding.writeVarUint(encoder, row.seq - seq)
    encoding.writeVarInt(encoder, row.document - document)
    encoding.writeVarUint(encoder, row.size)
    ;({ seq, document } = row)
    if (row.previous > 0) encoding.writeVarUint(encoder, seq - row.previous)
    if (row.generation !== 1) encoding.writeVarUint(encoder, row.generation)
    if (row.source > 0) {
      if (!same) {
        ;({ source, epoch } = row)
        encoding.writeVarUint(encoder, source)
        encoding.writeVarUint(encoder, epoch)
      }
      encoding.writeVarInt(encoder, row.position - position)
      position = row.position
    }
    if (row.sources) {
      encoding.writeVarUint(encoder, row.sources.size)
      for (const [from, newest] of row.sources) {
        encoding.writeVarUint(encoder, from)
        encoding.writeVarUint(encoder, seq - newest)
      }
    }
  }
  return encoding.toUint8Array(encoder)
}

/** What `writeHeads` wrote. */
export function readHeads(bytes: Uint8Array): RowHead[] {
  const decoder = decoding.createDecoder(bytes)
  const heads: RowHead[] = []
  let [seq, document, source, epoch, position] = [0, 0, 0, 0, 0]
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const flags = decoding.readUint8(decoder)
    seq += decoding.readVarUint(decoder)
    document += decoding.readVarInt(decoder)
    const size = decoding.readVarUint(decoder)
    const previous = flags & hasPrevious ? seq - decoding.readVarUint(decoder) : 0
    const generation = flags & hasGeneration ? decoding.readVarUint(decoder) : 1
    const foreign = (flags & hasOrigin) !== 0
    if (foreign) {
      if ((flags & sameOrigin) === 0) {
        source = decoding.readVarUint(decoder)
        epoch = decoding.readVarUint(decoder)
      }
      position += decoding.readVarInt(decoder)
    }
    heads.push({
      seq,
      document,
      generation,
      previous,
      source: foreign ? source : 0,
      epoch: foreign ? epoch : 0,
      position: foreign ? position : 0,
      receipt: (flags & receiptFlag) !== 0,
      sources: flags & foldFlag ? readSources(decoder, seq) : null,
      size,
    })
  }
  return heads
}

function readSources(decoder: decoding.Decoder, seq: number): Map<number, number> {
  const sources = new Map<number, number>()
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const source = decoding.readVarUint(decoder)
    sources.set(source, seq - decoding.readVarUint(decoder))
  }
  return sources
}

/** A segment as a store keeps it. */
export interface SealedSegment {
  readonly heads: Uint8Array
  readonly sealed: Uint8Array
}

/** Seals rows, in order of seq, for `place`: the segment opens only there, and only with the heads that it has. */
export function sealSegment(sealer: Sealer, place: string, rows: readonly LogRow[]): SealedSegment {
  const heads = writeHeads(rows)
  return { heads, sealed: sealer.seal(packUpdates(rows), contextOf(place, heads)) }
}

/** A segment that was opened. Its rows are made as they are asked for: mostly one is wanted of many. */
export interface OpenSegment {
  readonly heads: readonly RowHead[]
  /** The update of the row at a place in `heads`. */
  updateAt(i: number): Uint8Array
}

/** Opens a segment; throws a SealError where key, place or bytes are not those that it was sealed with. */
export function openSegment(sealer: Sealer, place: string, { heads: written, sealed }: SealedSegment): OpenSegment {
  const packed = sealer.open(sealed, contextOf(place, written))
  const heads = readHeads(written)
  const ends = new Uint32Array(heads.length)
  let size = 0
  for (let i = 0; i < heads.length; i++) ends[i] = size += heads[i]!.size
  const updates = unpackUpdates(packed, size)
  return { heads, updateAt: (i) => updates.subarray(ends[i]! - heads[i]!.size, ends[i]) }
}

function contextOf(place: string, heads: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`segment/${place}/`), heads])
}

/** The updates of rows as one piece to seal; it is shorter than they are together exactly where it is compressed. */
function packUpdates(rows: readonly LogRow[]): Uint8Array {
  const size = sizeOf(rows)
  if (rows.length === 1 && size < compressFrom) return rows[0]!.update
  const plain = Buffer.allocUnsafe(size)
  let at = 0
  for (const row of rows) {
    plain.set(row.update, at)
    at += row.size
  }
  if (size < compressFrom) return plain
  const packed = zstdCompressSync(plain, compression)
  return packed.length < size ? packed : plain
}

/** What `packUpdates` packed, which is `size` bytes long. */
function unpackUpdates(packed: Uint8Array, size: number): Uint8Array {
  if (packed.length === size) return packed
  // The chunk is what zlib allocates at once.
  const plain = zstdDecompressSync(packed, { chunkSize: Math.max(size, 64), maxOutputLength: size })
  if (plain.length !== size) throw new RangeError('The updates of a segment do not fit its heads')
  return plain
}

function sizeOf(rows: readonly RowHead[]): number {
  let size = 0
  for (const row of rows) size += row.size
  return size
}
