/** What the operator sees of a practice's card payments: whether the three accounts agreed, each difference with what to do, and why the processor does not answer. Ids and amounts, no patient. */
import { html } from 'hono/html'
import type { Difference, Reconciliation } from '../../bridges/payments/reconciliation.ts'
import { oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import { notice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { facts, folded, table } from '../look/show.ts'

export interface PaymentsOfPractice {
  /** The last reconciliation; null: there was none. */
  readonly last: ({ readonly at: number } & Pick<Reconciliation, 'processor' | 'deposits' | 'notPosted' | 'differences'>) | null // prettier-ignore
  /** Payments that wait for the processor, and why. */
  readonly waiting: { readonly count: number; readonly problem: string } | null
  /** Accounts of who was erased whose saved cards are still at the processor, and why. */
  readonly notRemoved: { readonly count: number; readonly problem: string } | null
}

export function paymentsHtml(
  reader: Reader,
  { last, waiting, notRemoved }: PaymentsOfPractice,
  { csrf, practice, zone }: { csrf: string; practice: string; zone: string },
): Html {
  const { payments: words } = reader.words.operator
  const dollars = (minor: number): string => reader.money({ minor, currency: 'usd' })
  const row = (one: Difference): readonly Content[] => [
    words.kinds[one.kind],
    reader.money({ minor: one.amount, currency: one.currency }),
    one.transaction ?? one.payment ?? '',
    inEnglish(one.todo),
  ]
  const { what, amount, transaction, todo } = words
  return folded(
    last === null || last.differences.length === 0 ? words.title : words.differ(last.differences.length),
    [
      waiting === null ? nothing : notice('warn', words.waiting(waiting.count), html`<p>${inEnglish(waiting.problem)}</p>`), // prettier-ignore
      notRemoved === null ? nothing : notice('warn', words.notRemoved(notRemoved.count), html`<p>${inEnglish(notRemoved.problem)}</p>`), // prettier-ignore
      last === null
        ? html`<p>${words.never}</p>`
        : html`<p>${last.differences.length === 0 ? words.agree(reader.instant(last.at, zone)) : words.compared(reader.instant(last.at, zone))}</p>`, // prettier-ignore
      last === null
        ? nothing
        : facts([
            [words.paid, dollars(last.processor.payments)],
            [words.refunded, dollars(Math.abs(last.processor.refunds))],
            [words.disputed, dollars(Math.abs(last.processor.disputes))],
            [words.fees, dollars(last.processor.fees)],
            [words.deposits, dollars(last.deposits.net)],
            [words.notPosted, dollars(last.notPosted.amount)],
          ]),
      last === null || last.differences.length === 0
        ? nothing
        : table(words.title, [what, amount, transaction, todo], last.differences.map(row), 'tight'),
      oneButton('/operator/reconcile', words.compare, { csrf, practice }),
    ],
    (last?.differences.length ?? 0) > 0 || waiting !== null || notRemoved !== null,
  )
}
