/** Walks the documents of a replica, part by part, so that what is done to each part is committed before the next is read. */
import { collections } from '../replica/collections.ts'
import type { DocumentHead, Replica } from '../replica/replica-face.ts'

const atOnce = 500

/** The heads of all documents whose facts are as asked for, in parts that are never empty. */
export async function* documentsOf(
  replica: Replica,
  wanted: (head: DocumentHead) => boolean,
): AsyncGenerator<readonly DocumentHead[]> {
  for (const collection of collections)
    for (let after: string | undefined, more = true; more;) {
      const heads = await replica.list(collection, after, atOnce)
      after = heads.at(-1)?.key
      more = heads.length === atOnce
      const found = heads.filter(wanted)
      if (found.length > 0) yield found
    }
}
