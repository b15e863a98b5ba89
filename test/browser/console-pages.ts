/** Every page of a site's console in every state that it has, as a table like that of the portal. */
import { openSiteWorld, type SiteWorld } from '../server/site-world.ts'
import { setUpFactor, type Authenticator } from '../server/authenticator.ts'
import { browserOf } from '../server/world.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { PageState } from './patient-pages.ts'

export const staffPassword = 'seven violet kettles'

/** A console with a first user, messages and a review. */
export async function openConsoleWorld(): Promise<SiteWorld & { readonly authenticator: Authenticator }> {
  const world = await openSiteWorld()
  const by = { role: 'site' as const, id: world.site.settings.siteId }
  const first = browserOf(world.app, '127.0.0.1', '127.0.0.1')
  await first.post('/first-user', { code: world.setupCode, name: 'Jo Desk', initials: 'JD', password: staffPassword }) // prettier-ignore
  const authenticator = await setUpFactor(first, world.clock)
  await world.site.message({ patient: 1, subject: 'Before your visit', text: 'Please come ten minutes early.' })
  await world.site.message({ patient: 2, subject: 'Parking', text: 'Parking is free.' })
  await world.site.replica.change([
    { collection: 'reviews', key: mintUlid(world.clock), facts: { patient: world.site.bridge.documentOf('patients', 1)!, site: by.id, shown: false, reachable: false, startsAt: null }, add: { opened: { kind: 'opened', at: world.clock.now(), by, about: 'identity changed', why: 'Name and birth date of patient 1 were both changed, so this may be another person. Nothing more of this patient goes to the portal or comes from it.', todo: 'Check the patient in InSched. If it is the same person, resolve this item and everything flows.', patient: world.site.bridge.documentOf('patients', 1)! } } }, // prettier-ignore
  ])
  return { ...world, authenticator }
}

/** A part of a last name that several have. */
const some = 'a'

export const consolePages: readonly PageState<SiteWorld>[] = [
  { page: 'sign-in', state: 'empty', at: '/sign-in', shows: (w) => w.signIn.staff.name },
  { page: 'sign-in', state: 'wrong', at: '/sign-in', shows: (w) => w.signIn.staff.wrong, does: async (page, { signIn }, { clock }) => { clock.advance(600_000); await page.getByLabel(signIn.staff.name).fill(`somebody ${clock.now()}`); await page.getByLabel(signIn.password).fill('wrong'); await page.getByRole('button', { name: signIn.signIn, exact: true }).click() } }, // prettier-ignore
  { page: 'status', state: 'connected', at: '/', as: 'Jo Desk', shows: (w) => w.console.status.lastContact },
  { page: 'status', state: 'uploaded', at: '/', as: 'Jo Desk', shows: (w) => w.console.status.uploaded({ patients: 12, plans: 0, stages: 0, events: 0 }, '').slice(0, 12), does: (page, { console }) => page.getByRole('button', { name: console.status.upload }).click() }, // prettier-ignore
  { page: 'send', state: 'asks', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.find },
  { page: 'send', state: 'found', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.number(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click() } }, // prettier-ignore
  { page: 'send', state: 'nobody', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.nobody, does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill('Zyzzyva'); await page.getByRole('button', { name: send.findButton }).click() } }, // prettier-ignore
  { page: 'send', state: 'writes', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.to(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/send/to"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'send', state: 'invited', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.invitationFor(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/invite"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'recent', state: 'some', at: '/recent?said=sent', as: 'Jo Desk', shows: (w) => w.console.said.sent },
  { page: 'reviews', state: 'one', at: '/reviews', as: 'Jo Desk', shows: (w) => w.console.reviews.todo },
  { page: 'users', state: 'one', at: '/users', as: 'Jo Desk', shows: (w) => w.staff.users.add },
  { page: 'access', state: 'none', at: '/send', as: 'Jo Desk', shows: (w) => w.staff.access.grant, does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/access"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'problem', state: 'no page', at: '/nowhere', as: 'Jo Desk', shows: (w) => w.problems.noConsolePage.cause },
]
