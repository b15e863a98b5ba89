/**
 * Sessions of the portal and of the console: a random token in a cookie, its hash on the server, an idle and an absolute
 * limit, a CSRF token bound to it. Over https the cookie is `__Host-` and Secure; plain http is loopback only.
 */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Clock } from '../replica/clock.ts'
import { hashOf } from './control-store-sqlite.ts'

export interface SessionRow {
  readonly account: string
  readonly csrf: string
  readonly created: number
  readonly seen: number
}
export interface SessionStore {
  addSession(tokenHash: string, row: SessionRow): unknown
  session(tokenHash: string): SessionRow | undefined
  touchSession(tokenHash: string, seen: number): unknown
  endSession(tokenHash: string): unknown
}
export interface Sessions {
  /** Begins a session with a new token; a former one of this browser ends. */
  begin(c: Context, account: string): void
  current(c: Context): SessionRow | undefined
  end(c: Context): void
}

const absoluteLimit = 12 * 3_600_000

export function sessions(
  store: SessionStore,
  options: { readonly secure: boolean; readonly idle: number; readonly name: string; readonly clock: Clock },
): Sessions {
  const { secure, clock } = options
  const name = secure ? `__Host-${options.name}` : options.name
  const end = (c: Context): void => {
    const token = getCookie(c, name)
    if (token) store.endSession(hashOf(token))
    deleteCookie(c, name, { path: '/', secure })
  }
  return {
    begin(c, account) {
      end(c)
      const token = Buffer.from(clock.bytes(32)).toString('base64url')
      const now = clock.now()
      store.addSession(hashOf(token), {
        account,
        csrf: Buffer.from(clock.bytes(16)).toString('base64url'),
        created: now,
        seen: now,
      })
      setCookie(c, name, token, { path: '/', httpOnly: true, sameSite: 'Lax', secure })
    },
    current(c) {
      const token = getCookie(c, name)
      const row = token ? store.session(hashOf(token)) : undefined
      if (!token || !row) return undefined
      const now = clock.now()
      if (now - row.seen > options.idle || now - row.created > absoluteLimit) {
        store.endSession(hashOf(token))
        return undefined
      }
      if (now - row.seen > 10_000) store.touchSession(hashOf(token), now)
      return row
    },
    end,
  }
}
