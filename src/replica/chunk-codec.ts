/** The frames that bring chunks of attachments (BLOB rules) as pairs of functions between values and bytes. */
import type * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { chunkBytes } from './chunk-store.ts'
import { bytesOf, MalformedFrame, readList, textOf, writeList } from './wire-values.ts'

/** How many chunks are asked for at once, and so how many a peer may ask for: each that is answered waits in memory. */
export const mostChunksAsked = 2
/** How many chunks one question may name. */
export const mostChunksDue = 10_000

/** Asks for a chunk that the messages of a patient name. */
export interface ChunkWanted {
  readonly kind: 'chunk wanted'
  readonly patient: string
  readonly name: string
}
/** The answer; without content where the peer has it not, or will not give it. */
export interface Chunk {
  readonly kind: 'chunk'
  readonly name: string
  readonly content: Uint8Array
}
/** Asks to be told when all of these that the messages of a patient still name are at the peer. One at a time. */
export interface ChunksDue {
  readonly kind: 'chunks due'
  readonly patient: string
  readonly names: readonly string[]
}
/** The answer, once they are. */
export interface ChunksKept {
  readonly kind: 'chunks kept'
  readonly patient: string
}
export type ChunkFrame = ChunkWanted | Chunk | ChunksDue | ChunksKept

export function writeChunkFrame(encoder: encoding.Encoder, frame: ChunkFrame): void {
  switch (frame.kind) {
    case 'chunk wanted':
      encoding.writeVarString(encoder, frame.name)
      encoding.writeVarString(encoder, frame.patient)
      break
    case 'chunk':
      encoding.writeVarString(encoder, frame.name)
      encoding.writeVarUint8Array(encoder, frame.content)
      break
    case 'chunks due':
      encoding.writeVarString(encoder, frame.patient)
      writeList(encoder, frame.names, (name) => encoding.writeVarString(encoder, name))
      break
    case 'chunks kept':
      encoding.writeVarString(encoder, frame.patient)
      break
  }
}

export function readChunkFrame(decoder: decoding.Decoder, kind: ChunkFrame['kind']): ChunkFrame {
  switch (kind) {
    case 'chunk wanted':
      return { kind, name: nameOf(decoder), patient: textOf(decoder) }
    case 'chunk':
      return { kind, name: nameOf(decoder), content: bytesOf(decoder, chunkBytes) }
    case 'chunks due':
      return { kind, patient: textOf(decoder), names: readList(decoder, mostChunksDue, () => nameOf(decoder)) }
    case 'chunks kept':
      return { kind, patient: textOf(decoder) }
  }
}

function nameOf(decoder: decoding.Decoder): string {
  const name = textOf(decoder)
  if (name.length > 100) throw new MalformedFrame('The name of a chunk is longer than it may be')
  return name
}
