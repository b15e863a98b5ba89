/**
 * Replicas as one request sees them: what was read once is not read again, so that all parts of a page, and the digest
 * that says what it shows, are of one moment. What the request changes is seen by what it reads afterwards.
 */
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
  return {
    ...replica,
    head: once('head', (...asked) => replica.head(...asked)),
    record: once('record', (...asked) => replica.record(...asked)),
    entries: once('entries', (...asked) => replica.entries(...asked)) as Replica['entries'],
    index: once('index', (query) => replica.index(query)),
    indexed: once('indexed', (...asked) => replica.indexed(...asked)),
    async change(edits) {
      await replica.change(edits)
      seen.clear()
    },
  }
}
