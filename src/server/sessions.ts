/**
 * Sessions of the portal and of the console: a random token in a cookie, its hash on the server, an idle and an absolute
 * limit that the server keeps (ASVS 7.3). Over https the cookie is `__Host-` and Secure; plain http is loopback only.
 */
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'
import type { Clock } from '../replica/clock.ts'
import { browserName } from './browser-name.ts'
import { hashOf } from './control-store-sqlite.ts'
import type { SessionRow, SessionStore } from './sessions-sqlite.ts'

export interface Session extends SessionRow {
  /** The hash of its token: its name in the store. */
  readonly id: string
}
export interface Sessions {
  /** Begins a session with a new token; a former one of this browser ends (ASVS 7.2.4). */
  begin(c: Context, account: string, viewing?: string): void
  /** Whether its person showed who they are a moment ago: asked before what protects the account is changed (ASVS 7.5.1). */
  isFresh(session: Session): boolean
  /** When it ends if nothing more is asked; milliseconds UTC. */
  endsAt(session: Session): number
  /** Seconds until a session ends if nothing more is asked; 0 where it is over. */
  left(id: string): number
  /** The session of a request, which keeps it from becoming idle: unless an open page brings itself up to date by it, which is nobody who is there. */
  current(c: Context): Session | undefined
  end(c: Context): void
  /** The id of the session that a header Cookie names, whether it stands or not. */
  idIn(cookies: string | undefined): string | undefined
  /** The session while it stands. Asking does not keep it from becoming idle. */
  standing(id: string): Session | undefined
}

/** What an open page asks with when it brings itself up to date. */
export const liveHeader = 'x-live'
/** However busy somebody is: after this they sign in again. */
export const absoluteLimit = 12 * 3_600_000
/** For how long somebody who showed who they are is believed to be still the same. */
export const freshFor = 5 * 60_000
/** How long before the end a page warns (WCAG 2.2.1). */
export const warnBefore = 2 * 60_000

export function sessions(
  store: SessionStore,
  options: { readonly secure: boolean; readonly idle: number; readonly name: string; readonly clock: Clock },
): Sessions {
  const { secure, idle, clock } = options
  const name = secure ? `__Host-${options.name}` : options.name
  const idIn = (cookies: string | undefined): string | undefined => {
    const token = cookies === undefined ? undefined : parse(cookies, name)[name]
    return token ? hashOf(token) : undefined
  }
  const end = (c: Context): void => {
    const id = idIn(c.req.header('cookie'))
    if (id) store.end(id)
    deleteCookie(c, name, { path: '/', secure })
  }
  const standing = (id: string): Session | undefined => {
    const row = store.get(id)
    if (!row) return undefined
    const now = clock.now()
    if (now - row.seen <= idle && now - row.created <= absoluteLimit) return { ...row, id }
    store.end(id)
    return undefined
  }
  const endsAt = ({ seen, created }: SessionRow): number => Math.min(seen + idle, created + absoluteLimit)
  return {
    begin(c, account, viewing) {
      end(c)
      const token = Buffer.from(clock.bytes(32)).toString('base64url')
      const csrf = Buffer.from(clock.bytes(16)).toString('base64url')
      const now = clock.now()
      store.sweep(now - idle, now - absoluteLimit)
      const agent = browserName(c.req.header('user-agent'))
      store.add(hashOf(token), { account, csrf, created: now, seen: now, viewing: viewing ?? null, proved: now, agent })
      setCookie(c, name, token, { path: '/', httpOnly: true, sameSite: 'Lax', secure })
    },
    current(c) {
      const id = idIn(c.req.header('cookie'))
      const session = id === undefined ? undefined : standing(id)
      const byItself = c.req.method === 'GET' && c.req.header(liveHeader) !== undefined
      // Not at every request: each is a sync to disk.
      if (!session || byItself || clock.now() - session.seen <= 10_000) return session
      store.touch(session.id, clock.now())
      return { ...session, seen: clock.now() }
    },
    isFresh: ({ proved }) => clock.now() - proved <= freshFor,
    endsAt,
    left(id) {
      const found = standing(id)
      return found ? Math.max(0, Math.round((endsAt(found) - clock.now()) / 1_000)) : 0
    },
    end,
    idIn,
    standing,
  }
}
