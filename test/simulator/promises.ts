/**
 * What was acknowledged to somebody and may not be lost: each entry, and each field of a record as of when it was set.
 * A promise ends only when the last folder that kept it is put back or taken out of use.
 */
import { shapeOf, type Collection, type Facts } from '../../src/replica/collections.ts'
import type { MemoryStore } from '../../src/replica/memory-store.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { readDocument, type Content } from './contents.ts'

/** One entry of a document, or one field as of a time. */
interface Promised {
  readonly entry?: string
  readonly field?: string
  readonly time?: number
}
interface Kept {
  readonly collection: Collection
  readonly key: string
  promised: Promised[]
}

export interface Promises {
  /** The edits were acknowledged; `folder` is where they were just committed. */
  acknowledged(folder: MemoryStore, edits: readonly Edit[]): Promise<void>
  /** A document is erased: nothing of it is promised any more. */
  erased(place: string): void
  /**
   * The folder `before` becomes `after`, or is no more: what it had and nobody else keeps is no longer promised; one that
   * is giving a document up does not keep it.
   */
  withdrawn(
    before: MemoryStore,
    after: MemoryStore | undefined,
    others: readonly MemoryStore[],
    keeps?: (folder: MemoryStore, collection: Collection, facts: Facts) => boolean,
  ): Promise<void>
  /** What of a document is promised and not in `content`. */
  missing(place: string, content: Content | undefined): string[]
  readonly places: Iterable<string>
  readonly count: number
}

function holds(content: Content | undefined, { entry, field, time }: Promised): boolean {
  if (!content) return false
  if (entry !== undefined) return entry in content.entries
  return (content.times[field!] ?? 0) >= time!
}

export function promisesMade(): Promises {
  const kept = new Map<string, Kept>()
  const erased = new Set<string>()
  let count = 0
  return {
    async acknowledged(folder, edits) {
      for (const edit of edits) {
        const { collection, key } = edit
        const place = `${collection}/${key}`
        const content = (await readDocument(folder, collection, key))?.content
        if (erased.has(place)) continue
        let document = kept.get(place)
        if (!document) kept.set(place, (document = { collection, key, promised: [] }))
        if (shapeOf(collection) === 'entries') {
          const ids = 'add' in edit ? Object.keys(edit.add) : []
          document.promised.push(...ids.map((entry) => ({ entry })))
          count += ids.length
        } else {
          const fields = 'set' in edit ? Object.keys(edit.set) : []
          // A field that stands as of later holds what was promised of earlier too.
          document.promised = document.promised.filter(({ field }) => !fields.includes(field!))
          document.promised.push(...fields.map((field) => ({ field, time: content?.times[field] ?? 0 })))
          count += fields.length
        }
      }
    },
    erased(place) {
      erased.add(place)
      kept.delete(place)
    },
    async withdrawn(before, after, others, keeps = () => true) {
      for (const document of kept.values()) {
        const { collection, key } = document
        const former = await readDocument(before, collection, key)
        const later = after && (await readDocument(after, collection, key))
        if (!former || former.head === later?.head) continue
        const copies = [later?.content]
        for (const other of others) {
          const content = (await readDocument(other, collection, key))?.content
          if (content && keeps(other, collection, content.facts)) copies.push(content)
        }
        document.promised = document.promised.filter(
          (one) => !holds(former.content, one) || copies.some((content) => holds(content, one)),
        )
      }
    },
    missing(place, content) {
      const promised = kept.get(place)?.promised ?? []
      return promised.filter((one) => !holds(content, one)).map(({ entry, field }) => entry ?? field!)
    },
    get places() {
      return kept.keys()
    },
    get count() {
      return count
    },
  }
}
