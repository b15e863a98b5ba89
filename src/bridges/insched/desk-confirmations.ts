/**
 * What the front desk writes itself into Last Confirmed Date or confirmation type: an answer like any other, given to
 * staff, for the start that the event had then (DOM-3). It is told from the audit rows, which hold that start, and never
 * from what the agent wrote, which the trail leaves out by its checkpoint (DOM-15).
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { Clock } from '../../replica/clock.ts'
import type { Edit } from '../../replica/replica-face.ts'
import { instantOf } from '../../mirror/wall-clock.ts'
import { zoneOf, type Context } from './documents.ts'
import type { InSched } from './insched.ts'
import type { AuditRow, EventRow } from './rows.ts'

/** Which event an audit row speaks of. */
export interface RowOfEvent {
  readonly event: number
  /** Of one occurrence of a series its original date; null where the event's own row was written, which of a series is the first one. */
  readonly originalOn: string | null
  /** The start that the event had; null where the feed does not say. */
  readonly startsAt: string | null
}
/** One confirmation that the front desk wrote. */
export interface DeskConfirmation extends RowOfEvent {
  readonly lastConfirmed: string
  readonly type: string
  /** When it was written, milliseconds UTC. */
  readonly at: number
  readonly initials: string | null
}

/** What one audit row says of it; nothing where it does not confirm. */
export function deskConfirmationIn(row: AuditRow, at: number): DeskConfirmation[] {
  const { before, after } = row
  const [lastConfirmed, type, startsAt] = [after['last_confirmed_date'], after['confirmation_type'], after['starts_at']]
  const isSingle = row.table_name === 'occurrences'
  if (!(row.table_name === 'events' || isSingle) || row.change === 'deleted' || typeof lastConfirmed !== 'string') return [] // prettier-ignore
  // What is no time of day says of no moment that somebody confirmed; it is read with its event as it stands.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(lastConfirmed)) return []
  if (lastConfirmed === before['last_confirmed_date'] && type === before['confirmation_type']) return []
  return [
    {
      event: Number(isSingle ? after['event_id'] : row.row_id),
      originalOn: isSingle ? (after['original_on'] as string) : null,
      startsAt: typeof startsAt === 'string' ? startsAt : null,
      lastConfirmed,
      type: typeof type === 'string' ? type : '',
      at,
      initials: row.initials ?? null,
    },
  ]
}

/** Whether it is of this event. */
export function isOf({ event, originalOn, startsAt }: RowOfEvent, row: Pick<EventRow, 'event_id' | 'original_on'>): boolean {
  if (row.event_id !== event) return false
  return originalOn === null ? row.original_on === '' || startsAt?.startsWith(row.original_on) === true : row.original_on === originalOn
} // prettier-ignore

/** The edit that says it beside the record of its event: answered, and written already. `said` is the edit of the event; `zone` the event's. */
function deskConfirmationEdit(
  confirmation: DeskConfirmation,
  said: Edit & { collection: 'events' },
  { zone, site, now }: { readonly zone: string; readonly site: string; readonly now: number },
): Edit[] {
  const { key, facts } = said
  const patient = facts?.patient
  const startsAt = confirmation.startsAt ?? said.set?.['startsAt']
  if (!facts || !patient || typeof startsAt !== 'string') return []
  const { lastConfirmed, type, at, initials } = confirmation
  const id = derivedUlid('confirmed in InSched', key, startsAt, lastConfirmed, type)
  // A day that cannot be, long ago or to come, is a slip of the pen: then it was said when it was written.
  const confirmedAt = instantOf(lastConfirmed, zone)
  const answeredAt = confirmedAt > 0 && confirmedAt < at ? confirmedAt : at
  const by = { role: 'staff' as const, id: site, ...(initials ? { initials: initials.slice(0, 8) } : {}) }
  return [
    {
      collection: 'confirmations',
      key,
      facts,
      add: {
        [id]: { kind: 'answered', at: answeredAt, by, channel: 'console', patient, startsAt, type }, // prettier-ignore
        [`written:${id}`]: { kind: 'written', at, by, answer: id, lastConfirmed, confirmationType: type, readBackAt: now }, // prettier-ignore
      },
    },
  ]
}

/** The edits of what staff confirmed in InSched, of the events that are said: what is held waits (DOM-17). */
export function deskConfirmations({ insched, site, clock }: { readonly insched: InSched; readonly site: string; readonly clock: Clock }) {
  return async (confirmed: readonly DeskConfirmation[], rows: { readonly context: Context; readonly events: readonly EventRow[] }, said: readonly Edit[]): Promise<Edit[]> => {
    if (confirmed.length === 0) return []
    const ids = await insched.identities('events', [...new Set(confirmed.map((one) => one.event))])
    const now = clock.now()
    // Date and type written one after the other are one confirmation.
    const each = new Map(confirmed.map((one) => [`${one.event} ${one.originalOn} ${one.startsAt} ${one.lastConfirmed}`, one])) // prettier-ignore
    return [...each.values()].flatMap((one) => {
      const row = rows.events.find((event) => isOf(one, event))
      const identity = row && ids.find(({ local_id, original_on }) => local_id === row.event_id && original_on === row.original_on)
      const edit = said.find((of): of is Edit & { collection: 'events' } => of.collection === 'events' && of.key === identity?.document)
      // Of another site's event the fields of its record say it.
      if (!edit?.facts || !row) return []
      return deskConfirmationEdit({ ...one, startsAt: one.startsAt ?? row.starts_at }, edit, { zone: zoneOf(rows.context, row.location_id), site, now })
    })
  }
} // prettier-ignore
