/**
 * Rows of InSched by their local ids, this site's own alone: other sites' rows stand there too, and nobody here writes to
 * those patients, invites or charges them, or takes a message of a clinical system to be about one.
 */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Replica } from '../replica/replica-face.ts'

type DocumentOf = InSchedBridge['documentOf']

export function ownRecords(parts: {
  readonly bridge: Pick<InSchedBridge, 'documentOf'>
  readonly replica: Replica
  /** The key of this site. */
  readonly site: string
  readonly nameOf: (site: string) => string | null
}): {
  /** As the bridge's, undefined for a row of another site. */
  readonly documentOf: DocumentOf
  /** As the bridge's; throws a sentence that names the site where the row is another's. */
  readonly ownDocumentOf: DocumentOf
} {
  const { bridge, replica, site, nameOf } = parts
  const found = async (table: Parameters<DocumentOf>[0], local: number) => {
    const key = await bridge.documentOf(table, local)
    const owner = key === undefined ? undefined : (await replica.head(table, key))?.facts.site
    return { key, other: owner === undefined || owner === null || owner === site ? undefined : (nameOf(owner) ?? `site ${owner}`) } // prettier-ignore
  }
  return {
    documentOf: async (table, local) => {
      const { key, other } = await found(table, local)
      return other === undefined ? key : undefined
    },
    ownDocumentOf: async (table, local) => {
      const { key, other } = await found(table, local)
      if (other === undefined) return key
      throw new Error(table === 'patients' ? `Patient ${local} is a patient of ${other}, which shares the record with this site. Ask ${other}; nothing was done.` : `Number ${local} is of ${other}, which shares it with this site. Ask ${other}; nothing was done.`) // prettier-ignore
    },
  }
}
