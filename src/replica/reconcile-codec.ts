/** The frames of a proof of equality (LINK-11) as pairs of functions between values and bytes. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { WireRow } from './admission.ts'
import { collectionNumber, type Collection } from './collections.ts'
import { packRows, rowFlags, unpackRows } from './row-codec.ts'
import { bytesOf, collectionAt, numberOf, readList, textOf, writeList } from './wire-values.ts'

/** A proof of equality, top down (version 2): the digests of a collection's buckets, one after another. */
export interface Summary {
  readonly kind: 'summary'
  readonly run: number
  readonly collection: Collection
  readonly buckets: Uint8Array
}
/** What of a summary is not so here: the documents of the buckets that differ, with their digests. */
export interface Differing {
  readonly kind: 'differing'
  readonly run: number
  readonly collection: Collection
  readonly buckets: readonly number[]
  readonly documents: readonly { readonly key: string; readonly digest: Uint8Array }[]
}
/** Whole documents that differ, and the keys of those that the sender wants. */
export interface Documents {
  readonly kind: 'documents'
  readonly run: number
  readonly collection: Collection
  readonly wanted: readonly string[]
  readonly rows: readonly WireRow[]
  /** Nothing of this answer follows. */
  readonly last: boolean
}
export type ReconcileFrame = Summary | Differing | Documents

/** The bytes of a digest. */
export const digestBytes = 16

export function writeReconcile(encoder: encoding.Encoder, frame: ReconcileFrame): void {
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

export function readReconcile(decoder: decoding.Decoder, kind: ReconcileFrame['kind']): ReconcileFrame {
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
