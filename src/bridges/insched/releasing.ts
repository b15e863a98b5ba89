/**
 * What waited for a person: what is held until somebody has said who a patient is (DOM-17), and what a restore has lost
 * (DOM-19). Once its review is resolved it is said as it stands in InSched by then.
 */
import type { Clock } from '../../replica/clock.ts'
import type { DocumentHead, Replica } from '../../replica/replica-face.ts'
import type { BridgedTable, Identity } from './agent-rows.ts'
import { goneEdit, type Context } from './documents.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { asTheyAre, eventsOf, type Unfolded } from './occurrences.ts'
import type { reachEdits } from './reach.ts'
import type { RecordEdits, Rows, Said } from './record-edits.ts'
import type { EventRow } from './rows.ts'

export function releasing(parts: {
  readonly insched: InSched
  readonly replica: Replica
  readonly records: RecordEdits
  readonly reach: ReturnType<typeof reachEdits>
  /** The key of the site. */
  readonly site: string
  readonly clock: Clock
  readonly context: (now: Reads) => Promise<Context>
  readonly inReach: (now: Reads, rows: readonly EventRow[]) => Promise<Unfolded>
  readonly keep: (change: Changes, said: Omit<Said, 'edits'>) => Promise<void>
}) {
  const { insched, replica, records, reach, site, clock, context, inReach, keep } = parts

  /** A person has said that a held patient is the same: what waited is said, as it stands now. */
  const release = async (review: string): Promise<void> => {
    const waiting = await insched.heldBy(review)
    if (waiting.length === 0) return
    const here = waiting.filter((identity) => identity.gone === 0)
    const ids = (table: Identity['table_name']): number[] =>
      here.filter((identity) => identity.table_name === table).map((identity) => identity.local_id)
    const rows = await insched.read(async (now) => {
      const patients = ids('patients')
      const events = await now.events([...new Set([...ids('events'), ...(await now.eventsOfPatients(patients))])])
      return records.gather(now, {
        patients: await now.patients(patients),
        plans: await now.plans([...new Set([...ids('plans'), ...(await now.plansOfPatients(patients))])]),
        events: await inReach(now, events),
      })
    })
    const now = clock.now()
    const released = new Set(waiting.map((identity) => identity.document))
    const { edits, ...kept } = await records.say(rows, () => now, { released })
    for (const identity of here)
      if (identity.table_name === 'patients')
        edits.push(...(await reach.changed(identity.local_id, identity.document, now)))
    const gone = waiting.filter((identity) => identity.gone !== 0)
    await replica.change([...edits, ...gone.map((one) => goneEdit(one.table_name, one.document, now))])
    await insched.write(async (change) => {
      for (const { document } of waiting) await change.hold(document, null)
      await keep(change, kept)
    })
  }

  /** The rows of a patient and of all that hangs on it, as far as they were read or lie in the horizon. */
  const rowsOf = (patient: number): Promise<Rows> =>
    insched.read(async (now) =>
      records.gather(now, {
        patients: await now.patients([patient]),
        plans: await now.plans(await now.plansOfPatients([patient])),
        events: await inReach(now, await now.events(await now.eventsOfPatients([patient]))),
      }),
    )
  /** Says rows as they stand now. */
  const sayRows = async (rows: Rows): Promise<void> => {
    const { edits, ...kept } = await records.say(rows, () => clock.now())
    await replica.change(edits)
    if (kept.holds.length + kept.shared.length > 0) await insched.write((change) => keep(change, kept))
  }
  /** A person has dealt with what a restore has lost: from now on the record says what InSched has (DOM-19). */
  const sayAnew = async (table: BridgedTable, document: string): Promise<void> => {
    const identity = await insched.identity(document)
    const rows =
      identity?.gone !== 0
        ? undefined
        : table === 'patients'
          ? await rowsOf(identity.local_id)
          : await insched.read(async (now) => records.gather(now, table === 'plans' ? { plans: await now.plans([identity.local_id]) } : { events: asTheyAre(await eventsOf(now, [identity], () => context(now))) })) // prettier-ignore
    if (rows && rows.patients.length + rows.plans.length + rows.events.length > 0) {
      await sayRows(rows)
    } else await replica.change([goneEdit(table, document, clock.now()), ...(table === 'patients' ? await reach.accessEnds(document, clock.now()) : [])]) // prettier-ignore
  }

  return {
    rowsOf,
    sayRows,
    /**
     * Lets flow what waited for reviews that a person has resolved (DOM-17). Resolves with the documents that the writer
     * has still to look at; asked again after a crash, it names them again.
     */
    async releaseResolved(reviews: readonly DocumentHead[]): Promise<DocumentHead[]> {
      const waiting: DocumentHead[] = []
      for (const { key: review, facts } of reviews) {
        const entries = await replica.entries('reviews', review)
        const opened = entries.find((entry) => entry.kind === 'opened')
        // What another site's database has lost that site says.
        if (
          opened?.about === 'lost in a restore' &&
          facts.site === site &&
          entries.some((entry) => entry.kind === 'resolved')
        ) {
          const [table, lost] = opened.event ? (['events', opened.event] as const) : opened.plan ? (['plans', opened.plan] as const) : (['patients', opened.patient] as const) // prettier-ignore
          if (lost) await sayAnew(table, lost)
        }
        if (opened?.about !== 'identity changed' || !opened.patient) continue
        if (!entries.some((entry) => entry.kind === 'resolved')) continue
        await release(review)
        waiting.push(...(await reach.inboundOf(opened.patient)))
      }
      return waiting
    },
  }
}
