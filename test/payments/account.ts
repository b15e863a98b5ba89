/** A practice with an account at the card sandbox: the real SDK over HTTP, the cashier of a portal on its replica, and notices as they come. */
import { join } from 'node:path'
import { cashier, type Cashier } from '../../src/bridges/payments/cashier.ts'
import { openPaymentLedger, type PaymentLedger } from '../../src/bridges/payments/ledger-sqlite.ts'
import { stripeGateway } from '../../src/bridges/payments/stripe-gateway.ts'
import { noticeOf } from '../../src/bridges/payments/stripe-notices.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { foldPayments, type Payment, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { serveCardSandbox, type ServedSandbox } from '../../src/server/card-sandbox-page.ts'
import type { Death } from '../insched/death.ts'
import { mortalGateway, mortalLedger } from './mortal.ts'
import { heldClock, type HeldClock } from '../server/world.ts'
import { clock as systemClock, folder, ulid } from '../replica/world.ts'
import type { Clock } from '../../src/replica/clock.ts'

export const secretKey = 'sk_test_sandbox'
export const webhookSecret = 'whsec_sandbox'

export interface Account {
  readonly clock: HeldClock
  readonly practice: string
  readonly patient: string
  readonly replica: OpenReplica
  readonly sandbox: ServedSandbox['sandbox']
  readonly ledger: PaymentLedger
  readonly receipts: string[]
  cashier: Cashier
  mayGoOut: boolean
  /** The accounts that stand for a patient of the practice. */
  readonly standing: Set<string>
  /** Accounts whose saved cards were removed, as the audit trail is told. */
  readonly removed: string[]
  begin(payment: string, minor: number, account?: string): Promise<void>
  session(payment: string): NonNullable<ReturnType<ServedSandbox['sandbox']['objects']['sessions']['get']>>
  payment(id: string): Promise<Payment>
  add(entries: Record<string, PaymentEntry>): Promise<void>
  /** Takes what the sandbox holds back, signed, as the portal does. */
  hear(order?: Parameters<ServedSandbox['sandbox']['deliverHeld']>[0]): Promise<void>
  /** Waits until the cashier has nothing left to do now. */
  settled(): Promise<void>
  /** Another portal on what this one left; with `death` one that may die. */
  restart(death?: Death): Promise<void>
  close(): Promise<void>
}

export async function openAccount(): Promise<Account> {
  const clock = heldClock(systemClock.now())
  const live: Clock = { ...systemClock, now: clock.now }
  const [practice, patient] = [ulid(), ulid() as string]
  const served = await serveCardSandbox({ port: 0, clock, secretKey, webhookSecret })
  const { sandbox } = served
  sandbox.setDelivery('held')
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock: live })
  const facts = { patient, site: ulid(), shown: true, reachable: true, startsAt: null }
  const ledger = openPaymentLedger(join(folder(), 'payments.sqlite'))
  const receipts: string[] = []
  const gateway = stripeGateway({ secretKey, webhookSecrets: [webhookSecret], apiBase: served.url })
  const make = (death?: Death): Cashier =>
    cashier({
      ledger: death ? mortalLedger(ledger, death) : ledger,
      gatewayOf: (id) => (id !== practice ? undefined : death ? mortalGateway(gateway, death) : gateway),
      replicaOf: (id) => (id === practice ? replica : undefined),
      mayGoOut: () => account.mayGoOut,
      stands: async (_, one) => account.standing.has(one),
      removed: (_, one) => void account.removed.push(one),
      clock,
      log: () => {},
      paid: (_, __, payment) => void receipts.push(payment.id),
    })
  const follow = () => replica.follow({ name: 'cashier', collections: ['payments'], handle: (heads) => account.cashier.follow(practice)(heads) }) // prettier-ignore
  const account: Account = {
    clock,
    practice,
    patient,
    replica,
    sandbox,
    ledger,
    receipts,
    cashier: undefined as never,
    mayGoOut: true,
    standing: new Set(),
    removed: [],
    async begin(payment, minor, payer) {
      const by = { role: 'patient' as const, id: 'account', name: 'Annalise Quillfeather' }
      await account.cashier.begin({ practice, patient, payment, facts, by, amount: cents(minor), account: payer, name: 'Desert Bloom', language: 'en', paidTo: 'https://portal.example/pay', backTo: 'https://portal.example/pay' }) // prettier-ignore
    },
    session: (payment) =>
      [...sandbox.objects.sessions.values()].findLast((one) => one.metadata['payment'] === payment)!,
    async payment(id) {
      return foldPayments(await replica.entries('payments', patient)).payments.find((one) => one.id === id)!
    },
    add: (add) => replica.change([{ collection: 'payments', key: patient, facts, add }]),
    async hear(order = (list) => list) {
      for (const event of order(sandbox.held.splice(0))) {
        const notice = noticeOf(event.body, sandbox.sign(event), { practice, secrets: [webhookSecret], clock })
        if ('refused' in notice) throw new Error(notice.refused)
        account.cashier.hear(practice, notice)
      }
      await account.settled()
    },
    async settled() {
      await follower.caughtUp()
      account.cashier.wake()
      await account.cashier.settled()
      await follower.caughtUp()
      await account.cashier.settled()
    },
    async restart(death) {
      await account.cashier.stop()
      account.cashier = make(death)
      account.cashier.wake()
    },
    async close() {
      await account.cashier.stop()
      await replica.close()
      ledger.close()
      await served.close()
    },
  }
  account.cashier = make()
  const follower = follow()
  return account
}
