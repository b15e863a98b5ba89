/**
 * Replicas as one request sees them: what was read once is not read again, so that all parts of a page, and the digest
 * that says what it shows, are of one moment. What the request changes is seen by what it reads afterwards. A document that
 * an earlier request opened is not opened again while it has no newer row: who may see a patient is asked on every page.
 */
import type { Collection } from '../../replica/collections.ts'
import type { Replica } from '../../replica/replica-face.ts'

type ReplicaOf = (practice: string) => Replica | undefined

/** For the length of one request; what it says is as old as the first time that it was asked. */
export function oneLook(replicaOf: ReplicaOf): ReplicaOf {
  const looks = new Map<string, Replica>()
  return (practice) => {
    const held = looks.get(practice)
    const replica = held ? undefined : replicaOf(practice)
    if (!replica) return held
    const look = lookAt(replica)
    looks.set(practice, look)
    return look
  }
}

/** How many documents are kept as they were opened: those of some hundreds of patients who are at the portal at once. */
const mostOpened = 2_000
type Opened = Map<string, { readonly seq: number; readonly value: unknown }>
const openedBy = new WeakMap<Replica, Opened>()
function openedOf(replica: Replica): Opened {
  const held = openedBy.get(replica) ?? new Map()
  openedBy.set(replica, held)
  return held
}

function lookAt(replica: Replica): Replica {
  const seen = new Map<string, Promise<unknown>>()
  const once = <A extends readonly unknown[], T>(name: string, read: (...asked: A) => Promise<T>) => {
    return (...asked: A): Promise<T> => {
      const key = JSON.stringify([name, ...asked])
      const held = seen.get(key) as Promise<T> | undefined
      const found = held ?? read(...asked)
      if (!held) seen.set(key, found)
      return found
    }
  }
  const head = once('head', (...asked: Parameters<Replica['head']>) => replica.head(...asked))
  /** What was read of a document, by this request or an earlier one, as long as it has no newer row. */
  const asOpened = async <T>(how: string, collection: Collection, key: string, read: () => Promise<T>): Promise<T> => {
    const now = await head(collection, key)
    const opened = openedOf(replica)
    const name = `${how}/${collection}/${key}`
    const held = opened.get(name)
    if (held && held.seq === now?.seq) return held.value as T
    const value = await read()
    // What was committed while it was read may be in it: then the next request reads again.
    if (now === undefined || (await replica.head(collection, key))?.seq !== now.seq) return value
    if (opened.size >= mostOpened) opened.clear()
    opened.set(name, { seq: now.seq, value })
    return value
  }
  return {
    ...replica,
    head,
    record: once('record', (...asked) => asOpened('record', ...asked, () => replica.record(...asked))),
    entries: once('entries', (...asked) => asOpened('entries', ...asked, () => replica.entries(...asked))) as Replica['entries'], // prettier-ignore
    index: once('index', (query) => replica.index(query)),
    indexed: once('indexed', (...asked) => replica.indexed(...asked)),
    async change(edits) {
      await replica.change(edits)
      seen.clear()
    },
  }
}
