/** The receipt of a payment, mailed to the confirmed address of whoever paid: amount, day, practice, last 4 digits and our number, no word of what it was for (DOM-12). */
import type { Mailer } from '../../bridges/email/mailer.ts'
import type { Clock } from '../../replica/clock.ts'
import type { Payment } from '../../replica/kinds/payments.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { speechIn } from '../words/speech.ts'

/** A receipt is of use for a few days; one of a payment that was long ago is not sent after a portal was put back. */
const lasts = 3 * 24 * 3_600_000

export function receiptsOf({ mailer, store, clock }: { readonly mailer: Mailer | undefined; readonly store: ControlStore; readonly clock: Clock }) {
  return (practice: string, _: string, payment: Payment): void => {
    const { paid, by, id } = payment
    const to = store.emailOf(by.id)
    const known = store.practice(practice)
    if (!mailer || to === undefined || !paid || !known || clock.now() - paid.at > lasts) return
    const speech = speechIn(store.languageOf(by.id) ?? 'en')
    const { mail, endingIn, card } = speech.words.pay
    const lines = mail.text(known.name, speech.money(paid.amount), speech.instant(paid.at, known.zone), id)
    const byCard = paid.last4 === null ? '' : `\n${card}: ${endingIn(paid.brand ?? '', paid.last4).trim()}`
    mailer.send({ to, from: known.name, subject: mail.subject(known.name), text: `${lines}${byCard}\n\n${mail.questions}`, until: clock.now() + lasts })
  }
} // prettier-ignore
