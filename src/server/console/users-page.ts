/** The users of the console, for who may manage them: added by a link, with roles and privileges; reset, disabled, enabled. Each change is in the trail. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { attributes, nothing, type Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { badge, card, folded } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { privileges, roles, type Privilege, type Role } from './privileges.ts'
import { addUser, resetUser } from './staff-links.ts'
import type { Staff } from './staff-store-sqlite.ts'

const addSchema = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  initials: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(4)),
  role: v.picklist(roles),
})
const idSchema = v.object({ id: ulidSchema })

export function usersPage({ site, store, clock }: ConsoleParts & { readonly clock: Clock }): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const usersHtml = (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { users } = c.get('reader').words.staff
    return framed(c, site, users.title, '/users', [
      faultNotice(fault),
      ...store.all().map((user) => userCard(c, user)),
      card(addForm(c), { title: users.add }),
    ])
  }
  const linkHtml = (c: Context<ConsoleEnv>, name: string, path: string): Promise<string> => {
    const { users } = c.get('reader').words.staff
    const origin = new URL(c.req.url).origin
    return framed(c, site, users.title, '/users', [
      card([html`<p>${users.link(name)}</p>`, html`<p class="copy">${origin}${path}</p>`]),
      html`<p><a class="button" href="/users">${users.title}</a></p>`,
    ])
  }
  /** The user that a form names. */
  const named = async (c: Context<ConsoleEnv>): Promise<Staff | undefined> => {
    const given = v.safeParse(idSchema, await formOf(c))
    return given.success ? store.staff(given.output.id) : undefined
  }
  const unknown = (c: Context<ConsoleEnv>) => c.html(usersHtml(c, c.get('reader').words.staff.users.unknown), 404)

  app.get('/users', (c) => c.html(usersHtml(c)))
  app.post('/users', async (c) => {
    const { users } = c.get('reader').words.staff
    const given = v.safeParse(addSchema, await formOf(c))
    if (!given.success) return c.html(usersHtml(c, users.incomplete), 400)
    const { name, initials, role } = given.output
    const path = addUser(store, clock, { name, initials, roles: [role] }, c.get('staff').id)
    return path === undefined ? c.html(usersHtml(c, users.taken), 409) : c.html(linkHtml(c, name, path))
  })
  app.post('/users/rights', async (c) => {
    const { users } = c.get('reader').words.staff
    const user = await named(c)
    if (!user) return unknown(c)
    const given = (await formOf(c)) ?? {}
    const rights = {
      roles: roles.filter((role) => given[`role ${role}`] === 'yes'),
      granted: privileges.filter((one) => given[`privilege ${one}`] === 'granted'),
      denied: privileges.filter((one) => given[`privilege ${one}`] === 'denied'),
    }
    if (!store.setRights(user.id, rights)) return c.html(usersHtml(c, users.lastAdmin), 409)
    const said = [...rights.roles, ...rights.granted.map((one) => `+${one}`), ...rights.denied.map((one) => `-${one}`)]
    store.audit.record(deedOf(c, 'user changed', { of: [user.id, ...said] }))
    return c.redirect('/users', 303)
  })
  app.post('/users/reset', async (c) => {
    const user = await named(c)
    return user ? c.html(linkHtml(c, user.name, resetUser(store, clock, user.id, c.get('staff').id))) : unknown(c)
  })
  app.post('/users/disable', async (c) => {
    const user = await named(c)
    if (!user) return unknown(c)
    if (!store.disable(user.id)) return c.html(usersHtml(c, c.get('reader').words.staff.users.lastAdmin), 409)
    store.audit.record(deedOf(c, 'user disabled', { of: user.id }))
    return c.redirect('/users', 303)
  })
  app.post('/users/enable', async (c) => {
    const user = await named(c)
    if (!user) return unknown(c)
    store.enable(user.id)
    store.audit.record(deedOf(c, 'user enabled', { of: user.id }))
    return c.redirect('/users', 303)
  })
  return app
}

function userCard(c: Context<ConsoleEnv>, user: Staff): Html {
  const { users, roles: roleNames } = c.get('reader').words.staff
  const hidden = { csrf: c.get('csrf'), id: user.id }
  const state = user.disabled ? users.isDisabled : user.password === null ? users.waits : user.hasSecondFactor ? undefined : users.noFactor // prettier-ignore
  return card(
    [
      html`<p>
        ${user.roles.map((role: Role) => roleNames[role]).join(', ')}${user.id === c.get('staff').id ? ` (${users.you})` : ''}
        ${state ? badge('warn', state) : nothing}
      </p>`,
      folded(users.rights, rightsForm(c, user, hidden)),
      html`<div class="row">
        ${oneButton('/users/reset', users.reset, hidden)}
        ${user.disabled ? oneButton('/users/enable', users.enable, hidden) : oneButton('/users/disable', users.disable, hidden, 'danger')}
      </div>`,
    ],
    { title: `${user.name} (${user.initials})` },
  )
}

function rightsForm(c: Context<ConsoleEnv>, user: Staff, hidden: Readonly<Record<string, string>>): Html {
  const words = c.get('reader').words.staff
  const { users } = words
  const stateOf = (one: Privilege): string => (user.denied.includes(one) ? 'denied' : user.granted.includes(one) ? 'granted' : 'role') // prettier-ignore
  return form('/users/rights', hidden, [
    ...roles.map(
      (role) =>
        html`<label class="choice"
          ><input
            ${attributes({ type: 'checkbox', name: `role ${role}`, value: 'yes', checked: user.roles.includes(role) })}
          />${words.roles[role]}</label
        >`,
    ),
    ...privileges.map((one) =>
      select(
        { name: `privilege ${one}`, id: `${one.replaceAll(' ', '-')}-${user.id}`, label: words.privileges[one], value: stateOf(one) }, // prettier-ignore
        [
          { value: 'role', label: users.byRole },
          { value: 'granted', label: users.granted },
          { value: 'denied', label: users.deniedTo },
        ],
      ),
    ),
    button(users.save, 'main'),
  ])
}

function addForm(c: Context<ConsoleEnv>): Html {
  const { users, roles: roleNames } = c.get('reader').words.staff
  return form('/users', { csrf: c.get('csrf') }, [
    field({ name: 'name', label: users.name, more: { maxlength: 200 } }),
    field({ name: 'initials', label: users.initials, more: { maxlength: 4 } }),
    select({ name: 'role', label: users.role }, roles.map((value) => ({ value, label: roleNames[value] }))), // prettier-ignore
    button(users.addButton, 'main'),
  ])
}
