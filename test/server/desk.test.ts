/** The console of a day: what is told of an event, the inbox with notes that stay here, Recent Communications, reviews, runs, and the reader of the trail. */
import Database from 'better-sqlite3'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvOf } from '../../src/server/console/csv.ts'
import { routeFor } from '../../src/server/console/inbox-sqlite.ts'
import { mentionedIn } from '../../src/server/console/thread-page.ts'
import { openDesk } from '../../src/server/console/desk-sqlite.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { folder, master } from '../replica/world.ts'
import { setUpFactor } from './authenticator.ts'
import { openDeskWorld, type DeskEvent, type DeskWorld } from './desk-world.ts'
import { browserOf, hiddenOf, type Browser } from './world.ts'

let world: DeskWorld
let admin: Browser
beforeAll(async () => {
  world = await openDeskWorld()
  admin = world.admin
})
afterAll(() => world.close())

const csrf = async (): Promise<string> => (await admin.hidden('/', '/sign-out'))['csrf']!
const post = async (path: string, fields: Record<string, string>) => admin.post(path, { csrf: await csrf(), ...fields })
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
/** As a page writes it. */
const nameOf = (patient: number): string => (world.insched.prepare("select first_name || ' ' || last_name from patients where patient_id = ?").pluck().get(patient) as string).replaceAll("'", '&#39;') // prettier-ignore
const at = (one: DeskEvent): string => one.startsAt.slice(0, 10)

describe('every page', () => {
  it('says how the site is in one big word, with what waits and what comes next', async () => {
    for (const path of ['/', '/today', '/inbox', '/send', '/recent', '/reviews', '/users', '/audit', '/nowhere']) {
      const { text } = await admin.get(path)
      const strip = words(/<section class="strip"[\s\S]*?<\/section>/.exec(text)?.[0] ?? '')
      expect(strip, path).toMatch(/^ ?(Working|Behind) Last contact .+ Out \d+ In \d+ Oldest unwritten .+ Next sync .+ To acknowledge \d+ Sync now Test connection/) // prettier-ignore
    }
  })
})

describe('a day', () => {
  it('shows each event with when the patient answered, when it came here, was written and read back', async () => {
    const [event] = world.events
    const before = await admin.get(`/today?day=${at(event!)}&filter=not-confirmed`)
    expect(before.text).toContain(nameOf(event!.patient))
    await world.confirms(event!)
    await world.settled()
    const story = (await world.site.event(event!.key))!
    const answer = story.answers[0]!
    expect(answer.state === 'written' && answer.readBackAt).toBeGreaterThanOrEqual(answer.state === 'written' ? answer.writtenAt : Infinity) // prettier-ignore
    await expect.poll(async () => (await world.site.event(event!.key))!.receivedAt).toBeGreaterThanOrEqual(answer.at)
    const { text } = await admin.get(`/events/${event!.key}`)
    expect(words(text)).toMatch(/What happened Patient confirmed .+ Received here .+ Written into InSched: Last Confirmed .+ Read back from InSched/) // prettier-ignore
    expect((await admin.get(`/today?day=${at(event!)}`)).text).toContain(nameOf(event!.patient))
    const left = (await world.site.day(at(event!))).filter((one) => one.lastConfirmed === null && one.wish === null)
    expect(left.map((one) => one.key)).not.toContain(event!.key)
  })
  it('says of each rule for texts why it told, when it will, or why not; a rule that an admin removes is not spoken of', async () => {
    const { key } = world.events[0]!
    const texts = async (): Promise<string> => /Texts\s+(Confirmation request\s*: .*)Events of/.exec(words((await admin.get(`/events/${key}`)).text))?.[1] ?? '' // prettier-ignore
    expect(await texts()).toMatch(/Confirmation request\s*: .+ Reminder\s*: .+/)
    await world.site.texts.set('rule/two', 'off reminder 2 hours before')
    expect((await texts()).match(/Reminder/g)).toHaveLength(2)
    expect((await post('/synchronization/texts/rules/remove', { rule: 'two' })).status).toBe(303)
    expect((await texts()).match(/Reminder/g)).toHaveLength(1)
  })
  it('staff hold the texts of an event, let them go, and send one by hand, each with their initials (R31)', async () => {
    const event = world.events.at(-1)!
    const page = async (): Promise<string> => words((await admin.get(`/events/${event.key}`)).text)
    await world.site.texts.set('sending', 'on')
    expect(await page()).toContain('Hold the texts of this event')
    await post(`/events/${event.key}/hold`, {})
    expect(await page()).toMatch(/The texts of this event are held\. .*Held by JD, .+ Let them go/)
    await post(`/events/${event.key}/let-go`, {})
    expect(await page()).not.toContain('Held by')
    const text = { rule: 'reminder', what: 'reminder', startsAt: event.startsAt }
    expect((await post(`/events/${event.key}/send`, { ...text, startsAt: '2027-01-05T10:00' })).status).toBe(404)
    expect((await post(`/events/${event.key}/send`, text)).status).toBe(303)
    const said = await world.site.replica.entries('communications', event.patientKey)
    expect(said.map((one) => [one.kind, one.by.initials])).toEqual(expect.arrayContaining([['hold', 'JD'], ['send now', 'JD']])) // prettier-ignore
    await world.site.texts.set('sending', 'off')
  })
  it('[TEXT-19] staff choose how a patient is reached, with their initials and in the trail; the event says at once what that comes to (R29)', async () => {
    const event = world.events.at(-1)!
    await world.site.texts.set('sending', 'on')
    const page = async (): Promise<string> => words((await admin.get(`/events/${event.key}`)).text)
    expect(await page()).toContain('How a patient is reached')
    const patient = String(event.patient)
    expect(words((await post('/reached', { patient })).text)).toMatch(/Text .+ Email .+ What comes first/)
    const saved = words((await post('/reached/choose', { patient, prefers: 'email', 'never by itself': 'yes' })).text)
    expect(saved).toMatch(/Saved\. .+ Chosen last by JD, /)
    expect(await page()).toContain('The patient gets nothing that is sent by itself: somebody chose so.')
    expect(await page()).not.toMatch(/Goes out (by email )?\w+day/)
    const { choice, chosen } = foldCommunications(await world.site.replica.entries('communications', event.patientKey))
    expect([choice, chosen!.by.initials]).toEqual([{ prefers: 'email', noText: false, noEmail: false, noneByItself: true }, 'JD']) // prettier-ignore
    expect(words((await post('/reached/choose', { patient, prefers: 'email', 'never by itself': 'yes' })).text)).toContain('Nothing was different') // prettier-ignore
    expect((await post('/reached/choose', { patient, prefers: 'pigeon' })).status).toBe(400)
    expect((await post('/reached/choose', { patient: '999999', prefers: 'any' })).status).toBe(400)
    expect(words((await admin.get('/audit')).text)).toMatch(/channels chosen .*prefers email.*noneByItself true/)
    await post('/reached/choose', { patient, prefers: 'any' })
    await world.site.texts.set('sending', 'off')
  })
  it('a confirmation that InSched lost again is not said to be read back', async () => {
    const event = world.events[1]!
    // Somebody clears what the agent writes, in the same transaction.
    world.insched
      .exec(`create trigger undo after update of last_confirmed_date on events when new.event_id = ${event.event} and new.last_confirmed_date is not null
      begin update events set last_confirmed_date = null, confirmation_type = null where event_id = new.event_id; end`)
    await world.confirms(event)
    await world.settled()
    world.insched.exec('drop trigger undo')
    const answer = (await world.site.event(event.key))!.answers[0]!
    expect(answer.state).toBe('written')
    expect(answer.state === 'written' && answer.readBackAt).toBeNull()
  })
  it('staff who hear it confirm by phone or in person, for the start that they see, with their initials', async () => {
    const event = world.events[5]!
    const { text } = await admin.get(`/events/${event.key}`)
    expect(words(text)).toContain('The patient confirms to you')
    const form = { startsAt: event.startsAt, type: 'In Person' }
    expect((await post(`/events/${event.key}/confirm`, { ...form, startsAt: '2027-01-05T10:00' })).status).toBe(404)
    expect((await post(`/events/${event.key}/confirm`, form)).status).toBe(303)
    await world.settled()
    expect(world.insched.prepare('select confirmation_type from events where event_id = ?').pluck().get(event.event)).toBe('In Person') // prettier-ignore
    expect(words((await admin.get(`/events/${event.key}`)).text)).toMatch(/Confirmed in person .+, JD Written into InSched: Last Confirmed .+ Read back/) // prettier-ignore
  })
  it('finds who wants a change, and who could not be told, with why', async () => {
    const event = world.events[2]!
    await world.declines(event)
    await world.settled()
    await expect.poll(async () => (await admin.get(`/today?day=${at(event)}&filter=wants-change`)).text).toContain(nameOf(event.patient)) // prettier-ignore
    const told = async () => (await admin.get(`/today?day=${at(event)}&filter=not-told`)).text
    expect(words(await told())).toContain('Has never signed in')
    for (const one of await world.site.day(at(event))) await world.signsIn(one.patient.local!)
    expect(words(await told())).toContain('None of this kind')
    await world.site.message({ patient: event.patient, event: event.event, subject: 'Your visit', text: 'See you' })
    expect(words((await admin.get(`/events/${event.key}`)).text)).toContain('Told by message: Your visit')
  })
  it('one message goes to the patients of all ticked events: looked at first, with who does not get it and why, and once', async () => {
    const [one, two] = [world.events[3]!, world.events[4]!]
    await world.signsIn(one.patient)
    const ticked = { [`event ${one.key}`]: 'yes', [`event ${two.key}`]: 'yes' }
    expect(words((await post('/today/write', ticked)).text)).toMatch(/1 patient gets it.*1 patient does not get it.*Has never signed in/) // prettier-ignore
    const said = { subject: 'Late-vermilion', text: 'We are half an hour late.' }
    expect((await post('/today/check', { ...ticked, subject: '', text: said.text })).text).toContain('Write a subject and a message.') // prettier-ignore
    expect((await world.site.event(one.key))!.allTold).toEqual([])
    const page = (await post('/today/check', { ...ticked, ...said })).text
    expect(words(page)).toContain('Send to 1 patient')
    const form = hiddenOf(page, '/today/send')
    await Promise.all([admin.post('/today/send', form), admin.post('/today/send', form)])
    expect((await admin.post('/today/send', form)).headers.get('location')).toContain('said=sentAll')
    expect((await world.site.event(one.key))!.allTold.map((told) => told.subject)).toEqual(['Late-vermilion'])
    expect((await world.site.event(two.key))!.allTold).toEqual([])
    expect((await post('/today/write', { [`event ${two.key}`]: 'yes' })).status).toBe(400)
  })
  it.each(['2026-02-31', 'tomorrow', '2026-1-1', '%00'])('a day like %s is today', async (day) => {
    const { status, text } = await admin.get(`/today?day=${day}`)
    expect(status).toBe(200)
    expect(text).not.toContain('February 31')
  })
})

describe('the inbox', () => {
  let thread: string
  const box = async (which: string): Promise<string> => words((await admin.get(`/inbox?box=${which}`)).text)
  it('has what patients write, unassigned and new, until it is seen', async () => {
    thread = await world.writes(1, 'Question-saffron', 'May I drive?')
    await world.settled()
    expect(await box('unassigned')).toMatch(/Question-saffron .*May I drive\? New Not answered/)
    const { text } = await admin.get(`/inbox/${thread}`)
    expect(text).toContain('May I drive?')
    expect(await box('unassigned')).toMatch(/May I drive\? Not answered/)
  })
  it('[DOM-10] has the thread of a Donor under the Survivor, where it is answered and closed, and gives it back on Uncombine', async () => {
    const [donor, survivor] = [2, 3]
    world.insched.exec('update patients set portal_enabled = 1 where patient_id in (2, 3)')
    const old = await world.writes(donor, 'Question-ochre', 'Which door?')
    await world.settled()
    world.insched.exec(`update patients set survivor_id = ${survivor} where patient_id = ${donor}`)
    await world.settled()
    const told = async () => (await world.site.thread(old, 'u'))?.patient.local
    await expect.poll(told).toBe(survivor)
    await world.site.message({ patient: survivor, subject: 'Question-ochre', text: 'The blue one.', thread: old })
    await world.settled()
    expect((await world.site.thread(old, 'u'))!.messages.map((one) => one.text)).toEqual(['Which door?', 'The blue one.']) // prettier-ignore
    await world.site.closeThread(survivor, old)
    world.insched.exec(`update patients set survivor_id = null where patient_id = ${donor}`)
    await world.settled()
    const donorKey = await world.site.bridge.documentOf('patients', donor)
    const rows = async () => (await world.site.replica.index({ view: 'message', patient: donorKey! })).filter((row) => (row.body as { thread?: string }).thread === old) // prettier-ignore
    await expect.poll(async () => (await rows()).length).toBe(1)
  })
  it('[O6] is assigned, answered, closed and reopened, each with the time and who', async () => {
    const me = world.staff.named('Jo Desk')!.id
    await post('/inbox/assign', { thread, to: me })
    expect(await box('mine')).toContain('Question-saffron')
    expect(await box('unassigned')).not.toContain('Question-saffron')
    expect((await post('/inbox/reply', { thread, text: 'Not for a day.' })).headers.get('location')).toContain('said=answered') // prettier-ignore
    expect(await box('mine')).toMatch(/Not for a day\. Answered/)
    await post('/inbox/close', { thread })
    expect(await box('done')).toContain('Question-saffron')
    await post('/inbox/reopen', { thread })
    await post('/inbox/close', { thread })
    expect(world.site.desk.stepsOf(thread).map((one) => one.did)).toEqual(['assigned', 'closed', 'reopened', 'closed'])
    for (const step of world.site.desk.stepsOf(thread)) expect(step).toMatchObject({ by: me, at: expect.any(Number) as number }) // prettier-ignore
    expect(words((await admin.get(`/inbox/${thread}`)).text)).toMatch(/Who did what Assigned to Jo Desk by Jo Desk/)
  })
  it('a message that comes after a thread was closed opens it again', async () => {
    world.site.desk.closeThread({ thread, patient: 'x' }, 'somebody')
    await expect.poll(() => Date.now()).toBeGreaterThan(world.site.desk.careOf(thread).closedAt!)
    await world.writes(1, 'Question-saffron', 'And cycle?', thread)
    await world.settled()
    expect(await box('mine')).toMatch(/And cycle\? New Not answered/)
  })
  it('an answer goes into the thread that it answers, at the portal too', async () => {
    await world.site.upload()
    const entries = await world.atPortal.entries('messages', (await world.site.bridge.documentOf('patients', 1))!)
    expect(entries.flatMap((one) => (one.kind === 'message' && one.thread === thread ? [one.text] : []))).toContain('Not for a day.') // prettier-ignore
    await expect(world.site.message({ patient: 2, subject: 'a', text: 'b', thread })).rejects.toThrow('There is no such thread') // prettier-ignore
  })
  it('what nobody has read is taken back within half an hour, and leaves a trace; a patient’s never', async () => {
    const found = (await world.site.thread(thread, ''))!
    const ours = found.messages.find((one) => one.text === 'Not for a day.')!
    const theirs = found.messages.find((one) => one.isIn)!
    expect((await post('/inbox/retract', { thread, entry: theirs.id })).status).toBe(409)
    expect((await post('/inbox/retract', { thread, entry: ours.id })).headers.get('location')).toContain('said=retracted') // prettier-ignore
    const { text } = await admin.get(`/inbox/${thread}`)
    expect(text).not.toContain('Not for a day.')
    expect(words(text)).toContain('Retracted')
    await world.site.message({ patient: 1, subject: 'a', text: 'Read by the patient', thread })
    const read = (await world.site.thread(thread, ''))!.messages.at(-1)!
    const by = { role: 'patient' as const, id: 'p' }
    await world.site.replica.change([{ collection: 'messages', key: found.patient.key, add: { r: { kind: 'read', at: Date.now(), by, entry: read.id } } }]) // prettier-ignore
    expect((await post('/inbox/retract', { thread, entry: read.id })).status).toBe(409)
  })
  it('an answer that was begun is kept for who began it, on top of the inbox, until it is sent', async () => {
    const other = await world.writes(2, 'Newer-topic', 'And I?')
    await world.settled()
    await post('/inbox/assign', { thread: other, to: world.staff.named('Jo Desk')!.id })
    expect((await post('/inbox/draft', { thread, text: 'Begun-amber' })).headers.get('location')).toContain('said=kept')
    expect(await box('mine')).toMatch(/Question-saffron.*Answer begun.*Newer-topic/)
    expect((await admin.get(`/inbox/${thread}`)).text).toContain('Begun-amber')
    expect((await world.site.thread(thread, 'somebody else'))!.draft).toBeNull()
    for (const file of globSync('**/desk.sqlite*', { cwd: world.dir })) expect(readFileSync(join(world.dir, file)).includes('Begun-amber')).toBe(false) // prettier-ignore
    await post('/inbox/reply', { thread, text: 'Finished' })
    expect(await box('mine')).not.toContain('Answer begun')
  })
  it('a note that names somebody puts the thread before them until they have looked; nobody else', async () => {
    expect(mentionedIn('Ask @jd, not mail@KL.example or @XX', [{ id: 'jo', initials: 'JD', disabled: false }, { id: 'k', initials: 'KL', disabled: false }])).toEqual(['jo']) // prettier-ignore
    const asked = await world.writes(2, 'Asked-topic', 'Hello?')
    await world.settled()
    expect(await box('mine')).not.toContain('Asked-topic')
    await post('/inbox/note', { thread: asked, text: '@JD do you know?' })
    expect(await box('mine')).toMatch(/Asked-topic.*You are asked to look/)
    await admin.get(`/inbox/${asked}`)
    expect(await box('mine')).not.toContain('You are asked to look')
  })
  it('a new thread goes to whom its subject or its location says, but what was given by hand stays', async () => {
    const me = world.staff.named('Jo Desk')!.id
    expect((await post('/inbox-routes', { words: '', location: '', user: me })).status).toBe(400)
    expect((await post('/inbox-routes', { words: 'bill', location: 'nowhere', user: me })).status).toBe(400)
    expect((await post('/inbox-routes', { words: 'Bill, invoice', location: '', user: me })).headers.get('location')).toContain('said=routed') // prettier-ignore
    expect(words((await admin.get('/inbox-routes')).text)).toMatch(/Bill, invoice Any location Jo Desk/)
    const routed = await world.writes(2, 'About my BILL', 'How much?')
    await world.settled()
    expect(await box('mine')).toContain('About my BILL')
    await post('/inbox/assign', { thread: routed, to: '' })
    expect(await box('unassigned')).toContain('About my BILL')
    const { id } = world.site.desk.routes()[0]!
    await post('/inbox-routes/remove', { route: id })
    expect(world.site.desk.routes()).toEqual([])
    const [location] = await world.site.locations()
    expect(location!.name).not.toBe('')
    const at = { id: 'r', words: [], location: location!.id, user: me }
    expect(routeFor([at], { subject: 'x', location: location!.id })).toBe(at)
    expect(routeFor([at], { subject: 'x', location: null })).toBeUndefined()
  })
  it('an internal note never leaves this computer: not to the portal, not to InSched, not to a page of the patient', async () => {
    const note = 'Note-cobalt-heron'
    expect((await post('/inbox/note', { thread, text: note })).headers.get('location')).toContain('said=noted')
    expect((await admin.get(`/inbox/${thread}`)).text).toContain(note)
    await world.site.upload()
    const key = (await world.site.bridge.documentOf('patients', 1))!
    for (const replica of [world.atPortal, world.site.replica])
      for (const collection of ['messages', 'requests', 'access', 'reviews'] as const)
        expect(JSON.stringify(await replica.entries(collection, key))).not.toContain(note)
    for (const view of ['message', 'communication', 'review'])
      expect(JSON.stringify(await world.atPortal.index({ view }))).not.toContain(note)
    const files = globSync('**/*.{sqlite,sqlite-wal,db,db-wal}', { cwd: world.dir })
    expect(files.join()).toContain('desk.sqlite')
    for (const file of files) expect(readFileSync(join(world.dir, file)).includes(note), file).toBe(false)
    expect(world.log.join()).not.toContain(note)
  })
  it('a patient who is erased takes the notes along', async () => {
    const desk = openDesk(join(folder(), 'desk.sqlite'), master, world.clock)
    desk.note({ thread: 'a', patient: 'p' }, 'one', 'u')
    desk.note({ thread: 'b', patient: 'q' }, 'two', 'u')
    desk.assign({ thread: 'a', patient: 'p' }, 'u', 'u')
    desk.forget('p')
    expect([desk.notesOf('a'), desk.stepsOf('a'), desk.notesOf('b').map((one) => one.text)]).toEqual([[], [], ['two']])
    desk.close()
  })
})

describe('Recent Communications', () => {
  it('are filtered by patient, direction, state and day, and no address ever holds the filter', async () => {
    await world.site.message({ patient: 2, subject: 'Subject-umber', text: 'text' })
    const both = async (fields: Record<string, string>) => words((await post('/recent', fields)).text)
    expect(await both({ patient: '2' })).toContain('Subject-umber')
    expect(await both({ patient: '2', direction: 'in' })).not.toContain('Subject-umber')
    expect(await both({ patient: '2', direction: 'out', state: 'sent' })).toContain('Subject-umber')
    expect(await both({ until: '2020-01-01' })).toContain('Nothing that fits')
    expect((await post('/recent', { since: 'yesterday' })).status).toBe(400)
    expect((await post('/recent', { patient: '999999' })).status).toBe(404)
    const get = (await admin.get('/recent?patient=2&direction=in')).text
    expect(words(get)).toContain('Question-saffron')
  })
  it('come page by page, each once, also those of one millisecond', async () => {
    const { patient, patientKey: key } = world.events[4]!
    const by = { role: 'site' as const, id: world.site.settings.siteId }
    const thread = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    const add = Object.fromEntries(Array.from({ length: 510 }, (_, i) => [`01ARZ3NDEKTSV4RRFFQ6${String(i).padStart(6, '0')}`, { kind: 'message' as const, at: 1_700_000_000_000, by, thread, subject: `n${i}`, text: 't' }])) // prettier-ignore
    const facts = { patient: key, site: by.id, shown: true, reachable: true, startsAt: null }
    await world.site.replica.change([{ collection: 'messages', key, facts, add }])
    const seen: string[] = []
    for await (const one of world.site.communications({ patient })) seen.push(one.id)
    expect(seen.filter((id) => id in add)).toHaveLength(510)
    expect(new Set(seen).size).toBe(seen.length)
    const first = await post('/recent', { patient: String(patient) })
    const next = [...first.text.matchAll(/<form\s+method="post"\s+action="\/recent"[\s\S]*?<\/form>/g)].at(-1)![0]
    expect(next).toContain('name="page" value="2"')
    const trail = /name="trail" value="([^"]+)"/.exec(next)![1]!
    const second = (await post('/recent', { patient: String(patient), page: '2', trail })).text
    const subjects = (text: string) => new Set([...text.matchAll(/>\s*(n\d+)\s*</g)].map((one) => one[1]))
    expect(subjects(second).size).toBe(50)
    expect([...subjects(second)].some((one) => subjects(first.text).has(one))).toBe(false)
  })
  it('are hidden and shown again, never deleted, with who did it', async () => {
    const before = (await world.site.recent()).items.length
    const { id } = (await world.site.communications({ patient: 2 }).next()).value!
    expect((await post('/recent/hide', { entry: id })).headers.get('location')).toBe('/recent?said=hidden')
    expect((await post('/recent', { patient: '2' })).text).not.toContain('Subject-umber')
    expect((await post('/recent', { patient: '2', hidden: 'yes' })).text).toContain('Subject-umber')
    expect((await world.site.recent()).items).toHaveLength(before)
    await post('/recent/show', { entry: id })
    expect((await post('/recent', { patient: '2' })).text).toContain('Subject-umber')
  })
  it('are exported as CSV in which nothing is a formula, and the export stands in the trail', async () => {
    await world.site.message({ patient: 2, subject: '=HYPERLINK("http://x.example","a, b")', text: 'text' })
    const answer = await post('/recent/export', { patient: '2' })
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.text).toContain(`,"'=HYPERLINK(""http://x.example"",""a, b"")",sent,,no`)
    expect(world.staff.audit.search({ did: 'communications exported', limit: 1 })[0]!.event).toMatchObject({ patient: '2' }) // prettier-ignore
  })
  it.each(['=1+1', '+1', '-1', '@a', '\tx', '\r=1', '  =1', '＝1'])('the cell %j is no formula', (text) => {
    const row = csvOf([[text]]).slice(1)
    expect(row.replace(/^"/, '').startsWith("'")).toBe(true)
  })
})

describe('reviews', () => {
  const open = async () => (await world.site.reviews()).items
  it('have the buttons of their kind; one that confirms by phone writes it into InSched', async () => {
    const event = world.events[3]!
    await world.confirms(event, '2020-01-01T09:00')
    await world.settled()
    const review = (await open()).find((one) => one.eventKey === event.key)!
    expect(review.kind).toBe('confirmation set aside')
    expect((await admin.get('/reviews')).text).toContain('Confirmed by phone')
    expect((await post('/reviews', { id: review.id, how: 'same person' })).status).toBe(404)
    expect((await post('/reviews', { id: review.id })).status).toBe(400)
    expect((await post('/reviews', { id: review.id, how: 'confirmed by phone' })).status).toBe(303)
    await world.settled()
    expect(world.insched.prepare('select confirmation_type from events where event_id = ?').pluck().get(event.event)).toBe('Phone') // prettier-ignore
    const resolved = words((await admin.get('/reviews?box=resolved')).text)
    expect(resolved).toMatch(/Confirmed by phone .*Resolved by Jo Desk/)
  })
  it('of a wish tell the patient what became of it', async () => {
    const event = world.events[2]!
    const review = (await open()).find((one) => one.kind === 'patient declined' && one.eventKey === event.key)!
    await post('/reviews', { id: review.id, how: 'changed in InSched', note: 'Moved to May' })
    await world.site.upload()
    const entries = await world.atPortal.entries('requests', event.patientKey)
    expect(entries.some((one) => one.kind === 'accepted' && one.note === 'Moved to May')).toBe(true)
    const before = entries.length
    await post('/reviews', { id: review.id, how: 'stays as it is' })
    expect(await world.site.replica.entries('requests', event.patientKey)).toHaveLength(before)
  })
})

describe('a review of two events at one time', () => {
  it('shows both, and says that it ended by itself and why', async () => {
    const [one, other] = [world.events[4]!, world.events[5]!]
    const by = { role: 'site' as const, id: world.site.settings.siteId, initials: 'PC' }
    const opened = { kind: 'opened' as const, at: world.clock.now(), by, about: 'double booking' as const, why: 'At one time.', todo: 'Ask.', patient: one.patientKey, event: one.key, other: other.key } // prettier-ignore
    await world.site.replica.change([{ collection: 'reviews', key: mintUlid(world.clock), facts: { patient: one.patientKey, site: by.id, shown: false, reachable: false, startsAt: null }, add: { opened } }]) // prettier-ignore
    // These two never were: its cause is gone as soon as it is there.
    await expect.poll(async () => words((await admin.get('/reviews?box=resolved')).text)).toMatch(/Two events at the same time .*By itself, because .*at the same time no more\. Resolved by the agent/) // prettier-ignore
    const page = words((await admin.get('/reviews?box=resolved')).text)
    for (const { startsAt } of [one, other]) expect(page).toContain(`${startsAt.slice(11, 13).replace(/^0/, '')}:`)
    expect(page.match(/\d+ minutes, .*?mesa/gi)).toHaveLength(2)
  })
})

describe('runs', () => {
  it('go on by themselves, and a page shows what came of them after a reload', async () => {
    for (const [path, says] of [
      ['/upload', 'The portal has all records'],
      ['/download', 'InSched has all'],
      ['/test-connection', 'Every hop is right'],
    ] as const) {
      // prettier-ignore
      const to = (await post(path, {})).headers.get('location')!
      await expect.poll(async () => (await admin.get(to)).text).toContain(says)
      expect((await admin.get(to)).text).toContain(says)
    }
    expect(words((await admin.get('/')).text)).toMatch(/Runs .*Upload Records Jo Desk The portal has all records/)
  })
  it('that fail say why, and are there until somebody has taken note', async () => {
    const { runs } = world.site.desk
    const id = runs.begin('sync', world.staff.named('Jo Desk')!.id)
    runs.waits(id, 40)
    runs.waits(id, 10)
    const under = await admin.get(`/runs/${id}`)
    expect(under.headers.get('refresh')).toBe('2')
    expect(words(under.text)).toContain('30 of 40 changes')
    expect(under.text).toMatch(/<progress aria-label="[^"]+" value="30" max="40">/)
    // What a start of the program does with what was under way.
    runs.endLeftOver('The program ended before this was done.')
    expect(words((await admin.get(`/runs/${id}`)).text)).toContain('The program ended before this was done.')
    expect(runs.unacknowledged()).toBe(1)
    await post('/runs/acknowledge', { id })
    expect(runs.unacknowledged()).toBe(0)
    expect(words((await admin.get(`/runs/${id}`)).text)).toContain('Acknowledged by Jo Desk')
  })
})

describe('the reader of the trail', () => {
  it('finds by user, patient, action and day, and reading it stands in it', async () => {
    const me = world.staff.named('Jo Desk')!.id
    const found = words((await post('/audit', { by: me, did: 'note added', patient: '1' })).text)
    expect(found).toMatch(/The chain is whole: [\d,]+ rows.* note added 1 /)
    expect(words((await post('/audit', { did: 'note added', patient: '3' })).text)).toContain('No row fits')
    expect(words((await post('/audit', { until: '2020-01-01' })).text)).toContain('No row fits')
    const read = world.staff.audit.search({ by: me, did: 'viewed', limit: 5 })
    expect(read.some(({ event }) => [event.of].flat()[0] === 'audit')).toBe(true)
    for (let i = 0; i < 120; i++) world.staff.audit.record({ did: 'viewed', by: 'command line' })
    const { text } = await admin.get('/audit')
    const older = [...text.matchAll(/<form\s+method="post"\s+action="\/audit"[\s\S]*?<\/form>/g)].at(-1)![0]
    const before = /name="before" value="(\d+)"/.exec(older)![1]!
    expect((await post('/audit', { before })).text).not.toContain(`>${before}<`)
  })
  it('is for who may read it alone', async () => {
    const { text } = await post('/users', { name: 'Fay Front', initials: 'ff', role: 'front desk' })
    const path = /\/welcome\/[\w-]+/.exec(text)![0]
    const front = browserOf(world.app, '127.0.0.1', '127.0.0.1:8090')
    await front.post(path, { password: 'three green lanterns' })
    await setUpFactor(front, world.clock)
    expect((await front.get('/audit')).status).toBe(403)
    expect((await front.post('/recent/export', hiddenOf((await front.get('/')).text, '/sign-out'))).status).toBe(403)
    expect((await front.get('/')).text).not.toContain('href="/audit"')
  })
  it('says where the chain is broken', async () => {
    const db = new Database(join(world.dir, 'site', 'staff.sqlite'))
    db.exec(`update audit_trail set event = replace(event, 'viewed', 'signed in') where number = 9`)
    expect(words((await admin.get('/audit')).text)).toContain('The chain is broken at row')
    db.close()
  })
})
