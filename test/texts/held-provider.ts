/** A provider of texts in memory: it takes what it is given, or fails in the ways in which one fails, and forgets nothing. */
import { ProviderFault, blockedCode, type TakenText, type TextProvider } from '../../src/bridges/texts/provider.ts'
import type { Clock } from '../../src/replica/clock.ts'

export interface HeldProvider extends TextProvider {
  /** Every text that it took, oldest first. */
  readonly taken: readonly TakenText[]
  readonly blocked: Set<string>
  /** Nothing is taken, and every call says so. */
  isDown: boolean
  /** So many of the next texts are taken, and the answer is lost. */
  unanswered: number
}

export function heldProvider(clock: Clock): HeldProvider {
  const taken: TakenText[] = []
  const byNumber = new Map<string, TakenText[]>()
  const up = (): void => {
    if (provider.isDown) throw new ProviderFault('for now', 'ECONNREFUSED')
  }
  const provider: HeldProvider = {
    taken,
    blocked: new Set(),
    isDown: false,
    unanswered: 0,
    async send({ to, body }) {
      up()
      if (provider.blocked.has(to)) throw new ProviderFault('for good', blockedCode)
      const text: TakenText = { sid: `SM${taken.length}`, to, body, state: 'delivered', code: null, at: Math.floor(clock.now() / 1_000) * 1_000 } // prettier-ignore
      taken.push(text)
      byNumber.set(to, [...(byNumber.get(to) ?? []), text])
      if (provider.unanswered > 0) {
        provider.unanswered--
        throw new ProviderFault('no answer', 'ECONNRESET')
      }
      return text
    },
    async sentTo(number) {
      up()
      return (byNumber.get(number) ?? []).toReversed()
    },
    async *since(since) {
      up()
      yield { sent: taken.filter((one) => one.at >= since).toReversed(), received: [] }
    },
    async fetch(sid) {
      up()
      return taken.find((one) => one.sid === sid)!
    },
    receivedIn: () => undefined,
    stateIn: () => undefined,
    isSigned: () => true,
  }
  return provider
}
