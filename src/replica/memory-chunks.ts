/** Chunks in memory, for the store in memory. */
import type { ChunkStore } from './chunk-store.ts'

interface Holder {
  /** When the upload began; 0 for a document. */
  readonly since: number
  readonly names: ReadonlySet<string>
}
export interface ChunkState {
  readonly contents: Map<string, Uint8Array>
  readonly holders: Map<string, Holder>
}

export const noChunks = (): ChunkState => ({ contents: new Map(), holders: new Map() })
export const copyOfChunks = ({ contents, holders }: ChunkState): ChunkState => ({
  contents: new Map(contents),
  holders: new Map(holders),
})

export function memoryChunks({ contents, holders }: ChunkState): ChunkStore {
  const isUsed = (name: string): boolean => [...holders.values()].some((holder) => holder.names.has(name))
  const setHolder = (holder: string, next: Holder): void => {
    const before = holders.get(holder)?.names ?? []
    if (next.names.size > 0) holders.set(holder, next)
    else holders.delete(holder)
    for (const name of before) if (!isUsed(name)) contents.delete(name)
  }
  const allWanted = (): string[] =>
    [...new Set([...holders.values()].flatMap(({ names }) => [...names]))]
      .filter((name) => !contents.has(name))
      .toSorted()

  return {
    async use(holder, names) {
      setHolder(holder, { since: 0, names: new Set(names) })
    },
    async hold(holder, since, name, content) {
      const held = holders.get(holder) ?? { since, names: new Set() }
      setHolder(holder, { since: held.since, names: new Set([...held.names, name]) })
      if (!contents.has(name)) contents.set(name, content.slice())
    },
    async fill(name, content) {
      if (!isUsed(name)) return false
      if (!contents.has(name)) contents.set(name, content.slice())
      return true
    },
    chunk: async (name) => contents.get(name)?.slice(),
    async lose(name) {
      contents.delete(name)
    },
    missing: async (names) => names.filter((name) => !contents.has(name)),
    async wanted(after, limit) {
      return allWanted()
        .filter((name) => name > after)
        .slice(0, limit)
    },
    countWanted: async () => allWanted().length,
    usedBy: async (holder) => [...(holders.get(holder)?.names ?? [])],
    async usersOf(name) {
      return [...holders].flatMap(([holder, { names }]) => (names.has(name) ? [holder] : [])).toSorted()
    },
    async sweep(since) {
      const old = [...holders].filter(([, holder]) => holder.since > 0 && holder.since < since)
      for (const [holder] of old) setHolder(holder, { since: 0, names: new Set() })
      return old.length
    },
  }
}
