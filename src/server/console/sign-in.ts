/** Who gets into the console: the first user by the one-time link that the program prints where it starts, then named staff by password. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { hashOf } from '../control-store-sqlite.ts'
import { faultText, page, type Html } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, isPassword, passwordFault, shortestPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import { throttle, waitText } from '../throttle.ts'
import { ownerOf, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { Staff } from './staff-store-sqlite.ts'

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
  options: ConsoleParts & { readonly session: Sessions; readonly setupCode: string; readonly clock: Clock },
): Hono<ConsoleEnv> {
  const { site, store, session, setupCode, clock } = options
  const app = new Hono<ConsoleEnv>()
  const tries = throttle(clock)
  const plain = (title: string, main: Html): Html => page({ title, practice: ownerOf(site) }, main)
  const isCode = (code: string): boolean => timingSafeEqual(Buffer.from(hashOf(code)), Buffer.from(hashOf(setupCode)))

  app.get('/first-user', (c) =>
    store.isEmpty() && isCode(c.req.query('code') ?? '')
      ? c.html(plain('First user', firstUserForm(setupCode)))
      : c.redirect('/sign-in', 303),
  )
  app.post('/first-user', async (c) => {
    const body = await formOf(c)
    if (!store.isEmpty() || !isCode(String(body?.['code']))) return c.redirect('/sign-in', 303)
    const again = (fault: string) => c.html(plain('First user', firstUserForm(setupCode, fault)), 400)
    const form = v.safeParse(firstUserSchema, body)
    if (!form.success) return again('Write your name, your initials (at most 4 letters) and a password.')
    const { name, initials, password } = form.output
    const { practiceName, siteName } = site.settings
    const fault = passwordFault(password, [name, practiceName, siteName])
    if (fault !== undefined) return again(fault)
    const staff: Staff = {
      id: mintUlid(clock),
      name,
      initials: initials.toUpperCase(),
      password: await hashPassword(password),
    }
    if (!store.addFirst(staff)) return c.redirect('/sign-in', 303)
    store.audit.record({ did: 'first user made', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })

  app.get('/sign-in', (c) => c.html(plain('Sign in', signInForm())))
  app.post('/sign-in', async (c) => {
    const form = v.safeParse(signInSchema, await formOf(c))
    if (!form.success) return c.html(plain('Sign in', signInForm('Write your name and your password.')), 400)
    const name = form.output.name.toLowerCase()
    // All come from this machine: the address says nothing.
    const wait = tries.take({ name })
    if (wait > 0) {
      c.header('Retry-After', String(wait))
      return c.html(plain('Sign in', signInForm(waitText(wait))), 429)
    }
    const staff = store.named(name)
    if (!(await isPassword(form.output.password, staff?.password)) || !staff) {
      store.audit.noted({ did: 'wrong password', by: staff?.id })
      return c.html(plain('Sign in', signInForm('Name and password do not fit together.')), 401)
    }
    tries.right({ name })
    store.audit.record({ did: 'signed in', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })
  return app
}

function firstUserForm(code: string, fault?: string): Html {
  return html`<form method="post" action="/first-user" class="card">
    ${faultText(fault)}<input type="hidden" name="code" value="${code}" /> <label for="name">Your name</label
    ><input id="name" name="name" autocomplete="name" required maxlength="200" /><label for="initials"
      >Initials, as InSched stamps them</label
    ><input id="initials" name="initials" maxlength="4" required />
    <label for="password">Password (at least ${shortestPassword} characters)</label
    ><input id="password" name="password" type="password" autocomplete="new-password" required /><button class="main">
      Make the first user
    </button>
  </form>`
}

function signInForm(fault?: string): Html {
  return html`<form method="post" action="/sign-in" class="card">
    ${faultText(fault)} <label for="name">Name</label
    ><input id="name" name="name" autocomplete="username" required /><label for="password">Password</label
    ><input id="password" name="password" type="password" autocomplete="current-password" required /><button
      class="main"
    >
      Sign in
    </button>
  </form>`
}
