/**
 * One document as Yjs holds it: building the update of a change, reading records and entries, merging updates. Nothing
 * else opens what is stored; what is plain (`plain-update.ts`) needs no Yjs document. Roots have flat keys: `by:<replica>:<client>` for the map of one process of one writer of a
 * record, `entries` for entries. A map for each process, since two processes of one replica may write without knowing
 * of each other: one before and one after a restore, or both of a copied folder.
 */
import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import type { Shape } from './collections.ts'
import type { Version } from './generations.ts'
import type { Json } from './json.ts'
import { sameJson } from './json.ts'
import { readPlain, writePlain } from './plain-update.ts'
import { foldRecord, type RecordMaps, type Written } from './records.ts'

export type { Doc } from 'yjs'

/** Client id -> number of structs known of it. */
export type StateVector = ReadonlyMap<number, number>

/** The state vector of a document without content. */
export const emptyVector: Uint8Array = new Uint8Array([0])

/** What a change wrote: the bytes for the log, and the document's state vector with them. */
export interface Change {
  readonly update: Uint8Array
  readonly vector: Uint8Array
}

const entriesName = 'entries'

/** The update that changes nothing: what a row carries that only brings facts. */
export const emptyUpdate: Uint8Array = Y.encodeStateAsUpdate(new Y.Doc({ guid: '' }))

/** A document could not be read whole: something that its rows build on is missing. */
export class IncompleteDocument extends Error {
  override readonly name = 'IncompleteDocument'
}

/** A writer of documents: one client id for the life of the process, one replica id for ever. */
export interface Writer {
  readonly client: number
  readonly replica: string
}

/** A document from its updates, in any order; throws IncompleteDocument where one builds on what is not there. */
export function openDocument(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc({ guid: '' })
  if (updates.length === 1) Y.applyUpdate(doc, updates[0]!)
  else if (updates.length > 1)
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update)
    })
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
    throw new IncompleteDocument('Rows of this document build on rows that are missing')
  return doc
}

/**
 * Sets the fields that differ in the writer's own map, in the document of `updates`; undefined where none does. `seen`: by
 * field, of when the value is that whoever made the edit had seen, where that is not the one that stands.
 */
export function writeRecord(
  updates: readonly Uint8Array[],
  writer: Writer,
  set: Readonly<Record<string, Json>>,
  at: number,
  seen: Readonly<Record<string, number>> = {},
): Change | undefined {
  if (updates.length === 0)
    return firstChange(mapName(writer), Object.entries(set).map(([field, value]) => [field, [value, Math.max(at, 1), 0]]), writer) // prettier-ignore
  const doc = openDocument(updates)
  const maps = recordMaps(doc)
  const folded = foldRecord(maps)
  const changed = Object.entries(set).filter(
    ([field, value]) => !folded.values.has(field) || !sameJson(folded.values.get(field), value),
  )
  if (changed.length === 0) return undefined
  return written(doc, writer, () => {
    const own = mapOf(doc, writer)
    for (const [field, value] of changed) {
      const replaced = Math.min(folded.times.get(field) ?? 0, seen[field] ?? Infinity)
      const former = maps.get(writer.replica)?.get(field)
      // Who replaces a value of its own has seen no more of the others' than before (DOM-18).
      const base = former && former[1] === replaced ? former[2] : replaced
      // An edit is newer than what it replaced, even by a clock that runs behind.
      own.set(field, [value, Math.max(at, replaced + 1, (former?.[1] ?? 0) + 1), base] satisfies Written)
    }
  })
}

/** Adds the entries that are not there yet to the document of `updates`; undefined where all are. */
export function writeEntries(
  updates: readonly Uint8Array[],
  writer: Writer,
  add: Readonly<Record<string, Json>>,
): Change | undefined {
  return updates.length === 0
    ? firstChange(entriesName, Object.entries(add), writer)
    : addEntries(openDocument(updates), writer, add)
}

function addEntries(doc: Y.Doc, writer: Writer, add: Readonly<Record<string, Json>>): Change | undefined {
  const entries = doc.getMap(entriesName)
  const fresh = Object.entries(add).filter(([id]) => !entries.has(id))
  if (fresh.length === 0) return undefined
  return written(doc, writer, () => {
    for (const [id, value] of fresh) entries.set(id, value)
  })
}

/** The first change of a document; undefined where it says nothing. */
function firstChange(
  root: string,
  values: readonly (readonly [string, Json])[],
  { client }: Writer,
): Change | undefined {
  if (values.length === 0) return undefined
  return { update: writePlain(root, values, client), vector: encodeVector(new Map([[client, values.length]])) }
}

/**
 * Writes into `into` by value what `from` has and it has not: entries by id, fields by time, under their own times. It
 * carries content over into another generation, or writes a document anew where `into` is empty; undefined where nothing lacks.
 */
export function carryOver(from: Y.Doc, into: Y.Doc, shape: Shape, writer: Writer): Change | undefined {
  if (shape === 'entries') return addEntries(into, writer, entriesOf(from) as Readonly<Record<string, Json>>)
  const [old, held] = [foldRecord(recordMaps(from)), foldRecord(recordMaps(into))]
  const lacking = [...old.times].filter(([field, time]) => time > (held.times.get(field) ?? 0))
  if (lacking.length === 0) return undefined
  return written(into, writer, () => {
    const own = mapOf(into, writer)
    for (const [field, time] of lacking)
      own.set(field, [old.values.get(field)!, time, held.times.get(field) ?? 0] satisfies Written)
  })
}

function mapOf(doc: Y.Doc, writer: Writer): Y.Map<unknown> {
  return doc.getMap(mapName(writer))
}

function mapName({ replica, client }: Writer): string {
  return `by:${replica}:${client.toString(36)}`
}

function written(doc: Y.Doc, writer: Writer, run: () => void): Change {
  const fresh = doc.store.clients.size === 0
  doc.clientID = writer.client
  let update: Uint8Array | undefined
  const keep = (bytes: Uint8Array): void => void (update = bytes)
  if (!fresh) doc.on('update', keep)
  doc.transact(run)
  if (!fresh) doc.off('update', keep)
  update ??= Y.encodeStateAsUpdate(doc)
  return { update, vector: Y.encodeStateVector(doc) }
}

/** What each writer of the record of `updates` wrote: of several processes of one replica, the newest of each field. */
export function readRecord(updates: readonly Uint8Array[]): RecordMaps {
  const plain = updates.length === 1 ? readPlain(updates[0]!) : undefined
  return plain ? writtenIn([[plain.root, plain.values]]) : recordMaps(openDocument(updates))
}

/** As `readRecord`, of a document that is open. */
export function recordMaps(doc: Y.Doc): RecordMaps {
  // In an order that every replica has, so that of one time everywhere the same stands.
  const names = [...doc.share.keys()].toSorted()
  return writtenIn(names.map((name) => [name, doc.getMap(name).entries()]))
}

function writtenIn(roots: readonly (readonly [string, Iterable<[string, unknown]>])[]): RecordMaps {
  const maps = new Map<string, Map<string, Written>>()
  for (const [name, values] of roots) {
    const [kind, replica] = name.split(':')
    if (kind !== 'by' || replica === undefined) continue
    let fields = maps.get(replica)
    if (!fields) maps.set(replica, (fields = new Map()))
    for (const [field, value] of values)
      if (isWritten(value) && value[1] >= (fields.get(field)?.[1] ?? 0)) fields.set(field, value)
  }
  return maps
}

function isWritten(value: unknown): value is Written {
  return Array.isArray(value) && value.length === 3 && Number.isFinite(value[1]) && Number.isFinite(value[2])
}

/** The entries of the document of `updates` by id. */
export function readEntries(updates: readonly Uint8Array[]): Record<string, unknown> {
  const plain = updates.length === 1 ? readPlain(updates[0]!) : undefined
  return plain?.root === entriesName ? Object.fromEntries(plain.values) : entriesOf(openDocument(updates))
}

/** As `readEntries`, of a document that is open. */
export function entriesOf(doc: Y.Doc): Record<string, unknown> {
  return doc.getMap(entriesName).toJSON()
}

export function decodeVector(vector: Uint8Array): Map<number, number> {
  return Y.decodeStateVector(vector)
}

/** As Yjs encodes it; by hand, since there is one for each row of a batch and an encoder of lib0 begins with 100 bytes. */
export function encodeVector(vector: StateVector): Uint8Array {
  // The greatest client first.
  const entries = vector.size > 1 ? [...vector].toSorted((a, b) => b[0] - a[0]) : vector
  let length = lengthOf(vector.size)
  for (const [client, clock] of entries) length += lengthOf(client) + lengthOf(clock)
  const bytes = new Uint8Array(length)
  let at = writeNumber(bytes, 0, vector.size)
  for (const [client, clock] of entries) at = writeNumber(bytes, writeNumber(bytes, at, client), clock)
  return bytes
}

function lengthOf(value: number): number {
  let length = 1
  for (; value > 127; value = Math.floor(value / 128)) length++
  return length
}

/** Writes a varUint and gives the place behind it. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  for (; value > 127; value = Math.floor(value / 128)) bytes[at++] = 128 | (value % 128)
  bytes[at] = value
  return at + 1
}

/** Whether a document that already holds every struct of `update` would still change by it: by its deletions. */
export function deletesMore(doc: Y.Doc, update: Uint8Array): boolean {
  let changes = false
  doc.on('update', () => void (changes = true))
  Y.applyUpdate(doc, update)
  return changes
}

/** Several updates of one document as one. Nothing is integrated, so deletions are only those that were said. */
export function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  // Two at a time: merging all at once is quadratic in what they hold.
  let left = [...updates]
  while (left.length > 1) {
    const pairs: Uint8Array[] = []
    for (let i = 0; i < left.length; i += 2)
      pairs.push(i + 1 < left.length ? Y.mergeUpdates([left[i]!, left[i + 1]!]) : left[i]!)
    left = pairs
  }
  return left[0] ?? emptyUpdate
}

/**
 * The fold of a document's oldest updates: one update that says the same. Of a record what was overwritten goes; entries
 * are never overwritten, and an update of them must say no deletion. Throws where the fold would say something else.
 */
export function foldUpdates(updates: readonly Uint8Array[], shape: Shape): Uint8Array {
  const before = openDocument(updates)
  const fold = shape === 'record' ? Y.encodeStateAsUpdate(before) : mergeUpdates(updates)
  const after = openDocument([fold])
  const [had, has] = [Y.encodeStateVector(before), Y.encodeStateVector(after)].map(Y.decodeStateVector)
  const covered = [...had!].every(([client, clock]) => (has!.get(client) ?? 0) >= clock)
  if (!covered || !sameJson(valueOf(before, shape), valueOf(after, shape)))
    throw new IncompleteDocument('A fold does not say what its rows say')
  return fold
}

/** The whole document written anew by value, as one update of one writer. */
export function renewed(updates: readonly Uint8Array[], shape: Shape, writer: Writer): Change {
  const fresh = new Y.Doc({ guid: '' })
  return carryOver(openDocument(updates), fresh, shape, writer) ?? { update: emptyUpdate, vector: emptyVector }
}

/** What either of two documents says, written anew by value: entries of both, of each field what is newer. */
export function unionOf(
  own: readonly Uint8Array[],
  other: readonly Uint8Array[],
  shape: Shape,
  writer: Writer,
): Change {
  const fresh = new Y.Doc({ guid: '' })
  carryOver(openDocument(own), fresh, shape, writer)
  carryOver(openDocument(other), fresh, shape, writer)
  return { update: Y.encodeStateAsUpdate(fresh), vector: Y.encodeStateVector(fresh) }
}

/** The state vector of a document from its updates. */
export function vectorOf(updates: readonly Uint8Array[]): StateVector {
  return decodeVector(Y.encodeStateVector(openDocument(updates)))
}

/** All that a document says, as one JSON value. */
export function valueOf(doc: Y.Doc, shape: Shape): Json {
  if (shape === 'entries') return entriesOf(doc) as Json
  return Object.fromEntries(
    [...recordMaps(doc)].map(([replica, fields]) => [replica, Object.fromEntries(fields)]),
  ) as Json
}

/**
 * What a document says and what it is made of, as 16 bytes: equal on two replicas exactly where both hold the same
 * generation with the same content, structs and deletions.
 */
export function digestOf(updates: readonly Uint8Array[], shape: Shape, version: Version): Uint8Array {
  const doc = openDocument(updates)
  const value = valueOf(doc, shape) as Record<string, Json>
  const inner = (one: Json): Json => (shape === 'record' ? sorted(one as Record<string, Json>) : one)
  const content = Object.entries(sorted(value)).map(([key, one]) => [key, inner(one)])
  const vector = [...Y.decodeStateVector(Y.encodeStateVector(doc))].toSorted(([a], [b]) => a - b)
  const deleted = [...Y.createDeleteSetFromStructStore(doc.store).clients].toSorted(([a], [b]) => a - b)
  const said = JSON.stringify([version.generation, version.erased, content, vector, deleted])
  return createHash('sha256').update(said).digest().subarray(0, 16)
}

function sorted(value: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
