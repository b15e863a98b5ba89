/** Every route of the portal, asked by everybody who might: what each is answered, and what nobody else's page holds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { stylesheet } from '../../src/server/look/stylesheet.ts'
import { hashOf } from '../../src/server/control-store-sqlite.ts'
import { pageScript } from '../../src/server/browser-script.ts'
import { scopes, type Scope } from '../../src/replica/kinds/access.ts'
import { needs } from '../../src/server/portal/needs.ts'
import { browserOf, openPortalWorld, people, secretsOf, type Answer, type Browser, type PortalWorld } from './world.ts'

const whos = ['guest', 'owner', 'other patient', 'patient of another practice', 'guardian in scope', 'guardian out of scope'] as const // prettier-ignore
type Who = (typeof whos)[number]
const personOf: Readonly<Record<Who, string | undefined>> = { guest: undefined, owner: 'ann', 'other patient': 'ben', 'patient of another practice': 'dora', 'guardian in scope': 'ann', 'guardian out of scope': 'ann' } // prettier-ignore
/** What each guardian of Ann was given. */
const scopeOf: Readonly<Partial<Record<Who, readonly Scope[]>>> = { 'guardian in scope': scopes, 'guardian out of scope': ['pay'] } // prettier-ignore
const secretsFor = (who: Who): string[] => people.filter((person) => person.key !== personOf[who] || who === 'guardian out of scope').flatMap(secretsOf) // prettier-ignore

let world: PortalWorld
const browsers = {} as Record<Who, Browser>
let openInvitation: string
let ownersSession: string
let paymentOfAnn: string
/** Each at home, so that nobody's tries are counted against another. */
const addressOf = (who: Who): string => `203.0.113.${whos.indexOf(who) + 10}`
async function newSession(who: Who, person: string): Promise<Browser> {
  const scope = scopeOf[who]
  if (!scope) return world.signedIn(person, addressOf(who))
  const browser = browserOf(world.app, addressOf(who))
  const { path } = await world.grant(person, { name: 'Gwen Guardian', relationship: 'representative', scope, from: '2026-11-23', to: null }) // prettier-ignore
  await browser.post(path, { date: world.known[person]!.birthDate })
  return browser
}
beforeAll(async () => {
  world = await openPortalWorld()
  for (const who of whos) {
    const person = personOf[who]
    browsers[who] = person === undefined ? browserOf(world.app, addressOf(who)) : await newSession(who, person)
  }
  ownersSession = hashOf(browsers.owner.cookies.get('session')!)
  openInvitation = await world.invite('cleo')
  const { replica, patient } = world.known['ann']!
  paymentOfAnn = mintUlid(world.clock)
  await replica.change([{ collection: 'payments', key: patient, facts: { patient, site: (await replica.head('patients', patient))!.facts.site, shown: true, reachable: true, startsAt: null }, add: { [paymentOfAnn]: { kind: 'started', at: world.clock.now(), by: { role: 'patient', id: 'ann' }, amount: cents(4_200) } } }]) // prettier-ignore
  await world.indexed()
})
afterAll(() => world.close())

type Statuses = Readonly<Record<Who, number>>
const all = (owner: number, others: number, guardians: readonly [inScope: number, outOfScope: number]): Omit<Statuses, 'guest'> => ({ owner, 'other patient': others, 'patient of another practice': others, 'guardian in scope': guardians[0], 'guardian out of scope': guardians[1] }) // prettier-ignore
const signedIn = (status: number, outOfScope = status): Statuses => ({ guest: 303, ...all(status, status, [status, outOfScope]) }) // prettier-ignore
const posted = (owner: number, others = owner, guardians: readonly [number, number] = [owner, owner]): Statuses => ({ guest: 401, ...all(owner, others, guardians) }) // prettier-ignore
/** What the patient alone may do. */
const patientOnly = (statuses: Statuses): Statuses => ({ ...statuses, 'guardian in scope': 403, 'guardian out of scope': 403 }) // prettier-ignore
const everybody = (status: number): Statuses => ({ ...signedIn(status), guest: status })
const own = async (browser: Browser): Promise<string> => ((await browser.get('/password')).status === 200 ? (await browser.hidden('/password', '/password'))['csrf']! : 'none') // prettier-ignore
/** A form about the owner's own event, sent by whoever is asked. */
const aboutAnn = async (browser: Browser): Promise<Record<string, string>> => ({
  csrf: await own(browser),
  id: mintUlid(world.clock),
  event: world.known['ann']!.eventKey,
  startsAt: world.known['ann']!.startsAt,
})

interface Route {
  readonly route: string
  readonly statuses: Statuses
  readonly fields?: (browser: Browser) => Promise<Record<string, string>>
  readonly path?: () => string
  /** Asked with a session of its own, which it ends. */
  readonly fresh?: boolean
}
const routes: readonly Route[] = [
  { route: 'GET /healthz', statuses: everybody(200) },
  { route: `GET ${stylesheet.path}`, statuses: everybody(200) },
  { route: 'POST /preferences', statuses: everybody(303), fields: async () => ({ theme: 'auto' }) },
  { route: 'GET /sign-in', statuses: everybody(200) },
  { route: 'POST /sign-in', statuses: everybody(401), fields: async () => ({ name: `nobody ${mintUlid(world.clock)}`, password: 'not the right one' }) }, // prettier-ignore
  { route: 'POST /enroll', statuses: everybody(400) },
  { route: 'GET /invitation/:token', statuses: everybody(200), path: () => openInvitation },
  { route: 'POST /invitation/:token', statuses: everybody(400), path: () => openInvitation, fields: async () => ({ date: 'yesterday', join: 'no' }) }, // prettier-ignore
  { route: 'GET /', statuses: signedIn(200) },
  { route: 'GET /messages', statuses: signedIn(200, 403) },
  { route: 'GET /plan', statuses: signedIn(200, 403) },
  { route: 'GET /attachments/:entry/:place', statuses: signedIn(403, 403) },
  { route: 'GET /appointments', statuses: signedIn(200, 403) },
  { route: 'GET /appointments/:event/calendar.ics', statuses: { ...signedIn(404, 403), owner: 200, 'guardian in scope': 200 }, path: () => `/appointments/${world.known['ann']!.eventKey}/calendar.ics` }, // prettier-ignore
  { route: 'GET /messages/:thread', statuses: { ...signedIn(404, 403), owner: 200, 'guardian in scope': 200 }, path: () => `/messages/${world.known['ann']!.thread}` }, // prettier-ignore
  { route: 'POST /messages/search', statuses: posted(200, 200, [200, 403]), fields: async (b) => ({ csrf: await own(b), text: 'subject' }) }, // prettier-ignore
  { route: 'POST /messages/retract', statuses: posted(409, 409, [409, 403]), fields: async (b) => ({ csrf: await own(b), entry: mintUlid(world.clock) }) }, // prettier-ignore
  { route: 'POST /drafts', statuses: everybody(403), fields: async () => ({ keep: 'none of ours', place: 'new', text: 'x' }) }, // prettier-ignore
  { route: 'POST /webhooks/stripe/:practice', statuses: everybody(404), path: () => '/webhooks/stripe/none' },
  { route: 'GET /pay', statuses: { ...signedIn(200), 'guardian out of scope': 200 } },
  { route: 'POST /pay', statuses: posted(400), fields: async (b) => ({ csrf: await own(b), id: mintUlid(world.clock), amount: '5' }) }, // prettier-ignore
  { route: 'POST /pay/left', statuses: posted(303), fields: async (b) => ({ csrf: await own(b), id: mintUlid(world.clock) }) }, // prettier-ignore
  { route: 'GET /pay/cards', statuses: signedIn(404) },
  {
    route: 'POST /pay/cards/remove',
    statuses: posted(404),
    fields: async (b) => ({ csrf: await own(b), card: 'pm_1' }),
  },
  { route: 'GET /pay/:payment', statuses: { ...signedIn(404), owner: 200, 'guardian in scope': 200, 'guardian out of scope': 200 }, path: () => `/pay/${paymentOfAnn}` }, // prettier-ignore
  { route: 'GET /settings', statuses: signedIn(200) },
  { route: 'GET /contact', statuses: patientOnly(signedIn(200)) },
  { route: 'POST /contact', statuses: patientOnly(posted(400)), fields: async (b) => ({ csrf: await own(b), email: 'no address' }) }, // prettier-ignore
  { route: 'POST /contact/reached', statuses: patientOnly(posted(400)), fields: async (b) => ({ csrf: await own(b), reached: 'by pigeon' }) }, // prettier-ignore
  { route: 'GET /password', statuses: signedIn(200) },
  { route: 'POST /password', statuses: posted(400), fields: async (b) => ({ csrf: await own(b), name: 'somebody', password: 'short' }) }, // prettier-ignore
  { route: 'POST /confirm', statuses: posted(303, 404, [303, 403]), fields: aboutAnn },
  { route: 'POST /decline', statuses: posted(303, 404, [303, 403]), fields: aboutAnn },
  { route: 'POST /move', statuses: posted(303, 404, [303, 403]), fields: aboutAnn },
  { route: 'POST /messages', statuses: posted(303, 303, [303, 403]), fields: async (b) => ({ csrf: await own(b), id: mintUlid(world.clock), thread: world.known['ann']!.thread, subject: 'x', text: 'In whose thread does this land?' }) }, // prettier-ignore
  { route: 'POST /viewing', statuses: posted(303, 404), fields: async (b) => ({ csrf: await own(b), viewing: `${world.known['ann']!.practice}/${world.known['ann']!.patient}` }) }, // prettier-ignore
  { route: 'POST /live/ticket', statuses: posted(200), fields: async (b) => ({ csrf: await own(b) }) },
  { route: `GET ${pageScript.path}`, statuses: everybody(200) },
  { route: 'GET /session', statuses: everybody(200) },
  { route: 'POST /session', statuses: everybody(200) },
  { route: 'GET /sign-in/code', statuses: everybody(200) },
  { route: 'POST /sign-in/code/send', statuses: everybody(303), fields: async () => ({ name: `nobody ${mintUlid(world.clock)}` }) }, // prettier-ignore
  { route: 'POST /sign-in/code', statuses: everybody(401), fields: async () => ({ code: '123456' }) },
  { route: 'POST /sign-in/passkey/options', statuses: everybody(200) },
  { route: 'POST /sign-in/passkey', statuses: everybody(401), fields: async () => ({ credential: '{}' }) },
  { route: 'GET /again', statuses: signedIn(200) },
  { route: 'POST /again', statuses: posted(401), fields: async (b) => ({ csrf: await own(b), password: 'not the right one' }) }, // prettier-ignore
  { route: 'POST /again/code', statuses: posted(401), fields: async (b) => ({ csrf: await own(b), code: '123456' }) },
  { route: 'POST /again/passkey', statuses: posted(401), fields: async (b) => ({ csrf: await own(b), credential: '{}' }) }, // prettier-ignore
  { route: 'GET /account', statuses: signedIn(200) },
  { route: 'POST /account/email', statuses: posted(400), fields: async (b) => ({ csrf: await own(b), email: 'no address' }) }, // prettier-ignore
  { route: 'POST /account/email/code', statuses: posted(401), fields: async (b) => ({ csrf: await own(b), code: '123456' }) }, // prettier-ignore
  { route: 'POST /account/noticed', statuses: posted(303), fields: async (b) => ({ csrf: await own(b) }) },
  { route: 'POST /account/sessions/end', statuses: posted(303), fields: async (b) => ({ csrf: await own(b), id: ownersSession }), fresh: true }, // prettier-ignore
  { route: 'POST /account/sessions/end-all', statuses: posted(303), fields: async (b) => ({ csrf: await own(b) }), fresh: true }, // prettier-ignore
  { route: 'POST /account/passkeys/options', statuses: posted(200), fields: async (b) => ({ csrf: await own(b) }) },
  { route: 'POST /account/passkeys', statuses: posted(400), fields: async (b) => ({ csrf: await own(b), credential: '{}' }) }, // prettier-ignore
  { route: 'POST /account/passkeys/remove', statuses: posted(303), fields: async (b) => ({ csrf: await own(b), id: 'x' }) }, // prettier-ignore
  { route: 'GET /people', statuses: patientOnly(signedIn(200)) },
  { route: 'POST /people/end', statuses: patientOnly(posted(404)), fields: async (b) => ({ csrf: await own(b), grant: mintUlid(world.clock) }) }, // prettier-ignore
  { route: 'POST /sign-out', statuses: posted(303), fields: async (b) => ({ csrf: await own(b) }), fresh: true },
]
const unrouted: readonly Route[] = [
  { route: 'GET /nowhere', statuses: signedIn(404) },
  { route: 'GET /control/status', statuses: signedIn(404) },
  { route: 'POST /control/practice add', statuses: posted(404), fields: async (b) => ({ csrf: await own(b) }) }, // prettier-ignore
  { route: 'GET /patients/1', statuses: signedIn(404) },
]

async function ask({ route, fields, path }: Route, browser: Browser): Promise<Answer> {
  const [method, pattern] = route.split(/ (.*)/) as [string, string]
  const at = path?.() ?? encodeURI(pattern)
  return method === 'GET' ? browser.get(at) : browser.post(at, (await fields?.(browser)) ?? {})
}

describe.each(whos)('asked by the %s', (who) => {
  it.each([...routes, ...unrouted])('$route answers as it should, with nothing of anybody else', async (route) => {
    const person = personOf[who]
    const browser = route.fresh && person ? await newSession(who, person) : browsers[who]
    const answer = await ask(route, browser)
    expect(answer.status, answer.text).toBe(route.statuses[who])
    for (const secret of secretsFor(who)) expect(answer.text).not.toContain(secret)
    expect(answer.headers.get('location') ?? '/').toMatch(
      /^\/(sign-in|sign-in\/code|account|account\?said=[a-z]+|pay\?said=[a-z]+|messages\/[0-9A-Z]{26}\?said=[a-z]+|\?said=[a-z]+)?$/,
    )
    expect(answer.headers.get('cache-control')).toBe(/\.(css|js)$/.test(route.route) ? 'public, max-age=31536000, immutable' : 'no-store') // prettier-ignore
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

it('the table has every route of the app, so that a new one cannot be forgotten', () => {
  const all = world.app.routes.filter((one) => one.method !== 'ALL').map((one) => `${one.method} ${one.path}`)
  expect(new Set(routes.map((one) => one.route))).toEqual(new Set([...all, 'POST /sign-out']))
})

it('each route behind the sign-in says what a representative needs, and nothing else does', () => {
  const behind = routes.filter((one) => one.route.startsWith('GET') ? one.statuses.guest === 303 : one.statuses.guest === 401) // prettier-ignore
  const open = ['POST /sign-in', 'POST /sign-in/code', 'POST /sign-in/passkey', 'POST /sign-out']
  const expected = behind.map((one) => one.route).filter((route) => !open.includes(route))
  expect(new Set(Object.keys(needs))).toEqual(new Set(expected))
})

it('the session of another is never ended by its id', async () => {
  expect((await browsers.owner.get('/')).status).toBe(200)
})

it('the owner sees what is hers, so that the table does not pass on empty pages', async () => {
  const ann = world.known['ann']!
  const { owner } = browsers
  expect((await owner.get('/')).text).toContain(ann.event)
  expect((await owner.get(`/messages/${ann.thread}`)).text).toContain(ann.text)
  expect((await owner.get('/plan')).text).toContain(ann.plan)
  expect((await owner.get('/password')).text).toContain(ann.email)
})

it('what others sent about the owner’s event or into her thread is nowhere of hers, but for her guardian in scope', async () => {
  const { replica, eventKey, patient } = world.known['ann']!
  expect(new Set((await replica.entries('confirmations', eventKey)).map((one) => one.by.id)).size).toBe(2)
  const texts = (await replica.entries('messages', patient)).filter((one) => one.kind === 'message')
  expect(texts.filter((one) => one.text.startsWith('In whose')).length).toBe(2)
})
