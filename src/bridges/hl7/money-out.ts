/**
 * What is told of money, each a DFT P03: charges with what takes them back (HL7 table 0017: CG, CR), payments (PY), and what
 * is refunded and voided of these (AJ, signed as the payment changes by it), which refers to its payment by FT1-30. Payments
 * at the portal are told from what their document says of the deposits, state after state; all else from InSched's audit rows.
 */
import { inOrder, type Entry } from '../../replica/kinds/kind.ts'
import { plainAmount } from '../../replica/kinds/money.ts'
import { foldPayments, type Payment, type PaymentEntry } from '../../replica/kinds/payments.ts'
import type { Posting } from '../insched/postings.ts'
import type { Said, Trigger } from './profiles.ts'
import { timeOf } from './times.ts'

/** One thing to tell: of whom, and what is the same whenever it is told. */
export interface MoneyTold extends Said {
  readonly trigger: Extract<Trigger, 'charge posted' | 'payment posted' | 'payment reversed'>
  readonly patient: string
  readonly id: string
  /** When it happened, milliseconds UTC. */
  readonly at: number
}

const dollars = (minor: number): string => plainAmount({ minor, currency: 'usd' })

/** By what a deposit is another: FT1-7 of a reversal, which of the kinds it is and which way. */
const reversals = {
  refunded: { code: 'REFUND', less: 'Refunded', more: 'Refund taken back' },
  voided: { code: 'VOID', less: 'Voided', more: 'Void taken back' },
  amount: { code: 'AMOUNT', less: 'Amount changed', more: 'Amount changed' },
} as const

/** What a deposit came to less (or more), once by each audit row. */
function reversalOf(how: keyof typeof reversals, of: { deposit: number; rank: number; transaction: string; cents: number; at: number }): Said {
  const { code, less, more } = reversals[how]
  return {
    values: {
      'reversal.number': `${of.deposit}-${of.rank}-${code}`,
      'reversal.at': timeOf(of.at),
      'reversal.code': code,
      'reversal.words': of.cents < 0 ? less : more,
      'reversal.amount': dollars(of.cents),
      'payment.transaction': of.transaction,
      'payment.deposit': String(of.deposit),
      'payment.currency': 'USD',
    },
  }
} // prettier-ignore

type SeenEntry = Extract<Entry<PaymentEntry>, { kind: 'deposit seen' | 'deposit deleted' }>

/** What is to be told of a patient's payments at the portal. */
export function paymentsTold(patient: string, entries: readonly Entry<PaymentEntry>[]): MoneyTold[] {
  return foldPayments(entries).payments.flatMap((payment) => {
    const { id, paid, posted } = payment
    if (!paid || !posted) return []
    const seen = entries.filter((one): one is SeenEntry => (one.kind === 'deposit seen' || one.kind === 'deposit deleted') && one.payment === id) // prettier-ignore
    const deposits = [...Map.groupBy(seen, (one) => one.deposit)].toSorted(([a], [b]) => a - b)
    if (deposits.length === 0) return [paymentTold(payment, id, patient, { ...posted, transaction: paid.transaction })]
    return deposits.flatMap(([deposit, states], place) => {
      const ordered = states.toSorted((a, b) => a.rank - b.rank || inOrder(a, b))
      const { transaction, at } = ordered[0]!
      // Made anew for another patient, it names that it is a later one.
      const assigned = payment.assigned[Number(/#(\d+)$/.exec(transaction)?.[1] ?? 0) - 1]
      const of = { deposit, transaction, patient: assigned?.to ?? patient }
      const first = place === 0 ? id : `${id} ${deposit}`
      return [paymentTold(payment, first, of.patient, { deposit, at: place === 0 ? posted.at : at, transaction }), ...reversed(payment, of, ordered)]
    })
  })
} // prettier-ignore

function paymentTold({ paid, amount }: Payment, id: string, patient: string, { deposit, at, transaction }: { deposit: number; at: number; transaction: string }): MoneyTold {
  const values = {
    'payment.transaction': transaction,
    'payment.at': timeOf(paid!.at),
    'payment.postedAt': timeOf(at),
    'payment.code': 'PORTAL',
    'payment.words': 'Paid by card at the patient portal',
    'payment.deposit': String(deposit),
    'payment.amount': plainAmount(amount),
    'payment.currency': amount.currency.toUpperCase(),
  }
  return { trigger: 'payment posted', patient, id, at, values }
} // prettier-ignore

/** What a deposit was changed by, from one state that was seen to the next. */
function reversed(payment: Payment, of: { deposit: number; transaction: string; patient: string }, states: readonly SeenEntry[]): MoneyTold[] {
  let before = { amount: payment.amount.minor, refunded: 0, voided: 0 }
  return states.flatMap((state) => {
    // Of a deposit that staff deleted nothing is left.
    const now = state.kind === 'deposit seen' ? state : { ...before, voided: before.amount - before.refunded }
    const moves = { amount: now.amount - before.amount, refunded: before.refunded - now.refunded, voided: before.voided - now.voided }
    before = now
    return (['amount', 'refunded', 'voided'] as const).flatMap((how): MoneyTold[] =>
      moves[how] === 0 ? [] : [{ trigger: 'payment reversed', patient: of.patient, id: `${state.id} ${how}`, at: state.at, ...reversalOf(how, { ...of, rank: state.rank, cents: moves[how], at: state.at }) }],
    )
  })
} // prettier-ignore

/** What is to be told of what staff posted in InSched. */
export function postingTold({ what, number, audit, cents, row, patient, id, at }: Posting): MoneyTold {
  const text = (field: string): string => (row[field] === null || row[field] === undefined ? '' : String(row[field] as string | number))
  const day = (field: string): string => text(field).replaceAll('-', '')
  const transaction = text('transaction_id') || `D${number}`
  const told = { patient, id, at }
  switch (what) {
    case 'charge':
    case 'credit': {
      const values = {
        'charge.number': String(number),
        'charge.type': what === 'charge' ? 'CG' : 'CR',
        'charge.at': day('served_on'),
        'charge.postedAt': timeOf(at),
        'charge.procedure': text('procedure_code'),
        'charge.units': text('units'),
        'charge.amount': dollars(cents),
        'charge.currency': 'USD',
        'charge.provider': text('provider'),
        'charge.event': text('event_id'),
      }
      const diagnoses = text('diagnosis_codes').split(/[\s,;|]+/).filter((code) => code !== '')
      return { trigger: 'charge posted', ...told, values, several: { DG1: diagnoses.map((code, i) => ({ 'diagnosis.place': String(i + 1), 'diagnosis.code': code })) } }
    }
    case 'payment': {
      const values = {
        'payment.transaction': transaction,
        'payment.at': day('deposited_on'),
        'payment.postedAt': timeOf(at),
        'payment.code': 'OFFICE',
        'payment.words': text('payment_method'),
        'payment.deposit': String(number),
        'payment.amount': dollars(cents),
        'payment.currency': 'USD',
      }
      return { trigger: 'payment posted', ...told, values }
    }
    case 'refunded':
    case 'voided':
      return { trigger: 'payment reversed', ...told, ...reversalOf(what, { deposit: number, rank: audit, transaction, cents, at }) }
  }
} // prettier-ignore
