/** The rows of a frame as bytes: packed together, compressed where that pays, one byte of flags in front of each. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { WireRow } from './admission.ts'
import type { Facts } from './collections.ts'
import { packUlid, unpackUlid } from './ids.ts'
import { largestFrame, MalformedFrame, numberOf, readList, textOf, within, writeList } from './wire-values.ts'

/** A batch holds about 256 KiB of rows of at least six bytes. */
export const mostRows = 100_000
const compressFrom = 512

export function packRows(list: readonly WireRow[], from: number): { bytes: Uint8Array; compressed: boolean } {
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

/** How rows are packed, whether nothing follows them, and what else a frame of them says: no more than the bits of `known`. */
export function rowFlags(decoder: decoding.Decoder, known = 3): number {
  const flags = decoding.readUint8(decoder)
  if (flags > known) throw new MalformedFrame('Rows have flags that this version does not know')
  return flags
}

export function unpackRows(packed: Uint8Array, compressed: boolean, from: number): { rows: WireRow[]; last: number } {
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
