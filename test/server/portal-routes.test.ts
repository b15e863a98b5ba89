/** Every route of the portal, asked by everybody who might: what each is answered, and what nobody else's page holds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { stylesheet } from '../../src/server/look/stylesheet.ts'
import { browserOf, openPortalWorld, people, secretsOf, type Answer, type Browser, type PortalWorld } from './world.ts'

const whos = ['guest', 'owner', 'other patient', 'patient of another practice'] as const
type Who = (typeof whos)[number]
const personOf: Readonly<Record<Who, string | undefined>> = { guest: undefined, owner: 'ann', 'other patient': 'ben', 'patient of another practice': 'dora' } // prettier-ignore

let world: PortalWorld
const browsers = {} as Record<Who, Browser>
let openInvitation: string
beforeAll(async () => {
  world = await openPortalWorld()
  for (const who of whos) {
    const person = personOf[who]
    browsers[who] = person === undefined ? browserOf(world.app) : await world.signedIn(person)
  }
  openInvitation = await world.invite('cleo')
})
afterAll(() => world.close())

type Statuses = Readonly<Record<Who, number>>
const signedIn = (status: number): Statuses => ({ guest: 303, owner: status, 'other patient': status, 'patient of another practice': status }) // prettier-ignore
const posted = (owner: number, others = owner): Statuses => ({ guest: 401, owner, 'other patient': others, 'patient of another practice': others }) // prettier-ignore
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
  { route: 'GET /messages', statuses: signedIn(200) },
  { route: 'GET /attachments/:entry/:place', statuses: signedIn(403) },
  { route: 'GET /plan', statuses: signedIn(200) },
  { route: 'GET /password', statuses: signedIn(200) },
  { route: 'POST /password', statuses: posted(400), fields: async (b) => ({ csrf: await own(b), name: 'somebody', password: 'short' }) }, // prettier-ignore
  { route: 'POST /confirm', statuses: posted(303, 404), fields: aboutAnn },
  { route: 'POST /decline', statuses: posted(303, 404), fields: aboutAnn },
  { route: 'POST /move', statuses: posted(303, 404), fields: aboutAnn },
  { route: 'POST /messages', statuses: posted(303), fields: async (b) => ({ csrf: await own(b), id: mintUlid(world.clock), thread: world.known['ann']!.thread, subject: 'x', text: 'In whose thread does this land?' }) }, // prettier-ignore
  { route: 'POST /viewing', statuses: posted(303, 404), fields: async (b) => ({ csrf: await own(b), viewing: `${world.known['ann']!.practice}/${world.known['ann']!.patient}` }) }, // prettier-ignore
  { route: 'POST /live/ticket', statuses: posted(200), fields: async (b) => ({ csrf: await own(b) }) },
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
    const browser = route.fresh && person ? await world.signedIn(person) : browsers[who]
    const answer = await ask(route, browser)
    expect(answer.status, answer.text).toBe(route.statuses[who])
    const others = people.filter((person) => person.key !== personOf[who])
    for (const secret of others.flatMap(secretsOf)) expect(answer.text).not.toContain(secret)
    expect(answer.headers.get('location') ?? '/').toMatch(/^\/(sign-in|messages\?said=[a-z]+|\?said=[a-z]+)?$/)
    expect(answer.headers.get('cache-control')).toBe(route.route.endsWith('.css') ? 'public, max-age=31536000, immutable' : 'no-store') // prettier-ignore
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

it('the table has every route of the app, so that a new one cannot be forgotten', () => {
  const all = world.app.routes.filter((one) => one.method !== 'ALL').map((one) => `${one.method} ${one.path}`)
  expect(new Set(routes.map((one) => one.route))).toEqual(new Set([...all, 'POST /sign-out']))
})

it('the owner sees what is hers, so that the table does not pass on empty pages', async () => {
  const ann = world.known['ann']!
  const { owner } = browsers
  expect((await owner.get('/')).text).toContain(ann.event)
  expect((await owner.get('/messages')).text).toContain(ann.text)
  expect((await owner.get('/plan')).text).toContain(ann.plan)
  expect((await owner.get('/password')).text).toContain(ann.email)
})

it('what others sent about the owner’s event or into her thread is nowhere of hers', async () => {
  const { replica, eventKey, patient } = world.known['ann']!
  expect(new Set((await replica.entries('confirmations', eventKey)).map((one) => one.by.id)).size).toBe(1)
  const texts = (await replica.entries('messages', patient)).filter((one) => one.kind === 'message')
  expect(texts.filter((one) => one.text.startsWith('In whose')).length).toBe(1)
})
