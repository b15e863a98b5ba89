/**
 * Any history of a processor, a portal, a site and staff: notices lost, doubled, late and out of order, calls that fail with
 * and without having been done, the portal and the site killed at any durable step, refunds, disputes and failed refunds in
 * between, deposits deleted. In the end each payment that succeeded is one deposit that comes to what the processor has,
 * each refund was made once, and the reconciliation finds what staff deleted and nothing else.
 */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cashier, type Cashier } from '../../src/bridges/payments/cashier.ts'
import type { Gateway } from '../../src/bridges/payments/gateway.ts'
import type { Charge } from '../../src/bridges/payments/sandbox-objects.ts'
import { openPaymentLedger, type PaymentLedger } from '../../src/bridges/payments/ledger-sqlite.ts'
import { stripeGateway } from '../../src/bridges/payments/stripe-gateway.ts'
import { noticeOf } from '../../src/bridges/payments/stripe-notices.ts'
import { reconcilingOf } from '../../src/portal/reconciling.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type Payments } from '../../src/replica/kinds/payments.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { auditTrail } from '../../src/server/audit-sqlite.ts'
import { serveCardSandbox, type ServedSandbox } from '../../src/server/card-sandbox-page.ts'
import { Death, mortal, mortalInSched } from '../insched/death.ts'
import { boundFile, factsAt, practice, start } from '../insched/office.ts'
import { clock as systemClock, folder, ulid } from '../replica/world.ts'
import { heldClock, type HeldClock } from '../server/world.ts'

const secretKey = 'sk_test_1'
const webhookSecret = 'whsec_1'
const small = fc.nat(3)
const begins = fc.record({ do: fc.constant('begin' as const), minor: fc.integer({ min: 100, max: 9_999 }), pays: fc.constantFrom('by card' as const, 'by card' as const, 'by bank' as const, 'not' as const) }) // prettier-ignore
const actions = fc
  .tuple(
    begins,
    begins,
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: begins },
        { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pay by card' as const, 'come back' as const, 'expire' as const), which: small }) }, // prettier-ignore
        { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('bank comes' as const, 'bank fails' as const, 'refund at the desk' as const, 'ask a refund' as const, 'ask a refund' as const, 'refund fails' as const, 'dispute' as const, 'won' as const, 'lost' as const), which: small, part: fc.integer({ min: 1, max: 3 }) }) }, // prettier-ignore
        { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), how: fc.constantFrom('in order' as const, 'backwards' as const, 'twice' as const, 'lost' as const) }) }, // prettier-ignore
        { weight: 3, arbitrary: fc.record({ do: fc.constant('call fails' as const), how: fc.constantFrom('before' as const, 'after' as const, 'no answer' as const) }) }, // prettier-ignore
        { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('portal dies' as const, 'site dies' as const), left: fc.integer({ min: 1, max: 12 }) }) }, // prettier-ignore
        { weight: 10, arbitrary: fc.record({ do: fc.constantFrom('carry up' as const, 'carry down' as const, 'carry down' as const, 'the site works' as const, 'the site works' as const, 'an hour' as const) }) }, // prettier-ignore
        { weight: 1, arbitrary: fc.record({ do: fc.constant('staff delete' as const) }) },
      ),
      { minLength: 10, maxLength: 40, size: 'max' },
    ),
  )
  .map(([one, two, more]) => [one, two, ...more])
type Action = typeof actions extends fc.Arbitrary<readonly (infer A)[]> ? A : never

/** One of a list, whatever the number. */
const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length]

/** A call that the process may die before and after. */
const around = <A extends unknown[], R>(death: Death, call: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) => {
  return async (...args) => {
    death.step()
    const result = await call(...args)
    death.step()
    return result
  }
} // prettier-ignore

/** A portal's cashier that may die, on a store and a ledger that stay. */
async function portalLife(world: World, left: number) {
  const death = new Death(left)
  const replica = await openReplica({ store: mortal(world.stores.portal, death), practice, id: world.ids.portal, clock: world.live }) // prettier-ignore
  const ledger = new Proxy(world.ledger, {
    get(of, name) {
      const held = of[name as keyof PaymentLedger] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        death.step()
        const result = held(...args)
        death.step()
        return result
      }
    },
  })
  const { begin, findCheckout, look, refund, paymentOf } = world.gateway
  const gateway: Gateway = { ...world.gateway, begin: around(death, begin), findCheckout: around(death, findCheckout), look: around(death, look), refund: around(death, refund), paymentOf: around(death, paymentOf) } // prettier-ignore
  const parts = { ledger, gatewayOf: () => gateway, replicaOf: () => replica, clock: world.clock, log: () => {} }
  const taking: Cashier = cashier({ ...parts, mayGoOut: () => true })
  const follower = replica.follow({ name: 'cashier', collections: ['payments'], handle: taking.follow(practice) })
  return { death, replica, taking, follower, parts }
}

interface World {
  readonly clock: HeldClock
  readonly live: typeof systemClock
  readonly served: ServedSandbox
  readonly gateway: Gateway
  readonly ledger: PaymentLedger
  readonly stores: { portal: ReturnType<typeof memoryStore>; site: ReturnType<typeof memoryStore> }
  readonly ids: { portal: ReturnType<typeof ulid>; site: ReturnType<typeof ulid> }
}

async function run(list: readonly Action[]): Promise<void> {
  const clock = heldClock(systemClock.now())
  const served = await serveCardSandbox({ port: 0, clock, secretKey, webhookSecret })
  const { sandbox } = served
  sandbox.setDelivery('held')
  const world: World = {
    clock,
    live: { ...systemClock, now: clock.now },
    served,
    gateway: stripeGateway({ secretKey, webhookSecrets: [webhookSecret], apiBase: served.url }),
    ledger: openPaymentLedger(join(folder(), 'payments.sqlite')),
    stores: { portal: memoryStore(), site: memoryStore() },
    ids: { portal: ulid(), site: ulid() },
  }
  const first = await openReplica({ store: { ...world.stores.site, close: async () => {} }, practice, id: world.ids.site, clock: systemClock }) // prettier-ignore
  const file = await boundFile(first)
  await first.close()
  const staff = new Database(file)

  let portal = await portalLife(world, Infinity)
  const siteLife = async (left: number) => {
    const death = new Death(left)
    const replica: OpenReplica = await openReplica({ store: mortal(world.stores.site, death), practice, id: world.ids.site, clock: systemClock }) // prettier-ignore
    const opened = start(file, replica, { open: (...given) => mortalInSched(death, ...given) })
    const bridge = await Promise.race([opened.catch(() => undefined), death.happened.then(() => undefined)])
    return { death, replica, bridge }
  }
  let site = await siteLife(Infinity)
  await site.bridge!.readNow()
  const patient = (await site.bridge!.documentOf('patients', 1))!
  const facts = await factsAt(site.replica, 'patients', patient)

  const endPortal = async (): Promise<void> => {
    portal.death.dead = true
    await portal.taking.stop().catch(() => {})
    await portal.replica.close().catch(() => {})
  }
  const endSite = async (): Promise<void> => {
    site.death.dead = true
    await site.bridge?.stop().catch(() => {})
    await site.replica.close().catch(() => {})
  }
  /** Who has died begins again; what it did stays. */
  const revive = async (): Promise<void> => {
    if (portal.death.dead) {
      await endPortal()
      portal = await portalLife(world, Infinity)
      portal.taking.begun()
    }
    while (site.death.dead || !site.bridge) {
      await endSite()
      site = await siteLife(Infinity)
    }
  }
  /** Does something with a portal or a site that may die of it. */
  const trying = async (work: () => Promise<unknown>): Promise<void> => {
    await Promise.race([work().catch(() => {}), portal.death.happened, site.death.happened])
    await revive()
  }
  const settled = (): Promise<void> =>
    trying(async () => {
      await portal.follower.caughtUp()
      portal.taking.wake()
      await portal.taking.settled()
    })
  const carry = async (from: OpenReplica, to: OpenReplica): Promise<void> => {
    const entries = await from.entries('payments', patient)
    if (entries.length > 0) await to.change([{ collection: 'payments', key: patient, facts, add: Object.fromEntries(entries.map(({ id, ...entry }) => [id, entry])) }]) // prettier-ignore
  }
  const hear = async (order: 'in order' | 'backwards' | 'twice' | 'lost'): Promise<void> => {
    const held = sandbox.held.splice(0)
    const said = order === 'backwards' ? held.toReversed() : order === 'twice' ? [...held, ...held] : order === 'lost' ? [] : held // prettier-ignore
    for (const event of said) {
      const notice = noticeOf(event.body, sandbox.sign(event), { practice, secrets: [webhookSecret], clock })
      if ('refused' in notice) throw new Error(notice.refused)
      await trying(async () => portal.taking.hear(practice, notice))
    }
    await settled()
  }
  const known = async (): Promise<Payments> => foldPayments(await portal.replica.entries('payments', patient))
  const sessions = () => [...sandbox.objects.sessions.values()]
  const charges = (): Charge[] => [...sandbox.objects.charges.values()]
  const wished = new Set<string>()
  let deleted = 0

  const act = async (action: Action): Promise<void> => {
    switch (action.do) {
      case 'begin': {
        const by = { role: 'patient' as const, id: 'a' }
        const wanted = { practice, patient, payment: ulid(), facts, by, amount: cents(action.minor), name: 'Desert Bloom', language: 'en', paidTo: 'https://x.example/', backTo: 'https://x.example/' } // prettier-ignore
        await trying(() => portal.taking.begin(wanted))
        const session = sessions().findLast((one) => one.metadata['payment'] === wanted.payment)
        if (session && action.pays !== 'not') sandbox.pay(session, action.pays === 'by card' ? 'card' : 'bank')
        return
      }
      case 'pay by card': {
        const session = pick(sessions().filter((one) => one.status === 'open' && one.until > clock.now()), action.which) // prettier-ignore
        if (session) sandbox.pay(session, 'card')
        return
      }
      case 'come back': {
        const session = pick(sessions(), action.which)
        if (session) await trying(() => portal.taking.attend(session.metadata['payment']!))
        return
      }
      case 'expire': {
        const session = pick(sessions(), action.which)
        if (session) sandbox.expire(session)
        return
      }
      case 'deliver':
        return hear(action.how)
      case 'call fails':
        return sandbox.failNext(action.how)
      case 'portal dies':
        portal.death.left = action.left
        return
      case 'site dies':
        site.death.left = action.left
        return
      case 'carry up':
        return trying(() => carry(site.replica, portal.replica))
      case 'carry down':
        return trying(() => carry(portal.replica, site.replica))
      case 'the site works':
        return trying(() => site.bridge!.written())
      case 'staff delete':
        deleted += staff.prepare('delete from deposits where transaction_id in (select transaction_id from deposits order by deposit_id desc limit 1)').run().changes // prettier-ignore
        return
      case 'an hour':
        clock.advance(3_600_000)
        return settled()
      default:
        return atTheProcessor(action)
    }
  }
  const atTheProcessor = async (action: Extract<Action, { part: number }>): Promise<void> => {
    const charge = pick(charges(), action.which)
    if (!charge) return
    const left = charge.amount - charge.refunds.reduce((sum, one) => sum + (one.status === 'failed' ? 0 : one.amount), 0) // prettier-ignore
    const free = charge.status === 'succeeded' && charge.disputes.every((one) => one.status === 'won')
    if (action.do === 'bank comes' && charge.status === 'processing') sandbox.settleBank(charge, 'come')
    if (action.do === 'bank fails' && charge.status === 'processing') sandbox.settleBank(charge, 'fail')
    if (action.do === 'refund at the desk' && free && left > 0) sandbox.refund(charge, Math.ceil(left / action.part))
    if (action.do === 'dispute' && charge.status === 'succeeded' && charge.disputes.length === 0 && left > 0) sandbox.dispute(charge) // prettier-ignore
    const [dispute] = charge.disputes
    if (dispute && (action.do === 'won' || action.do === 'lost')) sandbox.closeDispute(dispute, action.do)
    const refund = charge.refunds.find((one) => one.status === 'succeeded')
    if (action.do === 'refund fails' && refund) sandbox.failRefund(refund)
    if (action.do !== 'ask a refund') return
    const asked = ulid()
    const payment = charge.metadata['payment']!
    await trying(async () => {
      await site.replica.change([{ collection: 'payments', key: patient, facts, add: { [asked]: { kind: 'refund asked', at: clock.now(), by: { role: 'staff', id: 's' }, payment, amount: cents(Math.ceil(charge.amount / (action.part + 1))), reason: 'x' } } }]) // prettier-ignore
      wished.add(asked)
    })
  }

  try {
    for (const action of list) await act(action)
    portal.death.left = site.death.left = Infinity
    await revive()
    // Nothing is told any more: whatever was lost is found by the clock and by the reconciliation.
    sandbox.held.splice(0)
    const audit = auditTrail(new Database(':memory:'), { key: new Uint8Array(32), clock: world.live })
    const reconciling = reconcilingOf({ ...portal.parts, cashier: portal.taking, practices: () => [], audit })
    const round = async (): Promise<void> => {
      await carry(site.replica, portal.replica)
      await portal.follower.caughtUp()
      clock.advance(26 * 3_600_000)
      portal.taking.wake()
      await portal.taking.settled()
      await reconciling.reconcile(practice)
      await carry(portal.replica, site.replica)
      await site.bridge!.readNow()
      await site.bridge!.written()
    }
    for (let i = 0; i < 6; i++) await round()
    await reconciling.stop()
    const { differences } = await reconciling.reconcile(practice)

    // Each that succeeded at the processor is one payment, and no other is.
    const succeeded = charges().filter((one) => one.status === 'succeeded')
    const { payments } = await known()
    expect(payments.flatMap((one) => one.paid?.transaction ?? []).toSorted()).toEqual(succeeded.map((one) => one.id).toSorted()) // prettier-ignore
    // Each wish was made at most once, and its outcome is known.
    const made = charges().flatMap((one) => one.refunds).flatMap((one) => one.metadata['asked'] ?? []) // prettier-ignore
    expect(new Set(made).size).toBe(made.length)
    for (const one of payments.flatMap((two) => two.refunds)) if (wished.has(one.id)) expect(one.state).not.toBe('asked') // prettier-ignore
    // Each is one deposit that comes to what the processor has, but for those that staff deleted.
    const rows = staff.prepare('select transaction_id, amount_cents, refunded_cents, voided_cents from deposits where transaction_id is not null').all() as { transaction_id: string }[] // prettier-ignore
    expect(rows).toHaveLength(succeeded.length - deleted)
    const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)
    for (const row of rows) {
      const charge = succeeded.find((one) => one.id === row.transaction_id)!
      const refunded = sum(charge.refunds.map((one) => (one.status === 'failed' ? 0 : one.amount)))
      const voided = sum(charge.disputes.map((one) => (one.status === 'won' ? 0 : one.amount)))
      expect(row).toEqual({ transaction_id: charge.id, amount_cents: charge.amount, refunded_cents: refunded, voided_cents: voided }) // prettier-ignore
    }
    expect(differences.map((one) => one.kind)).toEqual(Array.from({ length: deleted }, () => 'deposit deleted'))
  } finally {
    await endPortal()
    await endSite()
    staff.close()
    world.ledger.close()
    await served.close()
  }
}

it('[Y16] whatever is lost, doubled, late, out of order or killed, each payment is one deposit and all three accounts agree', async () => {
  await fc.assert(fc.asyncProperty(actions, run), { numRuns: 10, endOnFailure: true })
}, 300_000)
