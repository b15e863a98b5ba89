/**
 * The y-websocket protocol as a server speaks it whose readers write nothing: pure functions on bytes. A reader asks for
 * what it lacks by sync step 1 and is answered by step 2, then gets updates. It is never asked for its own state. Its
 * awareness is not passed on; an awareness message of nobody goes out now and then, because a `WebsocketProvider` that
 * hears nothing for 30 s connects anew.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate, writeUpdate } from 'y-protocols/sync'

/** What a reader said. */
export type ViewMessage =
  | { readonly kind: 'asks'; readonly vector: Uint8Array }
  /** Its own state, and there is nothing in it. */
  | { readonly kind: 'brings nothing' }
  | { readonly kind: 'writes' }
  | { readonly kind: 'awareness' }
  | { readonly kind: 'asks for awareness' }

// y-websocket's numbers of messages; it exports them beside a provider that wants a browser.
const [sync, awareness, asksForAwareness] = [0, 1, 3]

/** Reads a frame; throws where it is no message of the protocol. What an update would write is not looked into. */
export function readViewMessage(frame: Uint8Array): ViewMessage {
  const decoder = decoding.createDecoder(frame)
  switch (decoding.readVarUint(decoder)) {
    case sync:
      return readSync(decoder)
    case awareness:
      return { kind: 'awareness' }
    case asksForAwareness:
      return { kind: 'asks for awareness' }
    default:
      throw new RangeError('This is no message of y-websocket')
  }
}

function readSync(decoder: decoding.Decoder): ViewMessage {
  const kind = decoding.readVarUint(decoder)
  const bytes = decoding.readVarUint8Array(decoder)
  switch (kind) {
    case messageYjsSyncStep1:
      return { kind: 'asks', vector: bytes }
    case messageYjsSyncStep2:
    case messageYjsUpdate:
      // No structs and no deletions is written in this one way.
      return bytes.length === 2 && bytes[0] === 0 && bytes[1] === 0 ? { kind: 'brings nothing' } : { kind: 'writes' }
    default:
      throw new RangeError('This is no message of the sync protocol')
  }
}

/** The answer to who asks: after it the reader counts itself as synced. */
export function writeViewState(missing: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, sync)
    encoding.writeVarUint(encoder, messageYjsSyncStep2)
    encoding.writeVarUint8Array(encoder, missing)
  })
}

/** A change of the view. */
export function writeViewUpdate(update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, sync)
    writeUpdate(encoder, update)
  })
}

/** Awareness of nobody. */
export const nobodyAware: Uint8Array = encoding.encode((encoder) => {
  encoding.writeVarUint(encoder, awareness)
  encoding.writeVarUint8Array(encoder, Uint8Array.of(0))
})
