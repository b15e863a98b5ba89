/**
 * Tickets for a live view: one stands for its session once, for 60 s, and is kept as a hash in memory. What ends with
 * this process ends its tickets.
 */
import type { Clock } from '../replica/clock.ts'
import { hashOf } from './control-store-sqlite.ts'

export interface Tickets {
  /** A new ticket for a session; of more than ten that wait, the oldest is void. */
  mint(session: string): string
  /** The session of a ticket, which is used up by asking; undefined where it is unknown, used, or over. */
  redeem(ticket: string): string | undefined
}

const lasts = 60_000
const mostWaiting = 10

export function tickets(clock: Clock): Tickets {
  const waiting = new Map<string, { readonly session: string; readonly until: number }>()
  const dropOver = (): void => {
    for (const [hash, { until }] of waiting) if (until <= clock.now()) waiting.delete(hash)
  }
  return {
    mint(session) {
      dropOver()
      const own = [...waiting].filter(([, one]) => one.session === session)
      if (own.length >= mostWaiting) waiting.delete(own[0]![0])
      const ticket = Buffer.from(clock.bytes(32)).toString('base64url')
      waiting.set(hashOf(ticket), { session, until: clock.now() + lasts })
      return ticket
    },
    redeem(ticket) {
      dropOver()
      const hash = hashOf(ticket)
      const found = waiting.get(hash)
      waiting.delete(hash)
      return found?.session
    },
  }
}
