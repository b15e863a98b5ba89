/**
 * Any history of a processor, a portal, a site and staff: notices lost, doubled, late and out of order, calls that fail with
 * and without having been done, the portal and the site killed at any durable step, refunds, disputes and failed refunds in
 * between, deposits deleted; cards saved, taken away and forgotten by the processor; one of two patients erased. In the end
 * each payment that succeeded is one deposit that comes to what the processor has, each refund was made once, the
 * reconciliation finds what staff deleted and what an erasure left open and nothing else, nobody is offered a card that
 * they took away or that is another's, and of who was erased the processor has no card.
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
import { mortalGateway, mortalLedger } from './mortal.ts'
import { boundFile, factsAt, practice, start } from '../insched/office.ts'
import { clock as systemClock, folder, ulid } from '../replica/world.ts'
import { heldClock, type HeldClock } from '../server/world.ts'

const secretKey = 'sk_test_1'
const webhookSecret = 'whsec_1'
const small = fc.nat(3)
const who = fc.constantFrom('a' as const, 'b' as const)
const begins = fc.record({ do: fc.constant('begin' as const), who, saves: fc.boolean(), minor: fc.integer({ min: 100, max: 9_999 }), pays: fc.constantFrom('by card' as const, 'by card' as const, 'by bank' as const, 'not' as const) }) // prettier-ignore
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
        { weight: 2, arbitrary: fc.record({ do: fc.constant('erase' as const) }) },
        { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('take a card away' as const, 'take a card away' as const, 'forgotten there' as const), who, which: small }) }, // prettier-ignore
      ),
      { minLength: 10, maxLength: 40, size: 'max' },
    ),
  )
  .map(([one, two, more]) => [one, two, ...more])
type Action = typeof actions extends fc.Arbitrary<readonly (infer A)[]> ? A : never

/** One of a list, whatever the number. */
const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length]

/** A portal's cashier that may die, on a store and a ledger that stay. */
async function portalLife(world: World, left: number) {
  const death = new Death(left)
  const replica = await openReplica({ store: mortal(world.stores.portal, death), practice, id: world.ids.portal, clock: world.live }) // prettier-ignore
  const ledger = mortalLedger(world.ledger, death)
  const gateway = mortalGateway(world.gateway, death)
  const parts = { ledger, gatewayOf: () => gateway, replicaOf: () => replica, clock: world.clock, log: () => {} }
  // Who was erased stands for nobody; that it came here is told by a follower, as of any change.
  const stands = async (_: string, account: string): Promise<boolean> => !((await replica.head('payments', world.patients[account as Who]))?.erased ?? 0) // prettier-ignore
  const taking: Cashier = cashier({ ...parts, mayGoOut: () => true, stands })
  replica.follow({
    name: 'leaving',
    collections: ['payments'],
    handle: async () => taking.leave(practice, ['a', 'b']).then(() => []),
  })
  const follower = replica.follow({ name: 'cashier', collections: ['payments'], handle: taking.follow(practice) })
  return { death, replica, taking, follower, parts }
}

type Who = 'a' | 'b'
interface World {
  /** Whom each account is the patient of. */
  readonly patients: Record<Who, string>
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
    patients: { a: '', b: '' },
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
  const [a, b] = [(await site.bridge!.documentOf('patients', 1))!, (await site.bridge!.documentOf('patients', 2))!]
  Object.assign(world.patients, { a, b })
  const factsOf = { [a]: await factsAt(site.replica, 'patients', a), [b]: await factsAt(site.replica, 'patients', b) }
  const erasedAt = async (replica: OpenReplica, patient: string): Promise<number> => (await replica.head('payments', patient))?.erased ?? 0 // prettier-ignore

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
    for (const key of [a, b]) {
      const [head, entries] = [await from.head('payments', key), await from.entries('payments', key)]
      const [here, there] = [head?.erased ?? 0, await erasedAt(to, key)]
      // An erasure wins over what is older, and what is erased is not sent.
      if (here > there) await to.change([{ collection: 'payments', key, erase: true }])
      if (here === there && head?.facts.reachable && entries.length > 0) await to.change([{ collection: 'payments', key, facts: factsOf[key]!, add: Object.fromEntries(entries.map(({ id, ...entry }) => [id, entry])) }]) // prettier-ignore
    }
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
  const known = async (patient: string): Promise<Payments> =>
    foldPayments(await portal.replica.entries('payments', patient))
  const whoPaid = (charge: Charge): Who =>
    sessions().find((one) => one.charge === charge)!.customer!.metadata['payer'] as Who
  const sessions = () => [...sandbox.objects.sessions.values()]
  const charges = (): Charge[] => [...sandbox.objects.charges.values()]
  const wished = new Set<string>()
  const deleted = new Set<string>()
  const takenAway = new Set<string>()
  const customersOf = (account: string) => [...sandbox.objects.customers.values()].filter((one) => !one.deleted && one.metadata['payer'] === account) // prettier-ignore

  const act = async (action: Action): Promise<void> => {
    switch (action.do) {
      case 'begin': {
        const patient = world.patients[action.who]
        if ((await erasedAt(portal.replica, patient)) > 0) return
        const by = { role: 'patient' as const, id: action.who }
        const wanted = { practice, patient, account: action.who, payment: ulid(), facts: factsOf[patient]!, by, amount: cents(action.minor), name: 'Desert Bloom', language: 'en', paidTo: 'https://x.example/', backTo: 'https://x.example/' } // prettier-ignore
        await trying(() => portal.taking.begin(wanted))
        const session = sessions().findLast((one) => one.metadata['payment'] === wanted.payment)
        if (session && action.pays !== 'not')
          sandbox.pay(session, action.pays === 'by card' ? 'card' : 'bank', action.saves)
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
        for (const { transaction_id: id } of staff.prepare('delete from deposits where deposit_id in (select max(deposit_id) from deposits where transaction_id is not null) returning transaction_id').all() as { transaction_id: string }[]) deleted.add(id) // prettier-ignore
        return
      case 'erase':
        return trying(() => site.replica.change([{ collection: 'payments', key: b, erase: true }]))
      case 'take a card away': {
        const cards = [...sandbox.objects.customers.values()].flatMap((one) => one.cards.map(({ id }) => ({ id, of: one.metadata['payer'] }))) // prettier-ignore
        const card = pick(cards, action.which)
        let isGone = false
        if (card)
          await trying(async () => void (isGone = await portal.taking.removeCard(practice, action.who, card.id)))
        if (isGone) takenAway.add(card!.id)
        if (isGone) expect(card!.of).toBe(action.who)
        return
      }
      case 'forgotten there': {
        const customer = pick(customersOf(action.who), action.which)
        if (customer) sandbox.forget(customer)
        return
      }
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
    const patient = world.patients[whoPaid(charge)]
    if ((await erasedAt(site.replica, patient)) > 0) return
    await trying(async () => {
      await site.replica.change([{ collection: 'payments', key: patient, facts: factsOf[patient]!, add: { [asked]: { kind: 'refund asked', at: clock.now(), by: { role: 'staff', id: 's' }, payment, amount: cents(Math.ceil(charge.amount / (action.part + 1))), reason: 'x' } } }]) // prettier-ignore
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

    // Each that succeeded at the processor is one payment, and no other is; of who was erased nothing is known.
    const isErased = (await erasedAt(site.replica, b)) > 0
    const succeeded = charges().filter((one) => one.status === 'succeeded')
    const erased = succeeded.filter((one) => isErased && whoPaid(one) === 'b')
    const kept = succeeded.filter((one) => !erased.includes(one))
    const payments = [...(await known(a)).payments, ...(await known(b)).payments]
    expect(payments.flatMap((one) => one.paid?.transaction ?? []).toSorted()).toEqual(kept.map((one) => one.id).toSorted()) // prettier-ignore
    // Each wish was made at most once, and its outcome is known.
    const made = charges().flatMap((one) => one.refunds).flatMap((one) => one.metadata['asked'] ?? []) // prettier-ignore
    expect(new Set(made).size).toBe(made.length)
    for (const one of payments.flatMap((two) => two.refunds)) if (wished.has(one.id)) expect(one.state).not.toBe('asked') // prettier-ignore
    // Each is one deposit that comes to what the processor has, but for those that staff deleted.
    interface Row { transaction_id: string; amount_cents: number; refunded_cents: number; voided_cents: number } // prettier-ignore
    const rows = staff.prepare('select transaction_id, amount_cents, refunded_cents, voided_cents from deposits where transaction_id is not null').all() as Row[] // prettier-ignore
    expect(new Set(rows.map((one) => one.transaction_id)).size).toBe(rows.length)
    const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)
    const refunded = (charge: Charge): number =>
      sum(charge.refunds.map((one) => (one.status === 'failed' ? 0 : one.amount)))
    const voided = (charge: Charge): number =>
      sum(charge.disputes.map((one) => (one.status === 'won' ? 0 : one.amount)))
    const rowOf = ({ id }: Charge): Row | undefined => rows.find((one) => one.transaction_id === id)
    for (const charge of kept)
      expect(rowOf(charge)).toEqual(deleted.has(charge.id) ? undefined : { transaction_id: charge.id, amount_cents: charge.amount, refunded_cents: refunded(charge), voided_cents: voided(charge) }) // prettier-ignore
    expect(rows.filter((row) => !succeeded.some((one) => one.id === row.transaction_id))).toEqual([])
    expect(differences.filter((one) => one.kind !== 'unknown here').map((one) => `${one.kind} ${one.transaction}`).toSorted()).toEqual(kept.flatMap((one) => (deleted.has(one.id) ? [`deposit deleted ${one.id}`] : [])).toSorted()) // prettier-ignore
    // What InSched has not, or not as it is at the processor, is told of who was erased too.
    const told = new Set(differences.flatMap((one) => (one.kind === 'unknown here' ? [one.transaction!] : [])))
    const open = erased.filter((one) => { const row = rowOf(one); return !deleted.has(one.id) && (!row || row.amount_cents - row.refunded_cents - row.voided_cents !== one.amount - refunded(one) - voided(one)) }) // prettier-ignore
    expect(open.filter((one) => !told.has(one.id))).toEqual([])
    expect([...told].filter((id) => !erased.some((one) => one.id === id))).toEqual([])
    // A card is offered to who saved it and to nobody else, until it is taken away; of who was erased there is none.
    for (const account of ['a', 'b'] as const) {
      const saved = new Set(customersOf(account).flatMap((one) => one.cards.map(({ id }) => id)))
      const offered = (await portal.taking.cards(practice, account)).map((one) => one.id)
      expect(offered.filter((id) => takenAway.has(id) || !saved.has(id))).toEqual([])
    }
    if (isErased) expect(customersOf('b')).toEqual([])
  } finally {
    await endPortal()
    await endSite()
    staff.close()
    world.ledger.close()
    await served.close()
  }
}

it('[Y5] [Y16] whatever is lost, doubled, late, out of order or killed, each payment is one deposit, all three accounts agree, and saved cards are whose they are', async () => {
  await fc.assert(fc.asyncProperty(actions, run), { numRuns: 10, endOnFailure: true })
}, 300_000)
