/** What a replica answers when it is asked of documents, by their content or by their heads. It writes nothing. */
import * as v from 'valibot'
import { collectionNumber, type Collection } from './collections.ts'
import { decodeVector, readEntries, readRecord } from './document.ts'
import { schemas } from './edits.ts'
import type { Entry } from './kinds/kind.ts'
import { foldRecord, type FoldedRecord } from './records.ts'
import type { Kinds, Replica } from './replica-face.ts'
import type { Store } from './store.ts'

export type Reading = Pick<
  Replica,
  | 'record'
  | 'written'
  | 'contested'
  | 'entries'
  | 'head'
  | 'list'
  | 'index'
  | 'indexCount'
  | 'indexed'
  | 'receipts'
  | 'count'
>

/** Answers from a store, anew each time. */
export function readingOf(store: Store): Reading {
  const updatesOf = (collection: Collection, key: string): Promise<Uint8Array[]> =>
    store.updatesOf(collectionNumber(collection), key)
  return {
    async record(collection, key) {
      const folded = foldRecord(readRecord(await updatesOf(collection, key)))
      return folded.values.size === 0 ? undefined : folded
    },
    async written(collection, key, by) {
      const own = readRecord(await updatesOf(collection, key)).get(by)
      return Object.fromEntries([...(own ?? [])].map(([field, [value]]) => [field, value]))
    },
    async contested(collection, keys) {
      const found = new Map<string, FoldedRecord>()
      for (const [key, { vector }] of await store.documents(collectionNumber(collection), keys)) {
        // One client id is one writer: nothing can have been lost, and most documents need not be opened.
        if (decodeVector(vector).size < 2) continue
        const record = foldRecord(readRecord(await updatesOf(collection, key)))
        if (record.conflicts.length > 0) found.set(key, record)
      }
      return found
    },
    async entries<C extends keyof Kinds>(collection: C, key: string) {
      const found = readEntries(await updatesOf(collection, key))
      return Object.entries(found).flatMap(([entryId, value]): Entry<Kinds[C]>[] => {
        const result = v.safeParse(schemas[collection], value)
        // A kind that this version does not know is kept in the document and left out here.
        return result.success ? [{ ...(result.output as Kinds[C]), id: entryId }] : []
      })
    },
    async head(collection, key) {
      return (await store.documents(collectionNumber(collection), [key])).get(key)?.head
    },
    list: (collection, after, limit = 1_000) => store.list(collectionNumber(collection), after, limit),
    index: (query) => store.index(query),
    indexCount: (query) => store.indexCount(query),
    indexed: (view, row) => store.indexed(view, row),
    receipts: (collection, after, limit = 1_000) => store.withdrawn(collectionNumber(collection), after, limit),
    count: (collection) => store.count(collectionNumber(collection)),
  }
}
