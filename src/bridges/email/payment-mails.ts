/**
 * Which mail of a payment request is due: the request itself, with the link by which it is paid, and one reminder three days
 * before its day. Pure: what is due follows from the requests and from what was told, so that it may be asked again after
 * any outage.
 */
import { daysLater, instantOf } from '../../mirror/wall-clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import type { PaymentRequest } from '../../replica/kinds/payments.ts'

/** A request of which nobody was told for so long is told of no more by itself: the office has found another way. */
const isNewFor = 14 * 86_400_000
const remindsBefore = 3
/** The time of day of a reminder. */
const morning = '10:00'

export interface PaymentMail { readonly id: string; readonly request: string } // prettier-ignore

/** The mails of a patient's open requests that are due now and were not sent, and when to ask again; `zone` is the practice's. */
export function paymentMailsDue(requests: readonly PaymentRequest[], told: ReadonlySet<string>, now: number, zone: string): { readonly due: readonly PaymentMail[]; readonly next: number | null } {
  const due: PaymentMail[] = []
  const later: number[] = []
  for (const { id, at, due: day, state } of requests) {
    if (state !== 'open') continue
    const first = derivedUlid('payment request', id, 'first')
    if (!told.has(first) && now - at < isNewFor) due.push({ id: first, request: id })
    const reminder = derivedUlid('payment request', id, 'reminder')
    const [from, until] = day === null ? [] : [instantOf(daysLater(`${day}T${morning}`, -remindsBefore), zone), instantOf(`${day}T23:59`, zone)]
    // What was asked for shortly before its day was just told of.
    if (from === undefined || from <= at || told.has(reminder)) continue
    if (now < from) later.push(from)
    else if (now <= until!) due.push({ id: reminder, request: id })
  }
  return { due, next: later.length === 0 ? null : Math.min(...later) }
} // prettier-ignore
