/**
 * The second factor of staff at the console: asked for after the password, and set up by who has none before anything
 * else is shown. Who showed the password and not yet the code has no session.
 */
import { Hono, type Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html, raw } from 'hono/html'
import { renderSVG } from 'uqr'
import type { Clock } from '../../replica/clock.ts'
import { hashOf } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle } from '../throttle.ts'
import { bareFrame, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { forAuthenticator, stepOf } from './second-factor.ts'

/** How long after the password the code may come, and how long a new secret waits for its first code. */
const lasts = 5 * 60_000

type Parts = ConsoleParts & { readonly session: Sessions; readonly tries: Throttle; readonly clock: Clock }

/** Those who showed their password a moment ago, by the hash of a cookie. */
export type Halfway = ReturnType<typeof halfwayOf>
export function halfwayOf(clock: Clock, name: string, secure: boolean) {
  const waiting = new Map<string, { staff: string; until: number }>()
  return {
    begin(c: Context, staff: string): void {
      for (const [key, { until }] of waiting) if (until < clock.now()) waiting.delete(key)
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      waiting.set(hashOf(token), { staff, until: clock.now() + lasts })
      setCookie(c, name, token, { path: '/', httpOnly: true, sameSite: 'Strict', secure })
    },
    of(c: Context): string | undefined {
      const found = waiting.get(hashOf(getCookie(c, name) ?? ''))
      return found && found.until >= clock.now() ? found.staff : undefined
    },
    end(c: Context): void {
      waiting.delete(hashOf(getCookie(c, name) ?? ''))
      deleteCookie(c, name, { path: '/', secure })
    },
  }
}

function codeField(c: Context<ConsoleEnv>): Html {
  const { factor } = c.get('reader').words.staff
  return field({ name: 'code', label: factor.code, more: { autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 12 } }) // prettier-ignore
}

/** The code after the password. */
export function factorSignIn(parts: Parts & { readonly halfway: Halfway }): Hono<ConsoleEnv> {
  const { site, store, session, tries, clock, halfway } = parts
  const app = new Hono<ConsoleEnv>()
  const codePage = (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { factor } = c.get('reader').words.staff
    return page({ ...bareFrame(c, site), title: factor.title }, [
      card([faultNotice(fault), form('/sign-in/code', {}, [codeField(c), button(factor.enter, 'main')])]),
    ])
  }
  app.get('/sign-in/code', async (c) =>
    halfway.of(c) === undefined ? c.redirect('/sign-in', 303) : c.html(codePage(c)),
  )
  app.post('/sign-in/code', async (c) => {
    const { signIn, staff: words } = c.get('reader').words
    const id = halfway.of(c)
    const staff = id === undefined ? undefined : store.staff(id)
    if (!staff || staff.disabled) return c.redirect('/sign-in', 303)
    const attempt = { name: `code ${staff.id}` }
    const wait = tries.take(attempt)
    if (wait > 0) {
      c.header('Retry-After', String(wait))
      return c.html(codePage(c, signIn.wait(wait)), 429)
    }
    const held = store.secondFactor(staff.id)
    const step = held && stepOf((await formOf(c))?.['code'], held.secret, clock.now(), held.step)
    if (step === undefined || !store.useStep(staff.id, step)) {
      store.audit.noted({ did: 'wrong second factor', by: staff.id })
      return c.html(codePage(c, words.factor.wrong), 401)
    }
    tries.right(attempt)
    halfway.end(c)
    store.audit.record({ did: 'signed in', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })
  return app
}

/** Setting it up, for who is signed in and has none. A secret waits here, and is kept once its first code was right. */
export function factorSetUp({ site, store, session, clock, tries }: Parts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const offered = new Map<string, { secret: Uint8Array; until: number }>()
  const secretFor = (id: string): Uint8Array => {
    for (const [key, { until }] of offered) if (until < clock.now()) offered.delete(key)
    const secret = offered.get(id)?.secret ?? clock.bytes(20)
    offered.set(id, { secret, until: clock.now() + lasts })
    return secret
  }
  const setUpPage = (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { factor } = c.get('reader').words.staff
    const staff = c.get('staff')
    const { address, typed } = forAuthenticator(secretFor(staff.id), site.settings.practiceName, staff.name)
    const picture = raw(renderSVG(address, { border: 2, pixelSize: 4 }))
    return framed(c, site, factor.title, '', [
      card([
        faultNotice(fault),
        html`<p>${factor.why}</p>
          <div class="qr" role="img" aria-label="${factor.picture}">${picture}</div>
          <p>${factor.typed}: <span class="copy">${typed}</span></p>`,
        form('/second-factor', { csrf: c.get('csrf') }, [codeField(c), button(factor.save, 'main')]),
      ]),
    ])
  }
  app.get('/second-factor', async (c) => (c.get('staff').hasSecondFactor ? c.redirect('/', 303) : c.html(setUpPage(c))))
  app.post('/second-factor', async (c) => {
    const staff = c.get('staff')
    const { signIn, staff: words } = c.get('reader').words
    if (staff.hasSecondFactor) return c.redirect('/', 303)
    const attempt = { name: `set up ${staff.id}` }
    const wait = tries.take(attempt)
    if (wait > 0) return c.html(setUpPage(c, signIn.wait(wait)), 429)
    const secret = secretFor(staff.id)
    const step = stepOf((await formOf(c))?.['code'], secret, clock.now())
    if (step === undefined || !store.setSecondFactor(staff.id, secret, step)) return c.html(setUpPage(c, words.factor.wrong), 401) // prettier-ignore
    tries.right(attempt)
    offered.delete(staff.id)
    store.audit.record({ did: 'second factor set', by: staff.id })
    // A new token from here on: what was seen before the second factor opens nothing (ASVS 7.2.4).
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })
  return app
}
