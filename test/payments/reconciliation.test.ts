/** Three accounts of the same money: every difference that is planted is found and named, and nothing is named where all agree. */
import { expect, it } from 'vitest'
import type { Movement } from '../../src/bridges/payments/gateway.ts'
import { reconcile, type OwnPayment } from '../../src/bridges/payments/reconciliation.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type PaymentEntry } from '../../src/replica/kinds/payments.ts'

const day = 86_400_000
const until = 40 * day
const by = { role: 'portal' as const, id: 'p' }
const payment = (n: number): string => `01JDPAYMENT00000000000000${n}`.replaceAll(/[ILOU]/g, '0')

/** Two payments, ten days old: one with a refund of 7 dollars, one whose money a dispute holds; in InSched as they should be. */
function agreed() {
  const entries: [string, PaymentEntry][] = [1, 2].flatMap((n) => {
    const said = { at: until - 10 * day, by, payment: payment(n) }
    return [
      [payment(n), { kind: 'started', at: said.at, by, amount: cents(5_000) }],
      [`paid${n}`, { kind: 'paid', ...said, amount: cents(5_000), transaction: `pi_${n}`, brand: null, last4: null, authorization: null }],
      [`posted${n}`, { kind: 'posted', ...said, deposit: n, transaction: `pi_${n}` }],
      n === 1
        ? ['refund', { kind: 'refunded', ...said, refund: 're_1', amount: cents(700), state: 'done' }]
        : ['money', { kind: 'dispute money', ...said, dispute: 'dp_1', movement: 'txn', amount: cents(5_000), moved: 'withdrawn' }],
      [`seen${n}`, { kind: 'deposit seen', ...said, deposit: n, transaction: `pi_${n}`, rank: n, amount: 5_000, refunded: n === 1 ? 700 : 0, voided: n === 1 ? 0 : 5_000 }],
    ] as [string, PaymentEntry][]
  }) // prettier-ignore
  const move = (n: number, what: Movement['what'], minor: number, fee = 0): Movement => ({ id: `txn_${n}${what}`, at: until - 10 * day, what, amount: cents(minor), fee, transaction: `pi_${n}`, practice: what === 'payment' ? 'x' : null }) // prettier-ignore
  const movements = [move(1, 'payment', 5_000, 175), move(1, 'refund', -700), move(2, 'payment', 5_000, 175), move(2, 'dispute', -5_000, 1_500)] // prettier-ignore
  return {
    entries: new Map(entries),
    movements,
    marked: new Set(['pi_1', 'pi_2']),
    kept: new Map<string, number>(),
    move,
  }
}
type Given = ReturnType<typeof agreed>

function differencesOf({ entries, movements, marked, kept }: Given) {
  const all = foldPayments([...entries].map(([id, entry]) => ({ ...entry, id }))).payments
  const ours = all.map((one): OwnPayment => ({ patient: 'someone', payment: one }))
  return reconcile({ movements, ours, marked, kept: (id) => kept.get(id), from: 0, until })
}

it('where all agree there is no difference, and the totals are told, fees apart', () => {
  expect(differencesOf(agreed())).toMatchObject({
    processor: { payments: 10_000, refunds: -700, disputes: -5_000, fees: 1_850, others: 0 },
    portal: { payments: 10_000, refunds: -700, disputes: -5_000 },
    deposits: { count: 2, net: 4_300 },
    notPosted: { count: 0, amount: 0 },
    differences: [],
  })
})

it.each<[string, (given: Given) => void, { kind: string; amount: number }[]]>([
  ['a payment of ours that the portal does not have', (g) => { g.movements.push(g.move(3, 'payment', 900)); g.marked.add('pi_3') }, [{ kind: 'unknown here', amount: 900 }]],
  ['a payment that the processor does not have', (g) => void g.movements.splice(0, 2), [{ kind: 'unknown at the processor', amount: 5_000 }]],
  ['another amount', (g) => void g.movements.splice(0, 1, g.move(1, 'payment', 5_100)), [{ kind: 'paid differs', amount: 100 }]],
  ['a refund that the portal does not know', (g) => void g.movements.push(g.move(2, 'refund', -100)), [{ kind: 'refunds differ', amount: -100 }]],
  ['a refund that failed at the processor', (g) => void g.movements.push(g.move(1, 'refund failed', 700)), [{ kind: 'refunds differ', amount: 700 }]],
  ['a dispute that was won', (g) => void g.movements.push(g.move(2, 'dispute reversal', 5_000)), [{ kind: 'disputes differ', amount: 5_000 }]],
  ['a payment that nobody posted for days', (g) => { g.entries.delete('posted1'); g.entries.delete('seen1') }, [{ kind: 'not posted', amount: 5_000 }]],
  ['a deposit that staff deleted', (g) => void g.entries.set('gone', { kind: 'deposit deleted', at: until, by, payment: payment(1), deposit: 1, transaction: 'pi_1', rank: 9 }), [{ kind: 'deposit deleted', amount: 5_000 }]],
  ['a deposit whose amount staff changed', (g) => void g.entries.set('changed', { kind: 'deposit seen', at: until, by, payment: payment(1), deposit: 1, transaction: 'pi_1', rank: 9, amount: 50_000, refunded: 700, voided: 0 }), [{ kind: 'deposit differs', amount: 45_000 }]],
  ['a second deposit of the same payment', (g) => void g.entries.set('second', { kind: 'deposit seen', at: until, by, payment: payment(1), deposit: 7, transaction: 'pi_1#1', rank: 9, amount: 5_000, refunded: 0, voided: 0 }), [{ kind: 'deposit differs', amount: 5_000 }]],
])('finds %s', (_, plant, differences) => {
  const given = agreed()
  plant(given)
  expect(differencesOf(given).differences).toMatchObject(differences)
}) // prettier-ignore

it('what was paid at the practice’s own terminal is no difference, and what was paid today is on its way', () => {
  const given = agreed()
  given.movements.push({ ...given.move(9, 'payment', 300), practice: null })
  const said = { at: until - 3_600_000, by, payment: payment(3) }
  given.entries.set('today', { kind: 'paid', ...said, amount: cents(1_000), transaction: 'pi_3', brand: null, last4: null, authorization: null }) // prettier-ignore
  given.movements.push(given.move(3, 'payment', 1_000))
  expect(differencesOf(given)).toMatchObject({ processor: { others: 1 }, notPosted: { count: 1, amount: 1_000 }, differences: [] }) // prettier-ignore
})

it('what was erased with its patient is no difference while it comes to what InSched has; money that moves later is', () => {
  const given = agreed()
  for (const id of [payment(1), 'paid1', 'posted1', 'refund', 'seen1']) given.entries.delete(id)
  expect(differencesOf(given).differences).toMatchObject([{ kind: 'unknown here', amount: 5_000 }])
  given.kept.set('pi_1', 4_300)
  expect(differencesOf(given)).toMatchObject({ processor: { payments: 5_000, refunds: 0 }, portal: { payments: 5_000 }, differences: [] }) // prettier-ignore
  given.movements.push(given.move(1, 'dispute', -4_300))
  expect(differencesOf(given).differences).toMatchObject([{ kind: 'unknown here', transaction: 'pi_1' }])
})
