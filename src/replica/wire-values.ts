/**
 * The values that frames are made of (lib0 encoding): what is read is bounded before anything is made of it, and what is no
 * value of its kind throws a MalformedFrame.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { collectionOf, type Collection } from './collections.ts'

/** Bytes from a peer that are no frame of this version. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame'
}

/** The largest frame, before and after decompression, in bytes. */
export const largestFrame = 8 * 1024 * 1024
const longestText = 4096

export function writeList<T>(encoder: encoding.Encoder, list: readonly T[], write: (item: T) => void): void {
  encoding.writeVarUint(encoder, list.length)
  for (const item of list) write(item)
}

export function readList<T>(decoder: decoding.Decoder, most: number, read: () => T): T[] {
  const length = decoding.readVarUint(decoder)
  // Each item takes a byte at least: nothing is made room for that cannot be there.
  if (length > Math.min(most, decoder.arr.length - decoder.pos))
    throw new MalformedFrame('A list is longer than it may be')
  const list: T[] = []
  for (let i = 0; i < length; i++) list.push(read())
  return list
}

export function numberOf(decoder: decoding.Decoder): number {
  return within(decoding.readVarUint(decoder))
}

export function within(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MalformedFrame('A number is too large')
  return value
}

export function textOf(decoder: decoding.Decoder): string {
  const text = decoding.readVarString(decoder)
  if (text.length > longestText) throw new MalformedFrame('A text is longer than it may be')
  return text
}

export function bytesOf(decoder: decoding.Decoder, most: number): Uint8Array {
  const bytes = decoding.readVarUint8Array(decoder)
  if (bytes.length > most) throw new MalformedFrame('A value is longer than it may be')
  return bytes
}

export function collectionAt(decoder: decoding.Decoder): Collection {
  const name = collectionOf(decoding.readVarUint(decoder))
  if (!name) throw new MalformedFrame('This collection is not known to this version')
  return name
}

export function oneOf<T>(list: readonly T[], decoder: decoding.Decoder): T {
  const value = list[decoding.readVarUint(decoder)]
  if (value === undefined) throw new MalformedFrame('This reason is not known to this version')
  return value
}
