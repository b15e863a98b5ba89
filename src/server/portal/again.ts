/** "Is it you?": who is signed in shows it once more before what protects the account is changed, by any way the account has (ASVS 7.5.1). */
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
import type { Passkeys } from '../passkeys.ts'
import { isPassword } from '../passwords.ts'
import type { Entering } from './entering.ts'
import { frameOf } from './frame.ts'
import type { Mails } from './mails.ts'
import type { PortalEnv } from './viewer.ts'
import { codeField, codeSchema, passkeyForm } from './ways-in.ts'

/** Where to go on; nobody is sent elsewhere. */
const nextSchema = v.fallback(v.picklist(['account', 'password', 'pay/cards']), 'account')
const passwordSchema = v.pipe(v.string(), v.maxLength(300))

export function againPages(options: {
  readonly store: ControlStore
  readonly entering: Entering
  readonly passkeys: Passkeys
  readonly mails: Mails
}): Hono<PortalEnv> {
  const { store, entering, passkeys, mails } = options
  const app = new Hono<PortalEnv>()
  const nextOf = (value: unknown): string => v.parse(nextSchema, value)

  app.get('/again', async (c) => c.html(await againPage(c, nextOf(c.req.query('to')))))
  app.post('/again', async (c) => {
    const viewer = c.get('viewer')
    const words = c.get('reader').words
    const given = await formOf(c)
    const next = nextOf(given?.['to'])
    const attempt = entering.attempt(c, `account ${viewer.account}`, viewer.account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(await againPage(c, next, words.signIn.wait(wait)), 429)
    const password = v.safeParse(passwordSchema, given?.['password'])
    if (!(await isPassword(password.success ? password.output : '', store.account(viewer.account)?.password))) {
      entering.wrong(c, viewer.account, 'wrong password')
      return c.html(await againPage(c, next, words.account.again.wrong), 401)
    }
    entering.again(c, viewer, attempt)
    return c.redirect(`/${next}`, 303)
  })
  /** Sends a code; or with one takes it. */
  app.post('/again/code', async (c) => {
    const viewer = c.get('viewer')
    const words = c.get('reader').words
    const given = await formOf(c)
    const next = nextOf(given?.['to'])
    const sends = given?.['code'] === undefined
    const attempt = entering.attempt(c, `${sends ? 'send' : 'code'} again ${viewer.account}`, viewer.account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(await againPage(c, next, words.signIn.wait(wait)), 429)
    const browser = entering.browser(c)
    if (sends) {
      const to = store.emailOf(viewer.account)
      if (to === undefined) return c.html(await againPage(c, next, words.account.again.wrong), 401)
      mails.code(viewer.account, to, store.mintCode(browser, 'again', viewer.account, viewer.account), c.get('reader').language) // prettier-ignore
      store.audit.noted({ did: 'code sent', by: viewer.account })
      return c.html(await codePage(c, next))
    }
    const code = v.safeParse(codeSchema, given['code'])
    const right = store.useCode(browser, 'again', code.success ? code.output : '')
    if (right?.account !== viewer.account) {
      entering.wrong(c, viewer.account, 'wrong code')
      return c.html(await codePage(c, next, words.account.code.wrong), 401)
    }
    entering.again(c, viewer, attempt)
    return c.redirect(`/${next}`, 303)
  })
  app.post('/again/passkey', async (c) => {
    const viewer = c.get('viewer')
    const words = c.get('reader').words
    const given = await formOf(c)
    const next = nextOf(given?.['to'])
    const attempt = entering.attempt(c, `passkey ${viewer.account}`, viewer.account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(await againPage(c, next, words.signIn.wait(wait)), 429)
    const account = await passkeys.answered(entering.browser(c), entering.originOf(c), given?.['credential'])
    if (account !== viewer.account) {
      entering.wrong(c, viewer.account, 'wrong code')
      return c.html(await againPage(c, next, words.account.again.wrong), 401)
    }
    entering.again(c, viewer, attempt)
    return c.redirect(`/${next}`, 303)
  })

  async function againPage(c: Context<PortalEnv>, next: string, fault?: string): Promise<string> {
    const { account, csrf, hasPassword } = c.get('viewer')
    const { again } = c.get('reader').words.account
    const hidden = { csrf, to: next }
    return page(await frameOf(c, again.title, ''), [
      faultNotice(fault),
      html`<p>${again.why}</p>`,
      hasPassword
        ? card(
            form('/again', hidden, [
              field({ name: 'password', label: again.password, more: { type: 'password', autocomplete: 'current-password' } }), // prettier-ignore
              button(again.withPassword, 'main'),
            ]),
          )
        : nothing,
      mails.sends && store.emailOf(account) !== undefined
        ? card(form('/again/code', hidden, button(again.withCode)))
        : nothing,
      store.passkeys(account).length > 0
        ? card(passkeyForm(c, { action: '/again/passkey', label: again.withPasskey, csrf, hidden: { to: next } }))
        : nothing,
    ])
  }
  async function codePage(c: Context<PortalEnv>, next: string, fault?: string): Promise<string> {
    const { csrf } = c.get('viewer')
    const { code } = c.get('reader').words.account
    return page(await frameOf(c, code.title, ''), [
      card([
        faultNotice(fault),
        html`<p>${code.sent}</p>`,
        form('/again/code', { csrf, to: next }, [codeField(c), button(code.confirm, 'main')]),
      ]),
      card(form('/again/code', { csrf, to: next }, button(code.another))),
    ])
  }
  return app
}
