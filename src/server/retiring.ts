/** What becomes of the records of a site that is retired: another site takes them over, or nobody is shown them any more. */
import { collections, type Facts } from '../replica/collections.ts'
import type { FactsChange, Replica } from '../replica/replica-face.ts'

const atOnce = 200

/** Gives all documents of a site to another, or hides them; resolves with their number. May be repeated. */
export async function passOn(replica: Replica, from: string, to: string | undefined): Promise<number> {
  const next = (facts: Facts): Omit<Facts, 'at'> =>
    to === undefined ? { ...facts, shown: false, reachable: false } : { ...facts, site: to }
  let count = 0
  for (const collection of collections)
    for (let after: string | undefined, more = true; more;) {
      const heads = await replica.list(collection, after, atOnce)
      after = heads.at(-1)?.key
      more = heads.length === atOnce
      const changes = heads
        .filter((head) => head.facts.site === from)
        .map(({ key, facts }): FactsChange => ({ collection, key, become: next(facts) }))
      count += changes.length
      if (changes.length > 0) await replica.change(changes)
    }
  return count
}
