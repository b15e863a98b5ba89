/** What a patient does on the pages beside signing in: threads, drafts, taking back, searching, contact details, a calendar's file. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { portalFieldsKey } from '../../src/replica/kinds/fields.ts'
import { browserOf, hiddenOf, openPortalWorld, secretsOf, type Browser, type Known, type PortalWorld } from './world.ts'

let world: PortalWorld
let ann: Known
let browser: Browser
beforeAll(async () => {
  world = await openPortalWorld()
  ann = world.known['ann']!
})
beforeEach(async () => {
  world.clock.advance(60_000)
  browser = await world.signedIn('ann')
})
afterAll(() => world.close())

const thread = (): string => `/messages/${ann.thread}`
/** Sends a text into Ann's thread; the id of the message. */
async function say(who: Browser, text: string): Promise<string> {
  const form = await who.hidden(thread(), '/messages')
  expect((await who.post('/messages', { ...form, text })).headers.get('location')).toBe(`${thread()}?said=sent`)
  await world.indexed()
  return form['id']!
}
const office = { role: 'staff' as const, id: 'desk', initials: 'JD' }
const saySo = async (id: string, entry: object): Promise<void> => {
  await ann.replica.change([{ collection: 'messages', key: ann.patient, add: { [id]: { at: world.clock.now(), by: office, ...entry } as never } }]) // prettier-ignore
  await world.indexed()
}
const setPages = async (set: Record<string, string | number | boolean>): Promise<void> => {
  const { site } = (await ann.replica.head('patients', ann.patient))!.facts
  await ann.replica.change([{ collection: 'preferences', key: portalFieldsKey(site!), at: world.clock.now(), facts: { patient: null, site, shown: true, reachable: true, startsAt: null }, set }]) // prettier-ignore
}

describe('a message that was written is never lost', () => {
  it('sent after the session ended, it is kept for its account alone, sealed, and stands in the form after signing in', async () => {
    const form = await browser.hidden(thread(), '/messages')
    await browser.submit('/password', '/password', { name: 'annalise', password: 'seven violet kettles' })
    const [known] = [browser.cookies]
    world.clock.advance(16 * 60_000)
    const answer = await browser.post('/messages', { ...form, text: 'Written for a long time' })
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('It is kept for a day')
    expect(answer.text).not.toContain('Written for a long time')
    const other = await world.signedIn('ann')
    expect((await other.get(thread())).text).not.toContain('Written for a long time')
    const again = browserOf(world.app)
    for (const [name, value] of known) again.cookies.set(name, value)
    await again.post('/sign-in', { name: 'annalise', password: 'seven violet kettles' })
    expect((await again.get('/')).text).toContain(`href="${thread()}"`)
    const page = (await again.get(thread())).text
    expect(page).toContain('Written for a long time')
    expect(page).toContain('not sent yet')
    await again.post('/messages', { ...hiddenOf(page, '/messages'), text: 'Written for a long time' })
    await world.indexed()
    expect((await again.get(thread())).text).not.toContain('not sent yet')
  })
  it('a day later it is gone', async () => {
    const { keep, place } = await browser.hidden(thread(), '/messages')
    expect((await browser.post('/drafts', { keep: keep!, place: place!, text: 'Half a thought' })).status).toBe(204)
    expect((await browser.get(thread())).text).toContain('Half a thought')
    world.clock.advance(24 * 3_600_000 + 1)
    expect((await (await world.signedIn('ann')).get(thread())).text).not.toContain('Half a thought')
  })
  it.each(['', 'AAAA', 'none of ours'])('the token "%s" keeps nothing', async (keep) => {
    expect((await browser.post('/drafts', { keep, place: ann.thread, text: 'x' })).status).toBe(403)
  })
  it('sent from a page of an earlier session of hers, it is kept too', async () => {
    const form = await browser.hidden(thread(), '/messages')
    await browser.post('/sign-out', { csrf: form['csrf']! })
    const answer = await browser.post('/messages', { ...form, text: 'From before' })
    expect([answer.status, answer.text]).toEqual([401, expect.stringContaining('It is kept for a day')])
  })
})

describe('taking a message back', () => {
  it('leaves a trace and no text', async () => {
    const id = await say(browser, 'Meant for somebody else')
    expect((await browser.submit(thread(), '/messages/retract', { entry: id })).headers.get('location')).toBe(`${thread()}?said=retracted`) // prettier-ignore
    await world.indexed()
    const page = (await browser.get(thread())).text
    expect(page).not.toContain('Meant for somebody else')
    expect(page).toContain('This message was taken back.')
  })
  it.each([
    ['ten minutes later', async () => world.clock.advance(10 * 60_000 + 1)],
    ['once the office has opened it', (id: string) => saySo(`read:desk:${id}`, { kind: 'read', entry: id })],
  ])('is over %s', async (_, first) => {
    const id = await say(browser, 'This stays')
    const csrf = (await browser.hidden(thread(), '/messages'))['csrf']!
    await first(id)
    expect((await browser.post('/messages/retract', { csrf, entry: id })).status).toBe(409)
    expect((await browser.get(thread())).text).toContain('This stays')
  })
  it('is for who wrote it: not the office’s, not that of another person of the same patient', async () => {
    const id = await say(await world.signedIn('ann'), 'By another hand')
    const csrf = (await browser.hidden(thread(), '/messages'))['csrf']!
    expect((await browser.post('/messages/retract', { csrf, entry: id })).status).toBe(409)
  })
})

it('each person reads for herself: what one has read is still new to the other', async () => {
  const fresh = mintUlid(world.clock)
  await saySo(fresh, { kind: 'message', thread: ann.thread, subject: ann.subject, text: 'Fresh from the office' })
  const other = await world.signedIn('ann')
  await browser.get(thread())
  await world.indexed()
  expect((await browser.get('/')).text).not.toContain('new message')
  expect((await other.get('/')).text).toMatch(/You have \d new message/)
})

it('whether the office has opened a message is said where the practice allows it', async () => {
  const id = await say(browser, 'Has it been seen?')
  await saySo(`read:desk:${id}`, { kind: 'read', entry: id })
  expect((await browser.get(thread())).text).not.toContain('Opened on')
  await setPages({ showsRead: true })
  expect((await browser.get(thread())).text).toContain('Opened on')
})

it('a closed thread says so, until somebody writes in it', async () => {
  await saySo(mintUlid(world.clock), { kind: 'closed', thread: ann.thread })
  expect((await browser.get(thread())).text).toContain('Closed. If you write')
  world.clock.advance(1)
  await say(browser, 'One more thing')
  expect((await browser.get(thread())).text).not.toContain('Closed. If you write')
})

it('a search finds her own messages whatever case and accents, by no address, and nothing of anybody else', async () => {
  await say(browser, 'La próxima visita del NIÑO')
  const csrf = (await browser.hidden('/messages', '/messages'))['csrf']!
  const found = await browser.post('/messages/search', { csrf, text: 'proxima visita del nino' })
  expect(found.text).toContain(`href="${thread()}"`)
  const other = await browser.post('/messages/search', { csrf, text: world.known['ben']!.text })
  expect(other.text).toContain('No message has these words')
})

it('every composer says what it is for, that it is not for emergencies, and whom to call', async () => {
  await setPages({ guidelines: 'Write here about your care.', answersWithinDays: 2 })
  for (const path of ['/messages', thread()]) {
    const composer = (await browser.get(path)).text.split('class="guide"')[1]!
    expect(composer).toContain('Write here about your care. The office answers within 2 working days.')
    expect(composer).toContain('In an emergency call 911')
    expect(composer).toContain(ann.phone)
  }
})

it('where patients may not begin a thread, the form is not there and sending one is refused', async () => {
  const form = { ...(await browser.hidden('/messages', '/messages')), subject: 'New', text: 'A new topic' }
  await setPages({ patientsMayStart: false })
  expect((await browser.get('/messages')).text).not.toContain('name="subject" required')
  expect((await browser.post('/messages', form)).status).toBe(403)
  await say(browser, 'Answering is fine')
  await setPages({ patientsMayStart: true })
})

it('contact details are asked for, never changed: only what differs, with what was on file, and the state is shown', async () => {
  const page = (await browser.get('/contact')).text
  const sent = await browser.post('/contact', { ...hiddenOf(page, '/contact'), homePhone: '', cellPhone: '480 555 0199', email: ann.email!, language: 'en' }) // prettier-ignore
  expect(sent.headers.get('location')).toBe('/contact?said=proposed')
  await world.indexed()
  const asked = (await ann.replica.entries('requests', ann.patient)).findLast((one) => one.kind === 'contact change')!
  expect(asked).toMatchObject({ fields: { cellPhone: '480 555 0199' }, was: { cellPhone: ann.cellPhone } })
  expect((await ann.replica.record('patients', ann.patient))!.fields['cellPhone']).toBe(ann.cellPhone)
  expect((await browser.get('/contact')).text).toContain('Sent to the office')
  await ann.replica.change([{ collection: 'requests', key: ann.patient, add: { [mintUlid(world.clock)]: { kind: 'refused', at: world.clock.now(), by: office, request: asked.id } } }]) // prettier-ignore
  await world.indexed()
  expect((await browser.get('/contact')).text).toContain('The office has not taken it')
})

it('[TEXT-19] the patient chooses by which way to be reminded, or not by itself; what the office refused stands, and is said (R29)', async () => {
  const choose = async (reached: string) => {
    // Of one millisecond nobody says which was later.
    world.clock.advance(1)
    return browser.post('/contact/reached', { ...hiddenOf((await browser.get('/contact')).text, '/contact/reached'), reached }) // prettier-ignore
  }
  const { at: _, ...facts } = (await ann.replica.head('patients', ann.patient))!.facts
  const said = async () => foldCommunications(await ann.replica.entries('communications', ann.patient))
  await ann.replica.change([{ collection: 'communications', key: ann.patient, facts, add: { [mintUlid(world.clock)]: { kind: 'channels', at: world.clock.now() - 1_000, by: office, noText: true } } }]) // prettier-ignore
  expect((await choose('email')).headers.get('location')).toBe('/contact?said=reached')
  expect((await said()).choice).toEqual({ prefers: 'email', noText: true, noEmail: false, noneByItself: false })
  expect((await said()).chosen!.by).toMatchObject({ role: 'patient' })
  const { text } = await browser.get('/contact?said=reached')
  expect(text).toContain('Saved. The office sees it too.')
  expect(text).toContain('No: the office has noted that you want none')
  expect(text).toMatch(/name="reached" value="email"[^>]* checked/)
  expect((await choose('email')).headers.get('location')).toBe('/contact?said=unchanged')
  expect((await choose('none')).status).toBe(303)
  expect((await said()).choice).toEqual({ prefers: 'email', noText: true, noEmail: false, noneByItself: true })
  expect((await choose('any')).status).toBe(303)
  expect((await said()).choice).toEqual({ prefers: null, noText: true, noEmail: false, noneByItself: false })
  expect((await choose('carrier pigeon')).status).toBe(400)
})

it('what goes into a calendar names the practice and no patient, no visit; it is kept in no cache', async () => {
  const { text, headers } = await browser.get(`/appointments/${ann.eventKey}/calendar.ics`)
  expect(headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(text).toContain(`SUMMARY:${ann.practiceName}`)
  expect(text).toContain('DTSTART:20261201T160000Z')
  for (const secret of secretsOf(ann)) expect(text).not.toContain(secret)
  await setPages({ calendarTitle: 'Appointment' })
  expect((await browser.get(`/appointments/${ann.eventKey}/calendar.ics`)).text).toContain('SUMMARY:Appointment')
})

it('a page that brings itself up to date keeps no session from its end', async () => {
  for (let minutes = 0; minutes < 16; minutes += 4) {
    world.clock.advance(4 * 60_000)
    await browser.get('/', { 'x-live': 'yes' })
  }
  expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
})
