/**
 * The site's console on loopback: status in words, Recent Communications, Send Secure Portal Message, Upload Records,
 * Download Online Communications, and the reviews, behind a sign-in of named staff. The first user is made with a
 * one-time link that the program prints where it starts.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { html } from 'hono/html'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import { announce, controlRoutes, type Operations } from '../control.ts'
import { button, page, pageHeaders, stylesheet, type Html } from '../layout.ts'
import { listen } from '../listen.ts'
import { hashPassword, isPassword, passwordFault } from '../passwords.ts'
import { sessions } from '../sessions.ts'
import { throttle } from '../throttle.ts'
import { openStaffStore, type Staff } from './staff-store-sqlite.ts'

/** What the console and the commands need of a site. */
export interface ConsoleSite {
  readonly settings: { readonly practiceName: string; readonly siteName: string }
  readonly bridge: {
    findPatients(text: string): readonly {
      patient_id: number
      first_name: string | null
      last_name: string | null
      birth_date: string | null
      portal_enabled: number | null
    }[]
  }
  upload(
    progress?: (line: string) => void,
  ): Promise<{ patients: number; plans: number; stages: number; events: number; documents: number; seconds: number }>
  download(): Promise<{
    messages: number
    confirmations: number
    payments: number
    communications: number
    seconds: number
  }>
  invite(patient: number, by?: By): Promise<{ url: string; expiresAt: string }>
  message(
    message: { patient: number; event?: number | undefined; subject: string; text: string },
    by?: By,
  ): Promise<{ entryId: string }>
  recent(query?: { patient?: number | undefined; channel?: string | undefined; since?: number | undefined }): Promise<{
    items: readonly {
      at: string
      channel: string
      direction: string
      patient: number | null
      event: number | null
      subject: string
      state: string
    }[]
  }>
  confirmations(query?: { event?: number | undefined }): Promise<{ items: readonly unknown[] }>
  reviews(): Promise<{
    items: readonly { id: string; kind: string; why: string; todo: string; openedAt: string; patient: number | null }[]
  }>
  resolve(id: string, note: string, by?: By): Promise<{ id: string }>
  verify(): Promise<unknown>
  status(): Promise<{
    state: string
    lastContact: string | null
    problems: readonly string[]
    queues: { toPortal: number; reviews: number }
  }>
}

const idNumber = v.pipe(v.number(), v.integer(), v.minValue(0))
const messageInput = v.object({ patient: idNumber, event: v.optional(idNumber), subject: v.string(), text: v.string() })
const recentInput = v.object({
  patient: v.optional(idNumber),
  channel: v.optional(v.string()),
  since: v.optional(v.number()),
})

/** The operations of a site by name, for the command line. */
export function siteOperations(site: ConsoleSite, say: (line: string) => void): Operations {
  return {
    upload: () => site.upload(say),
    download: () => site.download(),
    invite: (input) => site.invite(v.parse(v.object({ patient: idNumber }), input).patient),
    message: (input) => site.message(v.parse(messageInput, input)),
    recent: (input) => site.recent(v.parse(recentInput, input)),
    confirmations: (input) => site.confirmations(v.parse(v.object({ event: v.optional(idNumber) }), input)),
    reviews: () => site.reviews(),
    'reviews resolve': (input) => {
      const { id, note } = v.parse(v.object({ id: v.string(), note: v.string() }), input)
      return site.resolve(id, note)
    },
    verify: () => site.verify(),
    status: () => site.status(),
  }
}

type Env = { Variables: { staff: Staff; csrf: string } }
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000))

/** Serves the console and the commands; `setup` is the link that makes the first user, where there is none yet. */
export async function serveConsole(options: {
  site: ConsoleSite
  dir: string
  port: number
  clock: Clock
  say: (line: string) => void
}) {
  const { site, dir, clock } = options
  const store = openStaffStore(join(dir, 'staff.sqlite'))
  const token = Buffer.from(clock.bytes(32)).toString('base64url')
  const setupCode = Buffer.from(clock.bytes(16)).toString('base64url')
  const app = consoleApp(site, store, setupCode, clock)
  const control = controlRoutes(token, siteOperations(site, options.say))
  const host = '127.0.0.1'
  let listening: Awaited<ReturnType<typeof listen>>
  try {
    listening = await listen(
      (request, env) =>
        new URL(request.url).pathname.startsWith('/control/') ? control.fetch(request, env) : app.fetch(request, env),
      { port: options.port, host },
    )
  } catch (error) {
    store.close()
    throw error
  }
  const { server, url } = listening
  const unannounce = announce(dir, url, token)
  return {
    url,
    setup: store.isEmpty() ? `${url}/first-user?code=${setupCode}` : undefined,
    async close() {
      unannounce()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
      store.close()
    },
  }
}

function consoleApp(
  site: ConsoleSite,
  store: ReturnType<typeof openStaffStore>,
  setupCode: string,
  clock: Clock,
): Hono<Env> {
  const app = new Hono<Env>()
  const session = sessions(store, { secure: false, idle: 10 * 60_000, name: 'console', clock })
  const tries = throttle(clock)
  const practice = `${site.settings.practiceName} · ${site.settings.siteName}`
  const plain = (title: string, main: Html): Html => page({ title, practice }, main)
  app.use(pageHeaders(false))
  app.use(bodyLimit({ maxSize: 256 * 1024 }))
  app.get('/style.css', (c) => c.body(stylesheet, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.use(async (c, next) => {
    // DNS rebinding: a page elsewhere must not speak to the console by a name of its own.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(c.req.header('host') ?? ''))
      return c.text('Open the console by its own address.', 421)
    const origin = c.req.header('origin')
    if (c.req.method === 'POST' && origin !== undefined && origin !== `http://${c.req.header('host')}`)
      return c.text('This form came from another site.', 403)
    return next()
  })

  app.get('/first-user', (c) =>
    store.isEmpty() && c.req.query('code') === setupCode
      ? c.html(plain('First user', firstUserForm(setupCode)))
      : c.redirect('/sign-in', 303),
  )
  app.post('/first-user', async (c) => {
    const form = v.safeParse(
      v.object({
        code: v.string(),
        name: text,
        initials: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(4)),
        password: v.string(),
      }),
      await c.req.parseBody(),
    )
    if (!store.isEmpty() || (form.success && form.output.code !== setupCode)) return c.redirect('/sign-in', 303)
    const fault = form.success
      ? passwordFault(form.output.password)
      : 'Write your name, your initials (at most 4 letters) and a password.'
    if (!form.success || fault !== undefined) return c.html(plain('First user', firstUserForm(setupCode, fault)), 400)
    const { name, initials, password } = form.output
    const staff: Staff = {
      id: mintUlid(clock),
      name,
      initials: initials.toUpperCase(),
      password: await hashPassword(password),
    }
    store.add(staff)
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })
  app.get('/sign-in', (c) => c.html(plain('Sign in', signInForm())))
  app.post('/sign-in', async (c) => {
    const form = v.safeParse(
      v.object({ name: text, password: v.pipe(v.string(), v.maxLength(300)) }),
      await c.req.parseBody(),
    )
    const name = form.success ? form.output.name.toLowerCase() : ''
    const wait = tries.wait(name)
    if (wait > 0)
      return c.html(plain('Sign in', signInForm(`Too many tries. Wait ${wait} seconds and try again.`)), 429)
    const staff = store.named(name)
    if (!form.success || !(await isPassword(form.output.password, staff?.password)) || !staff) {
      tries.wrong(name)
      return c.html(plain('Sign in', signInForm('Name and password do not fit together.')), 401)
    }
    tries.right(name)
    session.begin(c, staff.id)
    return c.redirect('/', 303)
  })

  app.use(async (c, next) => {
    const current = session.current(c)
    const staff = current && store.staff(current.account)
    if (!current || !staff) return c.redirect('/sign-in', 303)
    if (c.req.method === 'POST' && (await c.req.parseBody())['csrf'] !== current.csrf)
      return c.html(
        plain('This form is too old', html`<p>Go back, load the page again and send it once more.</p>`),
        403,
      )
    c.set('staff', staff)
    c.set('csrf', current.csrf)
    return next()
  })
  app.post('/sign-out', (c) => {
    session.end(c)
    return c.redirect('/sign-in', 303)
  })

  const links = [['/', 'Status'], ['/send', 'Send Secure Portal Message'], ['/recent', 'Recent Communications'], ['/reviews', 'Reviews']] as const // prettier-ignore
  const framed = (c: Context<Env>, title: string, here: string, main: Html | readonly Html[], notice?: string): Html =>
    page(
      {
        title,
        practice,
        csrf: c.get('csrf'),
        notice: notice ?? c.req.query('said'),
        links: links.map(([href, name]) => ({ href, text: name, here: href === here })),
      },
      main,
    )
  const byOf = (staff: Staff): By => ({ role: 'staff', id: staff.id, initials: staff.initials, name: staff.name })
  const failed = (c: Context<Env>, title: string, error: unknown): Html =>
    framed(c, title, '', html`<p class="notice error" role="alert">${(error as Error).message}</p>`)

  app.get('/', async (c) => {
    const { state, lastContact, problems, queues } = await site.status()
    const csrf = c.get('csrf')
    return c.html(
      framed(c, 'Status', '/', [
        html`<section class="card">
          <p class="when" role="status">${state}</p>
          <p>
            Last contact with the portal: ${lastContact ?? 'none yet'}. Waiting for the portal: ${queues.toPortal}.
            Reviews: <a href="/reviews">${queues.reviews}</a>.
          </p>
          ${problems.map((problem) => html`<p class="fault">${problem}</p>`)}
        </section>`,
        html`<section class="card actions">
          ${button('/upload', 'Upload Records', { csrf }, '', 'main')}
          ${button('/download', 'Download Online Communications', { csrf })}
        </section>`,
      ]),
    )
  })
  app.post('/upload', async (c) => {
    try {
      const done = await site.upload()
      return c.html(
        framed(
          c,
          'Upload Records',
          '',
          html`<p>
            The portal has all records: ${done.patients} patients, ${done.plans} plans, ${done.stages} stages,
            ${done.events} events; it took ${done.seconds.toFixed(1)} s.
          </p>`,
        ),
      )
    } catch (error) {
      return c.html(failed(c, 'Upload Records', error), 503)
    }
  })
  app.post('/download', async (c) => {
    try {
      const done = await site.download()
      return c.html(
        framed(
          c,
          'Download Online Communications',
          '',
          html`<p>InSched has all: ${done.messages} new messages, ${done.confirmations} new confirmations.</p>`,
        ),
      )
    } catch (error) {
      return c.html(failed(c, 'Download Online Communications', error), 503)
    }
  })

  app.get('/send', (c) => {
    const query = c.req.query('find') ?? ''
    const patient = Number(c.req.query('patient') ?? Number.NaN)
    let found: ReturnType<typeof site.bridge.findPatients>
    try {
      found = query.trim() === '' ? [] : site.bridge.findPatients(query)
    } catch (error) {
      return c.html(failed(c, 'Send Secure Portal Message', error), 503)
    }
    return c.html(
      framed(c, 'Send Secure Portal Message', '/send', [
        html`<form method="get" action="/send" class="card">
          <label for="find">Find a patient by name</label><input id="find" name="find" value="${query}" /><button>
            Find
          </button>
          ${query !== '' && found.length === 0 ? html`<p>Nobody of this name. Try a part of the last name.</p>` : ''}
          <ul>
            ${found.map((row) => html`<li>${row.portal_enabled === 1 ? html`<a href="/send?patient=${row.patient_id}">${row.first_name} ${row.last_name}</a>` : html`${row.first_name} ${row.last_name} (no portal access)`}, born ${row.birth_date ?? 'unknown'}, no. ${row.patient_id}</li>`)}
          </ul>
        </form>`,
        Number.isInteger(patient)
          ? html`<form method="post" action="/send" class="card">
              <h2>To patient no. ${patient}</h2>
              <input type="hidden" name="csrf" value="${c.get('csrf')}" /><input
                type="hidden"
                name="patient"
                value="${patient}"
              />
              <label for="subject">Subject</label><input id="subject" name="subject" required maxlength="200" /><label
                for="text"
                >Message</label
              ><textarea id="text" name="text" required maxlength="20000"></textarea>
              <button class="main">Send message</button>
            </form>`
          : html``,
      ]),
    )
  })
  app.post('/send', async (c) => {
    const form = v.safeParse(
      v.object({ patient: v.pipe(v.string(), v.regex(/^\d{1,15}$/)), subject: text, text }),
      await c.req.parseBody(),
    )
    if (!form.success)
      return c.html(
        failed(c, 'Send Secure Portal Message', new Error('A message needs a patient, a subject and a text.')),
        400,
      )
    try {
      await site.message({ ...form.output, patient: Number(form.output.patient) }, byOf(c.get('staff')))
      return c.redirect(`/recent?said=${encodeURIComponent('Saved here. It goes to the portal by itself.')}`, 303)
    } catch (error) {
      return c.html(failed(c, 'Send Secure Portal Message', error), 400)
    }
  })

  app.get('/recent', async (c) => {
    const { items } = await site.recent()
    return c.html(
      framed(
        c,
        'Recent Communications',
        '/recent',
        items.length === 0
          ? html`<p>Nothing yet. Messages, confirmations and requests appear here.</p>`
          : html`<div class="scroll" tabindex="0" role="region" aria-label="Recent Communications">
              <table>
                <thead>
                  <tr>
                    <th>When</th>
                    <th>Direction</th>
                    <th>Patient</th>
                    <th>Subject</th>
                    <th>State</th>
                  </tr>
                </thead>
                <tbody>
                  ${items.map(
                    (item) =>
                      html`<tr>
                        <td>${item.at.replace('T', ' ').slice(0, 16)} UTC</td>
                        <td>${item.direction}</td>
                        <td>${item.patient ?? ''}</td>
                        <td>${item.subject}</td>
                        <td>${item.state}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`,
      ),
    )
  })
  app.get('/reviews', async (c) => {
    const { items } = await site.reviews()
    return c.html(
      framed(
        c,
        'Reviews',
        '/reviews',
        items.length === 0
          ? html`<p>Nothing waits for you. What the portal could not apply by itself appears here.</p>`
          : items.map(
              (item) =>
                html`<section class="card">
                  <h2>${item.kind}</h2>
                  <p>${item.why}</p>
                  <p><strong>To do:</strong> ${item.todo}</p>
                  <form method="post" action="/reviews">
                    <input type="hidden" name="csrf" value="${c.get('csrf')}" /><input
                      type="hidden"
                      name="id"
                      value="${item.id}"
                    /><label for="note-${item.id}">What you did</label
                    ><input id="note-${item.id}" name="note" required maxlength="2000" /><button>Resolve</button>
                  </form>
                </section>`,
            ),
      ),
    )
  })
  app.post('/reviews', async (c) => {
    const form = v.safeParse(v.object({ id: text, note: text }), await c.req.parseBody())
    if (!form.success) return c.html(failed(c, 'Reviews', new Error('Write what you did about it.')), 400)
    await site.resolve(form.output.id, form.output.note, byOf(c.get('staff')))
    return c.redirect('/reviews', 303)
  })
  return app
}

function firstUserForm(code: string, fault?: string): Html {
  return html`<form method="post" action="/first-user" class="card">
    ${fault ? html`<p class="notice error" role="alert">${fault}</p>` : ''}<input
      type="hidden"
      name="code"
      value="${code}"
    />
    <label for="name">Your name</label><input id="name" name="name" autocomplete="name" required /><label for="initials"
      >Initials, as InSched stamps them</label
    ><input id="initials" name="initials" maxlength="4" required />
    <label for="password">Password (at least 10 characters)</label
    ><input id="password" name="password" type="password" autocomplete="new-password" required /><button class="main">
      Make the first user
    </button>
  </form>`
}

function signInForm(fault?: string): Html {
  return html`<form method="post" action="/sign-in" class="card">
    ${fault ? html`<p class="notice error" role="alert">${fault}</p>` : ''} <label for="name">Name</label
    ><input id="name" name="name" autocomplete="username" required /><label for="password">Password</label
    ><input id="password" name="password" type="password" autocomplete="current-password" required /><button
      class="main"
    >
      Sign in
    </button>
  </form>`
}
