/** The frames that bring chunks of attachments (BLOB rules) as pairs of functions between values and bytes. */
import type * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { chunkBytes } from './chunk-store.ts'
import { bytesOf, MalformedFrame, textOf } from './wire-values.ts'

/** How many chunks are asked for at once, and so how many a peer may ask for: each that is answered waits in memory. */
export const mostChunksAsked = 2

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
export type ChunkFrame = ChunkWanted | Chunk

export function writeChunkFrame(encoder: encoding.Encoder, frame: ChunkFrame): void {
  encoding.writeVarString(encoder, frame.name)
  if (frame.kind === 'chunk wanted') encoding.writeVarString(encoder, frame.patient)
  else encoding.writeVarUint8Array(encoder, frame.content)
}

export function readChunkFrame(decoder: decoding.Decoder, kind: ChunkFrame['kind']): ChunkFrame {
  const name = textOf(decoder)
  if (name.length > 100) throw new MalformedFrame('The name of a chunk is longer than it may be')
  return kind === 'chunk wanted'
    ? { kind, name, patient: textOf(decoder) }
    : { kind, name, content: bytesOf(decoder, chunkBytes) }
}
