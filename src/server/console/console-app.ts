/**
 * The site's console: status in words, Recent Communications, Send Secure Portal Message, Upload Records, Download Online
 * Communications, and the reviews, behind a sign-in of named staff. Deny by default; by its own names only.
 */
import { Hono, type Context } from 'hono'
import type { Clock } from '../../replica/clock.ts'
import { StoreFull } from '../../replica/store.ts'
import { boundedBodies } from '../attachments/file-forms.ts'
import { failureOf } from '../failure.ts'
import { pageHeaders } from '../look/headers.ts'
import { inEnglish } from '../look/html.ts'
import { problemPage, type Told } from '../look/problem-page.ts'
import { choicePath, reading, takeChoice } from '../look/reader.ts'
import { serveStylesheet, stylesheet } from '../look/stylesheet.ts'
import { formOf, ownFormsOnly } from '../own-forms.ts'
import { servePageScript, pageScript } from '../browser-script.ts'
import { routeOf } from '../route-of.ts'
import { sessionEnd } from '../session-end.ts'
import { deskDigest } from './console-live.ts'
import { sessions, type Sessions } from '../sessions.ts'
import { throttle } from '../throttle.ts'
import { accessPages } from './access-page.ts'
import { auditPage } from './audit-page.ts'
import { namesOf, type ConsoleTls } from './console-names.ts'
import { bulkPages } from './bulk-pages.ts'
import { consoleRuns } from './console-runs.ts'
import { eventPage } from './event-page.ts'
import { factorSetUp, factorSignIn, halfwayOf } from './factor-pages.ts'
import { bareFrame, failed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { hl7Page } from './hl7-page.ts'
import { inboxPage } from './inbox-page.ts'
import { mayUse } from './privileges.ts'
import { othersPage } from './others-page.ts'
import { paymentsPage } from './payments-page.ts'
import { recentPage } from './recent-page.ts'
import { routesPage } from './routes-page.ts'
import { replyPages } from './reply-page.ts'
import { reachedPage } from './reached-page.ts'
import { reviewsPage } from './reviews-page.ts'
import { runsPages } from './runs-page.ts'
import { sendPages } from './send-pages.ts'
import { signInPages } from './sign-in.ts'
import { statusPage } from './status-page.ts'
import { threadPages } from './thread-page.ts'
import { todayPage } from './today-page.ts'
import { synchronizationPages } from './synchronization/synchronization-pages.ts'
import { usersPage } from './users-page.ts'
import { welcomePages } from './welcome.ts'

/** How long a console may stand unattended. */
export const idleLimit = 10 * 60_000

/** The sessions of staff. Cookies know no ports: two consoles on one machine have a name each. */
export function consoleSessions(
  parts: ConsoleParts & { readonly tls?: ConsoleTls | undefined; readonly clock: Clock },
): Sessions {
  const { site, store, clock } = parts
  const secure = parts.tls !== undefined
  return sessions(store.sessions, { secure, idle: idleLimit, name: `console-${site.settings.siteId}`, clock })
}

export function consoleApp(
  options: ConsoleParts & {
    readonly setupCode: string
    /** Of a console that answers on the practice's network. */
    readonly tls?: ConsoleTls | undefined
    readonly clock: Clock
    readonly log: (line: string) => void
  },
): Hono<ConsoleEnv> {
  const { site, store, clock } = options
  const secure = options.tls !== undefined
  const isOurs = namesOf(options.tls)
  const app = new Hono<ConsoleEnv>()
  const session = consoleSessions(options)
  const choices = { name: `console-${site.settings.siteId}-`, secure }
  const plain = (c: Context<ConsoleEnv>, problem: Told, csrf?: string): Promise<string> => problemPage(bareFrame(c, site, csrf), problem) // prettier-ignore

  app.onError((error, c) => {
    options.log(failureOf(error, c))
    const { problems } = c.get('reader').words
    if (error instanceof StoreFull) return c.html(plain(c, { ...problems.siteFull, cause: inEnglish(error.message) }), 503) // prettier-ignore
    return c.html(plain(c, problems.broken), 500)
  })
  app.use(pageHeaders(secure))
  app.use(reading(choices))
  app.use(async (c, next) => {
    // DNS rebinding: a page elsewhere must not speak to the console by a name of its own.
    if (!isOurs(c.req.header('host') ?? '')) return c.text('Open the console by its own address.', 421)
    return next()
  })
  app.use(boundedBodies({ filesTo: ['/send', '/inbox/reply', '/inbox/draft'] }))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)
  app.use(ownFormsOnly(undefined, (c) => c.text('This form came from another site.', 403)))
  app.post(choicePath, takeChoice(choices))
  const tries = throttle(clock)
  const halfway = halfwayOf(clock, `console-${site.settings.siteId}-halfway`, secure)
  app.route('/', signInPages({ ...options, session, halfway, tries }))
  app.route('/', factorSignIn({ ...options, session, halfway, tries }))
  app.route('/', welcomePages({ ...options, session }))
  app.route('/', sessionEnd(session))

  // From here on: only for a member of staff who is signed in, and forms only with the token of the session.
  app.use(async (c, next) => {
    const current = session.current(c)
    const staff = current && store.staff(current.account)
    if (!current || !staff || staff.disabled) return c.redirect('/sign-in', 303)
    if (c.req.method === 'POST' && (await formOf(c))?.['csrf'] !== current.csrf)
      return c.html(plain(c, c.get('reader').words.problems.tooOld, current.csrf), 403)
    c.set('staff', staff)
    c.set('csrf', current.csrf)
    c.set('endsAt', session.endsAt(current))
    c.set('now', clock.now())
    if (c.req.method === 'GET' && staff.hasSecondFactor) c.set('digest', await deskDigest(site))
    const route = routeOf(c)
    // Without a second factor there is nothing but setting one up.
    if (!staff.hasSecondFactor && !/^(GET|POST) \/(second-factor|sign-out)$/.test(route ?? ''))
      return c.redirect('/second-factor', 303)
    if (route === undefined || mayUse(staff, route)) return next()
    store.audit.record({ did: 'refused', by: staff.id, of: route })
    return c.html(failed(c, site, c.get('reader').words.staff.denied), 403)
  })
  app.post('/sign-out', (c) => {
    session.end(c)
    store.audit.record({ did: 'signed out', by: c.get('staff').id })
    return c.redirect('/sign-in', 303)
  })
  const runs = consoleRuns(options)
  app.route('/', statusPage(options))
  app.route('/', runsPages({ ...options, runs }))
  app.route('/', todayPage(options))
  app.route('/', bulkPages(options))
  app.route('/', eventPage(options))
  app.route('/', inboxPage(options))
  app.route('/', routesPage(options))
  app.route('/', threadPages(options))
  app.route('/', replyPages(options))
  app.route('/', sendPages(options))
  app.route('/', recentPage(options))
  app.route('/', othersPage(options))
  app.route('/', paymentsPage({ ...options, tries }))
  app.route('/', reviewsPage(options))
  app.route('/', factorSetUp({ ...options, session, tries }))
  app.route('/', synchronizationPages(options))
  app.route('/', usersPage(options))
  app.route('/', accessPages(options))
  app.route('/', reachedPage(options))
  app.route('/', hl7Page(options))
  app.route('/', auditPage(options))
  app.notFound((c) => c.html(failed(c, site, c.get('reader').words.problems.noConsolePage), 404))
  return app
}
