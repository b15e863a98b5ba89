/** A payment by card from its page to its refund, whatever becomes of the processor's notices, its answers and the portal. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cents } from '../../src/replica/kinds/money.ts'
import { ulid } from '../replica/world.ts'
import { openAccount, type Account } from './account.ts'

let account: Account
beforeEach(async () => void (account = await openAccount()))
afterEach(() => account.close())

const staff = { role: 'staff' as const, id: 's', initials: 'JD' }
const askRefund = async (payment: string, minor: number): Promise<string> => {
  const asked = ulid()
  await account.add({ [asked]: { kind: 'refund asked', at: account.clock.now(), by: staff, payment, amount: cents(minor), reason: 'Paid too much' } }) // prettier-ignore
  await account.settled()
  return asked
}
const paidByCard = async (minor = 5_000): Promise<string> => {
  const payment = ulid()
  await account.begin(payment, minor)
  account.sandbox.pay(account.session(payment), 'card')
  await account.hear()
  return payment
}

describe('a payment', () => {
  it('[F17] is paid when the processor says so, once, whatever notices come how often and in which order', async () => {
    const payment = ulid()
    await account.begin(payment, 5_000)
    expect(await account.payment(payment)).toMatchObject({ state: 'started', amount: cents(5_000) })
    account.sandbox.pay(account.session(payment), 'card')
    expect(await account.payment(payment)).toMatchObject({ state: 'started' })
    const twice = [...account.sandbox.held]
    await account.hear((list) => [...list, ...list].toReversed())
    account.sandbox.held.push(...twice)
    await account.hear()
    const [charge] = [...account.sandbox.objects.charges.values()]
    expect(await account.payment(payment)).toMatchObject({ state: 'paid', paid: { transaction: charge!.id, last4: '4242', brand: 'visa', amount: cents(5_000) } }) // prettier-ignore
    expect((await account.payment(payment)).paid!.authorization).not.toBeNull()
    expect(account.receipts).toEqual([payment])
  })

  it('is known as paid without any notice: by the browser that comes back, and by the clock', async () => {
    const [first, second] = [ulid(), ulid()]
    await account.begin(first, 5_000)
    await account.begin(second, 700)
    for (const one of [first, second]) account.sandbox.pay(account.session(one), 'card')
    account.sandbox.held.splice(0)
    await Promise.all([account.cashier.attend(first), account.cashier.attend(first)])
    expect(await account.payment(first)).toMatchObject({ state: 'paid' })
    expect(await account.payment(second)).toMatchObject({ state: 'started' })
    account.clock.advance(2 * 3_600_000)
    await account.settled()
    expect(await account.payment(second)).toMatchObject({ state: 'paid' })
  })

  it('asked for twice at once has one page, and what nobody paid expires', async () => {
    const payment = ulid()
    await Promise.all([account.begin(payment, 5_000), account.begin(payment, 5_000)])
    expect(account.sandbox.objects.sessions.size).toBe(1)
    expect(account.cashier.open(payment)?.url).toContain('/checkout/')
    account.clock.advance(2 * 3_600_000)
    await account.settled()
    expect(await account.payment(payment)).toMatchObject({ state: 'ended', ended: 'expired' })
    expect(account.cashier.open(payment)).toBeUndefined()
  })

  it('by bank transfer is pending until it has come, and is not paid where it fails', async () => {
    const [comes, fails] = [ulid(), ulid()]
    for (const one of [comes, fails]) {
      await account.begin(one, 5_000)
      account.sandbox.pay(account.session(one), 'bank')
    }
    await account.hear()
    expect([await account.payment(comes), await account.payment(fails)]).toMatchObject([{ state: 'pending' }, { state: 'pending' }]) // prettier-ignore
    expect(account.receipts).toEqual([])
    account.sandbox.settleBank(account.session(comes).charge!, 'come')
    account.sandbox.settleBank(account.session(fails).charge!, 'fail')
    await account.hear()
    expect([await account.payment(comes), await account.payment(fails)]).toMatchObject([{ state: 'paid' }, { state: 'ended', ended: 'failed' }]) // prettier-ignore
    expect(account.receipts).toEqual([comes])
  })

  it.each(['before', 'after', 'no answer'] as const)(
    'whose page was asked for and failed (%s) has one page that can be paid when it is asked for again',
    async (how) => {
      const payment = ulid()
      account.sandbox.failNext(how)
      await account.begin(payment, 5_000).catch(() => {})
      await account.begin(payment, 5_000)
      account.sandbox.pay(account.session(payment), 'card')
      await account.hear()
      expect(await account.payment(payment)).toMatchObject({ state: 'paid' })
      expect(account.cashier.open(payment)!.session).toBe(account.session(payment).id)
    },
  )

  it('tells the processor ids of ours, the amount and the practice’s name, and nothing of the patient', async () => {
    await askRefund(await paidByCard(), 200)
    const sent = account.sandbox.recorded.map((one) => `${one.path} ${decodeURIComponent(one.body)}`).join('\n')
    expect(sent).toContain('[name]=Desert Bloom&')
    for (const word of [
      'Annalise',
      'Quillfeather',
      account.patient,
      'Paid too much',
      'Paid+too',
      'card_number',
      '4242',
    ])
      expect(sent).not.toContain(word)
    expect(sent).not.toMatch(/card\[|email|phone|customer[=_[]|description/)
  })
})

describe('a refund', () => {
  it('that staff ask for is made once, in part and then in full, and more than is left is refused', async () => {
    const payment = await paidByCard()
    await askRefund(payment, 700)
    await account.restart()
    await account.settled()
    await askRefund(payment, 4_300)
    const tooMuch = await askRefund(payment, 1)
    const one = await account.payment(payment)
    expect(one.refunded).toEqual(cents(5_000))
    expect(one.refunds.find((refund) => refund.id === tooMuch)).toMatchObject({ state: 'refused' })
    expect(account.session(payment).charge!.refunds).toHaveLength(2)
  })

  it.each(['before', 'after', 'no answer'] as const)(
    'whose call failed (%s) is looked up, and made once',
    async (how) => {
      const payment = await paidByCard()
      account.sandbox.failNext(how, how)
      await askRefund(payment, 700)
      for (let i = 0; i < 6; i++) {
        account.clock.advance(120_000)
        await account.settled()
      }
      expect(account.session(payment).charge!.refunds.map((one) => one.amount)).toEqual([700])
      expect((await account.payment(payment)).refunds).toMatchObject([{ state: 'done', amount: cents(700) }])
    },
  )

  it('that fails later has not been made, and staff see it; one made at the processor is known too', async () => {
    const payment = await paidByCard()
    const { charge } = account.session(payment)
    account.sandbox.refund(charge!, 300)
    await askRefund(payment, 700)
    await account.hear()
    expect((await account.payment(payment)).refunded).toEqual(cents(1_000))
    account.sandbox.failRefund(charge!.refunds.find((one) => one.amount === 700)!)
    await account.hear()
    expect((await account.payment(payment)).refunded).toEqual(cents(300))
    expect(await account.replica.count('reviews')).toBe(1)
  })

  it('waits while the portal may send nothing outward', async () => {
    const payment = await paidByCard()
    account.mayGoOut = false
    await askRefund(payment, 700)
    expect(account.session(payment).charge!.refunds).toHaveLength(0)
    account.mayGoOut = true
    account.clock.advance(60_000)
    await account.settled()
    expect((await account.payment(payment)).refunded).toEqual(cents(700))
  })
})

describe('a dispute', () => {
  it.each(['won', 'lost'] as const)('holds the money until it is %s', async (how) => {
    const payment = await paidByCard()
    const dispute = account.sandbox.dispute(account.session(payment).charge!)
    await account.hear((list) => list.toReversed())
    expect(await account.payment(payment)).toMatchObject({ withdrawn: cents(5_000), disputes: [{ state: 'open' }] })
    account.sandbox.closeDispute(dispute, how)
    await account.hear((list) => list.toReversed())
    expect(await account.payment(payment)).toMatchObject({ withdrawn: cents(how === 'won' ? 0 : 5_000), disputes: [{ state: how }] }) // prettier-ignore
    expect(await account.replica.count('reviews')).toBe(1)
  })
})
