/**
 * The page where a patient sets a name and a password for the next time. Who has a password gives it to change it; the
 * other sessions of the account end. Who came back by a new invitation may take over the name of the account from before.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { faultText, page, type Html } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, isPassword, longestPassword, passwordFault, shortestPassword } from '../passwords.ts'
import { waitText, type Throttle } from '../throttle.ts'
import { frameOf } from './frame.ts'
import { signInNameSchema } from './sign-in.ts'
import { nameOf, patientOf, practiceOf, type PortalEnv, type Viewer } from './viewer.ts'

const passwordSchema = v.object({
  name: signInNameSchema,
  password: v.pipe(v.string(), v.maxLength(300)),
  current: v.optional(v.pipe(v.string(), v.maxLength(300))),
})

export function passwordPages({ store, tries }: { store: ControlStore; tries: Throttle }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/password', async (c) => c.html(await passwordPage(c)))
  app.post('/password', async (c) => {
    const viewer = c.get('viewer')
    const form = v.safeParse(passwordSchema, await formOf(c))
    if (!form.success) return c.html(await passwordPage(c, 'Write a sign-in name: your email, or your mobile number.'), 400) // prettier-ignore
    const { name, password, current } = form.output
    const account = store.account(viewer.account)
    if (account?.password) {
      const attempt = { name: `account ${account.id}`, address: c.get('caller').address }
      const wait = tries.take(attempt)
      if (wait > 0) return c.html(await passwordPage(c, waitText(wait)), 429)
      if (!(await isPassword(current ?? '', account.password)))
        return c.html(await passwordPage(c, 'The password that you have now is another.'), 401)
      tries.right(attempt)
    }
    const person = await patientOf(viewer)
    const { practiceName, siteName } = await practiceOf(viewer)
    const known = [name, nameOf(person), person.birthDate, person.email, person.cellPhone, person.homePhone, practiceName, siteName] // prettier-ignore
    const holder = store.accountNamed(name)
    const taken = holder !== undefined && holder.id !== viewer.account
    const fault =
      taken && !(isOnFile(name, person) && seesNoMore(store, holder.id, viewer))
        ? 'This sign-in name is taken. Choose another.'
        : passwordFault(password, known)
    if (fault !== undefined) return c.html(await passwordPage(c, fault), 400)
    store.setPassword(viewer.account, name, await hashPassword(password), taken ? holder.id : undefined)
    store.sessions.endOthers(viewer.account, viewer.session.id)
    store.rememberAddress(viewer.account, c.get('caller').address)
    store.audit.record({ did: 'password set', by: viewer.account, of: taken ? holder.id : undefined })
    return c.redirect('/?said=password', 303)
  })
  return app
}

/** Whether the office has this name on file as the person's own email or mobile number. */
function isOnFile(name: string, { email, cellPhone }: Partial<PatientFields>): boolean {
  return name === email?.trim().toLowerCase() || name === cellPhone?.trim()
}

/** Whether the viewer may act for all that `former` had: then nothing is taken from anybody. */
function seesNoMore(store: ControlStore, former: string, viewer: Viewer): boolean {
  const mine = new Set(viewer.family.map((member) => member.key))
  return store.patientsOf(former).every(({ practice, patient }) => mine.has(`${practice}/${patient}`))
}

async function passwordPage(c: Context<PortalEnv>, fault?: string): Promise<Html> {
  const viewer = c.get('viewer')
  const { email, cellPhone } = await patientOf(viewer)
  return page(
    await frameOf(c, 'Choose a password', ''),
    html`<form method="post" action="/password" class="card">
      <input type="hidden" name="csrf" value="${viewer.csrf}" />${faultText(fault)}
      <label for="name">Sign-in name</label
      ><input
        id="name"
        name="name"
        autocomplete="username"
        value="${email ?? cellPhone ?? ''}"
        required
        minlength="3"
      />
      ${
        viewer.hasPassword
          ? html`<label for="current">The password that you have now</label
              ><input id="current" name="current" type="password" autocomplete="current-password" required />`
          : ''
      }
      <label for="password">Password (at least ${shortestPassword} characters)</label
      ><input
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        required
        minlength="${shortestPassword}"
        maxlength="${longestPassword}"
      />
      <button class="main">Save password</button>
    </form>`,
  )
}
