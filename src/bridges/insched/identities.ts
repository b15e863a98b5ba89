/**
 * Which document a row of InSched is (DOM-17): a ULID minted once, committed in `pc_identity` before any document of the
 * row is written. Also the way back, from a document to its local id, which lists ask for: what was looked up lately is
 * remembered, so that they answer while another program holds the database.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { BridgedTable, Identity } from './agent-rows.ts'
import { passes } from './faults.ts'
import type { InSched } from './insched.ts'

/** Local ids by table. */
export type LocalIds = Readonly<Record<BridgedTable, readonly number[]>>

/** Rows with their identities; `fresh` holds the documents that were minted just now, so nothing was written of them. */
export interface Identified {
  of(table: BridgedTable, localId: number): Identity
  readonly fresh: ReadonlySet<string>
}
export type Identities = ReturnType<typeof identitiesOf>

const remembered = 20_000
const tables: readonly BridgedTable[] = ['patients', 'plans', 'events']

export function identitiesOf(insched: InSched, clock: Clock) {
  const locals = new Map<string, number>()
  const remember = (document: string, localId: number): void => {
    locals.set(document, localId)
    if (locals.size > remembered) locals.delete(locals.keys().next().value!)
  }

  return {
    /** The identities of these rows, those that have none minted in one transaction. */
    async identify(ids: LocalIds): Promise<Identified> {
      const known = { patients: new Map<number, Identity>(), plans: new Map<number, Identity>(), events: new Map<number, Identity>() } // prettier-ignore
      const minted: Identity[] = []
      for (const table of tables) {
        if (ids[table].length === 0) continue
        for (const identity of await insched.identities(table, ids[table]))
          known[table].set(identity.local_id, identity)
        for (const local_id of ids[table]) {
          if (known[table].has(local_id)) continue
          const identity = { document: mintUlid(clock), table_name: table, local_id, gone: 0, held: null }
          known[table].set(local_id, identity)
          minted.push(identity)
        }
      }
      if (minted.length > 0) await insched.write((change) => change.addIdentities(minted))
      const fresh = new Set(minted.map((identity) => identity.document))
      return { of: (table, localId) => known[table].get(localId)!, fresh }
    },
    /** The document of a row that is there; undefined where it was not read yet. */
    async documentOf(table: BridgedTable, localId: number): Promise<string | undefined> {
      const document = (await insched.identities(table, [localId]))[0]?.document
      if (document !== undefined) remember(document, localId)
      return document
    },
    /** The local id of a document; undefined where it has none here, or another program holds the database and it is not remembered. */
    async localOf(document: string): Promise<number | undefined> {
      const held = locals.get(document)
      if (held !== undefined) return held
      try {
        const identity = await insched.identity(document)
        if (identity) remember(document, identity.local_id)
        return identity?.local_id
      } catch (error) {
        if (passes(error)) return undefined
        throw error
      }
    },
  }
}
