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
import type { EventRow } from './rows.ts'
import { wallClockOf } from '../../mirror/wall-clock.ts'

/** Local ids by table; of events the events themselves, since of one row there may be many. */
export interface Rowed {
  readonly patients: readonly number[]
  readonly plans: readonly number[]
  readonly events: readonly Pick<EventRow, 'event_id' | 'original_on'>[]
}

/** Rows with their identities; `fresh` holds the documents that were minted just now, so nothing was written of them. */
export interface Identified {
  of(table: 'patients' | 'plans', localId: number): Identity
  ofEvent(event: Pick<EventRow, 'event_id' | 'original_on'>): Identity
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

  /** The first occurrence that is not over by its original date, or the last one. */
  const nextOf = async (occurrences: readonly Identity[]): Promise<Identity> => {
    const zone = (await insched.practice())?.time_zone ?? 'UTC'
    const today = wallClockOf(clock.now(), zone).slice(0, 10)
    const inOrder = occurrences.toSorted((a, b) => (a.original_on < b.original_on ? -1 : 1))
    return inOrder.find((one) => one.original_on >= today) ?? inOrder.at(-1)!
  }

  return {
    /** The identities of these rows, those that have none minted in one transaction. */
    async identify(rows: Rowed): Promise<Identified> {
      const known = { patients: new Map<string, Identity>(), plans: new Map<string, Identity>(), events: new Map<string, Identity>() } // prettier-ignore
      const wanted = {
        patients: rows.patients.map((id) => [id, ''] as const),
        plans: rows.plans.map((id) => [id, ''] as const),
        events: rows.events.map((event) => [event.event_id, event.original_on] as const),
      }
      const minted: Identity[] = []
      for (const table of tables) {
        if (wanted[table].length === 0) continue
        const ids = [...new Set(wanted[table].map(([id]) => id))]
        for (const identity of await insched.identities(table, ids))
          known[table].set(`${identity.local_id} ${identity.original_on}`, identity)
        for (const [local_id, original_on] of wanted[table]) {
          const row = `${local_id} ${original_on}`
          if (known[table].has(row)) continue
          const identity = { document: mintUlid(clock), table_name: table, local_id, original_on, gone: 0, held: null }
          known[table].set(row, identity)
          minted.push(identity)
        }
      }
      if (minted.length > 0) await insched.write((change) => change.addIdentities(minted))
      const fresh = new Set(minted.map((identity) => identity.document))
      return {
        of: (table, localId) => known[table].get(`${localId} `)!,
        ofEvent: ({ event_id, original_on }) => known.events.get(`${event_id} ${original_on}`)!,
        fresh,
      }
    },
    /** The document of a row that is there, of a series that of the next occurrence; undefined where it was not read yet. */
    async documentOf(table: BridgedTable, localId: number): Promise<string | undefined> {
      const all = await insched.identities(table, [localId])
      const document = (all.length > 1 ? await nextOf(all) : all[0])?.document
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
