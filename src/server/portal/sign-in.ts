/** Sign-in with name and password, for accounts that have set one. An unknown name is answered as a wrong password is, and as slowly. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { faultText, page, type Html } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { isPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import { waitText, type Throttle } from '../throttle.ts'
import { officesOf, type Front, type Fronts } from './front.ts'
import type { PortalEnv } from './viewer.ts'

/** A sign-in name as it is kept: without case. */
export const signInNameSchema = v.pipe(v.string(), v.trim(), v.minLength(3), v.maxLength(300), v.toLowerCase())
const signInSchema = v.object({ name: signInNameSchema, password: v.pipe(v.string(), v.maxLength(300)) })

export function signInPages(options: {
  store: ControlStore
  session: Sessions
  fronts: Fronts
  tries: Throttle
  clock: Clock
}): Hono<PortalEnv> {
  const { store, session, fronts, tries } = options
  const app = new Hono<PortalEnv>()
  app.get('/sign-in', async (c) => c.html(signInPage(await fronts.whole())))
  app.post('/sign-in', async (c) => {
    const front = await fronts.whole()
    const form = v.safeParse(signInSchema, await formOf(c))
    if (!form.success) return c.html(signInPage(front, 'Write your sign-in name and your password.'), 400)
    const { name, password } = form.output
    const { address } = c.get('caller')
    const account = store.accountNamed(name)
    const attempt = { name, address, known: account !== undefined && store.knowsAddress(account.id, address) }
    const wait = tries.take(attempt)
    if (wait > 0) {
      c.header('Retry-After', String(wait))
      return c.html(signInPage(front, waitText(wait)), 429)
    }
    if (!(await isPassword(password, account?.password)) || !account) {
      store.audit.noted({ did: 'wrong password', by: account?.id })
      return c.html(signInPage(front, 'Sign-in name and password do not fit together.'), 401)
    }
    tries.right(attempt)
    store.rememberAddress(account.id, address)
    store.audit.record({ did: 'signed in', by: account.id })
    session.begin(c, account.id)
    return c.redirect('/', 303)
  })
  return app
}

export function signInPage(front: Front, fault?: string): Html {
  return page(
    { title: 'Sign in', ...front },
    html`<form method="post" action="/sign-in" class="card">
        ${faultText(fault)} <label for="name">Sign-in name</label
        ><input id="name" name="name" autocomplete="username" required /> <label for="password">Password</label
        ><input id="password" name="password" type="password" autocomplete="current-password" required />
        <button class="main">Sign in</button>
      </form>
      <p>
        You have an invitation? Open its link. It is lost, or you forgot your password? Call the office for a new one.
      </p>
      ${officesOf(front)}`,
  )
}
