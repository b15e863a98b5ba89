/**
 * The portal over HTTP: enrolment of sites, first sign-in, sign-in, and a patient's pages behind a session. Deny by
 * default: a page of a patient is reached only with a session whose account may act for that patient now.
 */
import { Hono, type Context } from 'hono'
import * as v from 'valibot'
import type { MirrorSettings } from '../../mirror/policy.ts'
import type { Chunks } from '../../replica/chunks.ts'
import type { Clock } from '../../replica/clock.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { StoreFull } from '../../replica/store.ts'
import { boundedBodies } from '../attachments/file-forms.ts'
import type { Scan } from '../attachments/virus-scan.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { pageHeaders } from '../look/headers.ts'
import { choicePath, knownReader, reading, takeChoice } from '../look/reader.ts'
import { serveStylesheet, stylesheet } from '../look/stylesheet.ts'
import { failureOf } from '../failure.ts'
import { formOf, ownFormsOnly } from '../own-forms.ts'
import { callerOf, type NamedProxies } from '../reverse-proxy.ts'
import { routeOf } from '../route-of.ts'
import { sessionEnd } from '../session-end.ts'
import { sessions } from '../sessions.ts'
import { throttle } from '../throttle.ts'
import type { Words } from '../words/en.ts'
import { languageOf } from '../words/language.ts'
import { attachmentLinks } from '../attachments/links.ts'
import type { Mailer } from '../../bridges/email/mailer.ts'
import { servePageScript, pageScript } from '../browser-script.ts'
import { passkeysOf } from '../passkeys.ts'
import { accountPages } from './account.ts'
import { againPages } from './again.ts'
import { passwordPages } from './choose-password.ts'
import { enteringOf } from './entering.ts'
import { mailsOf } from './mails.ts'
import { may, needs, saysIn } from './needs.ts'
import { peoplePages } from './people.ts'
import { waysIn } from './ways-in.ts'
import { problem } from './frame.ts'
import { frontProblem, frontsOf } from './front.ts'
import { appointmentPages } from './appointments.ts'
import { contactPages } from './contact.ts'
import { homePages } from './home.ts'
import { invitationPages } from './invitation.ts'
import { messagePages } from './messages.ts'
import { oneLook } from './one-look.ts'
import { planPage } from './plan.ts'
import { cardPages } from './cards.ts'
import { payPages } from './pay.ts'
import { paymentNotices, type CardPayments } from './payment-notices.ts'
import { draftKeeping, keepDraft, sending } from './sending.ts'
import { settingsPage } from './settings.ts'
import { signInPage, signInPages } from './sign-in.ts'
import { deedOf, formToken, membersOf, patientOf, viewerOf, type PortalEnv } from './viewer.ts'

export interface PortalAppOptions {
  readonly store: ControlStore
  readonly replicaOf: (practice: string) => Replica | undefined
  readonly isConnected: (site: string) => boolean
  /** What a site mirrors. */
  readonly mirror: (site: string) => MirrorSettings
  /** The files of a practice's messages. */
  readonly chunksOf: (practice: string) => Chunks | undefined
  readonly scan?: Scan | undefined
  /** Makes a ticket for a live view of what a session shows. */
  readonly ticket: (session: string) => string
  readonly enroll: (request: EnrollRequest) => { status: 200 | 409 | 404; body: unknown }
  /** Card payments; without it no practice takes any here. */
  readonly payments?: CardPayments | undefined
  /** Sends codes and notices; without it there are none. */
  readonly mailer?: Mailer | undefined
  /** The way to the browser is encrypted: cookies are for https alone. */
  readonly secure: boolean
  /** The origin that people see, where it is known. */
  readonly origin?: string | undefined
  readonly proxies?: NamedProxies | undefined
  readonly clock: Clock
  /** Told of what failed; ids and code only. */
  readonly log: (line: string) => void
}

const enrollSchema = v.object({
  code: v.pipe(v.string(), v.maxLength(100)),
  replica: ulidSchema,
  publicKey: v.pipe(v.string(), v.base64(), v.maxLength(200)),
})
export type EnrollRequest = v.InferOutput<typeof enrollSchema>

const idleLimit = 15 * 60_000

/** The sessions of patients. */
export function patientSessions({ store, secure, clock }: Pick<PortalAppOptions, 'store' | 'secure' | 'clock'>) {
  return sessions(store.sessions, { secure, idle: idleLimit, name: 'session', clock })
}

export function portalApp(options: PortalAppOptions): Hono<PortalEnv> {
  const { store, clock, secure } = options
  const { audit } = store
  const app = new Hono<PortalEnv>()
  const session = patientSessions(options)
  const tries = throttle(clock)
  const fronts = frontsOf(store, options.replicaOf)
  const mails = mailsOf({ mailer: options.mailer, store, fronts, clock, log: options.log })
  const passkeys = passkeysOf(store, clock)
  const entering = enteringOf({ store, session, tries, mails, clock, secure, origin: options.origin })
  const choices = { secure }
  const plain = async (c: Context<PortalEnv>, status: 403 | 404 | 409 | 500 | 503, which: keyof Words['problems'], csrf?: string): Promise<Response> => c.html(frontProblem(c, await fronts.whole(), c.get('reader').words.problems[which], csrf), status) // prettier-ignore

  app.onError(async (error, c) => {
    options.log(failureOf(error, c))
    return error instanceof StoreFull ? plain(c, 503, 'full') : plain(c, 500, 'broken')
  })
  app.use(pageHeaders(secure))
  app.use(reading(choices))
  app.get('/healthz', (c) => c.text('ok'))
  app.use(async (c, next) => {
    const caller = callerOf(c.env.incoming, options.proxies)
    if (options.proxies && !caller.https) return c.text('This portal answers over https only.', 403)
    c.set('caller', caller)
    c.set('clock', clock)
    return next()
  })
  app.route('/', paymentNotices({ payments: options.payments, audit, clock }))
  app.use(boundedBodies({ filesTo: ['/messages'] }))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)

  app.post('/enroll', async (c) => {
    const request = v.safeParse(enrollSchema, await c.req.json().catch(() => undefined))
    if (!request.success) return c.json({ error: 'An enrolment needs a code, a replica and a public key.' }, 400)
    const { status, body } = options.enroll(request.output)
    return c.json(body as never, status)
  })

  app.use(ownFormsOnly(options.origin, (c) => plain(c, 403, 'elsewhere')))
  app.post(
    choicePath,
    takeChoice(choices, (c, language) => {
      const account = session.current(c)?.account
      if (account) store.setLanguage(account, language)
    }),
  )
  app.route('/', invitationPages({ ...options, session, fronts, entering }))
  app.route('/', signInPages({ store, fronts, entering, sendsMail: mails.sends }))
  app.route('/', waysIn({ store, fronts, entering, passkeys, mails }))
  app.route('/', sessionEnd(session))
  app.route('/', draftKeeping(store, session))

  // From here on: only with a session, only for a patient whose access stands, and forms only with the token of their page.
  app.use(async (c, next) => {
    const current = session.current(c)
    if (!current)
      return c.req.method === 'GET'
        ? c.redirect('/sign-in', 303)
        : c.html(signInPage(c, await fronts.whole(), mails.sends, c.get('reader').words.signIn.faults[(await keepDraft(c, store)) ? 'signedOutKept' : 'signedOut']), 401) // prettier-ignore
    // A form may take long to come in: what it changes goes by what is so then.
    const viewing = c.req.method === 'GET' ? { ...options, replicaOf: oneLook(options.replicaOf) } : options
    const family = await membersOf(viewing, current.account)
    const viewer = await viewerOf(viewing, current, family, session.endsAt(current))
    const onFile = viewer && languageOf((await patientOf(viewer)).language)
    knownReader(c, choices, { account: store.languageOf(current.account), onFile })
    if (c.req.method === 'POST') {
      const token = (await formOf(c))?.['csrf']
      const madeFor = family.find((member) => token === formToken(current, member))
      const anybodys = madeFor !== undefined || token === current.csrf
      if (anybodys && c.req.path === '/sign-out') {
        session.end(c)
        audit.record({ did: 'signed out', by: current.account })
        return c.redirect('/sign-in', 303)
      }
      if (madeFor && viewer && madeFor.key !== viewer.key && c.req.path !== '/viewing')
        return plain(c, 409, (await keepDraft(c, store)) ? 'keptForOther' : 'otherPerson', viewer.csrf)
      if (!madeFor) return plain(c, 403, (await keepDraft(c, store)) ? 'kept' : 'tooOld', current.csrf)
    }
    if (!viewer) return plain(c, 403, 'noAccess', current.csrf)
    c.set('viewer', viewer)
    c.set('takesCards', viewer.takes('payments') && options.payments?.cashier.takes(viewer.practice) === true)
    const route = routeOf(c)
    if (route === undefined) return next()
    if (may(viewer, Object.hasOwn(needs, route) ? needs[route] : undefined)) {
      if (!Object.hasOwn(saysIn, route) || viewer.takes(saysIn[route]!)) return next()
      // Nobody would read it: what was written is kept instead.
      await keepDraft(c, store)
      return c.html(await problem(c, c.get('reader').words.patient.off.problem), 403)
    }
    audit.record(deedOf(viewer, 'refused', route))
    return c.html(await problem(c, c.get('reader').words.account.people.notYours), 403)
  })

  app.post('/viewing', async (c) => {
    const viewer = c.get('viewer')
    const wanted = (await formOf(c))?.['viewing']
    const member = viewer.family.find((one) => one.key === wanted)
    if (!member) return plain(c, 404, 'noPerson', viewer.csrf)
    store.sessions.view(viewer.session.id, member.key)
    audit.record(deedOf({ ...viewer, ...member }, 'switched person'))
    return c.redirect('/', 303)
  })
  // For y-websocket clients that have no cookie of this browser: the page asks, and passes it on within a minute.
  app.post('/live/ticket', (c) => c.json({ ticket: options.ticket(c.get('viewer').session.id) }))
  app.route('/', passwordPages({ store, entering, mails }))
  app.route('/', againPages({ store, entering, passkeys, mails }))
  app.route('/', accountPages({ store, session, entering, passkeys, mails }))
  app.route('/', peoplePages({ store, clock }))
  app.route('/', settingsPage({ store }))
  app.route('/', contactPages({ clock, audit }))
  app.route('/', homePages({ store, clock }))
  app.route('/', appointmentPages({ clock, audit }))
  const links = attachmentLinks(clock)
  app.route('/', messagePages({ ...options, links }))
  app.route('/', sending({ ...options, links }))
  app.route('/', planPage({ audit }))
  app.route('/', cardPages({ cashier: options.payments?.cashier, entering, audit }))
  app.route('/', payPages({ cashier: options.payments?.cashier, entering, clock, audit }))
  app.notFound(async (c) => c.html(await problem(c, c.get('reader').words.problems.noPage), 404))
  return app
}
