/**
 * The page where a patient sets a name and a password for the next time. Who has a password gives it to change it; the
 * other sessions of the account end. Who came back by a new invitation may take over the name of the account from before.
 */
import { Hono, type Context } from 'hono'
import * as v from 'valibot'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, isPassword, longestPassword, passwordFault, shortestPassword } from '../passwords.ts'
import type { Throttle } from '../throttle.ts'
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
    const { words } = c.get('reader')
    const { faults, wait: waitText } = words.signIn
    const given = v.safeParse(passwordSchema, await formOf(c))
    if (!given.success) return c.html(await passwordPage(c, faults.nameNeeded), 400)
    const { name, password, current } = given.output
    const account = store.account(viewer.account)
    if (account?.password) {
      const attempt = { name: `account ${account.id}`, address: c.get('caller').address }
      const wait = tries.take(attempt)
      if (wait > 0) return c.html(await passwordPage(c, waitText(wait)), 429)
      if (!(await isPassword(current ?? '', account.password)))
        return c.html(await passwordPage(c, faults.currentWrong), 401)
      tries.right(attempt)
    }
    const person = await patientOf(viewer)
    const { practiceName, siteName } = await practiceOf(viewer)
    const known = [name, nameOf(person), person.birthDate, person.email, person.cellPhone, person.homePhone, practiceName, siteName] // prettier-ignore
    const holder = store.accountNamed(name)
    const taken = holder !== undefined && holder.id !== viewer.account
    const fault =
      taken && !(isOnFile(name, person) && seesNoMore(store, holder.id, viewer))
        ? faults.nameTaken
        : passwordFault(password, words, known)
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
  const { choose, name, newPassword } = c.get('reader').words.signIn
  const { email, cellPhone } = await patientOf(viewer)
  const limits = { minlength: shortestPassword, maxlength: longestPassword }
  const fields = [
    faultNotice(fault),
    field({ name: 'name', label: name, value: email ?? cellPhone ?? '', more: { autocomplete: 'username', minlength: 3 } }), // prettier-ignore
    viewer.hasPassword
      ? field({ name: 'current', label: choose.current, more: { type: 'password', autocomplete: 'current-password' } })
      : nothing,
    field({ name: 'password', label: newPassword(shortestPassword), more: { type: 'password', autocomplete: 'new-password', ...limits } }), // prettier-ignore
    button(choose.save, 'main'),
  ]
  return page(await frameOf(c, choose.title, ''), card(form('/password', { csrf: viewer.csrf }, fields)))
}
