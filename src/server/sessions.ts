/**
 * Sessions of the portal and of the console: a random token in a cookie, its hash on the server, an idle and an absolute
 * limit that the server keeps (ASVS 7.3). Over https the cookie is `__Host-` and Secure; plain http is loopback only.
 */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Clock } from '../replica/clock.ts'
import { hashOf } from './control-store-sqlite.ts'
import type { SessionRow, SessionStore } from './sessions-sqlite.ts'

export interface Session extends SessionRow {
  /** The hash of its token: its name in the store. */
  readonly id: string
}
export interface Sessions {
  /** Begins a session with a new token; a former one of this browser ends (ASVS 7.2.4). */
  begin(c: Context, account: string, viewing?: string): void
  current(c: Context): Session | undefined
  end(c: Context): void
}

/** However busy somebody is: after this they sign in again. */
export const absoluteLimit = 12 * 3_600_000

export function sessions(
  store: SessionStore,
  options: { readonly secure: boolean; readonly idle: number; readonly name: string; readonly clock: Clock },
): Sessions {
  const { secure, idle, clock } = options
  const name = secure ? `__Host-${options.name}` : options.name
  const end = (c: Context): void => {
    const token = getCookie(c, name)
    if (token) store.end(hashOf(token))
    deleteCookie(c, name, { path: '/', secure })
  }
  return {
    begin(c, account, viewing) {
      end(c)
      const token = Buffer.from(clock.bytes(32)).toString('base64url')
      const csrf = Buffer.from(clock.bytes(16)).toString('base64url')
      const now = clock.now()
      store.sweep(now - idle, now - absoluteLimit)
      store.add(hashOf(token), { account, csrf, created: now, seen: now, viewing: viewing ?? null })
      setCookie(c, name, token, { path: '/', httpOnly: true, sameSite: 'Lax', secure })
    },
    current(c) {
      const token = getCookie(c, name)
      const id = token ? hashOf(token) : ''
      const row = token ? store.get(id) : undefined
      if (!row) return undefined
      const now = clock.now()
      if (now - row.seen > idle || now - row.created > absoluteLimit) {
        store.end(id)
        return undefined
      }
      // Not at every request: each is a sync to disk.
      if (now - row.seen > 10_000) store.touch(id, now)
      return { ...row, id }
    },
    end,
  }
}
