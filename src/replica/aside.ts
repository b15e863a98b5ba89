/**
 * The rows that are kept aside (LINK-12), as one commit sees them: what the store keeps, with what the jobs of this commit
 * put aside, take back and give up. All rows aside of one peer belong to one incident, which one review item tells of.
 */
import type { Aside, AsideRow, AsideTotal, Store } from './store.ts'

/** What waits under one review item; `site`: whose document began it, known to the commit in which it began. */
export type Incident = AsideTotal & { readonly site?: string | null }

export interface AsideDraft {
  /** Nothing is aside, and nothing was before this commit. */
  readonly isEmpty: boolean
  /** What waits under a review item. */
  incident(review: string): AsideTotal | undefined
  incidentOf(peer: string): AsideTotal | undefined
  /** The rows of a document in order, from `seq` on. */
  rows(collection: number, key: string, seq?: number): AsyncGenerator<AsideRow>
  /** Keeps a row aside; it gets its place. `site`: whose document it is of. */
  put(row: Omit<AsideRow, 'place'>, site: string | null): void
  drop(row: AsideRow): void
  /** Drops all of a collection that begins anew (rule 11). */
  dropCollection(collection: number): Promise<void>
  /** Gives up what was put aside under a review until then; the rest is told of by the review `next`. */
  skip(review: string, until: number, next: string): void
  /** The incidents that began or ended with the job that is being built. */
  begun(): readonly Incident[]
  ended(): readonly Incident[]
  keep(): void
  undo(): void
  /** For the store; undefined where there are none. */
  changes(): Aside | undefined
}

export interface AsideRows {
  /** What waits, by incident. */
  totals(): Promise<ReadonlyMap<string, AsideTotal>>
  draft(): Promise<AsideDraft>
  /** What a draft says was committed. */
  committed(): void
}

const atOnce = 8

/** The rows aside in `store`. */
export function asideRows(store: Store): AsideRows {
  let known: { version: number; totals: ReadonlyMap<string, AsideTotal> } | undefined
  let version = 0
  let place = 0
  const totals = async (): Promise<ReadonlyMap<string, AsideTotal>> => {
    // Read again where a commit came between.
    while (known?.version !== version) {
      const now = version
      const list = await store.asideTotals()
      place = Math.max(place, ...list.map((total) => total.place))
      known = { version: now, totals: new Map(list.map((total) => [total.review, total])) }
    }
    return known.totals
  }
  return {
    totals,
    draft: async () => draftOf(store, await totals(), () => ++place),
    committed: () => void version++,
  }
}

function draftOf(store: Store, totals: ReadonlyMap<string, AsideTotal>, nextPlace: () => number): AsideDraft {
  const puts = new Map<number, AsideRow>()
  const byDocument = new Map<string, Set<AsideRow>>()
  const drops = new Set<number>()
  const skips: Aside['skip'][number][] = []
  let before: ReadonlyMap<string, Incident> = totals
  let incidents = new Map<string, Incident>(totals)
  let undoing: (() => void)[] = []
  const documentOf = ({ collection, key }: Pick<AsideRow, 'collection' | 'key'>): string => `${collection}/${key}`

  const add = (row: AsideRow): void => {
    puts.set(row.place, row)
    const at = documentOf(row)
    const rows = byDocument.get(at) ?? new Set()
    byDocument.set(at, rows.add(row))
  }
  const remove = (row: AsideRow): void => {
    puts.delete(row.place)
    byDocument.get(documentOf(row))!.delete(row)
  }
  const count = ({ review, peer, size, since, place }: AsideRow, by: 1 | -1, site: string | null = null): void => {
    const had = incidents.get(review) ?? { review, peer, rows: 0, bytes: 0, since, newest: since, place, site }
    const rows = had.rows + by
    if (rows === 0) incidents.delete(review)
    else incidents.set(review, { ...had, rows, bytes: had.bytes + by * size, newest: Math.max(had.newest, since) })
  }
  /** A row of the store as this commit leaves it; undefined where it is gone. */
  const asLeft = (row: AsideRow): AsideRow | undefined => {
    if (drops.has(row.place)) return undefined
    let left = row
    for (const { review, until, next } of skips)
      if (left.review === review) {
        if (left.since <= until) return undefined
        left = { ...left, review: next }
      }
    return left
  }

  const rows = async function* (collection: number, key: string, seq = 0): AsyncGenerator<AsideRow> {
    let after = { seq, place: 0 }
    for (let more = totals.size > 0; more;) {
      const some = await store.asideOf(collection, key, after, atOnce)
      for (const row of some) {
        const left = asLeft(row)
        if (left) yield left
      }
      const last = some.at(-1)
      more = some.length === atOnce
      if (last) after = { seq: last.seq, place: last.place }
    }
    for (const row of [...(byDocument.get(documentOf({ collection, key })) ?? [])]) if (row.seq >= seq) yield row
  }
  const drop = (row: AsideRow): void => {
    count(row, -1)
    if (puts.has(row.place)) {
      remove(row)
      undoing.push(() => add(row))
    } else {
      drops.add(row.place)
      undoing.push(() => drops.delete(row.place))
    }
  }

  return {
    get isEmpty() {
      return totals.size === 0 && puts.size === 0
    },
    incident: (review) => incidents.get(review),
    incidentOf: (peer) => [...incidents.values()].find((one) => one.peer === peer),
    rows,
    put(content, site) {
      const row = { ...content, place: nextPlace() }
      add(row)
      count(row, 1, site)
      undoing.push(() => remove(row))
    },
    drop,
    async dropCollection(collection) {
      const keys = new Set([...puts.values()].flatMap((row) => (row.collection === collection ? [row.key] : [])))
      for (let after = 0, more = true; more;) {
        const places = await store.asideAfter(after, 500)
        for (const one of places) if (one.collection === collection) keys.add(one.key)
        after = places.at(-1)?.place ?? after
        more = places.length === 500
      }
      for (const key of keys) for await (const row of rows(collection, key)) drop(row)
    },
    skip(review, until, next) {
      const incident = incidents.get(review)!
      incidents.delete(review)
      if (incident.newest > until) incidents.set(next, { ...incident, review: next })
      skips.push({ review, until, next })
      undoing.push(() => skips.pop())
      for (const row of [...puts.values()].filter((one) => one.review === review)) {
        const left = row.since <= until ? undefined : { ...row, review: next }
        remove(row)
        if (left) add(left)
        undoing.push(() => {
          if (left) remove(left)
          add(row)
        })
      }
    },
    begun: () => [...incidents.values()].filter(({ review }) => !before.has(review)),
    ended: () => [...before.values()].filter(({ review }) => !incidents.has(review)),
    keep() {
      before = new Map(incidents)
      undoing = []
    },
    undo() {
      for (const back of undoing.toReversed()) back()
      undoing = []
      incidents = new Map(before)
    },
    changes() {
      if (puts.size === 0 && drops.size === 0 && skips.length === 0) return undefined
      return { put: [...puts.values()], drop: [...drops], skip: skips }
    },
  }
}
