/** Sign-in with name and password, for accounts that have set one. An unknown name is answered as a wrong password is, and as slowly. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { isPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle } from '../throttle.ts'
import { frontFrame, type Front, type Fronts } from './front.ts'
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
  app.get('/sign-in', async (c) => c.html(signInPage(c, await fronts.whole())))
  app.post('/sign-in', async (c) => {
    const front = await fronts.whole()
    const { signIn } = c.get('reader').words
    const given = v.safeParse(signInSchema, await formOf(c))
    if (!given.success) return c.html(signInPage(c, front, signIn.faults.incomplete), 400)
    const { name, password } = given.output
    const { address } = c.get('caller')
    const account = store.accountNamed(name)
    const attempt = { name, address, known: account !== undefined && store.knowsAddress(account.id, address) }
    const wait = tries.take(attempt)
    if (wait > 0) {
      c.header('Retry-After', String(wait))
      return c.html(signInPage(c, front, signIn.wait(wait)), 429)
    }
    if (!(await isPassword(password, account?.password)) || !account) {
      store.audit.noted({ did: 'wrong password', by: account?.id })
      return c.html(signInPage(c, front, signIn.faults.wrong), 401)
    }
    tries.right(attempt)
    store.rememberAddress(account.id, address)
    store.audit.record({ did: 'signed in', by: account.id })
    session.begin(c, account.id)
    return c.redirect('/', 303)
  })
  return app
}

export function signInPage(c: Context<PortalEnv>, front: Front, fault?: string): Html {
  const { signIn } = c.get('reader').words
  const fields = [
    faultNotice(fault),
    field({ name: 'name', label: signIn.name, more: { autocomplete: 'username' } }),
    field({ name: 'password', label: signIn.password, more: { type: 'password', autocomplete: 'current-password' } }),
    button(signIn.signIn, 'main'),
  ]
  return page({ ...frontFrame(c, front), title: signIn.signIn }, [
    card(form('/sign-in', {}, fields)),
    html`<p class="soft">${signIn.invited}</p>`,
  ])
}
