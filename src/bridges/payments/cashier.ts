/**
 * The portal's side of card payments: it makes the processor's page for a payment, takes its notices, asks how a payment
 * stands, makes the refunds that staff asked for, and says all of it in the replica. Level-triggered: whatever comes first
 * (a notice, the browser coming back, the clock, a wish, a new start) the same question is asked, and the answer is said
 * under ids that hold it. So a notice that is doubled, late or lost changes nothing but the time.
 */
import type { Clock } from '../../replica/clock.ts'
import type { Facts } from '../../replica/collections.ts'
import { derivedUlid } from '../../replica/ids.ts'
import type { By, Entry } from '../../replica/kinds/kind.ts'
import { plainAmount, plus, sumOf, type Money } from '../../replica/kinds/money.ts'
import { foldPayments, type Payment, type PaymentEntry, type Refund } from '../../replica/kinds/payments.ts'
import type { ReviewKind } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import { ProcessorFault, type Checkout, type CheckoutWish, type Gateway, type Snapshot } from './gateway.ts'
import type { Begun, PaymentLedger } from './ledger-sqlite.ts'
import { rounds } from '../rounds.ts'
import { payersOf } from './payers.ts'
import { standsAt } from './reconciliation.ts'
import { saidByProcessor } from './said-by-processor.ts'
import type { Notice } from './stripe-notices.ts'

export interface CashierOptions {
  readonly ledger: PaymentLedger
  /** The account of a practice; undefined where it takes no cards. */
  readonly gatewayOf: (practice: string) => Gateway | undefined
  readonly replicaOf: (practice: string) => Replica | undefined
  /** Whether what was wished may go out: not before a portal that was put back knows what it did. */
  readonly mayGoOut: (practice: string) => boolean
  /** Whether an account stands for any patient of the practice that the portal holds. */
  readonly stands: (practice: string, account: string) => Promise<boolean>
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Told when an account and its saved cards are gone from the processor. */
  readonly removed?: (practice: string, account: string) => void
  /** Told once of each payment that was paid. */
  readonly paid?: (practice: string, patient: string, payment: Payment) => void
}
export interface PaymentToBegin extends Pick<CheckoutWish, 'practice' | 'payment' | 'amount' | 'name' | 'language' | 'paidTo' | 'backTo'> {
  readonly patient: string
  readonly facts: Omit<Facts, 'at'>
  readonly by: By
  readonly request?: string | undefined
  /** The account that pays, where somebody is signed in: their saved cards are offered. */
  readonly account?: string | undefined
} // prettier-ignore
export type Cashier = ReturnType<typeof cashier>

/** How long a page of the processor can be paid on. It takes 30 minutes at least. */
export const pageLasts = 60 * 60_000
const soonest = 2_000
const longestWait = 600_000
/** An answer of the processor that it does not know itself may become true a little later. */
const afterBrokenAnswer = 60_000
const pendingEvery = 6 * 3_600_000
const refundEvery = 3_600_000
/** A payment of which nobody has said whose it is. */
const unknownEvery = 600_000
const atOnce = 8

export function cashier(options: CashierOptions) {
  const { ledger, gatewayOf, replicaOf, clock, log } = options
  const turns = new Map<string, Promise<unknown>>()
  const payers = payersOf(options)
  let stopped = false

  /** One at a time for each payment: what asks meanwhile waits its turn. */
  const single = <T>(payment: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(payment) ?? Promise.resolve()
    const next = before.then(work, work)
    const settled = next.then(
      () => {},
      () => {},
    )
    turns.set(payment, settled)
    void settled.then(() => turns.get(payment) === settled && turns.delete(payment))
    return next
  }
  const byPortal = (replica: Replica): By => ({ role: 'portal', id: replica.id })
  const placesOf = (practice: string): { gateway: Gateway; replica: Replica } => {
    const [gateway, replica] = [gatewayOf(practice), replicaOf(practice)]
    if (!gateway || !replica) throw new ProcessorFault('transient', 'This practice has no account for card payments.')
    return { gateway, replica }
  }
  const paymentOf = async (replica: Replica, patient: string, id: string): Promise<Payment | undefined> =>
    foldPayments(await replica.entries('payments', patient)).payments.find((one) => one.id === id)

  /** The processor's page of a payment: the one that was made, or a new one. */
  const pageOf = async (row: Begun, gateway: Gateway, wish: Omit<CheckoutWish, 'until' | 'key'>): Promise<Checkout> => {
    if (row.session !== null && row.url !== null) return { session: row.session, url: row.url, until: row.until }
    try {
      const page = await gateway.begin({ ...wish, until: row.until, key: `checkout-${row.payment}-${row.attempt}` })
      ledger.page(row.payment, page)
      return page
    } catch (error) {
      if (!(error instanceof ProcessorFault) || error.kind !== 'ambiguous') throw error
      const found = await gateway.findCheckout(row.payment, row.begun_at)
      // Its answer to that key will always be this one. A page that was made all the same has no address that anybody knows.
      if (!found) {
        ledger.nextAttempt(row.payment)
        throw error
      }
      ledger.page(row.payment, found)
      return found
    }
  }

  const review = (replica: Replica, head: Pick<DocumentHead, 'facts'>, about: ReviewKind, key: string, why: string, todo: string): Edit => ({
    collection: 'reviews',
    key,
    facts: { patient: head.facts.patient, site: head.facts.site, shown: false, reachable: false, startsAt: null },
    add: { opened: { kind: 'opened', at: clock.now(), by: byPortal(replica), about, why, todo, patient: head.facts.patient } },
  }) // prettier-ignore
  const inWords = (money: Money): string => `${plainAmount(money)} ${money.currency.toUpperCase()}`

  /** What of a snapshot is new, and the reviews of what a person has to see. */
  const say = async (replica: Replica, patient: string, payment: string, now: Snapshot): Promise<void> => {
    const held: readonly Entry<PaymentEntry>[] = await replica.entries('payments', patient)
    const known = new Set(held.map((one) => one.id))
    const all = saidByProcessor(payment, now, { at: clock.now(), by: byPortal(replica) })
    const fresh = Object.entries(all).filter(([id]) => !known.has(id))
    if (fresh.length === 0) return
    const head = (await replica.head('payments', patient))!
    const reviews = now.disputes
      .filter(({ dispute }) => fresh.some(([, entry]) => entry.kind === 'disputed' && entry.dispute === dispute))
      .map(({ dispute, amount }) => review(replica, head, 'payment disputed', derivedUlid('payment disputed', dispute), `A payment of ${inWords(amount)} by card (${now.paid!.transaction}) is disputed: the cardholder’s bank asks for it back.`, 'Answer it at the card processor before its deadline. The money that is held stands as Voided Amount on the deposit meanwhile.')) // prettier-ignore
    const failed = now.refunds
      .filter(({ refund }) => fresh.some(([, entry]) => entry.kind === 'refunded' && entry.refund === refund && entry.state === 'failed')) // prettier-ignore
      .map(({ refund, amount }) => review(replica, head, 'refund failed', derivedUlid('refund failed', refund), `A refund of ${inWords(amount)} (${refund}) has failed at the card processor: the money is back on the practice’s account.`, 'Give the patient the money in another way, and note it in InSched.')) // prettier-ignore
    await replica.change([{ collection: 'payments', key: patient, add: Object.fromEntries(fresh) }, ...reviews, ...failed]) // prettier-ignore
  }

  /** Makes one refund that was asked for; true where the processor is to be asked what became of it. */
  const giveBack = async (
    row: Begun,
    gateway: Gateway,
    replica: Replica,
    payment: Payment,
    wish: Refund,
  ): Promise<boolean> => {
    const refuse = async (why: string): Promise<false> => {
      const head = (await replica.head('payments', row.patient!))!
      await replica.change([
        { collection: 'payments', key: row.patient!, add: { [`refund refused:${wish.id}`]: { kind: 'refund refused', at: clock.now(), by: byPortal(replica), asked: wish.id, why } } }, // prettier-ignore
        review(replica, head, 'refund failed', derivedUlid('refund refused', wish.id), `A refund of ${inWords(wish.amount)} was not made. ${why}`, 'Look at the payment at the card processor, and ask for the refund again if it is still due.'), // prettier-ignore
      ])
      return false
    }
    const { paid } = payment
    if (!paid) return refuse('The payment was not paid.')
    const gone = sumOf(payment.refunds.filter((one) => one.state === 'done' || one.state === 'pending').map((one) => one.amount), paid.amount.currency) // prettier-ignore
    if (wish.amount.currency !== paid.amount.currency || plus(gone, wish.amount).minor > paid.amount.minor)
      return refuse('It is more than what is left of the payment.')
    const { attempt } = ledger.claimRefund(wish.id, row.payment, clock.now())
    try {
      await gateway.refund({ transaction: paid.transaction, asked: wish.id, amount: wish.amount, key: `refund-${wish.id}-${attempt}` }) // prettier-ignore
    } catch (error) {
      if (!(error instanceof ProcessorFault)) throw error
      // Whether it was made is seen by the next look: only then, and under another key, is it tried again.
      if (error.kind === 'ambiguous' && error.isAnswer) ledger.nextRefundAttempt(wish.id)
      if (error.kind === 'permanent') return refuse(error.message)
      throw error
    }
    ledger.settleRefund(wish.id, clock.now())
    return true
  }

  /** When a payment is to be looked at again without anything being heard. */
  const nextLook = (row: Begun, now: Snapshot, payment: Payment): number | null => {
    if (now.state === 'open') return Math.max(row.until, clock.now()) + soonest
    if (now.state === 'pending') return clock.now() + pendingEvery
    return payment.refunds.some((one) => one.state === 'pending' || one.state === 'asked') ? clock.now() + refundEvery : null // prettier-ignore
  }

  /**
   * Whether a payment was erased with its patient: it is said nowhere again, and money that moves after that is a difference
   * of the reconciliation. What was said of it while the erasure came is erased too.
   */
  const isErased = async (replica: Replica, patient: string, id: string): Promise<boolean> => {
    if (((await replica.head('payments', patient))?.erased ?? 0) === 0) return false
    const entries = await replica.entries('payments', patient)
    if (entries.some((one) => one.kind === 'started' && one.id === id)) return false
    if (entries.length > 0 && !entries.some((one) => one.kind === 'started' || one.kind === 'requested'))
      await replica.change([{ collection: 'payments', key: patient, erase: true }])
    return true
  }

  const look = async (id: string): Promise<void> => {
    let row = ledger.begun(id)
    if (!row) return
    if (row.patient === null) return ledger.due(id, clock.now() + unknownEvery)
    const { gateway, replica } = placesOf(row.practice)
    const { patient } = row
    const known = await paymentOf(replica, patient, id)
    if (await isErased(replica, patient, id)) return ledger.due(id, null)
    const transaction = known?.paid?.transaction
    if (row.session === null && transaction === undefined) {
      const found = await gateway.findCheckout(id, row.begun_at)
      if (found) ledger.page(id, found)
      else if (clock.now() <= row.until) return ledger.due(id, row.until + soonest)
      else {
        const ended = { kind: 'ended' as const, at: clock.now(), by: byPortal(replica), payment: id, why: 'not begun' as const } // prettier-ignore
        await replica.change([{ collection: 'payments', key: patient, add: { [`ended:${id}:not begun`]: ended } }])
        return ledger.due(id, null)
      }
      row = ledger.begun(id)!
    }
    const of = transaction === undefined ? { session: row.session! } : { transaction }
    let now = await gateway.look(of)
    await say(replica, patient, id, now)
    if (now.paid && row.transaction_id === null) ledger.transaction(id, now.paid.transaction)
    if (await isErased(replica, patient, id)) return ledger.due(id, null)
    let payment = (await paymentOf(replica, patient, id))!
    if (payment.paid && ledger.claimReceipt(id, clock.now())) options.paid?.(row.practice, patient, payment)
    const wishes = payment.refunds.filter((one) => one.state === 'asked')
    if (wishes.length > 0 && !options.mayGoOut(row.practice))
      throw new ProcessorFault('transient', 'Refunds wait until every site of the practice was heard since the portal began. Release them with: patientconnection portal release') // prettier-ignore
    for (const wish of wishes) {
      if (!(await giveBack(row, gateway, replica, payment, wish))) continue
      now = await gateway.look({ transaction: payment.paid!.transaction })
      await say(replica, patient, id, now)
      payment = (await paymentOf(replica, patient, id))!
    }
    payment = (await paymentOf(replica, patient, id))!
    ledger.due(id, nextLook(row, now, payment))
  }

  /** Looks at a payment; what fails is tried again by itself, and thrown for whoever asked. */
  const attend = (id: string): Promise<void> =>
    single(id, async () => {
      try {
        await look(id)
      } catch (error) {
        const failures = ledger.begun(id)?.failures ?? 0
        const broken = error instanceof ProcessorFault && error.isAnswer
        const wait = Math.max(broken ? afterBrokenAnswer : 0, Math.min(longestWait, soonest * 2 ** failures))
        if (!stopped) ledger.due(id, clock.now() + wait, (error as Error).message)
        throw error
      }
    })

  /** Whose a notice is: our payment that it names, or that the transaction is of. */
  const resolve = async (notice: ReturnType<PaymentLedger['heard']>[number]): Promise<void> => {
    const { event, practice, payment, transaction_id: transaction } = notice
    const known = payment ?? (transaction === null ? undefined : ledger.paymentOf(transaction))
    const found = known ?? (transaction === null ? undefined : (await placesOf(practice).gateway.paymentOf(transaction))?.payment) // prettier-ignore
    if (found !== undefined) {
      const row = ledger.begun(found) ?? ledger.claim({ payment: found, practice, patient: null, begun_at: clock.now(), until: clock.now() + pageLasts, due_at: null }) // prettier-ignore
      if (row.practice === practice) ledger.dueNow(found, clock.now())
    }
    ledger.handled(event)
  }

  const run = async (): Promise<void> => {
    for (const notice of ledger.heard()) {
      try {
        await resolve(notice)
      } catch (error) {
        if (!(error instanceof ProcessorFault)) throw error
        log(`A notice of the card processor waits: ${error.message}`)
      }
    }
    for (
      let due = ledger.dueAt(clock.now(), atOnce);
      due.length > 0 && !stopped;
      due = ledger.dueAt(clock.now(), atOnce)
    )
      // prettier-ignore
      await Promise.all(
        due.map((row) =>
          attend(row.payment).catch((error: unknown) => log(`payment ${row.payment} waits: ${(error as Error).message}`)),
        ),
      )
  }
  const looks = rounds({
    clock,
    least: soonest / 4,
    async round() {
      await run()
      return ledger.heard().length > 0 ? clock.now() + longestWait : ledger.nextDue()
    },
    failed(error) {
      log(`looking after payments failed: ${(error as Error).message}`)
      return clock.now() + longestWait
    },
  })
  const wake = (): void => {
    looks.wake()
    payers.wake()
  }

  return {
    /** Whether a practice takes payments by card here. */
    takes: (practice: string): boolean => gatewayOf(practice) !== undefined,
    /** Begins a payment, durably, and makes its page. Asked again for the same payment it gives the same page. Throws ProcessorFault. */
    begin: (wanted: PaymentToBegin): Promise<Checkout> =>
      single(wanted.payment, async () => {
        const { practice, payment, patient, facts, by, request, account, amount, ...rest } = wanted
        const { gateway, replica } = placesOf(practice)
        const payer = account === undefined ? undefined : await payers.payer(practice, account)
        const at = clock.now()
        await replica.change([{ collection: 'payments', key: patient, facts, add: { [payment]: { kind: 'started', at, by, amount, ...(request === undefined ? {} : { request }) } } }]) // prettier-ignore
        const until = at + pageLasts
        const row = ledger.claim({ payment, practice, patient, begun_at: at, until, due_at: until + soonest })
        if (row.practice !== practice || row.patient !== patient) throw new ProcessorFault('permanent', 'This payment is another one.') // prettier-ignore
        try {
          return await pageOf(row, gateway, { practice, payment, amount, payer, ...rest })
        } catch (error) {
          // The processor may not know the payer any more: the next try asks for one anew, under another key.
          if (account !== undefined && error instanceof ProcessorFault && error.kind === 'permanent') {
            payers.forget(practice, account)
            ledger.nextAttempt(payment)
          }
          throw error
        } finally {
          wake()
        }
      }),
    cards: payers.cards,
    removeCard: payers.removeCard,
    leave: payers.leave,
    /** The processor's page of a payment that was begun, while it can be paid. */
    open(payment: string): Checkout | undefined {
      const row = ledger.begun(payment)
      if (!row || row.session === null || row.url === null || row.until <= clock.now()) return undefined
      return { session: row.session, url: row.url, until: row.until }
    },
    /** Asks now how a payment stands; throws ProcessorFault where the processor does not say. */
    attend,
    /** Takes a notice, durably; false where it was heard before. */
    hear(practice: string, notice: Notice): boolean {
      const fresh = ledger.hear(practice, notice, clock.now())
      wake()
      return fresh
    },
    /** What of a practice's documents is for the cashier: payments that it does not know, and wishes. The handler of a follower. */
    follow:
      (practice: string) =>
      async (documents: readonly DocumentHead[]): Promise<readonly []> => {
        const replica = replicaOf(practice)!
        for (const { key } of documents) {
          for (const payment of foldPayments(await replica.entries('payments', key)).payments) {
            const row = ledger.begun(payment.id)
            const isOpen = payment.state === 'started' || payment.state === 'pending'
            const isAsked = payment.refunds.some((one) => one.state === 'asked')
            const isNew = (!row || row.patient === null) && (isOpen || payment.paid !== null)
            if (isNew)
            ledger.claim({ payment: payment.id, practice, patient: key, begun_at: payment.at, until: payment.at + pageLasts, due_at: null }) // prettier-ignore
            if (isNew || isAsked) ledger.dueNow(payment.id, clock.now())
            if (payment.posted) ledger.stands(payment.id, standsAt(payment))
          }
        }
        wake()
        return []
      },
    wake,
    /** Looks at all that is not over: what was missed while this portal did not run. */
    begun(): void {
      ledger.allDueNow(clock.now())
      wake()
    },
    /** Resolves when nothing is under way and nothing is due. */
    async settled(): Promise<void> {
      await looks.settled()
      await payers.settled()
    },
    async stop(): Promise<void> {
      stopped = true
      await looks.stop()
      await payers.stop()
      await Promise.all(turns.values())
    },
  }
}
