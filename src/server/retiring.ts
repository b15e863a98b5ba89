/** What becomes of the records of a site that is retired: another site takes them over, or nobody is shown them any more. */
import { documentsOf } from '../mirror/documents-of.ts'
import type { Facts } from '../replica/collections.ts'
import type { FactsChange, Replica } from '../replica/replica-face.ts'

/** Gives all documents of a site to another, or hides them; resolves with their number. May be repeated. */
export async function passOn(replica: Replica, from: string, to: string | undefined): Promise<number> {
  const next = (facts: Facts): Omit<Facts, 'at'> =>
    to === undefined ? { ...facts, shown: false, reachable: false } : { ...facts, site: to }
  let count = 0
  for await (const heads of documentsOf(replica, ({ facts }) => facts.site === from)) {
    await replica.change(
      heads.map(({ collection, key, facts }): FactsChange => ({ collection, key, become: next(facts) })),
    )
    count += heads.length
  }
  return count
}
