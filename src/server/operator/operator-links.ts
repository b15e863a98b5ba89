/** How the operator of a portal gets to its page: by a link that a command of the portal's own machine prints, good once and for a quarter of an hour. Nothing of it is kept. */
import type { Clock } from '../../replica/clock.ts'
import { hashOf } from '../control-store-sqlite.ts'

/** How long a link holds, milliseconds. */
export const operatorLinkLasts = 15 * 60_000

export type OperatorLinks = ReturnType<typeof operatorLinks>

export function operatorLinks(clock: Clock) {
  const waiting = new Map<string, number>()
  const stands = (token: string): boolean => (waiting.get(hashOf(token)) ?? 0) >= clock.now()
  return {
    /** A new link's path, and until when it holds (milliseconds UTC); an earlier one ends. */
    make(): { readonly path: string; readonly until: number } {
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const until = clock.now() + operatorLinkLasts
      waiting.clear()
      waiting.set(hashOf(token), until)
      return { path: `/operator/enter/${token}`, until }
    },
    stands,
    /** Uses a link up; false where it does not stand. */
    take(token: string): boolean {
      const stood = stands(token)
      waiting.delete(hashOf(token))
      return stood
    },
  }
}
