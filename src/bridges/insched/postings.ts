/**
 * Money that staff posted in InSched: charges, deposits, and what is refunded and voided of these, from the audit rows that
 * made them, so that each is told though it is taken back a second later. What was changed is taken back as it stood and
 * posted anew. Deposits of card payments at the portal are not among them: these are told from the payment (`deposits.ts`).
 */
import type { InSched } from './insched.ts'
import type { AuditRow, Kept } from './rows.ts'

/** What an audit row says of the row that it is about. */
interface Posted {
  /** `credit` takes a charge back; `moved` is what a deposit came to less (or more) by a refund or a void. */
  readonly what: 'charge' | 'credit' | 'payment' | 'refunded' | 'voided'
  /** InSched's number of the charge or the deposit, and of the audit row. */
  readonly number: number
  readonly audit: number
  /** In cents; of a move signed, as the deposit changes by it. */
  readonly cents: number
  /** The charge or the deposit as it stood. */
  readonly row: Kept
  /** Milliseconds UTC. */
  readonly at: number
}
/** A posting of InSched's patient. */
export type PostedInSched = Posted & { readonly local: number }
/** The same of a patient's document, with what is the same whenever it is told. */
export type Posting = Posted & { readonly patient: string; readonly id: string }

/** What one audit row posts; nothing where it moves no money, or does not say how the row stood before. */
export function postingsIn({ table_name, row_id, change, before, after, audit_id: audit }: AuditRow, at: number): PostedInSched[] {
  if (table_name !== 'charges' && table_name !== 'deposits') return []
  // Of a row that was seen before its money was kept nothing is known.
  if (change !== 'added' && before['amount_cents'] === undefined) return []
  const number = Number(row_id)
  const [was, is] = [change === 'added' ? null : before, change === 'deleted' ? null : after]
  const posted = (what: Posted['what'], cents: number, row: Kept): PostedInSched[] => {
    const local = row['patient_id']
    return cents === 0 || typeof local !== 'number' ? [] : [{ what, number, audit, cents, row, at, local }]
  }
  if (was && is && fieldsOf[table_name].every((field) => was[field] === is[field])) return []
  if (table_name === 'charges') return [...(was ? posted('credit', centsOf(was, 'amount_cents'), was) : []), ...(is ? posted('charge', centsOf(is, 'amount_cents'), is) : [])]
  // A deposit of the same patient and amount: only what went back of it is another.
  if (was && is && was['patient_id'] === is['patient_id'] && was['amount_cents'] === is['amount_cents'])
    return (['refunded', 'voided'] as const).flatMap((what) => posted(what, centsOf(was, `${what}_cents`) - centsOf(is, `${what}_cents`), is))
  const whole = (row: Kept): PostedInSched[] => [...posted('payment', centsOf(row, 'amount_cents'), row), ...(['refunded', 'voided'] as const).flatMap((what) => posted(what, -centsOf(row, `${what}_cents`), row))]
  const net = (row: Kept): number => centsOf(row, 'amount_cents') - centsOf(row, 'refunded_cents') - centsOf(row, 'voided_cents')
  return [...(was ? posted('voided', -net(was), was) : []), ...(is ? whole(is) : [])]
} // prettier-ignore

/** The postings of patients that are known here and not held (DOM-17), without those of the portal's own payments. */
export async function postingsOf(insched: InSched, found: readonly PostedInSched[]): Promise<Posting[]> {
  if (found.length === 0) return []
  const ids = await insched.identities('patients', [...new Set(found.map((one) => one.local))])
  const postings: Posting[] = []
  for (const { local, ...one } of found) {
    const isDeposit = one.what !== 'charge' && one.what !== 'credit'
    if (isDeposit && (await insched.keptDeposit(one.number))) continue
    const identity = ids.find(({ local_id, held }) => local_id === local && held === null)
    if (identity) postings.push({ ...one, patient: identity.document, id: `${one.what} ${one.number} ${one.audit}` })
  }
  return postings
}

/** What makes a charge or a deposit another one. */
const fieldsOf = {
  charges: ['patient_id', 'amount_cents', 'procedure_code', 'served_on', 'units', 'diagnosis_codes', 'provider'],
  deposits: ['patient_id', 'amount_cents', 'refunded_cents', 'voided_cents'],
} as const

function centsOf(row: Kept, field: string): number {
  const cents = row[field]
  return typeof cents === 'number' ? cents : 0
}
