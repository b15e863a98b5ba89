/**
 * Walks rows of the index, the newest first, a part at a time, so that a list of any length costs the memory of one part,
 * and its first page the time of one. Several walks make one, in the same order.
 */
import type { IndexQuery, IndexRow, Replica } from '../replica/replica-face.ts'

/** Rows of the first part, and of the largest: each part is twice the one before. */
const [first, most] = [16, 512]

/** Each row of a query once, by time and of one time by id, the greatest first. */
export async function* newestFirst(
  replica: Pick<Replica, 'index'>,
  query: Omit<IndexQuery, 'descending' | 'limit'>,
): AsyncGenerator<IndexRow, void> {
  let { before } = query
  let seen = new Set<string>()
  let atOnce = first
  for (let more = true; more; atOnce = Math.min(most, 2 * atOnce)) {
    const limit = atOnce + seen.size
    const rows = await replica.index({ ...query, ...(before === undefined ? {} : { before }), descending: true, limit })
    for (const row of rows) if (!seen.has(row.id)) yield row
    more = rows.length === limit
    const last = rows.at(-1)?.at
    // Several may be of one millisecond: the next part begins with that one again.
    seen = new Set(rows.filter((row) => row.at === last).map((row) => row.id))
    before = last === undefined ? before : last + 1
  }
}

/** The rows of several walks in one, in their order. */
export async function* newestOfAll(walks: readonly AsyncGenerator<IndexRow, void>[]): AsyncGenerator<IndexRow, void> {
  const heads = new Map<AsyncGenerator<IndexRow, void>, IndexRow>()
  const step = async (walk: AsyncGenerator<IndexRow, void>): Promise<void> => {
    const next = await walk.next()
    if (next.done === true) heads.delete(walk)
    else heads.set(walk, next.value)
  }
  await Promise.all(walks.map(step))
  for (;;) {
    const [newest] = [...heads].toSorted(([, a], [, b]) => b.at - a.at || (a.id < b.id ? 1 : -1))
    if (!newest) return
    yield newest[1]
    await step(newest[0])
  }
}
