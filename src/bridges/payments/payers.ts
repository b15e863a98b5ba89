/**
 * Who pays, as the card processor knows them: by our ids alone, with the cards that they saved there. An account that
 * stands for no patient of the practice any more is removed at the processor with its cards: claimed before the call, tried
 * again until it is done, looked for once more an hour later, since what was made a moment ago is not found at once there.
 */
import type { Clock } from '../../replica/clock.ts'
import { rounds } from '../rounds.ts'
import { ProcessorFault, type Gateway, type SavedCard } from './gateway.ts'
import type { Leaving, PaymentLedger } from './ledger-sqlite.ts'

export interface PayersOptions {
  readonly ledger: PaymentLedger
  readonly gatewayOf: (practice: string) => Gateway | undefined
  /** Whether an account stands for any patient of the practice that the portal holds. */
  readonly stands: (practice: string, account: string) => Promise<boolean>
  readonly mayGoOut: (practice: string) => boolean
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Told when an account and its cards are gone from the processor. */
  readonly removed?: (practice: string, account: string) => void
}
export type Payers = ReturnType<typeof payersOf>

const soonest = 2_000
const longestWait = 600_000
/** For so long the processor's search may not find what was made. */
const searchLag = 3_600_000
const atOnce = 100

export function payersOf(options: PayersOptions) {
  const { ledger, gatewayOf, clock, log } = options
  const turns = new Map<string, Promise<unknown>>()

  /** One at a time for each account: nobody is made anew while it is being removed. */
  const single = <T>(practice: string, account: string, work: () => Promise<T>): Promise<T> => {
    const name = `${practice} ${account}`
    const next = (turns.get(name) ?? Promise.resolve()).then(work, work)
    const settled = next.then(
      () => {},
      () => {},
    )
    turns.set(name, settled)
    void settled.then(() => turns.get(name) === settled && turns.delete(name))
    return next
  }
  const gatewayFor = (practice: string): Gateway => {
    const gateway = gatewayOf(practice)
    if (!gateway) throw new ProcessorFault('transient', 'This practice has no account for card payments.')
    return gateway
  }

  const remove = async ({ practice, account, looked }: Leaving): Promise<void> => {
    if (await options.stands(practice, account)) return ledger.stays(practice, account)
    if (!options.mayGoOut(practice))
      throw new ProcessorFault('transient', 'Saved cards wait until every site of the practice was heard since the portal began. Release them with: patientconnection portal release') // prettier-ignore
    await gatewayFor(practice).removePayer({ practice, account, payer: ledger.payerOf(practice, account) })
    ledger.forgetPayer(practice, account)
    if (looked === 0) return ledger.lookAgain(practice, account, clock.now() + searchLag)
    ledger.stays(practice, account)
    options.removed?.(practice, account)
  }
  const attempt = async (row: Leaving): Promise<void> => {
    const { practice, account, failures } = row
    try {
      await single(practice, account, () => remove(row))
    } catch (error) {
      const { message } = error as Error
      ledger.leavesLater(practice, account, clock.now() + Math.min(longestWait, soonest * 2 ** failures), message)
      log(`the saved cards of account ${account} are not removed yet: ${message}`)
    }
  }
  const removals = rounds({
    clock,
    least: soonest / 4,
    async round() {
      for (const row of ledger.leaving(clock.now(), atOnce)) await attempt(row)
      return ledger.nextLeaving()
    },
    failed(error) {
      log(`removing saved cards failed: ${(error as Error).message}`)
      return clock.now() + longestWait
    },
  })

  return {
    /** The processor's id of an account that pays: the one that there is, or a new one. Throws ProcessorFault. */
    payer: (practice: string, account: string): Promise<string> =>
      single(practice, account, async () => {
        const known = ledger.payerOf(practice, account)
        if (known !== undefined) return known
        const payer = await gatewayFor(practice).payer({ practice, account, key: `payer-${practice}-${account}-${ledger.claimPayer(practice, account)}` }) // prettier-ignore
        ledger.payer(practice, account, payer)
        return payer
      }),
    /** The processor may not know the account any more: the next payment asks for it anew, under another key. */
    forget: (practice: string, account: string): void => ledger.forgetPayer(practice, account),
    /** The cards that an account saved at the processor; throws ProcessorFault. */
    async cards(practice: string, account: string): Promise<readonly SavedCard[]> {
      const payer = ledger.payerOf(practice, account)
      if (payer === undefined) return []
      const cards = await gatewayFor(practice).cards(payer)
      if (!cards) ledger.forgetPayer(practice, account)
      return cards ?? []
    },
    /** Takes away a card that the account saved; false where it has no such card. Throws ProcessorFault. */
    async removeCard(practice: string, account: string, card: string): Promise<boolean> {
      if (!(await this.cards(practice, account)).some((one) => one.id === card)) return false
      await gatewayFor(practice).removeCard(card)
      return true
    },
    /** Removes those of the accounts at the processor that pay here and stand for nobody any more; durable when it resolves. */
    async leave(practice: string, accounts: readonly string[]): Promise<void> {
      for (const account of accounts)
        if (ledger.isPayer(practice, account) && !(await options.stands(practice, account))) ledger.leaves(practice, account, clock.now()) // prettier-ignore
      removals.wake()
    },
    wake: removals.wake,
    /** Resolves when no removal is under way and none is due. */
    settled: removals.settled,
    async stop(): Promise<void> {
      await removals.stop()
      await Promise.all(turns.values())
    },
  }
}
