/** Saved cards at the processor: whose they are, and that they are gone for good when nobody stands for them any more. */
import { Stripe } from 'stripe'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ulid } from '../replica/world.ts'
import { Death } from '../insched/death.ts'
import { openAccount, secretKey, type Account } from './account.ts'

let account: Account
beforeEach(async () => {
  account = await openAccount()
  account.standing.add('ann').add('bob')
})
afterEach(() => account.close())

/** A payment whose payer saves the card; the payer as the processor knows them. */
async function saves(who: string) {
  const payment = ulid()
  await account.begin(payment, 5_000, who)
  const session = account.session(payment)
  account.sandbox.pay(session, 'card', true)
  await account.hear()
  return session.customer!
}
const leave = async (who: string): Promise<void> => {
  account.standing.delete(who)
  await account.cashier.leave(account.practice, [who])
  await account.cashier.settled()
}
/** Time goes by, and what is due is done. */
const later = async (ms: number): Promise<void> => {
  account.clock.advance(ms)
  await account.settled()
}
const cardsOf = (who: string) => account.cashier.cards(account.practice, who)
const hour = 3_600_000

describe('the saved cards of an account that stands for nobody any more', () => {
  it('are removed at the processor with who pays, and nobody else’s are; the request holds ids of the processor’s and ours alone', async () => {
    const [ann, bob] = [await saves('ann'), await saves('bob')]
    const before = account.sandbox.recorded.length
    await leave('ann')
    expect([ann.deleted, ann.cards]).toEqual([true, []])
    expect(await cardsOf('ann')).toEqual([])
    expect(bob.deleted).toBeUndefined()
    expect(await cardsOf('bob')).toHaveLength(1)
    const asked = account.sandbox.recorded.slice(before).map((one) => `${one.method} ${decodeURIComponent(one.path.replaceAll('+', ' '))} ${one.body}`.trim()) // prettier-ignore
    expect(asked.slice(0, 2)).toEqual([
      `GET /v1/customers/search?query=metadata['payer']:'ann' AND metadata['practice']:'${account.practice}'&limit=100`,
      `DELETE /v1/customers/${ann.id}`,
    ])
    await later(hour)
    expect(account.removed).toEqual(['ann'])
    // What was paid stays paid: the processor keeps its payments.
    expect(account.sandbox.objects.charges.size).toBe(2)
  })

  it('that the sandbox deletes it deletes as Stripe does: it can be looked at, not searched, paid with or deleted again', async () => {
    const ann = await saves('ann')
    const url = new URL(account.sandbox.options.pageUrl)
    const stripe = new Stripe(secretKey, { host: url.hostname, port: url.port, protocol: 'http', maxNetworkRetries: 0 })
    expect(await stripe.customers.del(ann.id)).toMatchObject({ id: ann.id, object: 'customer', deleted: true })
    expect(account.sandbox.events.at(-1)!.type).toBe('customer.deleted')
    expect(await stripe.customers.retrieve(ann.id)).toMatchObject({ id: ann.id, deleted: true })
    expect((await stripe.customers.search({ query: "metadata['payer']:'ann'" })).data).toEqual([])
    for (const again of [
      () => stripe.customers.del(ann.id),
      () => stripe.paymentMethods.list({ customer: ann.id, type: 'card' }),
      () => stripe.customers.del('cus_nobody'),
      () => stripe.checkout.sessions.create({ mode: 'payment', customer: ann.id, success_url: 'https://x.example/' }),
    ])
      await expect(again()).rejects.toMatchObject({ type: 'StripeInvalidRequestError', code: 'resource_missing' })
  })

  it('are gone already where somebody deleted them at the processor', async () => {
    const ann = await saves('ann')
    account.sandbox.forget(ann)
    await leave('ann')
    await later(hour)
    expect(account.removed).toEqual(['ann'])
    expect(account.ledger.notRemoved(account.practice)).toBeUndefined()
  })

  it.each(['before', 'after', 'no answer'] as const)(
    'whose removal fails (%s) are removed by a later try; until then it is known why they are not',
    async (how) => {
      const ann = await saves('ann')
      account.sandbox.failNext(how, how)
      await leave('ann')
      expect(account.ledger.notRemoved(account.practice)).toMatchObject({ count: 1, problem: expect.stringContaining('The card processor answered') }) // prettier-ignore
      // Another portal begins with what this one left.
      await account.restart()
      for (let i = 0; i < 4; i++) await later(60_000)
      expect(ann.deleted).toBe(true)
      expect(account.ledger.notRemoved(account.practice)).toBeUndefined()
    },
  )

  it('are removed wherever the portal is killed', async () => {
    for (let left = 1; ; left++) {
      account.standing.add('ann')
      const ann = await saves('ann')
      const death = new Death(left)
      account.standing.delete('ann')
      await account.restart(death)
      const done = Promise.all([account.cashier.leave(account.practice, ['ann']), account.cashier.settled()])
      await Promise.race([done.catch(() => {}), death.happened])
      // The follower that says who leaves comes back to what it has not finished.
      await account.restart()
      await account.cashier.leave(account.practice, ['ann'])
      await later(hour)
      await later(2 * hour)
      expect(ann.deleted).toBe(true)
      expect([...account.sandbox.objects.customers.values()].filter((one) => !one.deleted)).toEqual([])
      expect(await cardsOf('ann')).toEqual([])
      if (!death.dead) break
      expect(left).toBeLessThan(60)
    }
  })

  it('of which the portal never heard the id are found, also where the processor’s search does not have them at once', async () => {
    account.sandbox.setSearchLag(60_000)
    account.sandbox.failNext('after')
    await account.begin(ulid(), 5_000, 'ann').catch(() => {})
    const [ann] = account.sandbox.objects.customers.values()
    await leave('ann')
    expect(ann!.deleted).toBeUndefined()
    await later(hour)
    expect(ann!.deleted).toBe(true)
    expect(account.removed).toEqual(['ann'])
  })

  it('stay where the account stands for somebody again, and wait while the portal may send nothing outward', async () => {
    const ann = await saves('ann')
    account.mayGoOut = false
    await leave('ann')
    expect(ann.deleted).toBeUndefined()
    expect(account.ledger.notRemoved(account.practice)?.problem).toContain('portal release')
    account.standing.add('ann')
    account.mayGoOut = true
    await later(60_000)
    expect(await cardsOf('ann')).toHaveLength(1)
    expect(account.ledger.notRemoved(account.practice)).toBeUndefined()
    await account.cashier.leave(account.practice, ['ann'])
    await later(hour)
    expect(ann.deleted).toBeUndefined()
  })

  it('are not to be had again: who comes back pays as somebody new, also within the hour', async () => {
    const ann = await saves('ann')
    await leave('ann')
    account.standing.add('ann')
    const again = await saves('ann')
    expect(again.id).not.toBe(ann.id)
    await later(2 * hour)
    expect(await cardsOf('ann')).toHaveLength(1)
  })
})

it('[Y5] cards of somebody whom the processor has forgotten are none, and the next payment is by somebody new', async () => {
  const ann = await saves('ann')
  account.sandbox.forget(ann)
  expect(await cardsOf('ann')).toEqual([])
  expect((await saves('ann')).id).not.toBe(ann.id)
  expect(await cardsOf('ann')).toHaveLength(1)
})
