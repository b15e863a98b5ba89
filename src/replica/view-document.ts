/**
 * A document made for one reader: plain JSON values under flat keys in named root maps, written by this process alone,
 * never stored. A reader's page outlives it (a restart, a break of the last connection), so a reader may come back with
 * content of an earlier one. Client ids of views are times in milliseconds: an id above all of 32 bits is a view's, and
 * of two that wrote one key the later one is shown. What a reader has of an earlier view is deleted with the first answer.
 */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { Clock } from './clock.ts'
import { sameJson, type Json } from './json.ts'

/** Root map -> key -> value. */
export type View = Readonly<Record<string, Readonly<Record<string, Json>>>>

export interface ViewDocument {
  /** Makes the document hold exactly `view`, setting only what differs; the update, or undefined where nothing does. */
  show(view: View): Uint8Array | undefined
  /** Whether a root map has this key now. */
  has(key: string): boolean
  /**
   * The update that makes a reader who has `vector` see this view and nothing of an earlier one; undefined where it has
   * a later one, so that it would go on seeing that. Throws where the bytes are no state vector.
   */
  missing(vector: Uint8Array): Uint8Array | undefined
}

/** Ids that Yjs draws by chance have 32 bits; a reader's own writes in its own copy are left to it. */
const ownIds = 2 ** 32

/** Opens view documents, each with a later client id than the one before, whatever the clock does meanwhile. */
export function viewDocuments(clock: Clock): () => ViewDocument {
  let last = ownIds
  return () => {
    const doc = new Y.Doc({ guid: '' })
    doc.clientID = last = Math.max(last + 1, clock.now())
    return {
      show(view) {
        let update: Uint8Array | undefined
        const keep = (bytes: Uint8Array): void => void (update = bytes)
        doc.on('update', keep)
        doc.transact(() => {
          for (const name of new Set([...doc.share.keys(), ...Object.keys(view)])) setMap(doc, name, view[name] ?? {})
        })
        doc.off('update', keep)
        return update
      },
      has: (key) => [...doc.share.keys()].some((name) => doc.getMap(name).has(key)),
      missing(vector) {
        const foreign = [...Y.decodeStateVector(vector)].filter(
          ([client, length]) => client > ownIds && client !== doc.clientID && length > 0,
        )
        if (foreign.some(([client]) => client > doc.clientID)) return undefined
        const state = Y.encodeStateAsUpdate(doc, vector)
        return foreign.length === 0 ? state : Y.mergeUpdates([state, deletionOf(foreign)])
      },
    }
  }
}

function setMap(doc: Y.Doc, name: string, values: Readonly<Record<string, Json>>): void {
  const map = doc.getMap<Json>(name)
  for (const key of [...map.keys()]) if (!Object.hasOwn(values, key)) map.delete(key)
  for (const [key, value] of Object.entries(values)) if (!sameJson(map.get(key), value)) map.set(key, value)
}

/** The update that deletes all of these clients' structs, without knowing what they were (Yjs update encoding, version 1). */
function deletionOf(clients: readonly (readonly [client: number, length: number])[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, clients.length)
    for (const [client, length] of clients) {
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, 1)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarUint(encoder, length)
    }
  })
}
