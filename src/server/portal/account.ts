/**
 * A person's own sign-in: password, confirmed email, passkeys, where they are signed in, and tries that were wrong. What
 * protects the account is changed only by who showed a moment ago that it is them, and they are told of it by mail.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { browserName } from '../browser-name.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form, oneButton } from '../look/form.ts'
import { nothing } from '../look/html.ts'
import { faultNotice, notice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card, list } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Passkeys } from '../passkeys.ts'
import type { Sessions } from '../sessions.ts'
import { dayIn } from '../day-in.ts'
import type { Entering } from './entering.ts'
import { frameOf } from './frame.ts'
import type { Mails } from './mails.ts'
import { nameOf, patientOf, practiceOf, type PortalEnv } from './viewer.ts'
import { codeField, codeSchema, passkeyForm } from './ways-in.ts'

const emailSchema = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.maxLength(254), v.email())
const idSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(2_000))

export function accountPages(options: {
  readonly store: ControlStore
  readonly session: Sessions
  readonly entering: Entering
  readonly passkeys: Passkeys
  readonly mails: Mails
}): Hono<PortalEnv> {
  const { store, session, entering, passkeys, mails } = options
  const app = new Hono<PortalEnv>()
  const toProve = (c: Context<PortalEnv>): Response => c.redirect('/again?to=account', 303)
  const changed = (c: Context<PortalEnv>, to?: string): void =>
    mails.notice(c.get('viewer').account, 'changed', `${entering.originOf(c)}/account`, to)

  app.get('/account', async (c) => c.html(await accountPage(c)))

  app.post('/account/email', async (c) => {
    const viewer = c.get('viewer')
    const { account: words, signIn } = c.get('reader').words
    if (!entering.mayChange(viewer)) return toProve(c)
    const email = v.safeParse(emailSchema, (await formOf(c))?.['email'])
    if (!mails.sends || !email.success) return c.html(await accountPage(c, words.email.invalid), 400)
    const wait = entering.wait(c, entering.attempt(c, `send email ${viewer.account}`, viewer.account))
    if (wait > 0) return c.html(await accountPage(c, signIn.wait(wait)), 429)
    const code = store.mintCode(entering.browser(c), 'email', viewer.account, viewer.account, email.output)
    mails.code(viewer.account, email.output, code, c.get('reader').language)
    store.audit.noted({ did: 'code sent', by: viewer.account })
    return c.html(await codePage(c))
  })
  app.post('/account/email/code', async (c) => {
    const viewer = c.get('viewer')
    const { account: words, signIn } = c.get('reader').words
    if (!entering.mayChange(viewer)) return toProve(c)
    const attempt = entering.attempt(c, `code email ${viewer.account}`, viewer.account)
    const wait = entering.wait(c, attempt)
    if (wait > 0) return c.html(await codePage(c, signIn.wait(wait)), 429)
    const code = v.safeParse(codeSchema, (await formOf(c))?.['code'])
    const right = store.useCode(entering.browser(c), 'email', code.success ? code.output : '')
    if (right?.account !== viewer.account || right.email === undefined) {
      store.audit.noted({ did: 'wrong code', by: viewer.account })
      return c.html(await codePage(c, words.code.wrong), 401)
    }
    const former = store.emailOf(viewer.account)
    if (!store.setEmail(viewer.account, right.email)) return c.html(await accountPage(c, words.email.taken), 409)
    store.audit.record({ did: 'email confirmed', by: viewer.account })
    // To the address of until now: whoever lost it should hear of it.
    if (former !== undefined && former !== right.email) changed(c, former)
    return c.redirect('/account?said=email', 303)
  })

  app.post('/account/passkeys/options', async (c) => {
    const viewer = c.get('viewer')
    if (!entering.mayChange(viewer)) return c.json({ error: 'again' }, 401)
    const practice = (await practiceOf(viewer)).practiceName ?? c.get('reader').words.frame.portal
    const name = viewer.acting?.name ?? nameOf(await patientOf(viewer))
    return c.json(await passkeys.make(entering.browser(c), entering.originOf(c), viewer.account, name, practice))
  })
  app.post('/account/passkeys', async (c) => {
    const viewer = c.get('viewer')
    if (!entering.mayChange(viewer)) return toProve(c)
    const agent = browserName(c.req.header('user-agent'))
    const credential = (await formOf(c))?.['credential']
    if (!(await passkeys.made(entering.browser(c), entering.originOf(c), viewer.account, agent, credential)))
      return c.html(await accountPage(c, c.get('reader').words.account.passkey.failed), 400)
    store.audit.record({ did: 'passkey added', by: viewer.account })
    changed(c)
    return c.redirect('/account?said=passkey', 303)
  })
  app.post('/account/passkeys/remove', async (c) => {
    const viewer = c.get('viewer')
    if (!entering.mayChange(viewer)) return toProve(c)
    const id = v.safeParse(idSchema, (await formOf(c))?.['id'])
    if (id.success && store.removePasskey(viewer.account, id.output)) {
      store.audit.record({ did: 'passkey removed', by: viewer.account })
      changed(c)
    }
    return c.redirect('/account?said=removed', 303)
  })

  app.post('/account/sessions/end', async (c) => {
    const viewer = c.get('viewer')
    const id = (await formOf(c))?.['id']
    // Only one's own: an id of another account's session names nothing here.
    const found = store.sessions.of(viewer.account).find((one) => one.token_hash === id)
    if (found) {
      store.sessions.end(found.token_hash)
      store.audit.record({ did: 'session ended', by: viewer.account })
    }
    return c.redirect('/account?said=ended', 303)
  })
  app.post('/account/sessions/end-all', (c) => {
    const viewer = c.get('viewer')
    store.sessions.endOthers(viewer.account)
    session.end(c)
    store.audit.record({ did: 'all sessions ended', by: viewer.account })
    return c.redirect('/sign-in', 303)
  })
  app.post('/account/noticed', (c) => {
    store.seenTries(c.get('viewer').account)
    return c.redirect('/account', 303)
  })

  async function accountPage(c: Context<PortalEnv>, fault?: string): Promise<string> {
    const viewer = c.get('viewer')
    const { csrf } = viewer
    const reader = c.get('reader')
    const words = reader.words.account
    const frame = await frameOf(c, words.title, '/account')
    const may = entering.mayChange(viewer)
    const prove = html`<p><a class="button" href="/again?to=account">${words.again.go}</a></p>`
    const email = store.emailOf(viewer.account)
    const onFile = viewer.acting ? null : (await patientOf(viewer)).email
    const held = store.passkeys(viewer.account)
    const wrong = store.wrongTries(viewer.account)
    const day = (at: number): string => reader.day(dayIn(at, frame.zone))
    return page(frame, [
      faultNotice(fault),
      wrong
        ? notice(
            'warn',
            words.tries(wrong.count, reader.instant(wrong.last_at, frame.zone)),
            form('/account/noticed', { csrf }, button(words.seenTries)),
          )
        : nothing,
      card(
        html`<p>
          <a class="button" href="/password">${viewer.hasPassword ? words.password.change : words.password.set}</a>
        </p>`,
        { title: words.password.title },
      ),
      card(
        [
          html`<p>${email === undefined ? words.email.none : words.email.is(email)}</p>`,
          !mails.sends
            ? html`<p class="soft">${words.email.noMail}</p>`
            : may
              ? form('/account/email', { csrf }, [
                  field({ name: 'email', label: words.email.label, value: email ?? onFile ?? '', more: { type: 'email', autocomplete: 'email' } }), // prettier-ignore
                  button(words.email.send),
                ])
              : prove,
        ],
        { title: words.email.title },
      ),
      card(
        [
          held.length === 0
            ? html`<p>${words.passkey.none}</p>`
            : list(
                held.map((one) => [
                  html`<p>
                    ${one.agent || words.sessions.unknown},
                    ${words.passkey.addedOn(day(one.made_at))}${one.used_at === null ? nothing : html`, ${words.passkey.usedOn(day(one.used_at))}`}
                  </p>`,
                  may ? oneButton('/account/passkeys/remove', words.passkey.remove, { csrf, id: one.id }, 'danger') : nothing, // prettier-ignore
                ]),
              ),
          may
            ? passkeyForm(c, { action: '/account/passkeys', label: words.passkey.add, csrf, make: true })
            : held.length > 0 || viewer.hasPassword
              ? prove
              : nothing,
        ],
        { title: words.passkey.title },
      ),
      card(
        [
          list(
            store.sessions.of(viewer.account).map((one) => {
              const here = one.token_hash === viewer.session.id
              const name = one.agent || words.sessions.unknown
              return [
                html`<p>
                  <strong>${here ? `${words.sessions.this}: ${name}` : name}</strong>,
                  ${words.sessions.since(reader.instant(one.created, frame.zone))},
                  ${words.sessions.seen(reader.instant(one.seen, frame.zone))}
                </p>`,
                here ? nothing : oneButton('/account/sessions/end', words.sessions.end, { csrf, id: one.token_hash }),
              ]
            }),
          ),
          oneButton('/account/sessions/end-all', words.sessions.endAll, { csrf }, 'danger'),
        ],
        { title: words.sessions.title },
      ),
    ])
  }
  async function codePage(c: Context<PortalEnv>, fault?: string): Promise<string> {
    const { csrf } = c.get('viewer')
    const { code } = c.get('reader').words.account
    return page(await frameOf(c, code.title, ''), [
      card([
        faultNotice(fault),
        html`<p>${code.sent}</p>`,
        form('/account/email/code', { csrf }, [codeField(c), button(code.confirm, 'main')]),
      ]),
    ])
  }
  return app
}
