/** Every page of a site's console in every state that it has, as a table like that of the portal. */
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { deskPassword, openDeskWorld, type DeskEvent, type DeskWorld } from '../server/desk-world.ts'
import { derivedUlid, mintUlid } from '../../src/replica/ids.ts'
import type { ReplyToRead } from '../../src/replica/kinds/replies.ts'
import type { ReviewKind } from '../../src/replica/kinds/reviews.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import type { Page } from 'playwright-core'
import type { PageState } from './patient-pages.ts'

export const staffPassword = deskPassword

/** A console with a first user, messages and a review. */
export async function openConsoleWorld(): Promise<DeskWorld> {
  const world = await openDeskWorld()
  const by = { role: 'site' as const, id: world.site.settings.siteId }
  await world.site.message({ patient: 1, subject: 'Before your visit', text: 'Please come ten minutes early.' })
  await world.site.message({ patient: 2, subject: 'Parking', text: 'Parking is free.' })
  await world.site.replica.change([
    { collection: 'reviews', key: mintUlid(world.clock), facts: { patient: (await world.site.bridge.documentOf('patients', 1))!, site: by.id, shown: false, reachable: false, startsAt: null }, add: { opened: { kind: 'opened', at: world.clock.now(), by, about: 'identity changed', why: 'Name and birth date of patient 1 were both changed, so this may be another person. Nothing more of this patient goes to the portal or comes from it.', todo: 'Check the patient in InSched. If it is the same person, resolve this item and everything flows.', patient: (await world.site.bridge.documentOf('patients', 1))! } } }, // prettier-ignore
  ])
  await prepareDay(world)
  await preparePayments(world)
  return world
}

/** Payments that are posted, refunded and disputed, one that waits since InSched has not its patient, and requests. */
async function preparePayments(world: DeskWorld): Promise<void> {
  const key = (await world.site.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await world.atPortal.head('patients', key))!.facts
  const [by, at] = [{ role: 'portal' as const, id: 'p' }, Date.now()]
  const one = async (minor: number, more: (payment: string) => object = () => ({})): Promise<void> => {
    const payment = mintUlid(world.clock)
    const said = { at, by, payment, amount: cents(minor) }
    await world.atPortal.change([{ collection: 'payments', key, facts, add: { [payment]: { kind: 'started', at, by: { role: 'patient', id: 'a', name: 'Annalise Quillfeather' }, amount: cents(minor) }, [`paid:${payment}`]: { kind: 'paid', ...said, transaction: `pi_3SYnPq${payment.slice(-12)}`, brand: 'visa', last4: '4242', authorization: '247388' }, ...more(payment) } }]) // prettier-ignore
  }
  await one(25_000)
  await one(12_000, (payment) => ({ [mintUlid(world.clock)]: { kind: 'refunded', at, by, payment, refund: 're_1', amount: cents(2_500), state: 'done' } })) // prettier-ignore
  await one(40_000, (payment) => ({ d: { kind: 'disputed', at, by, payment, dispute: 'dp_1', amount: cents(40_000), state: 'open' }, m: { kind: 'dispute money', at, by, payment, dispute: 'dp_1', movement: 'txn_1', amount: cents(40_000), moved: 'withdrawn' } })) // prettier-ignore
  await one(5_000, (payment) => ({ a: { kind: 'assigned', at, by, payment, to: mintUlid(world.clock), reason: 'A brother' } })) // prettier-ignore
  await world.site.requestPayment(1, { amount: cents(30_000), due: '2031-01-15', words: 'Deposit for your visit in January' }) // prettier-ignore
  await vi.waitFor(async () => {
    expect([(await world.site.payments('posted')).length, (await world.site.payments('waiting')).length]).toEqual([
      3, 1,
    ])
  }, 20_000)
}
const postedAt = async (w: DeskWorld, minor: number): Promise<string> => `/payments/${(await w.site.payments('posted')).find((one) => one.payment.amount.minor === minor)!.payment.id}` // prettier-ignore

/** A day on which patients answered, wrote and asked, with a thread that staff deal with, and a run that failed. */
async function prepareDay(world: DeskWorld): Promise<void> {
  const [one, two, three] = world.events as [DeskEvent, DeskEvent, DeskEvent]
  for (const { patient } of world.events.slice(0, 2)) await world.signsIn(patient)
  await world.site.message({ patient: one.patient, event: one.event, subject: 'Before your visit', text: 'Bring your glasses.' }) // prettier-ignore
  await world.confirms(one)
  await world.declines(two)
  await world.confirms(three, '2020-01-01T09:00')
  const thread = await world.writes(
    one.patient,
    'After the procedure',
    'May I drive the day after? My sister can bring me, but only in the morning.',
  )
  await world.writes(two.patient, 'Insurance card', 'My insurance has changed. What do you need?')
  await world.settled()
  await textsToRead(world, [one, two, three])
  const me = world.staff.named('Jo Desk')!.id
  const which = { thread, patient: one.patientKey }
  world.site.desk.assign(which, me, me)
  world.site.desk.note(which, 'Asked the doctor on Tuesday: not for 24 hours.', me)
  await world.site.message({ patient: one.patient, subject: 'After the procedure', text: 'Not for a day. Let your sister bring you.', thread }, { role: 'staff', id: me, initials: 'JD', name: 'Jo Desk' }) // prettier-ignore
  const { runs } = world.site.desk
  const failed = runs.begin('sync', me)
  runs.failed(
    failed,
    'Upload Records waits: the portal is not connected. Nothing is lost; it goes on by itself when the portal answers.',
  )
}
/** Texts that a person must read: about one event, about two, of a stranger, and one that was read. */
async function textsToRead(world: DeskWorld, [one, two, three]: readonly [DeskEvent, DeskEvent, DeskEvent]): Promise<void> {
  const about = ({ key, patientKey, startsAt }: DeskEvent) => ({ event: key, patient: patientKey, startsAt })
  const text = (id: string, said: string, events: readonly DeskEvent[], more: Partial<ReplyToRead> = {}, kind: ReviewKind = 'reply to read') => {
    const reply = { text: said, at: Date.now() - 600_000, message: id, recipient: 'number', quoted: 'Ann: appointment at Desert Bloom, Tue, Mar 3, 9:00 AM. Reply C to confirm, R to ask for another time, N if you can’t come.', why: 'mixed', about: events.map(about), ...more }
    const patient = events[0]?.patientKey ?? null
    return { collection: 'reviews' as const, key: replyId(id), facts: { patient, site: world.site.settings.siteId, shown: false, reachable: false, startsAt: null }, add: { opened: { kind: 'opened' as const, at: Date.now(), by: { role: 'portal' as const, id: 'p' }, about: kind, why: 'A text came that a person must read.', todo: 'Read it, and call or write to the patient. Nothing was changed in the schedule.', patient, reply } } }
  }
  await world.atPortal.change([
    text('one', 'Yes, is parking free? My sister brings me, and she cannot walk far from a street.', [one], { suggests: 'confirm' }),
    text('family', 'yes for him and I can’t', [one, two], { why: 'several events' }),
    text('stranger', 'Wrong number', [], {}, 'wrong number'),
    text('stopping', 'why so many texts', [three], { why: 'may opt out' }),
    text('read', 'ok thx, and bring what?', [three], {}),
  ])
  await world.settled()
  await world.site.resolve(replyId('read'), '', { role: 'staff', id: 'jo', initials: 'JD', name: 'Jo Desk' }, 'none of these')
} // prettier-ignore
const replyId = (id: string): string => derivedUlid('text received', id)

/** The path of the thread that `prepareDay` gave to the user, of its first event's day, of a run. */
const threadAt = async (w: DeskWorld): Promise<string> => `/inbox/${(await w.site.threads('')).find((one) => one.assigned !== null)!.thread}` // prettier-ignore
const dayAt = (w: DeskWorld, of = 0): string => `/today?day=${w.events[of]!.startsAt.slice(0, 10)}`
const running = (w: DeskWorld): string => {
  const { runs } = w.site.desk
  const id = runs.begin('upload', w.staff.named('Jo Desk')!.id)
  runs.waits(id, 480)
  runs.waits(id, 170)
  return `/runs/${id}`
}

/** The list of who gets what, once patients consent but one. */
async function textedAbout(w: DeskWorld): Promise<string> {
  w.insched.prepare("update patients set text_consent = case when patient_id = ? then 0 else 1 end, cell_phone = printf('+1 480 555 01%02d', patient_id)").run(w.events[0]!.patient) // prettier-ignore
  const [one, two] = w.events.slice(-2).map(({ patient }) => patient)
  const add = w.insched.prepare("insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status) values ('CONS', ?, 1, date('now', '+9 days') || 'T10:00', 30, '[]', 'None')") // prettier-ignore
  for (const patient of [one, two]) if (w.insched.prepare("select count(*) from events where patient_id = ? and starts_at = date('now', '+9 days') || 'T10:00'").pluck().get(patient) === 0) add.run(patient) // prettier-ignore
  await w.site.upload()
  return '/synchronization/texts/who'
}

/** The list of who gets what, while texts do not go out. */
async function silent(w: DeskWorld): Promise<string> {
  const key = derivedUlid('texts silent')
  const facts = { patient: null, site: w.site.settings.siteId, shown: false, reachable: false, startsAt: null }
  const opened = { kind: 'opened' as const, at: w.clock.now(), by: { role: 'portal' as const, id: 'p' }, about: 'texts silent' as const, why: '12 reminders should have gone out at 2027-03-03 09:00; 0 did. The provider refused 12 (code 30034).', todo: 'Ask whoever runs the portal.' } // prettier-ignore
  await w.atPortal.change([{ collection: 'reviews', key, facts, add: { opened } }])
  await w.settled()
  return '/synchronization/texts/who'
}

/** Ticks every event of the day that is shown, and goes on to writing. */
const tickAll = async (page: Page, button: string): Promise<void> => {
  for (const box of await page.getByRole('checkbox').all()) await box.check()
  await page.getByRole('button', { name: button }).click()
}

/** What leaves, once the portal has narrowed the events and erased the plans. */
const narrowedAndErased = async (w: DeskWorld): Promise<string> => {
  await w.portal.narrow(w.site.settings.siteId, [{ key: 'events.daysAhead', value: '30' }], 'operator')
  await w.site.mirror.set({ key: 'plans', value: 'off', content: 'erase' })
  await w.site.upload()
  await expect.poll(async () => (await w.site.mirror.show()).receipts['plans'] ?? 0).toBeGreaterThan(0)
  await expect.poll(() => w.site.mirror.standing().portals['events.daysAhead']).toBe('30')
  return '/synchronization/mirror'
}

/** InSched's database is put back to a copy that lacks a confirmation. */
async function restored(w: DeskWorld): Promise<string> {
  if ((await w.site.status()).putBack) return '/'
  if (w.site.backup.status().until !== null) await w.site.backup.end()
  const [file, copy] = [join(w.dir, 'insched.db'), join(w.dir, 'copy.db')]
  copyFileSync(file, copy)
  const { key: event, startsAt } = w.events[6]!
  await w.site.confirm({ event, startsAt, type: 'Phone' })
  await w.settled()
  renameSync(copy, file)
  await expect.poll(async () => (await w.site.status()).putBack, { timeout: 10_000 }).not.toBeNull()
  return '/'
}

/** A patient whose page is short. */
const withoutPlan = (w: DeskWorld): string => String(w.insched.prepare('select min(patient_id) from patients where portal_enabled = 1 and patient_id not in (select patient_id from plans)').pluck().get()) // prettier-ignore

/** A part of a last name that several have. */
const some = 'a'

export const consolePages: readonly PageState<DeskWorld>[] = [
  { page: 'sign-in', state: 'empty', at: '/sign-in', shows: (w) => w.signIn.staff.name },
  { page: 'sign-in', state: 'wrong', at: '/sign-in', shows: (w) => w.signIn.staff.wrong, does: async (page, { signIn }, { clock }) => { clock.advance(600_000); await page.getByLabel(signIn.staff.name).fill(`somebody ${clock.now()}`); await page.getByLabel(signIn.password).fill('wrong'); await page.getByRole('button', { name: signIn.signIn, exact: true }).click() } }, // prettier-ignore
  { page: 'status', state: 'connected', at: '/', as: 'Jo Desk', shows: (w) => w.console.status.lastContact },
  { page: 'status', state: 'uploaded', at: '/', as: 'Jo Desk', shows: (w) => w.console.status.uploaded({ patients: 12, plans: 0, stages: 0, events: 0 }, '').slice(0, 12), does: (page, { console }) => page.getByRole('button', { name: console.status.upload }).click() }, // prettier-ignore
  { page: 'status', state: 'tested', at: '/', as: 'Jo Desk', shows: (w) => w.desk.runs.testRight, does: (page, { desk }) => page.getByRole('button', { name: desk.strip.test }).first().click() }, // prettier-ignore
  { page: 'run', state: 'under way', at: running, as: 'Jo Desk', shows: (w) => w.desk.runs.part(310, 480) },
  { page: 'run', state: 'failed', at: (w) => `/runs/${w.site.desk.runs.newest(50).find((one) => one.state === 'failed')!.id}`, as: 'Jo Desk', shows: (w) => w.desk.runs.acknowledge }, // prettier-ignore
  { page: 'run', state: 'unknown', at: '/runs/none', as: 'Jo Desk', shows: (w) => w.desk.runs.unknown.cause },
  { page: 'today', state: 'some', at: (w) => dayAt(w), as: 'Jo Desk', shows: (w) => w.desk.today.readBack },
  { page: 'today', state: 'wants change', at: (w) => `${dayAt(w, 1)}&filter=wants-change`, as: 'Jo Desk', shows: (w) => w.desk.today.declines }, // prettier-ignore
  { page: 'today', state: 'none', at: '/today?day=2031-01-01', as: 'Jo Desk', shows: (w) => w.desk.today.none },
  { page: 'several', state: 'writes', at: (w) => dayAt(w), as: 'Jo Desk', shows: (w) => w.desk.bulk.look, does: (page, { desk }) => tickAll(page, desk.today.writeAll) }, // prettier-ignore
  { page: 'several', state: 'looks', at: (w) => dayAt(w), as: 'Jo Desk', shows: (w) => w.desk.bulk.asSeen, does: async (page, { console: { send }, desk }) => { await tickAll(page, desk.today.writeAll); await page.getByLabel(send.subject).fill('Half an hour late'); await page.getByLabel(send.message).fill('We are half an hour late today. You may come later.'); await page.getByRole('button', { name: desk.bulk.look }).click() } }, // prettier-ignore
  { page: 'event', state: 'confirmed', at: (w) => `/events/${w.events[0]!.key}`, as: 'Jo Desk', shows: (w) => w.desk.today.readBackFrom }, // prettier-ignore
  { page: 'event', state: 'declined', at: (w) => `/events/${w.events[1]!.key}`, as: 'Jo Desk', shows: (w) => w.desk.today.answeredIn.declined }, // prettier-ignore
  { page: 'event', state: 'set aside', at: (w) => `/events/${w.events[2]!.key}`, as: 'Jo Desk', shows: (w) => w.desk.today.asideWhy }, // prettier-ignore
  { page: 'event', state: 'confirmed in person', at: async (w) => {
    const { key: event, startsAt } = w.events[6]!
    await w.site.confirm({ event, startsAt, type: 'In Person' })
    await w.settled()
    return `/events/${event}`
  }, as: 'Jo Desk', shows: (w) => w.desk.today.answeredIn.inPerson }, // prettier-ignore
  { page: 'event', state: 'nothing', at: (w) => `/events/${w.events[5]!.key}`, as: 'Jo Desk', shows: (w) => w.desk.today.nothingYet }, // prettier-ignore
  { page: 'event', state: 'unknown', at: '/events/none', as: 'Jo Desk', shows: (w) => w.desk.today.unknown.cause },
  { page: 'inbox', state: 'unassigned', at: '/inbox', as: 'Jo Desk', shows: (w) => w.desk.inbox.unanswered },
  { page: 'inbox', state: 'mine', at: '/inbox?box=mine', as: 'Jo Desk', shows: (w) => w.desk.inbox.answered },
  { page: 'inbox', state: 'done', at: '/inbox?box=done', as: 'Jo Desk', shows: (w) => w.desk.reviews.resolutions['none of these'] }, // prettier-ignore
  { page: 'reply', state: 'about one event', at: `/inbox/replies/${replyId('one')}`, as: 'Jo Desk', shows: (w) => w.replies.why.mixed }, // prettier-ignore
  { page: 'reply', state: 'about two events', at: `/inbox/replies/${replyId('family')}`, as: 'Jo Desk', shows: (w) => w.replies.save }, // prettier-ignore
  { page: 'reply', state: 'of a stranger', at: `/inbox/replies/${replyId('stranger')}`, as: 'Jo Desk', shows: (w) => w.replies.nobody }, // prettier-ignore
  { page: 'reply', state: 'may opt out', at: `/inbox/replies/${replyId('stopping')}`, as: 'Jo Desk', shows: (w) => w.replies.why['may opt out'] }, // prettier-ignore
  { page: 'reply', state: 'read', at: `/inbox/replies/${replyId('read')}`, as: 'Jo Desk', shows: (w) => w.desk.reviews.resolutions['none of these'] }, // prettier-ignore
  { page: 'reply', state: 'unknown', at: '/inbox/replies/none', as: 'Jo Desk', shows: (w) => w.replies.unknown.cause },
  { page: 'inbox routes', state: 'some', at: (w) => { if (w.site.desk.routes().length === 0) w.site.desk.addRoute({ words: ['bill', 'invoice'], location: null, user: w.staff.named('Jo Desk')!.id }); return '/inbox-routes' }, as: 'Jo Desk', shows: (w) => w.desk.inbox.routes.new }, // prettier-ignore
  { page: 'thread', state: 'with notes', at: threadAt, as: 'Jo Desk', shows: (w) => w.desk.inbox.notesHow },
  { page: 'thread', state: 'unknown', at: '/inbox/none', as: 'Jo Desk', shows: (w) => w.desk.inbox.unknown.cause },
  { page: 'send', state: 'about an event', at: (w) => `/events/${w.events[0]!.key}`, as: 'Jo Desk', shows: (w) => w.console.send.message, does: (page, { desk }) => page.getByRole('button', { name: desk.today.write }).click() }, // prettier-ignore
  { page: 'send', state: 'asks', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.find },
  { page: 'send', state: 'found', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.number(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click() } }, // prettier-ignore
  { page: 'send', state: 'nobody', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.nobody, does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill('Zyzzyva'); await page.getByRole('button', { name: send.findButton }).click() } }, // prettier-ignore
  { page: 'send', state: 'writes', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.to(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/send/to"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'send', state: 'invited', at: '/send', as: 'Jo Desk', shows: (w) => w.console.send.invitationFor(1), does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/invite"]:has([value="1"]) button').first().click() } }, // prettier-ignore
  { page: 'recent', state: 'some', at: '/recent?said=sent', as: 'Jo Desk', shows: (w) => w.console.said.sent },
  { page: 'recent', state: 'filtered', at: '/recent', as: 'Jo Desk', shows: (w) => w.desk.recent.noneSo, does: async (page, { desk: { recent } }) => { await page.getByText(recent.filter, { exact: true }).click(); await page.getByLabel(recent.since).fill('2031-01-01'); await page.getByRole('button', { name: recent.apply }).click() } }, // prettier-ignore
  { page: 'audit', state: 'some', at: '/audit', as: 'Jo Desk', shows: (w) => w.desk.audit.what },
  { page: 'audit', state: 'none', at: '/audit', as: 'Jo Desk', shows: (w) => w.desk.audit.none, does: async (page, { desk: { audit, recent } }) => { await page.getByText(recent.filter, { exact: true }).click(); await page.getByLabel(audit.since).fill('2031-01-01'); await page.getByRole('button', { name: recent.apply }).click() } }, // prettier-ignore
  { page: 'reviews', state: 'resolved', at: '/reviews?box=resolved', as: 'Jo Desk', shows: (w) => w.desk.reviews.resolutions['none of these'] }, // prettier-ignore
  { page: 'reviews', state: 'some', at: '/reviews', as: 'Jo Desk', shows: (w) => w.console.reviews.todo },
  { page: 'timing', state: 'wrong', at: '/synchronization', as: 'Jo Desk', shows: (w) => w.synchronization.wrong.notTaken['timing.everyMinutes'], does: async (page, { synchronization: { timing, save } }) => { await page.getByLabel(timing.everyMinutes).fill('often'); await page.getByLabel(timing.from, { exact: false }).first().fill('22:00'); await page.getByRole('button', { name: save }).click() } }, // prettier-ignore
  { page: 'backups', state: 'some', at: async (w) => { await w.site.preferences.set('backup.windows', 'Sunday 02:00 90, Wednesday 23:30 60'); return '/synchronization/backups' }, as: 'Jo Desk', shows: (w) => w.synchronization.wrong.together['window too long'], does: async (page, { synchronization: { backups } }) => { await page.locator('form[action$="/add"] [name="minutes"]').fill('300'); await page.getByRole('button', { name: backups.addButton }).click() } }, // prettier-ignore
  { page: 'proxy', state: 'wrong', at: '/synchronization/proxy', as: 'Jo Desk', shows: (w) => w.synchronization.wrong.notTaken['proxy.address'], does: async (page, { synchronization: { proxy, save } }) => { await page.getByLabel(proxy.kinds.named).check(); await page.getByLabel(proxy.at).fill('proxy.example'); await page.getByRole('button', { name: save }).click() } }, // prettier-ignore
  { page: 'mirror', state: 'of patients', at: '/synchronization/mirror/patients', as: 'Jo Desk', shows: (w) => w.synchronization.mirror.preview }, // prettier-ignore
  { page: 'mirror', state: 'asks to erase', at: '/synchronization/mirror/messages', as: 'Jo Desk', shows: (w) => w.synchronization.change.makeErasing, does: async (page, { synchronization: { mirror } }) => { await page.getByLabel(mirror.ways.erased).check(); await page.getByRole('button', { name: mirror.preview }).click() } }, // prettier-ignore
  { page: 'texts', state: 'rules', at: async (w) => { await w.site.texts.set('rule/late', 'reminder 3 hours before at location 1 if not confirmed arrive 15 minutes early with calendar link'); return '/synchronization/texts' }, as: 'Jo Desk', shows: (w) => w.textRules.settings.notTaken.window, does: async (page, { textRules: { settings }, synchronization: { save } }) => { await page.locator('#until').fill(''); await page.locator('#perDay').fill('0'); await page.locator('form[action="/synchronization/texts"]').filter({ has: page.getByLabel(settings.names.perDay) }).evaluate((form: HTMLFormElement) => { form.noValidate = true }); await page.getByRole('button', { name: save, exact: true }).first().click() } }, // prettier-ignore
  { page: 'texts', state: 'rule looked at', at: textedAbout, as: 'Jo Desk', shows: (w) => w.textRules.sample.title, does: async (page, { textRules: { rule } }) => { await page.goto(page.url().replace('/who', '/rules/reminder')); await page.getByLabel(rule.lead).fill('2'); await page.getByRole('button', { name: rule.look }).click() } }, // prettier-ignore
  { page: 'texts', state: 'words as they are written', at: '/synchronization/texts/words/confirmation-request/es', as: 'Jo Desk', shows: () => 'Ana, nos vemos', does: async (page, { textRules: { words } }) => { await page.getByLabel(words.source).fill('{first name}, nos vemos el {when} en {practice}. Responda C.') } }, // prettier-ignore
  { page: 'texts', state: 'who gets what', at: async (w) => `${await textedAbout(w)}?days=30`, as: 'Jo Desk', shows: (w) => w.textRules.who.whom, does: async (page) => page.locator('summary').first().click() }, // prettier-ignore
  { page: 'texts', state: 'that do not go out', at: silent, as: 'Jo Desk', shows: (w) => w.desk.reviews.kinds['texts silent'] }, // prettier-ignore
  { page: 'preview', state: 'of a patient', at: '/synchronization/preview', as: 'Jo Desk', shows: (w) => w.synchronization.mirror.fields.patients.birthDate, does: async (page, { synchronization: { preview } }, w) => { await page.getByLabel(preview.patient).fill(withoutPlan(w)); await page.getByRole('button', { name: preview.look, exact: true }).click() } }, // prettier-ignore
  { page: 'mirror', state: 'narrowed and erased', at: narrowedAndErased, as: 'Jo Desk', shows: (w) => w.synchronization.mirror.needed.birthDate, does: async (page, { synchronization: { mirror } }) => { await page.getByText(mirror.receiptsHow).waitFor(); await page.getByText(mirror.fieldsThatLeave(mirror.collections.patients)).click() } }, // prettier-ignore
  { page: 'payments', state: 'needs posting', at: '/payments', as: 'Jo Desk', shows: (w) => w.payments.states.waiting },
  {
    page: 'payments',
    state: 'posted',
    at: '/payments?box=posted',
    as: 'Jo Desk',
    shows: (w) => w.payments.transaction,
  },
  {
    page: 'payments',
    state: 'requests',
    at: '/payments?box=requests',
    as: 'Jo Desk',
    shows: (w) => w.payments.withdraw,
  },
  { page: 'payment', state: 'one', at: (w) => postedAt(w, 12_000), as: 'Jo Desk', shows: (w) => w.payments.refund, does: async (page, { payments }) => { await page.getByText(payments.refund, { exact: true }).click(); await page.getByText(payments.assign, { exact: true }).click() } }, // prettier-ignore
  { page: 'payment', state: 'disputed', at: (w) => postedAt(w, 40_000), as: 'Jo Desk', shows: (w) => w.payments.disputeStates.open }, // prettier-ignore
  { page: 'payment', state: 'too much', at: (w) => postedAt(w, 12_000), as: 'Jo Desk', shows: (w) => w.payments.tooMuch, does: async (page, { payments }) => { await page.getByText(payments.refund, { exact: true }).click(); await page.getByLabel(payments.refundAmount).fill('1000'); await page.getByLabel(payments.reason).first().fill('x'); await page.getByRole('button', { name: payments.refundButton }).click() } }, // prettier-ignore
  { page: 'users', state: 'one', at: '/users', as: 'Jo Desk', shows: (w) => w.staff.users.add },
  { page: 'access', state: 'none', at: '/send', as: 'Jo Desk', shows: (w) => w.staff.access.grant, does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/access"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'reached', state: 'nothing chosen', at: '/send', as: 'Jo Desk', shows: (w) => w.reached.save, does: async (page, { console: { send } }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/reached"]:has([value="1"]) button').click() } }, // prettier-ignore
  { page: 'reached', state: 'chosen', at: '/send', as: 'Jo Desk', shows: (w) => w.reached.same, does: async (page, { console: { send }, reached }) => { await page.getByLabel(send.find).fill(some); await page.getByRole('button', { name: send.findButton }).click(); await page.locator('form[action="/reached"]:has([value="1"]) button').click(); await page.getByLabel(reached.noneByItself).check(); for (let i = 0; i < 2; i++) await Promise.all([page.waitForURL('**/reached/choose'), page.getByRole('button', { name: reached.save, exact: true }).click()]) } }, // prettier-ignore
  { page: 'problem', state: 'no page', at: '/nowhere', as: 'Jo Desk', shows: (w) => w.problems.noConsolePage.cause },
  // The last: InSched's database is away from here on.
  { page: 'backups', state: 'on', at: async (w) => { await w.site.backup.begin(30); return '/synchronization/backups' }, as: 'Jo Desk', shows: (w) => w.synchronization.backups.end }, // prettier-ignore
  { page: 'status', state: 'restored', at: restored, as: 'Jo Desk', shows: (w) => w.desk.status.restored.title },
]
