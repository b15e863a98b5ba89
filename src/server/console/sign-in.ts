/** Who gets into the console: the first user by the one-time link that the program prints where it starts, then named staff by password. */
import { Hono, type Context } from 'hono'
import { timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { hashOf } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, isPassword, passwordFault, shortestPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle } from '../throttle.ts'
import type { Halfway } from './factor-pages.ts'
import { addressOf, bareFrame, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { Words } from '../words/en.ts'

const nameSchema = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))
const passwordSchema = v.pipe(v.string(), v.maxLength(300))
const firstUserSchema = v.object({
  code: v.string(),
  name: nameSchema,
  initials: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(4)),
  password: passwordSchema,
})
const signInSchema = v.object({ name: nameSchema, password: passwordSchema })

export function signInPages(
  options: ConsoleParts & {
    readonly session: Sessions
    readonly halfway: Halfway
    readonly tries: Throttle
    readonly setupCode: string
    readonly clock: Clock
  },
): Hono<ConsoleEnv> {
  const { site, store, session, halfway, tries, setupCode, clock } = options
  const app = new Hono<ConsoleEnv>()
  const signInPage = (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { words } = c.get('reader')
    return page({ ...bareFrame(c, site), title: words.signIn.signIn }, card(signInForm(words, fault)))
  }
  const firstUserPage = (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { words } = c.get('reader')
    return page({ ...bareFrame(c, site), title: words.signIn.staff.firstUser }, card(firstUserForm(words, setupCode, fault))) // prettier-ignore
  }
  const isCode = (code: string): boolean => timingSafeEqual(Buffer.from(hashOf(code)), Buffer.from(hashOf(setupCode)))

  app.get('/first-user', async (c) =>
    store.isEmpty() && isCode(c.req.query('code') ?? '') ? c.html(firstUserPage(c)) : c.redirect('/sign-in', 303),
  )
  app.post('/first-user', async (c) => {
    const body = await formOf(c)
    if (!store.isEmpty() || !isCode(String(body?.['code']))) return c.redirect('/sign-in', 303)
    const { words } = c.get('reader')
    const again = (fault: string) => c.html(firstUserPage(c, fault), 400)
    const given = v.safeParse(firstUserSchema, body)
    if (!given.success) return again(words.signIn.staff.firstIncomplete)
    const { name, initials, password } = given.output
    const { practiceName, siteName } = site.settings
    const fault = passwordFault(password, words, [name, practiceName, siteName])
    if (fault !== undefined) return again(fault)
    const staff = {
      id: mintUlid(clock),
      name,
      initials: initials.toUpperCase(),
      password: await hashPassword(password),
    }
    if (!store.addFirst(staff)) return c.redirect('/sign-in', 303)
    store.audit.record({ did: 'first user made', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/second-factor', 303)
  })

  app.get('/sign-in', (c) => c.html(signInPage(c)))
  app.post('/sign-in', async (c) => {
    const { signIn } = c.get('reader').words
    const given = v.safeParse(signInSchema, await formOf(c))
    if (!given.success) return c.html(signInPage(c, signIn.staff.incomplete), 400)
    const name = given.output.name.toLowerCase()
    const attempt = { name, address: addressOf(c) }
    const wait = tries.take(attempt)
    if (wait > 0) {
      c.header('Retry-After', String(wait))
      return c.html(signInPage(c, signIn.wait(wait)), 429)
    }
    const staff = store.named(name)
    if (!(await isPassword(given.output.password, staff?.password)) || !staff || staff.disabled) {
      store.audit.noted({ did: 'wrong password', by: staff?.id })
      return c.html(signInPage(c, signIn.staff.wrong), 401)
    }
    tries.right(attempt)
    if (staff.hasSecondFactor) {
      halfway.begin(c, staff.id)
      return c.redirect('/sign-in/code', 303)
    }
    store.audit.record({ did: 'signed in', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/second-factor', 303)
  })
  return app
}

function firstUserForm({ signIn }: Words, code: string, fault?: string): Html {
  const { staff } = signIn
  return form('/first-user', { code }, [
    faultNotice(fault),
    field({ name: 'name', label: staff.yourName, more: { autocomplete: 'name', maxlength: 200 } }),
    field({ name: 'initials', label: staff.initials, more: { maxlength: 4 } }),
    field({ name: 'password', label: signIn.newPassword(shortestPassword), more: { type: 'password', autocomplete: 'new-password' } }), // prettier-ignore
    button(staff.makeFirst, 'main'),
  ])
}

function signInForm({ signIn }: Words, fault?: string): Html {
  return form('/sign-in', {}, [
    faultNotice(fault),
    field({ name: 'name', label: signIn.staff.name, more: { autocomplete: 'username' } }),
    field({ name: 'password', label: signIn.password, more: { type: 'password', autocomplete: 'current-password' } }),
    button(signIn.signIn, 'main'),
  ])
}
