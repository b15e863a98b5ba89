/**
 * The update that nearly every document consists of: one writer wrote some keys of one root map, each once, into a
 * document that was empty. It is written and read here as Yjs does (update format, version 1), without a Yjs document,
 * which costs several times as much as what stands in it. Anything else is for Yjs.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

export interface PlainUpdate {
  /** The name of the root map. */
  readonly root: string
  readonly values: ReadonlyMap<string, unknown>
}

/** A struct of JSON without neighbours under a key: kind 8, with the flag of a key. */
const jsonUnderKey = 8 | 0x20
const inRoot = 1

/** The bytes that Yjs makes of `values` set in turn in an empty document by `client`. */
export function writePlain(root: string, values: readonly (readonly [string, unknown])[], client: number): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, values.length)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, 0)
  for (const [key, value] of values) {
    encoding.writeUint8(encoder, jsonUnderKey)
    encoding.writeVarUint(encoder, inRoot)
    encoding.writeVarString(encoder, root)
    encoding.writeVarString(encoder, key)
    encoding.writeVarUint(encoder, 1)
    encoding.writeAny(encoder, value as encoding.AnyEncodable)
  }
  // Nothing is deleted.
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

/** What a plain update says; undefined where it is another. `update` is one that can be opened. */
export function readPlain(update: Uint8Array): PlainUpdate | undefined {
  const decoder = decoding.createDecoder(update)
  if (decoding.readVarUint(decoder) !== 1) return undefined
  const structs = decoding.readVarUint(decoder)
  decoding.readVarUint(decoder)
  if (decoding.readVarUint(decoder) !== 0) return undefined
  let root: string | undefined
  const values = new Map<string, unknown>()
  for (let i = 0; i < structs; i++) {
    if (decoding.readUint8(decoder) !== jsonUnderKey || decoding.readVarUint(decoder) !== inRoot) return undefined
    const name = decoding.readVarString(decoder)
    if (name !== (root ??= name)) return undefined
    const key = decoding.readVarString(decoder)
    if (values.has(key) || decoding.readVarUint(decoder) !== 1) return undefined
    values.set(key, decoding.readAny(decoder))
  }
  return root === undefined || decoding.readVarUint(decoder) !== 0 ? undefined : { root, values }
}
