/**
 * What other sites say of records that are shared with them, written into this InSched: their own records as rows that
 * say whose they are, and what they changed of this site's. It is level-triggered: whatever led to it, a row is brought to
 * what its record says, where nothing of InSched is unread, so that what staff changed here is said first (DOM-18). A row
 * that staff delete is not made again; of a record that is shared no more the row goes, unless somebody here touched it.
 * Nothing is written where the practice's mapping does not let the agent write records.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { FoldedRecord } from '../../replica/records.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import { sameJson } from '../../replica/json.ts'
import type { BridgedTable } from './agent-rows.ts'
import type { Changes, InSched } from './insched.ts'
import type { Others, Reader } from './reader.ts'
import { lostFields } from './shared-edits.ts'
import { sharedRowWrites, type Wanted } from './shared-row-writes.ts'

export interface SharedWriterOptions {
  readonly insched: InSched
  readonly replica: Replica
  readonly reader: Reader
  readonly site: string
  readonly station: string
  readonly others: Others
  readonly clock: Clock
}
export type SharedWriter = ReturnType<typeof sharedWriter>

/** What it follows. */
export const sharedCollections = ['patients', 'plans', 'events'] as const
/** Whose row must be there before another's; the other way round where rows go. */
const order: readonly BridgedTable[] = ['patients', 'plans', 'events']

interface Done {
  /** Documents that can be written now that their patient is here, and those to be looked at once more. */
  readonly again: readonly (readonly [BridgedTable, string])[]
  /** Local ids of patients of whom something was written. */
  readonly patients: ReadonlySet<number>
}

export function sharedWriter(options: SharedWriterOptions) {
  const { insched, replica, reader, site, others, clock } = options
  const rows = sharedRowWrites({ site, nameOf: others.nameOf })

  /** What the records of these documents say now; those of this site only where another site has said something. */
  const wantedOf = async (heads: readonly DocumentHead[]): Promise<Wanted[]> => {
    const wanted: Wanted[] = []
    for (const head of heads) {
      const table = head.collection as BridgedTable
      const { site: owner, patient } = head.facts
      if (owner === null || (owner === site && !others.isShared())) continue
      const record = await replica.record(table, head.key)
      if (owner === site && (!record || (await isOwnAlone(table, head.key, record)))) continue
      wanted.push({ table, key: head.key, owner, patient: table === 'patients' ? head.key : patient, record })
    }
    return wanted.toSorted((a, b) => rank(a) - rank(b))
  }
  const rank = ({ table, record }: Wanted): number => (record ? order.indexOf(table) : -1 - order.indexOf(table))
  const isOwnAlone = async (table: BridgedTable, key: string, record: FoldedRecord): Promise<boolean> => {
    if ((await insched.sharedRows([key])).has(key)) return false
    const own = await replica.written(table, key, replica.id)
    return [...record.values].every(([field, value]) => sameJson(own[field], value))
  }

  /** One transaction that begins with nothing unread; resolves with what follows from it. */
  const writeSome = async (heads: readonly DocumentHead[]): Promise<Done> => {
    for (;;) {
      // Where nobody else has said anything, nothing of InSched is read for it.
      if ((await wantedOf(heads)).length === 0) return { again: [], patients: new Set() }
      await reader.readAllUnread()
      const wanted = await wantedOf(heads)
      if (wanted.length === 0) return { again: [], patients: new Set() }
      const lost: Edit[] = []
      const done = await insched.write(async (change) => ((await reader.hasUnread(change)) ? undefined : { ...(await inOne(change, wanted, lost)) })) // prettier-ignore
      if (!done) continue
      // What the record has lost and the row has is said again, as it was said then.
      if (lost.length > 0) await replica.change(lost)
      return done
    }
  }
  const inOne = async (change: Changes, wanted: readonly Wanted[], lost: Edit[]): Promise<Done> => {
    const again: (readonly [BridgedTable, string])[] = []
    const patients = new Set<number>()
    const context = await reader.context(change)
    let wrote = 0
    const effect = `shared:${mintUlid(clock)}`
    await change.own({ checkpoint: effect, station: options.station }, async () => {
      for (const one of wanted) {
        const held = (await change.sharedRows([one.key])).get(one.key)
        if (one.record && held) for (const [field, [value, at]] of lostFields(held.agreed, one.record, one.owner !== site)) lost.push({ collection: one.table, key: one.key, set: { [field]: value }, at }) // prettier-ignore
        const outcome = await rows.bring(change, one, held, context)
        wrote += outcome.wrote
        if (outcome.patient !== undefined) patients.add(outcome.patient)
        again.push(...outcome.again)
      }
    })
    if (wrote > 0) {
      await change.addEffect(effect, new Date(clock.now()).toISOString())
      await reader.passOwn(change)
    }
    return { again, patients }
  }

  const handle = async (heads: readonly DocumentHead[]): Promise<void> => {
    if (!insched.mayWrite.records) return
    for (let next = heads; next.length > 0;) {
      const { again, patients } = await writeSome(next)
      // The agent does not read its own change back.
      await reader.sayPatients([...patients])
      next = (await Promise.all(again.map(([table, key]) => replica.head(table, key)))).filter((head) => head !== undefined) // prettier-ignore
    }
  }
  return {
    handle,
    /** These patients, and what hangs on them: nothing of it might be written until a review was resolved (DOM-17). */
    async handleHeld(patients: readonly string[]): Promise<void> {
      if (!others.isShared()) return
      for (const patient of new Set(patients)) {
        const identity = await insched.identity(patient)
        if (!identity) continue
        const hanging = [
          ['patients', patient] as const,
          ...(await insched.awaitedBy(patient)).map((one) => [one.table_name, one.document] as const),
          ...(await insched.identities('plans', await insched.plansOfPatients([identity.local_id]))).map((one) => ['plans', one.document] as const), // prettier-ignore
          ...(await insched.identities('events', await insched.eventsOfPatients([identity.local_id]))).map((one) => ['events', one.document] as const), // prettier-ignore
        ]
        await handle((await Promise.all(hanging.map(([table, key]) => replica.head(table, key)))).filter((head) => head !== undefined)) // prettier-ignore
      }
    },
    /** All that is shared, looked at again: after InSched was put back, or where its mapping lets more be written. */
    async handleAll(): Promise<void> {
      if (!insched.mayWrite.records || !others.isShared()) return
      for (const collection of sharedCollections)
        for (let after: string | undefined; ;) {
          const heads = await replica.list(collection, after, 200)
          if (heads.length === 0) break
          await handle(heads)
          after = heads.at(-1)!.key
        }
    },
  }
}
