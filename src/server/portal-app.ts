/**
 * The portal over HTTP: enrolment of sites, invitations, sign-in, and the patient pages behind a session. Deny by
 * default: a page of a patient is reached only with a session whose account may act for that patient now.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import { foldAccess } from '../replica/kinds/access.ts'
import type { PatientFields } from '../replica/kinds/fields.ts'
import { ulidSchema } from '../replica/kinds/kind.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { hashOf, type ControlStore } from './control-store-sqlite.ts'
import { page, pageHeaders, stylesheet, type Html } from './layout.ts'
import { hashPassword, isPassword, passwordFault } from './passwords.ts'
import { frameOf, patientPages, type Viewer } from './patient-pages.ts'
import { sessions } from './sessions.ts'
import { throttle } from './throttle.ts'

export interface PortalAppOptions {
  readonly store: ControlStore
  readonly replicaOf: (practice: string) => OpenReplica | undefined
  readonly isConnected: (site: string) => boolean
  readonly enroll: (request: EnrollRequest) => { status: 200 | 409 | 404; body: unknown }
  readonly secure: boolean
  readonly clock: Clock
}

export const enrollSchema = v.object({
  code: v.pipe(v.string(), v.maxLength(100)),
  replica: ulidSchema,
  publicKey: v.pipe(v.string(), v.base64(), v.maxLength(200)),
})
export type EnrollRequest = v.InferOutput<typeof enrollSchema>
type Env = { Variables: { viewer: Viewer } }

const idle = 15 * 60_000
const wrongDatesAllowed = 5
const field = v.pipe(v.string(), v.trim(), v.maxLength(300))

export function portalApp(options: PortalAppOptions): Hono<Env> {
  const { store, clock } = options
  const app = new Hono<Env>()
  const session = sessions(store, { secure: options.secure, idle, name: 'session', clock })
  const tries = throttle(clock)
  app.use(pageHeaders(options.secure))
  app.use(bodyLimit({ maxSize: 256 * 1024 }))
  app.get('/style.css', (c) => c.body(stylesheet, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/healthz', (c) => c.text('ok'))

  app.post('/enroll', async (c) => {
    const request = v.safeParse(enrollSchema, await c.req.json().catch(() => undefined))
    if (!request.success) return c.json({ error: 'An enrolment needs a code, a replica and a public key.' }, 400)
    const { status, body } = options.enroll(request.output)
    return c.json(body as never, status)
  })

  // What a browser sends from another site is refused before anything is looked up (CSRF, ASVS 3.5).
  app.use(async (c, next) => {
    const origin = c.req.header('origin')
    const site = c.req.header('sec-fetch-site')
    const foreign =
      (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== c.req.header('host'))) ||
      site === 'cross-site'
    if (c.req.method === 'POST' && foreign)
      return c.html(plain('This form came from another site', 'Open the portal and try again.'), 403)
    return next()
  })

  const invitation = async (text: string) => {
    const [practice, token, ...rest] = text.split('.')
    const replica = rest.length === 0 && v.is(ulidSchema, practice) ? options.replicaOf(practice) : undefined
    const row = replica && token ? await replica.indexed('invitation', hashOf(token)) : undefined
    if (!replica || !row || row.state !== 'open' || row.at < clock.now()) return undefined
    const { entry, patient } = row.body as { entry: string; patient: string }
    // A revocation may be newer than the index.
    const { invitations } = foldAccess(await replica.entries('access', patient))
    const record = await replica.record('patients', patient)
    return invitations.some((one) => one.id === entry) && record
      ? { replica, practice: replica.practice, entry, patient, birthDate: record.fields['birthDate'] }
      : undefined
  }

  app.get('/invitation/:token', async (c) =>
    (await invitation(c.req.param('token'))) ? c.html(datePage(c.req.param('token'))) : c.html(invitationOver(), 404),
  )
  app.post('/invitation/:token', async (c) => {
    const token = c.req.param('token')
    const found = await invitation(token)
    if (!found) return c.html(invitationOver(), 404)
    const { replica, practice, patient, entry } = found
    const given = dateOf((await c.req.parseBody())['date'])
    if (given === undefined)
      return c.html(datePage(token, 'Write the date as month, day and year, for example 04/27/1985.'), 400)
    const key = `${practice} ${entry}`
    if (typeof found.birthDate !== 'string' || given !== found.birthDate) {
      if (store.wrongDate(key) < wrongDatesAllowed)
        return c.html(
          datePage(token, 'This is not the date of birth that the office has on file. Try again, or call the office.'),
          401,
        )
      await replica.change([
        {
          collection: 'access',
          key: patient,
          add: {
            [`ended:${entry}`]: {
              kind: 'revoked',
              at: clock.now(),
              by: { role: 'portal', id: replica.id },
              revokes: [entry],
              why: 'wrong dates',
            },
          },
        },
      ])
      return c.html(invitationOver(), 404)
    }
    const current = session.current(c)?.account
    const account = current ?? mintUlid(clock)
    await replica.change([
      {
        collection: 'access',
        key: patient,
        add: {
          [`accepted:${entry}`]: {
            kind: 'accepted',
            at: clock.now(),
            by: { role: 'patient', id: account },
            invitation: entry,
            account,
          },
        },
      },
    ])
    if (!current) store.addAccount(account)
    store.addPatient(account, { practice, patient })
    store.audit(clock.now(), `accepted ${practice} ${patient} ${account}`)
    session.begin(c, account)
    return c.redirect('/', 303)
  })

  app.get('/sign-in', (c) => c.html(signInPage()))
  app.post('/sign-in', async (c) => {
    const form = v.safeParse(
      v.object({ name: field, password: v.pipe(v.string(), v.maxLength(300)) }),
      await c.req.parseBody(),
    )
    if (!form.success) return c.html(signInPage('Write your sign-in name and your password.'), 400)
    const name = form.output.name.toLowerCase()
    const wait = tries.wait(name)
    if (wait > 0) return c.html(signInPage(`Too many tries. Wait ${wait} seconds and try again.`), 429)
    const account = store.accountNamed(name)
    if (!(await isPassword(form.output.password, account?.password)) || !account) {
      tries.wrong(name)
      return c.html(signInPage('Sign-in name and password do not fit together.'), 401)
    }
    tries.right(name)
    session.begin(c, account.id)
    return c.redirect('/', 303)
  })

  // From here on: only with a session, only for a patient whose access stands, and forms only with the session's token.
  app.use(async (c, next) => {
    const current = session.current(c)
    if (!current)
      return c.req.method === 'GET'
        ? c.redirect('/sign-in', 303)
        : c.html(signInPage('You were signed out. Sign in and try again.'), 401)
    if (c.req.method === 'POST' && (await c.req.parseBody())['csrf'] !== current.csrf)
      return c.html(
        plain(
          'This form is too old',
          'Go back, load the page again and send it once more. What you wrote is still there.',
        ),
        403,
      )
    if (c.req.path === '/sign-out' && c.req.method === 'POST') {
      session.end(c)
      return c.redirect('/sign-in', 303)
    }
    const viewer = await viewerOf(current)
    if (!viewer)
      return c.html(
        plain(
          'There is nothing to show',
          'The office has ended your access to the portal. Call the office if this is not right.',
        ),
        403,
      )
    c.set('viewer', viewer)
    return next()
  })

  const viewerOf = async (current: { account: string; csrf: string }): Promise<Viewer | undefined> => {
    for (const { practice, patient } of store.patientsOf(current.account)) {
      const replica = options.replicaOf(practice)
      if (!replica || !foldAccess(await replica.entries('access', patient)).accounts.includes(current.account)) continue
      const head = await replica.head('patients', patient)
      if (!head?.facts.shown || head.facts.site === null) continue
      const office = {
        heardAt: store.site(head.facts.site)?.heard_at ?? null,
        connected: options.isConnected(head.facts.site),
      }
      store.audit(clock.now(), `viewed ${practice} ${patient} ${current.account}`)
      return { ...current, patient, replica, office, hasPassword: store.account(current.account)?.password !== null }
    }
    return undefined
  }

  app.get('/password', async (c) => c.html(await passwordPage(c)))
  app.post('/password', async (c) => {
    const viewer = c.get('viewer')
    const form = v.safeParse(
      v.object({ name: v.pipe(field, v.minLength(3)), password: v.string() }),
      await c.req.parseBody(),
    )
    if (!form.success)
      return c.html(await passwordPage(c, 'Write a sign-in name: your email, or your mobile number.'), 400)
    const name = form.output.name.toLowerCase()
    const held = store.accountNamed(name)
    const fault =
      held && held.id !== viewer.account
        ? 'This sign-in name is taken. Choose another.'
        : passwordFault(form.output.password)
    if (fault !== undefined) return c.html(await passwordPage(c, fault), 400)
    store.setPassword(viewer.account, name, await hashPassword(form.output.password))
    return c.redirect('/?said=password', 303)
  })
  app.route('/', patientPages(clock))
  app.notFound((c) => c.html(plain('This page is not there', 'Go back to the home page.'), 404))
  return app
}

async function passwordPage(c: Context<Env>, fault?: string): Promise<Html> {
  const viewer = c.get('viewer')
  const record = await viewer.replica.record('patients', viewer.patient)
  const { email, cellPhone } = (record?.fields ?? {}) as Partial<PatientFields>
  const suggested = email ?? cellPhone ?? ''
  return page(
    await frameOf(c, 'Choose a password', ''),
    html`<form method="post" action="/password" class="card">
      <input type="hidden" name="csrf" value="${viewer.csrf}" />${faultText(fault)}
      <label for="name">Sign-in name</label
      ><input id="name" name="name" autocomplete="username" value="${suggested}" required />
      <label for="password">Password (at least 10 characters)</label
      ><input
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        required
        minlength="10"
        maxlength="128"
      />
      <button class="main">Save password</button>
    </form>`,
  )
}

function datePage(token: string, fault?: string): Html {
  return page(
    { title: 'Welcome', practice: 'Patient portal' },
    html`<form method="post" action="/invitation/${token}" class="card">
      <p>To see that it is you, write your date of birth.</p>
      ${faultText(fault)} <label for="date">Date of birth</label
      ><input
        id="date"
        name="date"
        inputmode="numeric"
        autocomplete="bday"
        placeholder="MM/DD/YYYY"
        aria-describedby="date-hint"
        required
      />
      <p class="soft" id="date-hint">For example 04/27/1985</p>
      <button class="main">Sign in</button>
    </form>`,
  )
}

function signInPage(fault?: string): Html {
  return page(
    { title: 'Sign in', practice: 'Patient portal' },
    html`<form method="post" action="/sign-in" class="card">
        ${faultText(fault)} <label for="name">Sign-in name</label
        ><input id="name" name="name" autocomplete="username" required /> <label for="password">Password</label
        ><input id="password" name="password" type="password" autocomplete="current-password" required />
        <button class="main">Sign in</button>
      </form>
      <p>
        You have an invitation? Open its link. It is lost, or you forgot your password? Call the office for a new one.
      </p>`,
  )
}

function invitationOver(): Html {
  return plain(
    'This invitation is over',
    'It was used, it has ended, or the link is not whole. Call the office for a new one, or sign in with your password.',
  )
}

function plain(title: string, what: string): Html {
  return page(
    { title, practice: 'Patient portal' },
    html`<p>${what}</p>
      <p><a href="/">Home</a></p>`,
  )
}

function faultText(fault: string | undefined): Html {
  return fault === undefined ? html`` : html`<p class="notice error" role="alert">${fault}</p>`
}

/** `YYYY-MM-DD` of a date as people write it: month, day, year, or ISO; undefined where it is none. */
export function dateOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const iso = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/.exec(text)
  const us = /^\s*(\d{1,2})[/.\s-](\d{1,2})[/.\s-](\d{4})\s*$/.exec(text)
  const [year, month, day] = iso ? [iso[1], iso[2], iso[3]] : us ? [us[3], us[1], us[2]] : []
  if (year === undefined) return undefined
  const date = `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
  const parsed = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date ? undefined : date
}
