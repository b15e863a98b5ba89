/** What is known of a patient's payments is a fold by rank: order, repetition and origin do not matter; and money is exact. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as v from 'valibot'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { amountIn, cents, plainAmount, plus } from '../../src/replica/kinds/money.ts'
import { foldPayments, paymentSchema, type PaymentEntry } from '../../src/replica/kinds/payments.ts'

const ids = ['01JDPAYMENT000000000000001', '01JDPAYMENT000000000000002'].map((id) => id.replaceAll(/[ILOU]/g, '0'))
const by = { role: 'portal' as const, id: 'p' }
const at = fc.integer({ min: 1, max: 5 })
const payment = fc.constantFrom(...ids)
const amount = fc.integer({ min: 1, max: 10_000 }).map(cents)
const entry: fc.Arbitrary<Entry<PaymentEntry>> = fc.oneof(
  fc.record({ id: payment, kind: fc.constant('started' as const), at, by: fc.constant(by), amount }),
  fc.tuple(payment, at).map(([one, when]) => ({ id: `pending:${one}`, kind: 'pending' as const, at: when, by, payment: one })), // prettier-ignore
  fc.tuple(payment, at, fc.constantFrom('expired' as const, 'failed' as const)).map(([one, when, why]) => ({ id: `ended:${one}:${why}`, kind: 'ended' as const, at: when, by, payment: one, why })), // prettier-ignore
  fc.tuple(payment, at).map(([one, when]) => ({ id: `paid:${one}`, kind: 'paid' as const, at: when, by, payment: one, amount: cents(5_000), transaction: `pi_${one.at(-1)}`, brand: null, last4: '4242', authorization: null })), // prettier-ignore
  fc.tuple(payment, at, fc.constantFrom('a', 'b'), fc.constantFrom('pending' as const, 'done' as const, 'failed' as const)).map(([one, when, refund, state]) => ({ id: `refunded:re_${one.at(-1)}${refund}:${state}`, kind: 'refunded' as const, at: when, by, payment: one, refund: `re_${one.at(-1)}${refund}`, amount: cents(700), state })), // prettier-ignore
  fc.tuple(payment, at, fc.constantFrom('open' as const, 'answered' as const, 'won' as const, 'lost' as const)).map(([one, when, state]) => ({ id: `disputed:dp_${one.at(-1)}:${state}`, kind: 'disputed' as const, at: when, by, payment: one, dispute: `dp_${one.at(-1)}`, amount: cents(5_000), state })), // prettier-ignore
  fc.tuple(payment, at, fc.constantFrom('withdrawn' as const, 'reinstated' as const)).map(([one, when, moved]) => ({ id: `dispute money:txn_${one.at(-1)}${moved}`, kind: 'dispute money' as const, at: when, by, payment: one, dispute: `dp_${one.at(-1)}`, movement: `txn_${one.at(-1)}${moved}`, amount: cents(5_000), moved })), // prettier-ignore
  fc.tuple(payment, at, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })).map(([one, when, rank, refunded]) => ({ id: `deposit seen:1:${rank}:${refunded}`, kind: 'deposit seen' as const, at: when, by, payment: one, deposit: Number(one.at(-1)), transaction: 'pi', rank, amount: 5_000, refunded, voided: 0 })), // prettier-ignore
)
/** As documents are: an id says one thing. */
const entries = fc
  .array(entry, { maxLength: 25 })
  .map((list) => [...new Map(list.map((one) => [one.id, one])).values()])

describe('the fold of payments', () => {
  it('says the same in whatever order and however often it was said', () => {
    fc.assert(
      fc.property(
        entries.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2, maxLength: list.length * 2 }))), // prettier-ignore
        ([list, shuffled]) => {
          expect(foldPayments(shuffled)).toEqual(foldPayments(list))
        },
      ),
    )
  })
  it('says the same whoever said it, and never takes back that something was paid, refunded or failed', () => {
    fc.assert(
      fc.property(entries, entries, (some, more) => {
        const before = foldPayments(some).payments
        const together = [...new Map([...some, ...more.filter((one) => !some.some((held) => held.id === one.id))].map((one) => [one.id, one])).values()] // prettier-ignore
        const after = foldPayments(together).payments
        const others = foldPayments(together.map((one) => ({ ...one, by: { role: 'site' as const, id: 's' } }))).payments // prettier-ignore
        expect(others.map((one) => ({ ...one, by }))).toEqual(after)
        for (const one of before) {
          const now = after.find((two) => two.id === one.id)!
          if (one.paid) expect(now).toMatchObject({ state: 'paid', paid: { transaction: one.paid.transaction } })
          for (const move of one.moves) expect(now.moves).toContain(move)
          for (const refund of one.refunds.filter((two) => two.state === 'failed'))
            expect(now.refunds.find((two) => two.id === refund.id)?.state).toBe('failed')
        }
      }),
    )
  })
  it('every entry of the test is one that the product takes', () => {
    fc.assert(fc.property(entry, (value) => v.safeParse(paymentSchema, value).success))
  })
  it('a refund that failed at last was not refunded, and a dispute that was won gives the money back', () => {
    const [id] = ids as [string]
    const said = { at: 1, by, payment: id }
    const { payments } = foldPayments([
      { id: `paid:${id}`, kind: 'paid', ...said, amount: cents(5_000), transaction: 'pi_1', brand: 'visa', last4: '4242', authorization: '1' }, // prettier-ignore
      { id: 'a', kind: 'refunded', ...said, refund: 're_1', amount: cents(1_000), state: 'failed' },
      { id: 'b', kind: 'refunded', ...said, refund: 're_1', amount: cents(1_000), state: 'done' },
      { id: 'c', kind: 'refunded', ...said, refund: 're_2', amount: cents(300), state: 'done' },
      { id: 'd', kind: 'dispute money', ...said, dispute: 'dp', movement: 't1', amount: cents(4_700), moved: 'withdrawn' }, // prettier-ignore
      { id: 'e', kind: 'dispute money', ...said, dispute: 'dp', movement: 't2', amount: cents(4_700), moved: 'reinstated' }, // prettier-ignore
    ])
    expect(payments).toMatchObject([{ refunded: cents(300), withdrawn: cents(0), state: 'paid' }])
  })
  it('no kind of entry takes a card number or a text of a procedure', () => {
    const fields = new Set(paymentSchema.options.flatMap((one) => Object.keys(one.entries)))
    for (const field of ['number', 'card', 'cvc', 'expires', 'procedure']) expect(fields).not.toContain(field)
  })
})

describe('money', () => {
  it.each([
    ['12', 1_200],
    ['12.5', 1_250],
    ['12,50', 1_250],
    ['$1,234.50', 123_450],
    [' 0.05 ', 5],
    ['12.505', undefined],
    ['-3', undefined],
    ['1e5', undefined],
    ['12,34,5', undefined],
    ['', undefined],
  ])('%s is so many cents: %s', (text, minor) => {
    expect(amountIn(text, 'usd')?.minor).toBe(minor)
  })
  it('what is written is read as it was, in every amount', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (minor) => { expect(amountIn(plainAmount(cents(minor)), 'usd')).toEqual(cents(minor)) })) // prettier-ignore
    expect(amountIn('500', 'jpy')).toEqual({ minor: 500, currency: 'jpy' })
  })
  it('amounts of two currencies are never added', () => {
    expect(() => plus(cents(1), { minor: 1, currency: 'eur' })).toThrow('cannot be added')
  })
})
