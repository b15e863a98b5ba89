/**
 * Looks into an update without applying it: which structs it brings, whether it deletes, and that it is nothing else than
 * what documents are made of: plain JSON under flat keys of root maps. A nested type, a text or bytes that no reader could
 * take in are refused here, so that what was admitted can always be opened. Yjs update format, version 1.
 */
import { isUtf8 } from 'node:buffer'
import * as decoding from 'lib0/decoding'

/** What an update holds. */
export interface Examined {
  /** Per client: the first struct it brings, and one beyond the last. */
  readonly ranges: ReadonlyMap<number, { readonly from: number; readonly to: number }>
  /** Per client: one beyond the last struct that it builds on or deletes. */
  readonly needs: ReadonlyMap<number, number>
  readonly deletes: boolean
}

/** Bytes that are no update of a document of ours. */
export class UnreadableUpdate extends Error {
  override readonly name = 'UnreadableUpdate'
}

const deepest = 32

/** Examines an update; throws where the bytes are none, leave a gap inside, or hold what documents never do. */
export function examine(update: Uint8Array): Examined {
  const decoder = decoding.createDecoder(update)
  const ranges = new Map<number, { from: number; to: number }>()
  const needs = new Map<number, number>()
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    let structs = decoding.readVarUint(decoder)
    const client = decoding.readVarUint(decoder)
    const from = decoding.readVarUint(decoder)
    if (ranges.has(client)) throw new UnreadableUpdate('A client stands twice in an update')
    let to = from
    for (; structs > 0; structs--) to += skipStruct(decoder, client, to, needs)
    if (!Number.isSafeInteger(to)) throw new UnreadableUpdate('A clock is too large')
    if (to > from) ranges.set(client, { from, to })
  }
  const deletes = skipDeletes(decoder, needs)
  if (decoder.pos !== update.length)
    throw new UnreadableUpdate('Bytes are missing at the end of an update, or follow it')
  return { ranges, needs, deletes }
}

// The low five bits of a struct's first byte say what it is, the high three what else is written of it.
const collected = 0
const deleted = 1
const json = 8
const hasOrigin = 0x80
const hasRightOrigin = 0x40
const hasKey = 0x20

function skipStruct(decoder: decoding.Decoder, client: number, clock: number, needs: Map<number, number>): number {
  const info = decoding.readUint8(decoder)
  const kind = info & 31
  if (kind === collected) return lengthOf(decoder)
  if (kind !== deleted && kind !== json) throw new UnreadableUpdate(`A document holds no struct of kind ${kind}`)
  if (info & hasOrigin) skipReference(decoder, client, clock, needs)
  if (info & hasRightOrigin) skipReference(decoder, client, clock, needs)
  if ((info & (hasOrigin | hasRightOrigin)) === 0) {
    // 1: a root type by its name; 0: inside of another type, by the id of the struct that holds that type.
    if (decoding.readVarUint(decoder) !== 1) throw new UnreadableUpdate('A document holds no types inside of types')
    skipText(decoder)
    if ((info & hasKey) === 0) throw new UnreadableUpdate('A document holds maps only')
    skipText(decoder)
  }
  const length = lengthOf(decoder)
  if (kind === json) for (let i = 0; i < length; i++) skipJson(decoder, 0)
  return length
}

function lengthOf(decoder: decoding.Decoder): number {
  const length = decoding.readVarUint(decoder)
  if (length === 0) throw new UnreadableUpdate('A struct has no length')
  return length
}

/** The id of a struct that another builds on: of the same client always an earlier one. */
function skipReference(decoder: decoding.Decoder, client: number, clock: number, needs: Map<number, number>): void {
  const [of, at] = [decoding.readVarUint(decoder), decoding.readVarUint(decoder)]
  if (of !== client) need(needs, of, at + 1)
  else if (at >= clock) throw new UnreadableUpdate('A struct builds on itself or on a later one')
}

function need(needs: Map<number, number>, client: number, beyond: number): void {
  if (!Number.isSafeInteger(beyond)) throw new UnreadableUpdate('A clock is too large')
  if (beyond > (needs.get(client) ?? 0)) needs.set(client, beyond)
}

function skipDeletes(decoder: decoding.Decoder, needs: Map<number, number>): boolean {
  const clients = decoding.readVarUint(decoder)
  for (let i = 0; i < clients; i++) {
    const client = decoding.readVarUint(decoder)
    for (let ranges = decoding.readVarUint(decoder); ranges > 0; ranges--)
      need(needs, client, decoding.readVarUint(decoder) + decoding.readVarUint(decoder))
  }
  return clients > 0
}

function skipText(decoder: decoding.Decoder): void {
  const length = decoding.readVarUint(decoder)
  const { arr, pos } = decoder
  const end = pos + length
  if (end > arr.length) throw new UnreadableUpdate('A text is longer than its update')
  decoder.pos = end
  for (let i = pos; i < end; i++)
    if (arr[i]! >= 0x80) {
      if (!isUtf8(arr.subarray(pos, end))) throw new UnreadableUpdate('A text is not UTF-8')
      return
    }
}

function skipBytes(decoder: decoding.Decoder, count: number): void {
  decoder.pos += count
}

/** lib0's encoding of any JSON value (`writeAny`): what is no JSON (undefined, big integers, bytes) is refused. */
function skipJson(decoder: decoding.Decoder, depth: number): void {
  if (depth > deepest) throw new UnreadableUpdate('A value is nested too deep')
  const type = decoding.readUint8(decoder)
  switch (type) {
    case 126: // null
    case 121: // false
    case 120: // true
      return
    case 125:
      return void decoding.readVarInt(decoder)
    case 124:
      return skipBytes(decoder, 4)
    case 123:
      return skipBytes(decoder, 8)
    case 119:
      return skipText(decoder)
    case 118: {
      for (let count = decoding.readVarUint(decoder); count > 0; count--) {
        skipText(decoder)
        skipJson(decoder, depth + 1)
      }
      return
    }
    case 117: {
      for (let count = decoding.readVarUint(decoder); count > 0; count--) skipJson(decoder, depth + 1)
      return
    }
    default:
      throw new UnreadableUpdate(`A document holds no value of type ${type}`)
  }
}
