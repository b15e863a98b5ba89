/** Walks rows of the index, the newest first, a part at a time, so that a list of any length costs the memory of one part. */
import type { IndexQuery, IndexRow, Replica } from '../replica/replica-face.ts'

const atOnce = 500

/** Each row of a query once, by time and of one time by id, the greatest first. */
export async function* newestFirst(
  replica: Pick<Replica, 'index'>,
  query: Omit<IndexQuery, 'descending' | 'limit'>,
): AsyncGenerator<IndexRow> {
  let { before } = query
  let seen = new Set<string>()
  for (let more = true; more;) {
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
