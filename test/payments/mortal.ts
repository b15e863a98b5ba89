/** The cashier's ledger and the calls to the processor of a portal that may die before and after each of them. */
import type { Gateway } from '../../src/bridges/payments/gateway.ts'
import type { PaymentLedger } from '../../src/bridges/payments/ledger-sqlite.ts'
import type { Death } from '../insched/death.ts'

export function mortalLedger(ledger: PaymentLedger, death: Death): PaymentLedger {
  return new Proxy(ledger, {
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
}

export function mortalGateway(gateway: Gateway, death: Death): Gateway {
  const around =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      death.step()
      const result = await call(...args)
      death.step()
      return result
    }
  const { begin, findCheckout, look, refund, payer, cards, removeCard, removePayer, paymentOf } = gateway
  return {
    ...gateway,
    begin: around(begin),
    findCheckout: around(findCheckout),
    look: around(look),
    refund: around(refund),
    payer: around(payer),
    cards: around(cards),
    removeCard: around(removeCard),
    removePayer: around(removePayer),
    paymentOf: around(paymentOf),
  }
}
