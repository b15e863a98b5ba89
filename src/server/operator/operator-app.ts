/**
 * The operator's page of a portal: practices, sites with how they are, enrolment codes, devices and alarms. It is made of
 * ids, names of practices and sites, times and counts: no record of a patient is asked for, so none can be shown.
 */
import { Hono, type Context } from 'hono'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { asTheSite, WrongSetting, type Narrowing } from '../../mirror/mirror-settings.ts'
import type { ControlStore, SiteRow } from '../control-store-sqlite.ts'
import { changesIn, writtenIn } from '../mirror-forms.ts'
import { mirrorParts, type MirrorPart } from '../mirror-words.ts'
import { failureOf } from '../failure.ts'
import { button, form, question } from '../look/form.ts'
import { pageHeaders } from '../look/headers.ts'
import { html } from 'hono/html'
import type { Content, Html } from '../look/html.ts'
import { page, type Frame } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import { reading, type Reader } from '../look/reader.ts'
import { card } from '../look/show.ts'
import { formOf, ownFormsOnly } from '../own-forms.ts'
import { callerOf, type Incoming, type NamedProxies } from '../reverse-proxy.ts'
import { sessions } from '../sessions.ts'
import { mirrorHtml, narrowHtml, type MirrorOfSite } from './operator-mirror.ts'
import { codeHtml, overviewHtml, type OperatorView } from './operator-overview.ts'
import type { OperatorLinks } from './operator-links.ts'

export interface OperatorEnv { Bindings: { incoming: Incoming }; Variables: { reader: Reader; csrf: string } } // prettier-ignore

export interface OperatorOptions {
  /** How all stands now. */
  readonly view: () => Promise<OperatorView>
  readonly addPractice: (practice: { name: string; zone: string }) => Promise<unknown>
  readonly addSite: (site: { practice: string; name: string }) => { siteId: string; enrollmentCode: string }
  readonly revokeDevice: (site: string) => Promise<unknown>
  readonly retireSite: (site: string) => Promise<unknown>
  readonly release: (practice: string) => Promise<unknown>
  /** Compares the accounts of a practice's card payments now. */
  readonly reconcilePayments: (practice: string) => Promise<unknown>
  /** What a site has set of its mirror, and how this portal has narrowed it. */
  readonly mirrorOf: (site: string) => Promise<MirrorOfSite>
  /** Narrows it, all or none; throws a sentence where a value is wrong. */
  readonly narrow: (site: string, changes: readonly Narrowing[], by: string) => Promise<unknown>
  readonly links: OperatorLinks
  readonly store: ControlStore
  readonly secure: boolean
  readonly origin: string | undefined
  readonly proxies: NamedProxies | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}

/** Whose sessions these are; no account of a patient is called so, since those are ULIDs. */
const operator = 'operator'
const idleLimit = 15 * 60_000
const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))
const practiceSchema = v.object({ name, zone: v.pipe(v.string(), v.trim(), v.maxLength(100)) })
const siteSchema = v.object({ practice: ulidSchema, name })
const whichSchema = v.object({ site: ulidSchema })
const releaseSchema = v.object({ practice: ulidSchema })
const askSchema = v.object({ site: ulidSchema, what: v.picklist(['revoke', 'retire']) })

export function operatorApp(options: OperatorOptions): Hono<OperatorEnv> {
  const { links, store, secure, clock } = options
  const { audit } = store
  const app = new Hono<OperatorEnv>()
  const session = sessions(store.sessions, { secure, idle: idleLimit, name: operator, clock })
  const frameOf = (c: Context<OperatorEnv>, csrf?: string): Omit<Frame, 'title'> => {
    const reader = c.get('reader')
    return { reader, practice: reader.words.operator.portal, kind: 'desk', csrf, links: csrf === undefined ? [] : [{ href: '/operator', text: reader.words.operator.title, here: true }], signOutAt: '/operator/sign-out', home: '/operator' } // prettier-ignore
  }
  const shown = (c: Context<OperatorEnv>, title: string, main: Content): Promise<string> => page({ ...frameOf(c, c.get('csrf')), title }, main) // prettier-ignore
  const overview = async (c: Context<OperatorEnv>, more: { fault?: string; code?: Html } = {}): Promise<string> =>
    shown(c, c.get('reader').words.operator.title, overviewHtml(c.get('reader'), await options.view(), { csrf: c.get('csrf'), now: clock.now(), ...more })) // prettier-ignore

  const siteOf = (c: Context<OperatorEnv>): SiteRow | undefined => {
    const given = v.safeParse(ulidSchema, c.req.param('site'))
    return given.success ? store.site(given.output) : undefined
  }
  const narrowTitle = (c: Context<OperatorEnv>, site: string, part: MirrorPart): string => {
    const { operator: words, synchronization } = c.get('reader').words
    return words.narrowOf(synchronization.mirror.collections[part], site)
  }

  app.onError((error, c) => {
    options.log(failureOf(error, c))
    return c.html(problemPage(frameOf(c), c.get('reader').words.problems.broken), 500)
  })
  app.use(pageHeaders(secure))
  app.use(reading({ secure }))
  app.use(async (c, next) => {
    if (options.proxies && !callerOf(c.env.incoming, options.proxies).https)
      return c.text('This portal answers over https only.', 403)
    return next()
  })
  app.use(ownFormsOnly(options.origin, (c) => c.text('This form came from another site.', 403)))

  app.get('/operator/enter/:token', (c) => {
    const { operator: words } = c.get('reader').words
    const token = c.req.param('token')
    if (!links.stands(token)) return c.html(problemPage(frameOf(c), words.over), 404)
    // A form, so that a program that looks at links does not use it up.
    const main = card([html`<p>${words.enterHow}</p>`, form(`/operator/enter/${token}`, {}, button(words.enter, 'main'))]) // prettier-ignore
    return c.html(page({ ...frameOf(c), title: words.title }, main))
  })
  app.post('/operator/enter/:token', async (c) => {
    if (!links.take(c.req.param('token')))
      return c.html(problemPage(frameOf(c), c.get('reader').words.operator.over), 404)
    session.begin(c, operator)
    audit.record({ did: 'operator signed in', by: operator })
    return c.redirect('/operator', 303)
  })

  app.use(async (c, next) => {
    const current = session.current(c)
    const { operator: words, problems } = c.get('reader').words
    if (current?.account !== operator) return c.html(problemPage(frameOf(c), words.signedOut), 401)
    if (c.req.method === 'POST' && (await formOf(c))?.['csrf'] !== current.csrf)
      return c.html(problemPage(frameOf(c, current.csrf), problems.tooOld), 403)
    c.set('csrf', current.csrf)
    return next()
  })
  app.post('/operator/sign-out', (c) => {
    session.end(c)
    audit.record({ did: 'operator signed out', by: operator })
    return c.redirect('/operator', 303)
  })
  app.get('/operator', async (c) => {
    audit.noted({ did: 'viewed', by: operator, of: 'operator' })
    return c.html(await overview(c))
  })
  app.post('/operator/practices', async (c) => {
    const given = v.safeParse(practiceSchema, await formOf(c))
    if (!given.success) return c.html(await overview(c, { fault: c.get('reader').words.operator.practiceNeeds }), 400)
    try {
      await options.addPractice(given.output)
    } catch (error) {
      return c.html(await overview(c, { fault: (error as Error).message }), 400)
    }
    return c.redirect('/operator', 303)
  })
  app.post('/operator/sites', async (c) => {
    const given = v.safeParse(siteSchema, await formOf(c))
    const { operator: words } = c.get('reader').words
    if (!given.success || !store.practice(given.output.practice))
      return c.html(await overview(c, { fault: words.siteNeeds }), 400)
    const { enrollmentCode } = options.addSite(given.output)
    return c.html(await overview(c, { code: codeHtml(c.get('reader'), given.output.name, enrollmentCode) }))
  })
  app.post('/operator/ask', async (c) => {
    const given = v.safeParse(askSchema, await formOf(c))
    const site = given.success ? store.site(given.output.site) : undefined
    if (!given.success || !site) return c.html(await overview(c), 404)
    const { operator: words } = c.get('reader').words
    const { what } = given.output
    const asked = question({ ask: words.ask[what](site.name), action: `/operator/${what}`, hidden: { csrf: c.get('csrf'), site: site.id }, yes: words.doIt[what], no: words.no, back: '/operator', danger: true }) // prettier-ignore
    return c.html(shown(c, words.doIt[what], asked))
  })
  for (const [path, run] of [
    ['/operator/revoke', options.revokeDevice],
    ['/operator/retire', options.retireSite],
  ] as const)
    app.post(path, async (c) => {
      const given = v.safeParse(whichSchema, await formOf(c))
      if (!given.success || !store.site(given.output.site)) return c.html(await overview(c), 404)
      try {
        await run(given.output.site)
      } catch (error) {
        return c.html(await overview(c, { fault: (error as Error).message }), 400)
      }
      return c.redirect('/operator', 303)
    })
  app.post('/operator/reconcile', async (c) => {
    const given = v.safeParse(releaseSchema, await formOf(c))
    if (!given.success) return c.html(await overview(c), 404)
    try {
      await options.reconcilePayments(given.output.practice)
    } catch (error) {
      return c.html(await overview(c, { fault: (error as Error).message }), 400)
    }
    return c.redirect('/operator', 303)
  })
  app.post('/operator/release', async (c) => {
    const given = v.safeParse(releaseSchema, await formOf(c))
    if (!given.success || !store.practice(given.output.practice)) return c.html(await overview(c), 404)
    await options.release(given.output.practice)
    return c.redirect('/operator', 303)
  })
  app.get('/operator/mirror/:site', async (c) => {
    const site = siteOf(c)
    if (!site) return c.html(await overview(c), 404)
    audit.noted({ did: 'viewed', by: operator, practice: site.practice, of: ['mirror', site.id] })
    const title = c.get('reader').words.operator.mirrorOf(site.name)
    return c.html(
      shown(
        c,
        title,
        mirrorHtml(
          c.get('reader'),
          site.id,
          await options.mirrorOf(site.id),
          (other) => store.site(other)?.name ?? other,
        ),
      ),
    )
  })
  app.get('/operator/mirror/:site/:part', async (c) => {
    const [site, part] = [siteOf(c), mirrorParts.find((one) => one === c.req.param('part'))]
    if (!site || !part) return c.html(await overview(c), 404)
    return c.html(shown(c, narrowTitle(c, site.name, part), narrowHtml(c.get('reader'), { site: site.id, part, csrf: c.get('csrf'), ...(await options.mirrorOf(site.id)) }))) // prettier-ignore
  })
  app.post('/operator/mirror/:site/:part', async (c) => {
    const [site, part] = [siteOf(c), mirrorParts.find((one) => one === c.req.param('part'))]
    if (!site || !part) return c.html(await overview(c), 404)
    const standing = await options.mirrorOf(site.id)
    const form = (await formOf(c)) ?? {}
    const given = (name: string): string => (Object.hasOwn(form, name) && typeof form[name] === 'string' ? form[name] : '') // prettier-ignore
    const written = writtenIn(part, given, { all: asTheSite, empty: asTheSite })
    try {
      const changes = changesIn(written, (key) => standing.portals[key] ?? asTheSite)
      if (changes.length > 0) await options.narrow(site.id, changes, operator)
      return c.redirect(`/operator/mirror/${site.id}`, 303)
    } catch (error) {
      if (!(error instanceof WrongSetting)) throw error
      return c.html(shown(c, narrowTitle(c, site.name, part), narrowHtml(c.get('reader'), { site: site.id, part, csrf: c.get('csrf'), own: standing.own, portals: written, wrong: error })), 400) // prettier-ignore
    }
  })
  app.notFound((c) => c.html(problemPage(frameOf(c, c.get('csrf')), c.get('reader').words.problems.noConsolePage), 404)) // prettier-ignore
  return app
}
