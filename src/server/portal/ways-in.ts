/**
 * Signing in without a password: by a code that is emailed, or by a passkey. Whoever asks for a code is shown the same
 * page as fast, known or not; the code is good only in the browser that asked for it (ASVS 6.3.8, 6.6.2).
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Passkeys } from '../passkeys.ts'
import type { Entering } from './entering.ts'
import { frontFrame, type Front, type Fronts } from './front.ts'
import type { Mails } from './mails.ts'
import type { PortalEnv } from './viewer.ts'

/** A sign-in name as it is kept: without case. */
export const signInNameSchema = v.pipe(v.string(), v.trim(), v.minLength(3), v.maxLength(300), v.toLowerCase())
export const codeSchema = v.pipe(v.string(), v.transform((text) => text.replaceAll(/\s/g, '')), v.regex(/^\d{6}$/)) // prettier-ignore

/** The account of a sign-in name, or of a confirmed email. */
export function accountOf(store: ControlStore, name: string): string | undefined {
  return store.accountNamed(name)?.id ?? store.accountOfEmail(name)
}

export function waysIn(options: {
  readonly store: ControlStore
  readonly fronts: Fronts
  readonly entering: Entering
  readonly passkeys: Passkeys
  readonly mails: Mails
}): Hono<PortalEnv> {
  const { store, fronts, entering, passkeys, mails } = options
  const app = new Hono<PortalEnv>()

  app.get('/sign-in/code', async (c) => c.html(codePage(c, await fronts.whole())))
  app.post('/sign-in/code/send', async (c) => {
    const { account: words, signIn } = c.get('reader').words
    const front = await fronts.whole()
    const name = v.safeParse(signInNameSchema, (await formOf(c))?.['name'])
    if (!name.success) return c.html(codePage(c, front, words.code.nameNeeded), 400)
    const account = accountOf(store, name.output)
    const wait = entering.wait(c, entering.attempt(c, `send ${name.output}`, account))
    if (wait > 0) return c.html(codePage(c, front, signIn.wait(wait)), 429)
    const to = account === undefined ? undefined : store.emailOf(account)
    const code = store.mintCode(entering.browser(c), 'sign in', to === undefined ? undefined : account, name.output)
    if (account !== undefined && to !== undefined) {
      mails.code(account, to, code, c.get('reader').language)
      store.audit.noted({ did: 'code sent', by: account })
    }
    return c.redirect('/sign-in/code', 303)
  })
  app.post('/sign-in/code', async (c) => {
    const { account: words, signIn } = c.get('reader').words
    const front = await fronts.whole()
    const browser = entering.browser(c)
    const held = store.askedFor(browser, 'sign in')
    const account = held?.account ?? undefined
    // Counted by the name that was written, known or not, so that both wait alike.
    const attempt = entering.attempt(c, `code ${held?.asked ?? browser}`, account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(codePage(c, front, signIn.wait(wait)), 429)
    const code = v.safeParse(codeSchema, (await formOf(c))?.['code'])
    const right = store.useCode(browser, 'sign in', code.success ? code.output : '')
    if (!right) {
      entering.wrong(c, account, 'wrong code')
      return c.html(codePage(c, front, words.code.wrong), 401)
    }
    entering.enter(c, right.account, { attempt })
    return c.redirect('/', 303)
  })

  app.post('/sign-in/passkey/options', async (c) =>
    c.json(await passkeys.ask(entering.browser(c), entering.originOf(c))),
  )
  app.post('/sign-in/passkey', async (c) => {
    const { account: words, signIn } = c.get('reader').words
    const front = await fronts.whole()
    const attempt = { name: `passkey ${entering.browser(c)}`, address: c.get('caller').address }
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(codePage(c, front, signIn.wait(wait)), 429)
    const account = await passkeys.answered(entering.browser(c), entering.originOf(c), (await formOf(c))?.['credential']) // prettier-ignore
    if (account === undefined) {
      entering.wrong(c, undefined, 'wrong code')
      return c.html(codePage(c, front, words.passkey.refused), 401)
    }
    entering.enter(c, account, { attempt })
    return c.redirect('/', 303)
  })

  function codePage(c: Context<PortalEnv>, front: Front, fault?: string): Promise<string> {
    const { code } = c.get('reader').words.account
    return page({ ...frontFrame(c, front), title: code.title }, [
      card([
        faultNotice(fault),
        html`<p>${code.sent}</p>`,
        form('/sign-in/code', {}, [codeField(c), button(code.enter, 'main')]),
      ]),
      card(codeOffer(c), { title: code.another }),
      card(passkeyForm(c, { action: '/sign-in/passkey', label: c.get('reader').words.account.passkey.signIn })),
    ])
  }
  return app
}

export function codeField(c: Context<PortalEnv>): Html {
  const { code } = c.get('reader').words.account
  return field({ name: 'code', label: code.code, more: { autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 12 } }) // prettier-ignore
}

/** The form by which a code is sent. */
export function codeOffer(c: Context<PortalEnv>): Html {
  const { code } = c.get('reader').words.account
  return form('/sign-in/code/send', {}, [
    field({ name: 'name', id: 'code-name', label: code.email, hint: code.offerHow, more: { autocomplete: 'username' } }), // prettier-ignore
    button(code.offer),
  ])
}

/** A form that the script shows and fills; without it the other ways stay. `make` makes a new passkey. */
export function passkeyForm(
  c: Context<PortalEnv>,
  what: { readonly action: string; readonly label: string; readonly csrf?: string; readonly hidden?: Readonly<Record<string, string>>; readonly make?: boolean },
): Html {
  const { passkey } = c.get('reader').words.account
  const { action, label, csrf, hidden = {}, make = false } = what
  const ask = make ? '/account/passkeys/options' : '/sign-in/passkey/options'
  return html`<form method="post" action="${action}" data-passkey="${ask}" data-make="${make ? 'yes' : 'no'}" hidden>
      ${csrf ? html`<input type="hidden" name="csrf" value="${csrf}" />` : nothing}
      ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <input type="hidden" name="credential" value="" />
      <div data-fault hidden>${faultNotice(passkey.failed)}</div>
      <p>${passkey.why}</p>
      ${button(label)}
    </form>
    <noscript><p class="soft">${passkey.needsScript}</p></noscript>`
} // prettier-ignore
