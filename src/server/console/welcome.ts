/** The link by which a user of the console begins: they choose their password, then their second factor. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { hashOf } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, passwordFault, shortestPassword } from '../passwords.ts'
import type { Sessions } from '../sessions.ts'
import { bareFrame, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { Staff } from './staff-store-sqlite.ts'

export function welcomePages({ site, store, session }: ConsoleParts & { readonly session: Sessions }): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const over = (c: Context<ConsoleEnv>) => c.html(problemPage(bareFrame(c, site), c.get('reader').words.staff.welcome.over), 404) // prettier-ignore
  const welcomePage = (c: Context<ConsoleEnv>, token: string, staff: Staff, fault?: string): Promise<string> => {
    const { signIn, staff: words } = c.get('reader').words
    return page({ ...bareFrame(c, site), title: words.welcome.title }, [
      card([
        faultNotice(fault),
        html`<p>${words.welcome.choose(staff.name)}</p>`,
        form(`/welcome/${token}`, {}, [
          field({ name: 'password', label: signIn.newPassword(shortestPassword), more: { type: 'password', autocomplete: 'new-password' } }), // prettier-ignore
          button(words.welcome.save, 'main'),
        ]),
      ]),
    ])
  }
  app.get('/welcome/:token', (c) => {
    const token = c.req.param('token')
    const staff = store.ofLink(hashOf(token))
    return staff ? c.html(welcomePage(c, token, staff)) : over(c)
  })
  app.post('/welcome/:token', async (c) => {
    const token = c.req.param('token')
    const staff = store.ofLink(hashOf(token))
    if (!staff) return over(c)
    const given = (await formOf(c))?.['password']
    const password = typeof given === 'string' ? given.slice(0, 300) : ''
    const { practiceName, siteName } = site.settings
    const fault = passwordFault(password, c.get('reader').words, [staff.name, practiceName, siteName])
    if (fault !== undefined) return c.html(welcomePage(c, token, staff, fault), 400)
    if (!store.begin(staff.id, hashOf(token), await hashPassword(password))) return over(c)
    store.audit.record({ did: 'password set', by: staff.id })
    session.begin(c, staff.id)
    return c.redirect('/second-factor', 303)
  })
  return app
} // prettier-ignore
