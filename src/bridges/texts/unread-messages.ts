/**
 * Messages of the practice that the patient has not opened: the patient is reminded after one, two and three days, at the
 * time of day at which the message was sent, then it is the staff's (M6). Pure: what is due follows from the threads alone,
 * so that whoever sends may ask again after any outage; what was missed by more than a day is not made up for.
 */
import { daysLater, instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { isPatients } from '../../replica/kinds/kind.ts'
import type { Thread } from '../../replica/kinds/messages.ts'

/** After so many calendar days each. */
export const remindedAfter = [1, 2, 3] as const
/** After so many days it is for staff. */
export const staffAfter = 4
const day = 86_400_000

/** A message of the practice that nobody on the patient's side has opened, and when what is due; milliseconds UTC. */
export interface UnreadMessage {
  readonly entry: string
  readonly subject: string
  readonly event: string | null
  readonly sentAt: number
  readonly reminders: readonly { readonly id: string; readonly due: number }[]
  readonly staffDue: number
}

const reminderOf = (message: string, days: number): string => derivedUlid('unread', message, String(days))
/** The ids of all that may tell of a message, by the message's entry: the first notice, then the reminders. */
export function noticesOf(message: string): [string, ...string[]] {
  return [derivedUlid('notice', message), ...remindedAfter.map((days) => reminderOf(message, days))]
}

/** The unread messages of a patient, oldest first; `zone` is that of the practice's site. */
export function unreadMessages(threads: readonly Thread[], zone: string): UnreadMessage[] {
  return threads
    .flatMap((thread) => thread.messages)
    .filter((one) => !isPatients(one.by) && !one.retracted && one.openedAt === null)
    .map(({ id, at, subject, event }) => {
      const sent = wallClockOf(at, zone)
      const after = (days: number): number => instantOf(daysLater(sent, days), zone)
      const reminders = remindedAfter.map((days) => ({ id: reminderOf(id, days), due: after(days) }))
      return { entry: id, subject, event: event ?? null, sentAt: at, reminders, staffDue: after(staffAfter) }
    })
    .toSorted((a, b) => a.sentAt - b.sentAt)
}

/**
 * The reminder that is due for a patient now: one, however many messages wait, the newest that fell due within a day.
 * Its id is the same each time it is asked for, so that it is claimed and sent once. `next`: when to ask again.
 */
export function reminderDue(
  unread: readonly UnreadMessage[],
  now: number,
): {
  readonly due: { readonly id: string; readonly entry: string; readonly at: number } | null
  readonly next: number | null
} {
  const all = unread.flatMap(({ entry, reminders }) => reminders.map(({ id, due }) => ({ id, entry, at: due })))
  const due = all.filter(({ at }) => at <= now && at > now - day).toSorted((a, b) => b.at - a.at)[0] ?? null
  const later = all.filter(({ at }) => at > now).map(({ at }) => at)
  return { due, next: later.length === 0 ? null : Math.min(...later) }
}
