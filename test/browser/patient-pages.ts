/**
 * Every page of the portal in every state that it has, as a table: `pages.test.ts` visits each line in both languages, light and
 * dark, narrow and wide. A new page or state is one more line.
 */
import type { Page } from 'playwright-core'
import { mirrorSettingsOf, type MirrorTexts } from '../../src/mirror/mirror-settings.ts'
import { defaultSettings } from '../../src/mirror/policy.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import type { PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { serveCardSandbox } from '../../src/server/card-sandbox-page.ts'
import type { Words } from '../../src/server/words/en.ts'
import { heldClock, hiddenOf, openPortalWorld, type Browser, type PortalWorld } from '../server/world.ts'

export interface PageState<World> {
  readonly page: string
  readonly state: string
  /** Where it is. */
  readonly at: string | ((world: World, browser: Browser | undefined) => string | Promise<string>)
  /** Who is signed in; nobody by default. */
  readonly as?: string
  /** What is done there by a person, to come into the state. */
  readonly does?: (page: Page, words: Words, world: World) => Promise<void>
  /** What a reader sees there and nowhere else. */
  readonly shows: (words: Words) => string
}

/** What the sites mirror: all, until a state takes something away. */
let mirrored = defaultSettings
const without = (texts: MirrorTexts, at: string) => (): string => {
  mirrored = mirrorSettingsOf(texts)
  return at
}

/** The portal with people in every state: nora is new and has nothing, ann has three appointments answered in three ways. */
export async function openPatientWorld(): Promise<PortalWorld> {
  const cards = await serveCardSandbox({ port: 0, clock: heldClock(), secretKey: 'sk_test_1', webhookSecret: 'whsec_0' }) // prettier-ignore
  const world = await openPortalWorld({ mirror: () => mirrored }, undefined, cards.url)
  const { ann, ben } = world.known as Record<'ann' | 'ben', (typeof world.known)[string]>
  const { replica, patient } = ann
  const facts = { patient, site: (await replica.head('patients', patient))!.facts.site, shown: true, reachable: true, startsAt: null } // prettier-ignore
  const by = { role: 'site' as const, id: 'site' }
  const at = world.clock.now()
  const event = (key: string, startsAt: string, words: string): Edit => ({ collection: 'events', key, at, facts: { ...facts, startsAt: Date.parse(`${startsAt}:00-07:00`) }, set: { words, startsAt, minutes: 30, location: '7', status: 'None', lastConfirmed: null, confirmationType: null, deleted: false } }) // prettier-ignore
  const answered = (key: string, startsAt: string): Edit => ({ collection: 'confirmations', key, facts, add: { [mintUlid(world.clock)]: { kind: 'answered', at, by: { role: 'patient', id: 'ann' }, channel: 'portal', patient: patient as never, startsAt } } }) // prettier-ignore
  const [sent, done, moved, nora] = [mintUlid(world.clock), mintUlid(world.clock), mintUlid(world.clock), mintUlid(world.clock)] // prettier-ignore
  const answer = mintUlid(world.clock)
  const closed = mintUlid(world.clock)
  const payments = paymentsOf(world)
  const withStatus = (edit: Edit, status: string): Edit => ({ ...edit, set: { ...(edit as { set: object }).set, status } }) as Edit // prettier-ignore
  const canceled = withStatus(event(mintUlid(world.clock), '2026-12-22T11:00', 'Measurements'), 'Canceled')
  const over = withStatus(event(mintUlid(world.clock), '2026-10-12T09:30', 'First consultation'), 'Checked Out')
  await replica.change([
    { collection: 'practice', key: facts.site!, at, facts: { ...facts, patient: null }, set: { 'location/7': { name: 'Quailbrush Mesa, second floor', zone: 'America/Phoenix', address: '1200 East Broadway Road, Mesa, Arizona 85204', phone: null } } }, // prettier-ignore
    event(sent, '2026-12-08T10:30', 'Laser, second session'),
    answered(sent, '2026-12-08T10:30'),
    event(done, '2026-12-15T08:15', 'Follow-up'),
    { collection: 'confirmations', key: done, facts, add: { [answer]: { kind: 'answered', at, by: { role: 'patient', id: 'ann' }, channel: 'portal', patient: patient as never, startsAt: '2026-12-15T08:15' }, [mintUlid(world.clock)]: { kind: 'written', at, by, answer, lastConfirmed: '2026-11-23T10:02', confirmationType: 'Portal' } } }, // prettier-ignore
    event(moved, '2027-01-05T16:45', 'Photographs'),
    { collection: 'payments', key: patient, facts, add: payments },
    { collection: 'patients', key: patient, at, set: { balanceDueCents: 12_345 } },
    canceled,
    over,
    { collection: 'messages', key: patient, facts, add: { [mintUlid(world.clock)]: { kind: 'message', at: at - 9e8, by, thread: closed as never, subject: 'Your forms', text: 'We have all that we need. Thank you.' }, [mintUlid(world.clock)]: { kind: 'closed', at: at - 8e8, by, thread: closed as never } } }, // prettier-ignore
    answered(moved, '2027-01-05T15:00'),
    { collection: 'plans', key: mintUlid(world.clock), at, facts, set: { words: 'Your nose, step by step', status: 'Active', deleted: false, 'stage/1/words': 'Consultation', 'stage/1/position': 0, 'stage/1/completed': true, 'stage/1/completedOn': '2026-10-12', 'stage/2/words': 'Photographs and measurements', 'stage/2/position': 1, 'stage/2/completed': false, 'stage/3/words': 'The day of the procedure', 'stage/3/position': 2, 'stage/3/completed': false } }, // prettier-ignore
    { collection: 'patients', key: nora, at, facts: { ...facts, patient: nora }, set: { firstName: 'Nora', middleName: null, lastName: 'Newcombe', birthDate: '1990-02-03', email: null, cellPhone: null, homePhone: null, language: null, portalEnabled: true, deleted: false } }, // prettier-ignore
    { collection: 'messages', key: patient, facts, add: { [mintUlid(world.clock)]: { kind: 'message', at, by: { role: 'patient', id: 'ann', name: 'Annalise Quillfeather' }, thread: ann.thread as never, subject: ann.subject, text: 'Thank you. Is there parking behind the building, or shall I come by the light rail?' } } }, // prettier-ignore
  ])
  await world.indexed()
  Object.assign(world.known, { nora: { ...ben, ...ann, key: 'nora', birthDate: '1990-02-03', patient: nora } })
  return { ...world, close: async () => { await world.close(); await cards.close() } } // prettier-ignore
}

/** Payments in every state that there is, and two requests of the office. */
function paymentsOf(world: PortalWorld): Record<string, PaymentEntry> {
  const at = world.clock.now()
  const [patient, portal, staff] = [{ role: 'patient' as const, id: 'ann', name: 'Annalise Quillfeather' }, { role: 'portal' as const, id: 'p' }, { role: 'staff' as const, id: 's', initials: 'JD' }] // prettier-ignore
  const one = (days: number, minor: number, ...then: ((said: { at: number; by: typeof portal; payment: string }) => PaymentEntry)[]): [string, PaymentEntry][] => {
    const payment = mintUlid(world.clock)
    const said = { at: at - days * 86_400_000, by: portal, payment }
    return [[payment, { kind: 'started', at: said.at, by: patient, amount: cents(minor) }], ...then.map((make, i) => [`${i}:${payment}`, make(said)] as [string, PaymentEntry])]
  }
  const paid = (minor: number) => (said: { at: number; by: typeof portal; payment: string }): PaymentEntry => ({ kind: 'paid', ...said, amount: cents(minor), transaction: `pi_${said.payment}`, brand: 'visa', last4: '4242', authorization: 'A1' })
  const posted = (said: { at: number; by: typeof portal; payment: string }): PaymentEntry => ({ kind: 'posted', ...said, deposit: 12, transaction: `pi_${said.payment}` })
  return Object.fromEntries([
    ...one(40, 25_000, paid(25_000), posted),
    ...one(30, 9_900, paid(9_900), posted, (said) => ({ kind: 'refunded', ...said, refund: 're_1', amount: cents(9_900), state: 'done' })),
    ...one(20, 4_000, (said) => ({ kind: 'ended', ...said, why: 'expired' })),
    ...one(2, 7_500, (said) => ({ kind: 'pending', ...said })),
    ...one(0, 5_000, paid(5_000)),
    [mintUlid(world.clock), { kind: 'requested', at, by: staff, amount: cents(30_000), due: '2026-12-15', words: 'Deposit for your visit in January' }],
    [mintUlid(world.clock), { kind: 'requested', at, by: staff, amount: cents(2_500), due: null, words: 'Your copy of the photographs' }],
  ])
} // prettier-ignore
/** The page of the payment of so many cents. */
const paymentAt =
  (minor: number) =>
  async (world: PortalWorld): Promise<string> => {
    const { replica, patient } = world.known['ann']!
    const rows = await replica.index({ view: 'payment', patient })
    return `/pay/${rows.find((row) => (row.body as { amount: { minor: number } }).amount.minor === minor)!.id}`
  }
const payOf =
  (amount: string) =>
  (page: Page, { pay }: Words): Promise<void> =>
    fill(page, { [pay.howMuch]: amount }, pay.goToPay)

const invitation = (world: PortalWorld): Promise<string> => world.invite('cleo')
const fill = async (page: Page, fields: Readonly<Record<string, string>>, button: string): Promise<void> => {
  for (const [label, value] of Object.entries(fields))
    await page.getByLabel(new RegExp(`^${label.replaceAll(/[()?]/g, '.')}( \\(|$)`)).fill(value)
  await page.getByRole('main').getByRole('button', { name: button, exact: true }).click()
}

export const patientPages: readonly PageState<PortalWorld>[] = [
  { page: 'sign-in', state: 'empty', at: '/sign-in', shows: (w) => w.signIn.invited },
  { page: 'sign-in', state: 'wrong', at: '/sign-in', shows: (w) => w.signIn.faults.wrong, does: async (page, { signIn }, { clock }) => { clock.advance(300_000); await fill(page, { [signIn.name]: `somebody ${clock.now()}`, [signIn.password]: 'not the right one' }, signIn.signIn) } }, // prettier-ignore
  { page: 'invitation', state: 'asks', at: invitation, shows: (w) => w.signIn.invitation.why },
  { page: 'invitation', state: 'wrong date', at: invitation, shows: (w) => w.signIn.invitation.dateWrong, does: (page, { signIn }) => fill(page, { [signIn.invitation.born]: '01/02/1903' }, signIn.signIn) }, // prettier-ignore
  { page: 'invitation', state: 'no date', at: invitation, shows: (w) => w.signIn.invitation.dateUnread, does: (page, { signIn }) => fill(page, { [signIn.invitation.born]: 'yesterday' }, signIn.signIn) }, // prettier-ignore
  { page: 'invitation', state: 'somebody is signed in', at: invitation, as: 'ann', shows: (w) => w.signIn.invitation.joinYes }, // prettier-ignore
  { page: 'invitation', state: 'over', at: '/invitation/none', shows: (w) => w.problems.invitationOver.cause },
  { page: 'home', state: 'every answer', at: '/', as: 'ann', shows: (w) => w.patient.home.actionNeeded },
  { page: 'home', state: 'wants a change', at: '/', as: 'ann', shows: (w) => w.patient.home.officeDecides, does: (page, { patient }) => page.getByText(patient.home.move, { exact: true }).first().click() }, // prettier-ignore
  { page: 'home', state: 'just answered', at: '/?said=asked', as: 'ben', shows: (w) => w.patient.said.asked },
  { page: 'home', state: 'empty', at: '/', as: 'nora', shows: (w) => w.patient.home.noAppointments },
  { page: 'home', state: 'a family', at: familyHome, as: 'ann', shows: (w) => w.frame.viewing },
  { page: 'home', state: 'nothing to do', at: '/', as: 'nora', shows: (w) => w.patient.home.offlineNow },
  {
    page: 'appointments',
    state: 'every answer',
    at: '/appointments',
    as: 'ann',
    shows: (w) => w.patient.home.canceled,
  },
  { page: 'appointments', state: 'asked to move', at: '/appointments', as: 'ben', shows: (w) => w.patient.home.wishes.move.open, does: async (page, { patient: { home } }) => { if ((await page.getByText(home.wishes.move.open).count()) > 0) return; await page.getByText(home.move, { exact: true }).click(); await page.getByRole('button', { name: home.sendMove }).click() } }, // prettier-ignore
  {
    page: 'appointments',
    state: 'empty',
    at: '/appointments',
    as: 'nora',
    shows: (w) => w.patient.appointments.noPast,
  },
  { page: 'messages', state: 'threads', at: '/messages', as: 'ann', shows: (w) => w.patient.messages.closedShort },
  { page: 'messages', state: 'found', at: '/messages', as: 'ann', shows: (w) => w.patient.messages.found(1), does: (page, { patient }) => fill(page, { [patient.messages.search]: 'light rail' }, patient.messages.find) }, // prettier-ignore
  { page: 'messages', state: 'not found', at: '/messages', as: 'ann', shows: (w) => w.patient.messages.notFound, does: (page, { patient }) => fill(page, { [patient.messages.search]: 'zyzzyva' }, patient.messages.find) }, // prettier-ignore
  { page: 'messages', state: 'a thread', at: async (world) => `/messages/${world.known['ann']!.thread}`, as: 'ann', shows: (w) => w.patient.messages.answer }, // prettier-ignore
  { page: 'messages', state: 'just sent', at: async (world) => `/messages/${world.known['ann']!.thread}`, as: 'ann', shows: (w) => w.patient.messages.retract, does: (page, { patient: { messages } }) => fill(page, { [messages.answer]: 'Thank you.' }, messages.sendAnswer) }, // prettier-ignore
  { page: 'messages', state: 'taken back', at: async (world) => `/messages/${world.known['ann']!.thread}`, as: 'ann', shows: (w) => w.patient.said.retracted, does: async (page, { patient: { messages } }) => { await fill(page, { [messages.answer]: 'This was for somebody else.' }, messages.sendAnswer); await page.getByRole('button', { name: messages.retract }).first().click() } }, // prettier-ignore
  {
    page: 'messages',
    state: 'a new one',
    at: '/messages',
    as: 'ann',
    shows: (w) => w.patient.messages.subject,
    does: (page, { patient }) => page.getByText(patient.messages.writeNew, { exact: true }).click(),
  },
  { page: 'messages', state: 'a draft', at: keptDraft, as: 'ben', shows: (w) => w.patient.messages.draft },
  { page: 'messages', state: 'empty', at: '/messages', as: 'nora', shows: (w) => w.patient.messages.none },
  { page: 'problem', state: 'no such thread', at: '/messages/nothing', as: 'ann', shows: (w) => w.problems.noThread.cause }, // prettier-ignore
  { page: 'contact', state: 'on file', at: '/contact', as: 'nora', shows: (w) => w.patient.contact.onFile },
  { page: 'contact', state: 'wrong', at: '/contact', as: 'nora', shows: (w) => w.patient.contact.notSent, does: (page, { patient: { contact } }) => fill(page, { [contact.fields.cellPhone]: 'call me' }, contact.send) }, // prettier-ignore
  { page: 'contact', state: 'asked', at: '/contact', as: 'ann', shows: (w) => w.patient.contact.asked, does: async (page, { patient: { contact } }, { clock }) => fill(page, { [contact.fields.homePhone]: `480 555 0${100 + (clock.now() % 800)}` }, contact.send) }, // prettier-ignore
  { page: 'settings', state: 'all', at: '/settings', as: 'ann', shows: (w) => w.patient.settings.people },
  { page: 'account', state: 'first', at: '/account', as: 'ann', shows: (w) => w.account.sessions.title },
  { page: 'people', state: 'nobody', at: '/people', as: 'nora', shows: (w) => w.account.people.none },
  { page: 'pay', state: 'owed', at: '/pay', as: 'ann', shows: (w) => w.pay.asked },
  { page: 'pay', state: 'wrong amount', at: '/pay', as: 'ann', shows: (w) => w.pay.notSent, does: payOf('lots') },
  { page: 'pay', state: 'the same again', at: '/pay', as: 'ann', shows: (w) => w.pay.sameNo, does: payOf('50') },
  { page: 'pay', state: 'empty', at: '/pay', as: 'nora', shows: (w) => w.pay.none },
  { page: 'payment', state: 'goes on', at: '/pay', as: 'ann', shows: (w) => w.pay.goOnWhy, does: (page, words, { clock }) => payOf(`${10 + (clock.now() % 90)}`)(page, words) }, // prettier-ignore
  { page: 'payment', state: 'waits for the office', at: paymentAt(5_000), as: 'ann', shows: (w) => w.pay.receipt },
  { page: 'payment', state: 'refunded', at: paymentAt(9_900), as: 'ann', shows: (w) => w.pay.refunded('$99.00') },
  { page: 'payment', state: 'pending', at: paymentAt(7_500), as: 'ann', shows: (w) => w.pay.pendingWhy },
  { page: 'plan', state: 'stages', at: '/plan', as: 'ann', shows: (w) => w.patient.plan.nextStep },
  { page: 'plan', state: 'empty', at: '/plan', as: 'nora', shows: (w) => w.patient.plan.none },
  { page: 'password', state: 'first', at: '/password', as: 'ann', shows: (w) => w.signIn.choose.save },
  { page: 'password', state: 'too easy', at: '/password', as: 'ann', shows: (w) => w.signIn.faults.passwordMostUsed, does: (page, { signIn }) => fill(page, { [signIn.name]: 'annalise', [signIn.newPassword(10)]: 'sunshine2026' }, signIn.choose.save) }, // prettier-ignore
  { page: 'problem', state: 'no page', at: '/nowhere', as: 'ann', shows: (w) => w.problems.noPage.cause },
  { page: 'code', state: 'asks', at: '/sign-in/code', shows: (w) => w.account.code.sent },
  { page: 'account', state: 'new', at: '/account', as: 'ben', shows: (w) => w.account.passkey.none },
  { page: 'people', state: 'none', at: '/people', as: 'ben', shows: (w) => w.account.people.none },
  { page: 'people', state: 'one', at: async (world) => { await world.grant('ann', { name: 'Gwen Guardian', relationship: 'guardian', scope: ['appointments', 'messages'], from: '2026-11-23', to: '2027-12-31' }); return '/people' }, as: 'ann', shows: (w) => w.account.people.end('Gwen Guardian') }, // prettier-ignore
  // The last: what is held back stays so from here on.
  { page: 'messages', state: 'off', at: without({ 'messages.direction': 'off' }, '/messages'), as: 'ann', shows: (w) => w.patient.off.messages }, // prettier-ignore
  { page: 'home', state: 'answers are off', at: without({ 'confirmations.direction': 'off', 'requests.direction': 'off' }, '/'), as: 'ann', shows: (w) => w.patient.off.confirmations }, // prettier-ignore
]

/** The home page of somebody who may act for two. */
async function familyHome(world: PortalWorld, browser: Browser | undefined): Promise<string> {
  const path = await world.invite('cleo')
  await browser!.get(path)
  await browser!.post(path, { ...hiddenOf((await browser!.get(path)).text, path), date: world.known['cleo']!.birthDate, join: 'yes' }) // prettier-ignore
  await world.indexed()
  return '/'
}

/** The page of a new message that was written and not sent. */
async function keptDraft(_: PortalWorld, browser: Browser | undefined): Promise<string> {
  const { keep, place } = hiddenOf((await browser!.get('/messages')).text, '/messages') as { keep: string; place: string } // prettier-ignore
  await browser!.post('/drafts', { keep, place, subject: 'A question', text: 'May I drink coffee on the day before?' })
  return '/messages'
}
