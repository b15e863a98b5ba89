/** Every route of the console, asked by a guest and by staff; its sign-in, its limits, its trail, and what it says of time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stylesheet } from '../../src/server/look/stylesheet.ts'
import { speechIn } from '../../src/server/words/speech.ts'
import { pageScript } from '../../src/server/browser-script.ts'
import { routeNeeds } from '../../src/server/console/privileges.ts'
import { setUpFactor, type Authenticator } from './authenticator.ts'
import { openSiteWorld, type SiteWorld } from './site-world.ts'
import { browserOf, hiddenOf, type Answer, type Browser } from './world.ts'

const host = '127.0.0.1:8090'
const password = 'seven violet kettles'
let world: SiteWorld
let staff: Browser
let app: Authenticator
/** Everything of the people of InSched that no guest may see. */
let secrets: string[]
const browser = (): Browser => browserOf(world.app, '127.0.0.1', host)
const firstUser = (by: Browser, name = 'Jo Desk') => by.post('/first-user', { code: world.setupCode, name, initials: 'jd', password }) // prettier-ignore

/** The name of the first user, whichever of those who asked became it. */
const whoIsThere = (): string => ['0', '1', '2'].map((i) => `jo desk ${i}`).find((one) => world.staff.named(one))!

beforeAll(async () => {
  world = await openSiteWorld()
  const rows = world.insched.prepare('select * from patients').all() as Record<string, string | null>[]
  secrets = rows.flatMap((row) => [row['last_name'], row['birth_date'], row['email'], row['cell_phone']].filter((one) => one !== null && one !== undefined)) // prettier-ignore
  await world.site.message({ patient: 1, subject: 'Subject-marigold', text: 'Text-blue-folder' })
  secrets.push('Subject-marigold', 'Text-blue-folder')
})
afterAll(() => world.close())

it('the first user is made once, by the link that was printed, however many ask at the same time', async () => {
  expect((await browser().get('/first-user?code=guessed')).headers.get('location')).toBe('/sign-in')
  expect((await browser().get(`/first-user?code=${encodeURIComponent(world.setupCode)}`)).status).toBe(200)
  for (const known of ['Jo Desk Jo Desk', 'DesertBloom2026', 'sunshine2026'])
    expect((await browser().post('/first-user', { code: world.setupCode, name: 'Jo Desk', initials: 'JD', password: known })).status).toBe(400) // prettier-ignore
  const some = [browser(), browser(), browser()]
  const answers = await Promise.all(some.map((one, i) => firstUser(one, `Jo Desk ${i}`)))
  expect(answers.filter((one) => one.headers.get('location') === '/second-factor')).toHaveLength(1)
  expect(answers.filter((one) => one.headers.get('location') === '/sign-in')).toHaveLength(2)
  staff = some[answers.findIndex((one) => one.headers.get('location') === '/second-factor')]!
  // Before the second factor is set up there is nothing else.
  for (const path of ['/', '/send', '/recent', '/users', '/nowhere'])
    expect((await staff.get(path)).headers.get('location')).toBe('/second-factor')
  app = await setUpFactor(staff, world.clock)
  expect((await firstUser(browser())).headers.get('location')).toBe('/sign-in')
  expect((await browser().get(`/first-user?code=${encodeURIComponent(world.setupCode)}`)).status).toBe(303)
})

interface Route { readonly route: string; readonly guest: number; readonly staff: number; readonly fields?: Record<string, string>; readonly holds?: () => string; /** Answers with something that is no page. */ readonly bare?: true } // prettier-ignore
const lastName = (): string => world.insched.prepare('select last_name from patients where patient_id = 1').pluck().get() as string // prettier-ignore
const routes: readonly Route[] = [
  { route: `GET ${stylesheet.path}`, guest: 200, staff: 200 },
  { route: 'POST /preferences', guest: 303, staff: 303, fields: { theme: 'auto' } },
  { route: 'GET /first-user', guest: 303, staff: 303 },
  { route: 'POST /first-user', guest: 303, staff: 303 },
  { route: 'GET /sign-in', guest: 200, staff: 200 },
  { route: 'POST /sign-in', guest: 400, staff: 400 },
  { route: 'GET /', guest: 303, staff: 200, holds: () => 'Last contact with the portal' },
  { route: 'POST /upload', guest: 303, staff: 303 },
  { route: 'POST /download', guest: 303, staff: 303 },
  { route: 'POST /sync', guest: 303, staff: 303 },
  { route: 'POST /test-connection', guest: 303, staff: 303 },
  { route: 'GET /runs/:run', guest: 303, staff: 404 },
  { route: 'POST /runs/acknowledge', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'GET /today', guest: 303, staff: 200, holds: () => 'Not confirmed' },
  { route: 'POST /today/write', guest: 303, staff: 400 },
  { route: 'POST /today/check', guest: 303, staff: 400, fields: { subject: 'a', text: 'b' } },
  { route: 'POST /today/send', guest: 303, staff: 400, fields: { subject: 'a', text: 'b' } },
  { route: 'GET /events/:event', guest: 303, staff: 404, holds: () => 'No such event' },
  { route: 'POST /events/:event/confirm', guest: 303, staff: 404, fields: { startsAt: '2027-01-05T10:00', type: 'Phone' }, holds: () => 'The event is gone' }, // prettier-ignore
  { route: 'POST /events/:event/hold', guest: 303, staff: 404, holds: () => 'The event is gone' },
  { route: 'POST /events/:event/let-go', guest: 303, staff: 404, holds: () => 'The event is gone' },
  { route: 'POST /events/:event/send', guest: 303, staff: 404, fields: { startsAt: '2027-01-05T10:00', rule: 'reminder', what: 'reminder' }, holds: () => 'The event is gone' }, // prettier-ignore
  { route: 'GET /inbox', guest: 303, staff: 200, holds: () => 'What patients write appears here' },
  { route: 'GET /inbox/:thread', guest: 303, staff: 404, holds: () => 'No such thread' },
  { route: 'GET /inbox/replies/:review', guest: 303, staff: 404, holds: () => 'No such reply' },
  {
    route: 'POST /inbox/replies',
    guest: 303,
    staff: 404,
    fields: { review: '01ARZ3NDEKTSV4RRFFQ69G5FAV', how: 'seen' },
  },
  { route: 'POST /inbox/assign', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV', to: '' } },
  { route: 'POST /inbox/close', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /inbox/reopen', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /inbox/note', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV', text: 'a' } },
  { route: 'POST /inbox/draft', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV', text: 'a' } },
  { route: 'GET /inbox-routes', guest: 303, staff: 200, holds: () => 'Who gets which messages' },
  { route: 'POST /inbox-routes', guest: 303, staff: 400, fields: { words: '', location: '', user: '' } },
  { route: 'POST /inbox-routes/remove', guest: 303, staff: 303, fields: { route: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /inbox/reply', guest: 303, staff: 404, fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV', text: 'a' } },
  {
    route: 'POST /inbox/retract',
    guest: 303,
    staff: 404,
    fields: { thread: '01ARZ3NDEKTSV4RRFFQ69G5FAV', entry: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  },
  { route: 'POST /recent', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'Subject-marigold' },
  { route: 'POST /recent/export', guest: 303, staff: 200, bare: true, holds: () => 'Subject-marigold' },
  { route: 'POST /recent/hide', guest: 303, staff: 404, fields: { entry: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /recent/show', guest: 303, staff: 404, fields: { entry: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'GET /audit', guest: 303, staff: 200, holds: () => 'The chain is whole' },
  { route: 'POST /audit', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'The chain is whole' },
  { route: 'GET /send', guest: 303, staff: 200, holds: () => 'Find a patient by name' },
  { route: 'POST /send/find', guest: 303, staff: 200, fields: { find: 'a' }, holds: () => 'born' },
  { route: 'POST /send/to', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'To patient no. 1' },
  { route: 'POST /send', guest: 303, staff: 303, fields: { patient: '1', subject: 'Parking', text: 'It is free' } },
  { route: 'GET /attachments/:entry/:place', guest: 303, staff: 403, holds: () => 'This link is over' },
  { route: 'POST /invite', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => '/invitation/' },
  { route: 'GET /recent', guest: 303, staff: 200, holds: () => 'Subject-marigold' },
  { route: 'GET /payments', guest: 303, staff: 200, holds: () => 'Nothing waits for InSched.' },
  { route: 'GET /payments/:payment', guest: 303, staff: 404, holds: () => 'No such payment' },
  { route: 'POST /payments/ask', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'Ask a patient for a payment' }, // prettier-ignore
  { route: 'POST /payments/request', guest: 303, staff: 400, fields: { patient: '1', amount: 'much' } },
  { route: 'POST /payments/withdraw', guest: 303, staff: 404, fields: { request: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /payments/refund', guest: 303, staff: 404, fields: { payment: '01ARZ3NDEKTSV4RRFFQ69G5FAV', amount: '5', reason: 'a' } }, // prettier-ignore
  { route: 'POST /payments/assign', guest: 303, staff: 404, fields: { payment: '01ARZ3NDEKTSV4RRFFQ69G5FAV', patient: '1', reason: 'a' } }, // prettier-ignore
  { route: 'POST /payments/export', guest: 303, staff: 200, bare: true },
  { route: 'GET /others', guest: 303, staff: 200, holds: () => 'No other site shares patients' },
  {
    route: 'POST /others',
    guest: 303,
    staff: 200,
    fields: { find: 'a' },
    holds: () => 'No other site shares a patient',
  },
  { route: 'GET /others/:patient', guest: 303, staff: 404, holds: () => 'No such patient' },
  { route: 'GET /reviews', guest: 303, staff: 200, holds: () => 'Nothing waits for you' },
  { route: 'POST /reviews', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', note: 'done' } },
  { route: `GET ${pageScript.path}`, guest: 200, staff: 200 },
  { route: 'GET /session', guest: 200, staff: 200 },
  { route: 'POST /session', guest: 200, staff: 200 },
  { route: 'GET /sign-in/code', guest: 303, staff: 303 },
  { route: 'POST /sign-in/code', guest: 303, staff: 303, fields: { code: '123456' } },
  { route: 'GET /welcome/:token', guest: 404, staff: 404 },
  { route: 'POST /welcome/:token', guest: 404, staff: 404, fields: { password: 'seven violet kettles' } },
  { route: 'GET /second-factor', guest: 303, staff: 303 },
  { route: 'POST /second-factor', guest: 303, staff: 303, fields: { code: '123456' } },
  {
    route: 'POST /insched-restored',
    guest: 303,
    staff: 409,
    fields: { choice: 'trust' },
    holds: () => 'there is nothing to choose',
  },
  { route: 'GET /synchronization', guest: 303, staff: 200, holds: () => 'When changes go and come' },
  { route: 'POST /synchronization', guest: 303, staff: 400, holds: () => 'Nothing was changed' },
  { route: 'GET /synchronization/backups', guest: 303, staff: 200, holds: () => 'Windows of the week' },
  { route: 'POST /synchronization/backups/add', guest: 303, staff: 400, holds: () => 'A window has a weekday' },
  { route: 'POST /synchronization/backups/remove', guest: 303, staff: 303 },
  { route: 'POST /synchronization/backups/longest', guest: 303, staff: 400, holds: () => 'a whole number from 5' },
  { route: 'POST /synchronization/backups/begin', guest: 303, staff: 400, holds: () => 'a whole number from 1' },
  { route: 'POST /synchronization/backups/end', guest: 303, staff: 409, holds: () => 'No backup is under way' },
  { route: 'GET /synchronization/proxy', guest: 303, staff: 200, holds: () => 'Reached without the proxy' },
  { route: 'POST /synchronization/proxy', guest: 303, staff: 400, holds: () => 'Nothing was changed' },
  { route: 'GET /synchronization/mirror', guest: 303, staff: 200, holds: () => 'a STOP must reach the portal' },
  { route: 'GET /synchronization/mirror/:part', guest: 303, staff: 404, holds: () => 'No such collection' },
  { route: 'POST /synchronization/mirror/:part', guest: 303, staff: 404, holds: () => 'No such collection' },
  { route: 'POST /synchronization/mirror/:part/set', guest: 303, staff: 404, holds: () => 'No such collection' },
  { route: 'GET /synchronization/sharing/:other', guest: 303, staff: 404, holds: () => 'No such site' },
  { route: 'POST /synchronization/sharing/:other', guest: 303, staff: 404, holds: () => 'No such site' },
  { route: 'POST /synchronization/sharing/:other/set', guest: 303, staff: 404, holds: () => 'No such site' },
  { route: 'GET /synchronization/preview', guest: 303, staff: 200, holds: () => 'one real patient' },
  { route: 'POST /synchronization/preview', guest: 303, staff: 200, fields: { patient: '1' }, holds: lastName },
  { route: 'GET /synchronization/texts', guest: 303, staff: 200, holds: () => 'What holds for every rule' },
  { route: 'POST /synchronization/texts', guest: 303, staff: 400, fields: { location: '', from: 'noon' } },
  { route: 'POST /synchronization/texts/sending', guest: 303, staff: 303, fields: { value: 'off' } },
  { route: 'GET /synchronization/texts/rules/new', guest: 303, staff: 200 },
  { route: 'GET /synchronization/texts/rules/new/:kind', guest: 303, staff: 404 },
  { route: 'GET /synchronization/texts/rules/:rule', guest: 303, staff: 404 },
  { route: 'GET /synchronization/texts/rules/:rule/on', guest: 303, staff: 404 },
  {
    route: 'POST /synchronization/texts/rules',
    guest: 303,
    staff: 400,
    fields: { rule: 'reminder', value: 'reminder every day' },
  },
  {
    route: 'POST /synchronization/texts/rules/look',
    guest: 303,
    staff: 400,
    fields: { rule: 'reminder', count: 'x', unit: 'days', location: 'every', types: '', confirmed: 'both', arrive: '' },
  },
  { route: 'POST /synchronization/texts/rules/off', guest: 303, staff: 404, fields: { rule: 'nobody' } },
  { route: 'POST /synchronization/texts/rules/remove', guest: 303, staff: 404, fields: { rule: 'nobody' } },
  { route: 'GET /synchronization/texts/sample', guest: 303, staff: 200 },
  { route: 'GET /synchronization/texts/who', guest: 303, staff: 200 },
  {
    route: 'POST /synchronization/texts/who/let-go',
    guest: 303,
    staff: 404,
    fields: { review: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  },
  { route: 'GET /synchronization/texts/history', guest: 303, staff: 200 },
  { route: 'GET /synchronization/texts/words', guest: 303, staff: 200 },
  { route: 'GET /synchronization/texts/words/:kind/:language/:rule?', guest: 303, staff: 404 },
  {
    route: 'POST /synchronization/texts/words',
    guest: 303,
    staff: 404,
    fields: { key: 'template/nothing/en', source: 'x' },
  },
  {
    route: 'POST /synchronization/texts/words/look',
    guest: 303,
    staff: 404,
    fields: { key: 'template/nothing/en', source: 'x' },
  },
  { route: 'GET /hl7', guest: 303, staff: 200, holds: () => 'No other system is connected' },
  { route: 'POST /hl7', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'No messages' },
  { route: 'GET /hl7/:message', guest: 303, staff: 404, holds: () => 'There is no such message' },
  { route: 'POST /hl7/replay', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /hl7/pause', guest: 303, staff: 404, fields: { name: 'ehr' } },
  { route: 'POST /hl7/resume', guest: 303, staff: 404, fields: { name: 'ehr' } },
  { route: 'POST /hl7/verbose', guest: 303, staff: 404, fields: { name: 'ehr', minutes: '60' } },
  { route: 'GET /users', guest: 303, staff: 200, holds: () => 'Add a user' },
  { route: 'POST /users', guest: 303, staff: 400, fields: { name: '' } },
  { route: 'POST /users/rights', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /users/reset', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /users/disable', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /users/enable', guest: 303, staff: 404, fields: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  {
    route: 'POST /access',
    guest: 303,
    staff: 200,
    fields: { patient: '1' },
    holds: () => 'Let somebody act for this patient',
  },
  {
    route: 'POST /access/grant',
    guest: 303,
    staff: 200,
    fields: { patient: '1', name: 'Gwen Guardian', relationship: 'spouse', 'scope messages': 'yes', to: '' },
    holds: () => '/invitation/',
  },
  { route: 'POST /access/end', guest: 303, staff: 400, fields: { patient: '1', grant: '01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
  { route: 'POST /reached', guest: 303, staff: 200, fields: { patient: '1' }, holds: () => 'How a patient is reached' },
  { route: 'POST /reached/choose', guest: 303, staff: 200, fields: { patient: '1', prefers: 'any' }, holds: () => 'Nothing was different' }, // prettier-ignore
  { route: 'POST /sign-out', guest: 303, staff: 303 },
]
const unrouted: readonly Route[] = [
  { route: 'GET /nowhere', guest: 303, staff: 404 },
  { route: 'POST /control/status', guest: 303, staff: 404 },
]

describe('the routes', () => {
  const ask = async ({ route, fields }: Route, who: Browser, csrf: string | undefined): Promise<Answer> => {
    const [method, path] = route.split(' ') as [string, string]
    return method === 'GET' ? who.get(path) : who.post(path, { ...fields, ...(csrf === undefined ? {} : { csrf }) })
  }
  it.each([...routes, ...unrouted])(
    '$route: a guest gets $guest with nothing of anybody, staff get $staff',
    async (one) => {
      // prettier-ignore
      const guest = await ask(one, browser(), 'none')
      expect(guest.status).toBe(one.guest)
      for (const secret of secrets) expect(guest.text).not.toContain(secret)
      if (one.route === 'POST /sign-out') return
      const { csrf } = await staff.hidden('/', '/sign-out')
      const answer = await ask(one, staff, csrf)
      expect(answer.status, answer.text).toBe(one.staff)
      if (one.holds) expect(answer.text).toContain(one.holds())
      if (answer.status === 200 && one.guest === 303 && !one.bare) expect(answer.text).toContain('action="/sign-out"')
      expect(answer.headers.get('location') ?? '/').toMatch(
        /^\/(sign-in|recent\?said=sent|inbox-routes\?said=routed|reviews\?said=resolved|synchronization\/backups\?said=same|synchronization\/texts\?said=sendingOff|runs\/[0-9A-Z]{26})?$/,
      )
      expect(answer.headers.get('cache-control')).toBe(/\.(css|js)$/.test(one.route) ? 'public, max-age=31536000, immutable' : 'no-store') // prettier-ignore
    },
  )
  it.each(
    routes.filter(
      (one) => one.route.startsWith('POST') && !/sign-in|first-user|preferences|session|welcome/.test(one.route),
    ),
  )('$route without the token of the session is refused', async (one) => {
    // prettier-ignore
    expect((await ask(one, staff, undefined)).status).toBe(403)
    expect((await ask(one, staff, 'wrong')).status).toBe(403)
  })
  it('the table has every route of the app', () => {
    const all = world.app.routes.filter((one) => one.method !== 'ALL').map((one) => `${one.method} ${one.path}`)
    expect(new Set(routes.map((one) => one.route))).toEqual(new Set(all))
  })
  it('each route behind the sign-in says what it needs, and nothing else does', () => {
    const open = ['/first-user', '/sign-in/code', '/preferences']
    const behind = routes.filter((one) => one.guest === 303 && !open.some((path) => one.route.endsWith(` ${path}`)))
    expect(new Set(Object.keys(routeNeeds))).toEqual(new Set(behind.map((one) => one.route)))
  })
  it('no address ever holds a name: looking for a patient goes by POST', async () => {
    const { text } = await staff.get(`/send?find=${lastName()}&patient=1`)
    expect(text).not.toContain('born')
    expect(text).not.toContain('To patient no.')
  })
})

it('answers by its own address alone', async () => {
  for (const other of ['console.example', '127.0.0.1.example:8090', 'localhost.example'])
    expect((await browserOf(world.app, '127.0.0.1', other).get('/sign-in')).status).toBe(421)
})

it.each([
  { origin: 'http://elsewhere.example' },
  { origin: 'http://127.0.0.1:9999' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
])('a form that says to come from %o is refused', async (headers) => {
  // prettier-ignore
  const { csrf } = await staff.hidden('/', '/sign-out')
  expect((await staff.post('/send/find', { csrf: csrf!, find: 'a' }, headers as Record<string, string>)).status).toBe(
    403,
  )
})

it('what stands in the address is never said by a page', async () => {
  for (const said of ['Call+1-900-SCAM', '__proto__', 'constructor']) {
    const { text } = await staff.get(`/recent?said=${said}`)
    expect(text).not.toMatch(/SCAM|native code|class="notice/)
  }
})

it('times are the site’s own, in words', async () => {
  const { items } = await world.site.recent()
  const { text } = await staff.get('/recent')
  expect(await world.site.zone()).toBe('America/Phoenix')
  expect(text).toContain(speechIn('en').instant(Date.parse(items[0]!.at), 'America/Phoenix'))
  expect(text).not.toContain('UTC')
  expect((await staff.get('/')).text).not.toMatch(/\d{4}-\d{2}-\d{2}T/)
})

describe('sign-in', () => {
  it('wrong ones wait longer and longer, and the right one is heard after the wait', async () => {
    const attempt = (given: string) => browser().post('/sign-in', { name: whoIsThere(), password: given })
    for (let i = 0; i < 3; i++) expect((await attempt('wrong')).status).toBe(401)
    expect((await attempt(password)).status).toBe(429)
    world.clock.advance(1_000)
    const one = browser()
    expect((await one.post('/sign-in', { name: whoIsThere(), password })).headers.get('location')).toBe('/sign-in/code')
    world.clock.advance(60_000)
    expect((await one.post('/sign-in/code', { code: app.code() })).headers.get('location')).toBe('/')
  })
  it('a session ends after 10 idle minutes, and after 12 hours', async () => {
    const csrf = (await staff.hidden('/', '/sign-out'))['csrf']!
    for (let i = 0; i < 3; i++) {
      world.clock.advance(9 * 60_000)
      expect((await staff.get('/')).status).toBe(200)
    }
    world.clock.advance(10 * 60_000 + 1)
    expect((await staff.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await staff.post('/upload', { csrf })).headers.get('location')).toBe('/sign-in')
  })
})

it('what staff did stands in the trail of the site, with ids alone', () => {
  const events = world.staff.audit.rows(0, 10_000).map((row) => row.event)
  const did = new Set(events.map((event) => event.did))
  for (const one of [
    'first user made',
    'viewed',
    'patients found',
    'message sent',
    'patient invited',
    'wrong password',
    'signed in',
  ] as const)
    // prettier-ignore
    expect(did).toContain(one)
  const text = JSON.stringify(events)
  for (const secret of [...secrets, 'Jo Desk', 'Parking']) expect(text).not.toContain(secret)
  expect(world.staff.audit.verify().brokenAt).toBeNull()
})

it('signing out ends the session at the server', async () => {
  const again = browser()
  world.clock.advance(60_000)
  await again.post('/sign-in', { name: whoIsThere(), password })
  expect((await again.post('/sign-in/code', { code: app.code() })).headers.get('location')).toBe('/')
  const kept = new Map(again.cookies)
  await again.post('/sign-out', hiddenOf((await again.get('/')).text, '/sign-out'))
  for (const [key, value] of kept) again.cookies.set(key, value)
  expect((await again.get('/')).headers.get('location')).toBe('/sign-in')
})
