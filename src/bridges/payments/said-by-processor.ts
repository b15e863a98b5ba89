/** What a snapshot of the processor says of one payment, as entries whose ids hold what they say: said twice is said once. */
import type { By } from '../../replica/kinds/kind.ts'
import type { PaymentEntry } from '../../replica/kinds/payments.ts'
import type { Snapshot } from './gateway.ts'

export function saidByProcessor(payment: string, now: Snapshot, who: { at: number; by: By }): Record<string, PaymentEntry> {
  const said = { ...who, payment }
  const entries: [string, PaymentEntry][] = []
  if (now.state === 'pending') entries.push([`pending:${payment}`, { kind: 'pending', ...said }])
  if (now.state === 'expired' || now.state === 'failed')
    entries.push([`ended:${payment}:${now.state}`, { kind: 'ended', ...said, why: now.state }])
  if (now.paid) entries.push([`paid:${payment}`, { kind: 'paid', ...said, ...now.paid }])
  for (const { refund, asked, amount, state } of now.refunds)
    entries.push([`refunded:${refund}:${state}`, { kind: 'refunded', ...said, refund, amount, state, ...(asked === null ? {} : { asked }) }]) // prettier-ignore
  for (const { dispute, amount, state, movements } of now.disputes) {
    entries.push([`disputed:${dispute}:${state}`, { kind: 'disputed', ...said, dispute, amount, state }])
    for (const { id, moved, amount: held } of movements)
      entries.push([`dispute money:${id}`, { kind: 'dispute money', ...said, dispute, movement: id, amount: held, moved }]) // prettier-ignore
  }
  return Object.fromEntries(entries)
} // prettier-ignore
