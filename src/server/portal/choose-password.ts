/**
 * The page where a patient sets a name and a password for the next time: who showed a moment ago that it is them. The
 * other sessions of the account end, and they are told of it by mail. Who came back by a new invitation may take over the name of the account from before.
 */
import { Hono, type Context } from 'hono'
import * as v from 'valibot'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { button, field, form } from '../look/form.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { hashPassword, longestPassword, passwordFault, shortestPassword } from '../passwords.ts'
import { frameOf } from './frame.ts'
import type { Entering } from './entering.ts'
import type { Mails } from './mails.ts'
import { signInNameSchema } from './ways-in.ts'
import { nameOf, patientOf, practiceOf, type PortalEnv, type Viewer } from './viewer.ts'

const passwordSchema = v.object({
  name: signInNameSchema,
  password: v.pipe(v.string(), v.maxLength(300)),
})

export function passwordPages(options: {
  readonly store: ControlStore
  readonly entering: Entering
  readonly mails: Mails
}): Hono<PortalEnv> {
  const { store, entering, mails } = options
  const app = new Hono<PortalEnv>()
  app.get('/password', async (c) =>
    entering.mayChange(c.get('viewer')) ? c.html(await passwordPage(c)) : c.redirect('/again?to=password', 303),
  )
  app.post('/password', async (c) => {
    const viewer = c.get('viewer')
    const { words } = c.get('reader')
    const { faults } = words.signIn
    if (!entering.mayChange(viewer)) return c.redirect('/again?to=password', 303)
    const given = v.safeParse(passwordSchema, await formOf(c))
    if (!given.success) return c.html(await passwordPage(c, faults.nameNeeded), 400)
    const { name, password } = given.output
    const person = await patientOf(viewer)
    const { practiceName, siteName } = await practiceOf(viewer)
    const known = [name, nameOf(person), person.birthDate, person.email, person.cellPhone, person.homePhone, practiceName, siteName] // prettier-ignore
    const holder = store.accountNamed(name)
    const taken = holder !== undefined && holder.id !== viewer.account
    const fault =
      // Only the patient comes back to a sign-in of before: a guardian never takes one over.
      taken && !(viewer.acting === null && isOnFile(name, person) && seesNoMore(store, holder.id, viewer))
        ? faults.nameTaken
        : passwordFault(password, words, known)
    if (fault !== undefined) return c.html(await passwordPage(c, fault), 400)
    store.setPassword(viewer.account, name, await hashPassword(password), taken ? holder.id : undefined)
    store.sessions.endOthers(viewer.account, viewer.session.id)
    store.rememberAddress(viewer.account, c.get('caller').address)
    store.audit.record({ did: 'password set', by: viewer.account, of: taken ? holder.id : undefined })
    mails.notice(viewer.account, 'changed', `${entering.originOf(c)}/account`)
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

async function passwordPage(c: Context<PortalEnv>, fault?: string): Promise<string> {
  const viewer = c.get('viewer')
  const { choose, name, newPassword } = c.get('reader').words.signIn
  // The patient's own address is for the patient to see.
  const { email, cellPhone } = viewer.acting ? {} : await patientOf(viewer)
  const limits = { minlength: shortestPassword, maxlength: longestPassword }
  const fields = [
    faultNotice(fault),
    field({ name: 'name', label: name, value: email ?? cellPhone ?? '', more: { autocomplete: 'username', minlength: 3 } }), // prettier-ignore
    field({ name: 'password', label: newPassword(shortestPassword), more: { type: 'password', autocomplete: 'new-password', ...limits } }), // prettier-ignore
    button(choose.save, 'main'),
  ]
  return page(await frameOf(c, choose.title, ''), card(form('/password', { csrf: viewer.csrf }, fields)))
}
