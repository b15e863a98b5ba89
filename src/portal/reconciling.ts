/**
 * The daily reconciliation of card payments: what nobody told the portal is asked of the processor first, then the three
 * accounts are compared. A difference is an alarm and a review of the practice's staff; it is over when all agree again.
 */
import type { Cashier } from '../bridges/payments/cashier.ts'
import type { Gateway, Movement } from '../bridges/payments/gateway.ts'
import type { PaymentLedger } from '../bridges/payments/ledger-sqlite.ts'
import { reconcile, type Difference, type OwnPayment, type Reconciliation } from '../bridges/payments/reconciliation.ts'
import type { Clock } from '../replica/clock.ts'
import { derivedUlid } from '../replica/ids.ts'
import { plainAmount } from '../replica/kinds/money.ts'
import { foldPayments } from '../replica/kinds/payments.ts'
import type { Edit, Replica } from '../replica/replica-face.ts'
import type { AuditTrail } from '../server/audit-sqlite.ts'

/** `healed`: payments that changed because the processor was asked, for want of a notice. */
export type Reconciled = Reconciliation & { readonly healed: readonly string[] }

const aDay = 24 * 3_600_000
const usualDays = 35
const lookEvery = 600_000

export function reconcilingOf(options: {
  readonly ledger: PaymentLedger
  readonly cashier: Pick<Cashier, 'attend'>
  readonly gatewayOf: (practice: string) => Gateway | undefined
  readonly replicaOf: (practice: string) => Replica | undefined
  /** Those that take cards. */
  readonly practices: () => readonly string[]
  readonly audit: AuditTrail
  readonly clock: Clock
  readonly log: (line: string) => void
}) {
  const { ledger, cashier, gatewayOf, replicaOf, practices, audit, clock, log } = options
  const alarmed = new Set<string>()
  let stopped = false
  let cancel = (): void => {}
  let looking: Promise<void> = Promise.resolve()

  const ownPayments = async (replica: Replica): Promise<OwnPayment[]> => {
    const found: OwnPayment[] = []
    for (let after: string | undefined; ;) {
      const heads = await replica.list('payments', after, 500)
      for (const { key } of heads)
        for (const payment of foldPayments(await replica.entries('payments', key)).payments) found.push({ patient: key, payment }) // prettier-ignore
      if (heads.length === 0) return found
      after = heads.at(-1)!.key
    }
  }
  const said = (ours: readonly OwnPayment[]): Map<string, string> => new Map(ours.map(({ payment }) => [payment.id, JSON.stringify([payment.state, payment.moves])])) // prettier-ignore

  /** What the processor knows and the portal may not: asked, payment by payment. */
  const heal = async (practice: string, before: Reconciliation, ours: readonly OwnPayment[]): Promise<void> => {
    const open = ours.filter(({ payment }) => payment.state === 'started' || payment.state === 'pending').map(({ payment }) => payment.id) // prettier-ignore
    const named = before.differences.flatMap((one) => one.payment ?? ledger.paymentOf(one.transaction ?? '') ?? [])
    const unknown = ledger.ofPractice(practice).filter((row) => row.due_at !== null).map((row) => row.payment) // prettier-ignore
    for (const id of new Set([...open, ...named, ...unknown])) {
      try {
        await cashier.attend(id)
      } catch (error) {
        // It is tried again by itself; what is not known stays a difference.
        log(`payment ${id} waits: ${(error as Error).message}`)
      }
    }
  }

  const run = async (practice: string, days = usualDays): Promise<Reconciled> => {
    const [gateway, replica] = [gatewayOf(practice)!, replicaOf(practice)!]
    const from = clock.now() - days * aDay
    const movements: Movement[] = []
    // The movements of this very second are there as well.
    for await (const one of gateway.movements(from, clock.now() + 1_000)) movements.push(one)
    const marked = new Set(movements.flatMap((one) => (one.practice === practice && one.transaction !== null ? [one.transaction] : []))) // prettier-ignore
    for (const transaction of marked) {
      if (ledger.paymentOf(transaction) !== undefined) continue
      const found = await gateway.paymentOf(transaction)
      if (found && !ledger.begun(found.payment)) ledger.claim({ payment: found.payment, practice, patient: null, begun_at: clock.now(), until: clock.now(), due_at: clock.now() }) // prettier-ignore
    }
    const ours = await ownPayments(replica)
    const compared = (now: readonly OwnPayment[]): Reconciliation => reconcile({ movements, ours: now, marked, kept: ledger.standsAt, from, until: clock.now() }) // prettier-ignore
    await heal(practice, compared(ours), ours)
    const after = await ownPayments(replica)
    const former = said(ours)
    const healed = [...said(after)].flatMap(([id, now]) => (former.get(id) === now ? [] : [id]))
    return { ...compared(after), healed }
  }

  const reviewOf = (practice: string, replica: Replica, one: Difference, site: string | null): Edit => ({
    collection: 'reviews',
    key: derivedUlid('payment difference', practice, one.kind, one.payment ?? '', one.transaction ?? '', String(one.amount)),
    facts: { patient: one.patient, site, shown: false, reachable: false, startsAt: null },
    add: { opened: { kind: 'opened', at: clock.now(), by: { role: 'portal', id: replica.id }, about: 'payment difference', why: `Card processor, portal and InSched do not agree (${one.kind}): ${plainAmount({ minor: one.amount, currency: one.currency })} ${one.currency.toUpperCase()}, ${one.transaction ?? one.payment ?? ''}.`, todo: one.todo, patient: one.patient } },
  }) // prettier-ignore

  const reconcileNow = async (practice: string, days?: number): Promise<Reconciled> => {
    const result = await run(practice, days)
    const replica = replicaOf(practice)!
    ledger.reconciled(practice, clock.now(), JSON.stringify(result))
    audit.record({ did: 'payments reconciled', practice, of: String(result.differences.length) })
    for (const one of result.differences) {
      const head = one.patient === null ? undefined : await replica.head('payments', one.patient)
      await replica.change([reviewOf(practice, replica, one, head?.facts.site ?? null)])
    }
    const isWrong = result.differences.length > 0
    if (isWrong === alarmed.has(practice)) return result
    if (isWrong) alarmed.add(practice)
    else alarmed.delete(practice)
    log(isWrong ? `alarm: payments of practice ${practice} do not agree: ${result.differences.length} differences` : `alarm over: payments of practice ${practice} agree`) // prettier-ignore
    audit.record({ did: isWrong ? 'alarm raised' : 'alarm over', practice, of: 'payments' })
    return result
  }

  const look = async (): Promise<void> => {
    for (const practice of practices()) {
      if (stopped) return
      const last = ledger.lastReconciliation(practice)
      if (last && clock.now() - last.at < aDay) continue
      try {
        await reconcileNow(practice)
      } catch (error) {
        log(`payments of practice ${practice} could not be reconciled: ${(error as Error).message}`)
      }
    }
  }
  const wait = (): void => {
    if (stopped) return
    cancel = clock.after(lookEvery, () => {
      looking = look().then(wait)
    })
  }
  wait()

  return {
    reconcile: reconcileNow,
    /** The last one of a practice, with its time in milliseconds UTC. */
    last(practice: string): { readonly at: number; readonly result: Reconciled } | undefined {
      const kept = ledger.lastReconciliation(practice)
      return kept && { at: kept.at, result: JSON.parse(kept.result) as Reconciled }
    },
    async stop(): Promise<void> {
      stopped = true
      cancel()
      await looking
    },
  }
}
