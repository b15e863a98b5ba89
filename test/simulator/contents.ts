/**
 * What the documents of a folder say, read past the process that runs on it. A document is opened once for each of its
 * states: a head is a new object with every row.
 */
import * as Y from 'yjs'
import { collectionNumber, collections, shapeOf, type Collection, type Facts } from '../../src/replica/collections.ts'
import { entriesOf, openDocument, recordMaps } from '../../src/replica/document.ts'
import type { MemoryStore } from '../../src/replica/memory-store.ts'
import { foldRecord } from '../../src/replica/records.ts'
import type { DocumentHead } from '../../src/replica/replica-face.ts'

export interface Content {
  /** All that two replicas must agree on, as text. */
  readonly said: string
  readonly facts: Facts
  readonly entries: Readonly<Record<string, unknown>>
  /** Of a record: when each field was set. */
  readonly times: Readonly<Record<string, number>>
  /** It says nothing. */
  readonly empty: boolean
  /** Why it cannot be read, where it cannot. */
  readonly broken: string | undefined
}

export interface Read {
  readonly head: DocumentHead
  readonly content: Content
}

const read = new WeakMap<DocumentHead, Content>()

/** A document of a folder; undefined where there is none. */
export async function readDocument(
  folder: MemoryStore,
  collection: Collection,
  key: string,
): Promise<Read | undefined> {
  const number = collectionNumber(collection)
  const head = (await folder.documents(number, [key])).get(key)?.head
  return head && { head, content: await contentOf(folder, head) }
}

/** All documents of a folder by `collection/key`. */
export async function readFolder(folder: MemoryStore): Promise<Map<string, Read>> {
  const found = new Map<string, Read>()
  for (const number of collections.keys())
    for (const head of await folder.list(number, undefined, Infinity))
      found.set(`${head.collection}/${head.key}`, { head, content: await contentOf(folder, head) })
  return found
}

async function contentOf(folder: MemoryStore, head: DocumentHead): Promise<Content> {
  const known = read.get(head)
  if (known) return known
  const content = opened(head, await folder.updatesOf(collectionNumber(head.collection), head.key))
  read.set(head, content)
  return content
}

/** What a document deleted, as text: two replicas must agree on it too, or it shows only later. */
function deletedIn(doc: Y.Doc): string {
  const ranges = [...Y.createDeleteSetFromStructStore(doc.store).clients].toSorted(([a], [b]) => a - b)
  return ranges
    .map(([client, list]) => `${client} ${list.map(({ clock, len }) => `${clock}+${len}`).join()}`)
    .join('; ')
}

function opened(head: DocumentHead, updates: readonly Uint8Array[]): Content {
  const { facts, generation, erased } = head
  try {
    const doc = openDocument(updates)
    if (shapeOf(head.collection) === 'record') {
      const fold = foldRecord(recordMaps(doc))
      return {
        said: JSON.stringify([generation, erased, facts, fold, deletedIn(doc)]),
        facts,
        entries: {},
        times: Object.fromEntries(fold.times),
        empty: Object.keys(fold.fields).length === 0,
        broken: undefined,
      }
    }
    const entries = entriesOf(doc)
    const sorted = Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const said = JSON.stringify([generation, erased, facts, sorted])
    return { said, facts, entries, times: {}, empty: sorted.length === 0, broken: undefined }
  } catch (error) {
    return { said: 'broken', facts, entries: {}, times: {}, empty: false, broken: String(error) }
  }
}
