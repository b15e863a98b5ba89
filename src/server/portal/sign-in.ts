/** Sign-in with name and password, for accounts that have set one. An unknown name is answered as a wrong password is, and as slowly. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import { nothing } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { isPassword } from '../passwords.ts'
import type { Entering } from './entering.ts'
import { frontFrame, type Front, type Fronts } from './front.ts'
import type { PortalEnv } from './viewer.ts'
import { accountOf, codeOffer, passkeyForm, signInNameSchema } from './ways-in.ts'

const signInSchema = v.object({ name: signInNameSchema, password: v.pipe(v.string(), v.maxLength(300)) })

export function signInPages(options: {
  readonly store: ControlStore
  readonly fronts: Fronts
  readonly entering: Entering
  readonly sendsMail: boolean
}): Hono<PortalEnv> {
  const { store, fronts, entering, sendsMail } = options
  const app = new Hono<PortalEnv>()
  app.get('/sign-in', async (c) => c.html(signInPage(c, await fronts.whole(), sendsMail)))
  app.post('/sign-in', async (c) => {
    const front = await fronts.whole()
    const { signIn } = c.get('reader').words
    const given = v.safeParse(signInSchema, await formOf(c))
    const again = (fault: string): Promise<string> => signInPage(c, front, sendsMail, fault)
    if (!given.success) return c.html(again(signIn.faults.incomplete), 400)
    const { name, password } = given.output
    const account = accountOf(store, name)
    const attempt = entering.attempt(c, name, account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(again(signIn.wait(wait)), 429)
    const held = account === undefined ? undefined : store.account(account)?.password
    if (!(await isPassword(password, held)) || account === undefined) {
      entering.wrong(c, account, 'wrong password')
      return c.html(again(signIn.faults.wrong), 401)
    }
    entering.enter(c, account, { attempt })
    return c.redirect('/', 303)
  })
  return app
}

export function signInPage(c: Context<PortalEnv>, front: Front, sendsMail: boolean, fault?: string): Promise<string> {
  const { signIn, account } = c.get('reader').words
  const fields = [
    faultNotice(fault),
    field({ name: 'name', label: signIn.name, more: { autocomplete: 'username' } }),
    field({ name: 'password', label: signIn.password, more: { type: 'password', autocomplete: 'current-password' } }),
    button(signIn.signIn, 'main'),
  ]
  return page({ ...frontFrame(c, front), title: signIn.signIn }, [
    card(form('/sign-in', {}, fields)),
    card(passkeyForm(c, { action: '/sign-in/passkey', label: account.passkey.signIn })),
    sendsMail ? card(codeOffer(c), { title: account.orElse }) : nothing,
    html`<p class="soft">${signIn.invited}</p>`,
  ])
}
