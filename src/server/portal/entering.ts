/**
 * What all ways to sign in have in common: which browser asks, how many tries it has, what a wrong one leaves behind, and
 * the session that a right one begins. A browser where somebody signed in before has its own allowance of tries, so that
 * a stranger, who has none of its cookie, cannot use it up.
 */
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Clock } from '../../replica/clock.ts'
import type { Deed } from '../audit-sqlite.ts'
import { hashOf, type ControlStore } from '../control-store-sqlite.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle, Try } from '../throttle.ts'
import type { Mails } from './mails.ts'
import type { PortalEnv, Viewer } from './viewer.ts'

export type Entering = ReturnType<typeof enteringOf>

/** A wrong try among these is a slip; from here on its person is told by mail, once a day. */
const suspicious = 5
const oncePer = 24 * 3_600_000
// Chrome keeps no cookie for longer.
const longest = 400 * 86_400

export function enteringOf(options: {
  readonly store: ControlStore
  readonly session: Sessions
  readonly tries: Throttle
  readonly mails: Mails
  readonly clock: Clock
  readonly secure: boolean
  readonly origin?: string | undefined
}) {
  const { store, session, tries, mails, clock, secure } = options
  const cookie = secure ? '__Host-browser' : 'browser'
  const originOf = (c: Context): string => options.origin ?? `${secure ? 'https' : 'http'}://${c.req.header('host') ?? 'localhost'}` // prettier-ignore
  const known = (c: Context): string | undefined => {
    const token = getCookie(c, cookie)
    return token ? hashOf(token) : undefined
  }
  return {
    originOf,
    /** The hash of this browser's cookie, which it gets where it has none: what a code or a challenge is bound to. */
    browser(c: Context): string {
      const held = known(c)
      if (held !== undefined) return held
      const token = Buffer.from(clock.bytes(16)).toString('base64url')
      setCookie(c, cookie, token, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge: longest })
      return hashOf(token)
    },
    /** A try at an account by a name; of a browser or an address that the account knows, counted apart. */
    attempt(c: Context<PortalEnv>, name: string, account: string | undefined): Try {
      const { address } = c.get('caller')
      const browser = known(c)
      if (account === undefined) return { name, address }
      if (browser !== undefined && store.knowsAddress(account, `browser ${browser}`)) return { name, address: `browser ${browser}`, known: true } // prettier-ignore
      return { name, address, known: store.knowsAddress(account, address) }
    },
    /** Seconds until the try is heard, said in the header too; 0: now. */
    wait(c: Context, attempt: Try): number {
      const seconds = tries.take(attempt)
      if (seconds > 0) c.header('Retry-After', String(seconds))
      return seconds
    },
    /** A wrong try: it stands in the trail, and its person is told of it. */
    wrong(c: Context, account: string | undefined, did: Deed): void {
      store.audit.noted({ did, by: account })
      if (account === undefined) return
      const { count, told_at } = store.wrongTry(account)
      if (count < suspicious || clock.now() - (told_at ?? 0) < oncePer) return
      store.toldOfTries(account)
      mails.notice(account, 'tries', `${originOf(c)}/password`)
    },
    /** Begins a session of a new token for who showed who they are. */
    enter(c: Context<PortalEnv>, account: string, more: { attempt?: Try; viewing?: string } = {}): void {
      if (more.attempt) tries.right(more.attempt)
      store.rememberAddress(account, c.get('caller').address)
      store.rememberAddress(account, `browser ${this.browser(c)}`)
      store.audit.record({ did: 'signed in', by: account })
      session.begin(c, account, more.viewing)
    },
    /** The same for who is signed in and showed it once more. */
    again(c: Context<PortalEnv>, { account, session: held }: Viewer, attempt?: Try): void {
      if (attempt) tries.right(attempt)
      store.audit.record({ did: 'proved again', by: account })
      session.begin(c, account, held.viewing ?? undefined)
    },
    /** Whether what protects the account may be changed now: where there is anything to show it by, it was shown a moment ago. */
    mayChange({ account, session: held }: Viewer): boolean {
      const { password } = store.account(account) ?? {}
      const provable = password || store.passkeys(account).length > 0 || (mails.sends && store.emailOf(account))
      return !provable || session.isFresh(held)
    },
  }
}
