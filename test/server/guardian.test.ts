/** Who acts for a patient: what a guardian may see and do, from when to when, under whose name, and that the patient can end it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dayIn } from '../../src/server/day-in.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { birthday, endedByAge, holds, scopeOn, type Relationship, type Scope } from '../../src/replica/kinds/access.ts'
import { portalFieldsKey } from '../../src/replica/kinds/fields.ts'
import { browserOf, openPortalWorld, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
beforeAll(async () => {
  world = await openPortalWorld()
})
afterAll(() => world.close())

interface Given { scope?: readonly Scope[]; from?: string; to?: string | null; relationship?: Relationship; name?: string } // prettier-ignore
const today = '2026-11-23'
const grantTo = (person: string, given: Given = {}) => world.grant(person, { name: 'Gwen Guardian', relationship: 'representative', scope: ['appointments', 'messages', 'documents', 'pay'], from: today, to: null, ...given }) // prettier-ignore
/** A guardian who began by the link, with the patient's date of birth. */
async function guardianOf(person: string, given: Given = {}): Promise<Browser & { grant: string }> {
  const { path, grant } = await grantTo(person, given)
  const browser = browserOf(world.app, '203.0.113.50')
  const answer = await browser.post(path, { date: world.known[person]!.birthDate })
  expect(answer.headers.get('location')).toBe('/')
  return { ...browser, grant }
}

describe.each([
  ['appointments', '/', 'event'],
  ['messages', '/messages', 'text'],
  ['documents', '/plan', 'plan'],
] as const)('with the scope %s', (scope, path, what) => {
  it(`a guardian sees it on ${path}, and nothing of the other parts`, async () => {
    const guardian = await guardianOf('ben', { scope: [scope] })
    const ben = world.known['ben']!
    expect((await guardian.get(path)).text).toContain(ben[what])
    const others = (['event', 'text', 'plan'] as const).filter((one) => one !== what)
    for (const page of ['/', '/messages', '/plan', '/people', '/account']) {
      const { text } = await guardian.get(page)
      for (const other of others) expect(text, page).not.toContain(ben[other])
      if (what !== 'text') expect(text, page).not.toContain(ben.subject)
    }
    expect((await guardian.get('/people')).status).toBe(403)
    if (scope !== 'messages') expect((await guardian.get('/messages')).text).toContain('does not include it')
  })
})

describe('what a guardian does', () => {
  beforeEach(() => world.clock.advance(1_000))
  it('stands as “Gwen Guardian for Benvolio Brandywine”, by her own account and as a representative', async () => {
    const guardian = await guardianOf('ben')
    await guardian.submit('/messages', '/messages', { subject: 'Ride', text: 'I will drive him.' })
    await guardian.submit('/', '/confirm')
    await world.indexed()
    const { replica, patient, eventKey } = world.known['ben']!
    const message = (await replica.entries('messages', patient)).find((one) => one.kind === 'message' && one.text === 'I will drive him.')! // prettier-ignore
    const [answer] = await replica.entries('confirmations', eventKey)
    for (const entry of [message, answer!])
      expect(entry.by).toMatchObject({ role: 'representative', name: 'Gwen Guardian', for: 'Benvolio Brandywine' })
    const ben = await world.signedIn('ben')
    expect(message.by.id).not.toBe((await replica.entries('access', patient)).findLast((one) => one.kind === 'accepted')!.by.id) // prettier-ignore
    expect((await ben.get('/messages')).text).toContain('Gwen Guardian for Benvolio Brandywine')
  })
  it('out of scope is refused, changes nothing, and stands in the trail', async () => {
    const guardian = await guardianOf('ann', { scope: ['documents'] })
    const ann = world.known['ann']!
    const { csrf } = await guardian.hidden('/account', '/account/sessions/end-all')
    const about = { csrf: csrf!, id: mintUlid(world.clock), event: ann.eventKey, startsAt: ann.startsAt }
    for (const path of ['/confirm', '/decline', '/move']) expect((await guardian.post(path, about)).status).toBe(403)
    const message = { csrf: csrf!, id: mintUlid(world.clock), thread: ann.thread, subject: 'x', text: 'out of scope' }
    expect((await guardian.post('/messages', message)).status).toBe(403)
    expect(await ann.replica.entries('confirmations', ann.eventKey)).toEqual([])
    expect(JSON.stringify(await ann.replica.entries('messages', ann.patient))).not.toContain('out of scope')
    expect(world.store.audit.rows(0, 10_000).some(({ event }) => event.did === 'refused' && event.of === 'POST /messages')).toBe(true) // prettier-ignore
  })
})

describe('a grant', () => {
  it('is seen by the patient with its scope, its end and who gave it, and ended by the patient at once', async () => {
    const guardian = await guardianOf('ann', { scope: ['appointments', 'messages'], to: '2027-12-31' })
    const ann = await world.signedIn('ann')
    const { text } = await ann.get('/people')
    for (const shown of ['Gwen Guardian', 'Representative', 'Appointments, Messages', 'December 31, 2027', 'Jo Desk'])
      expect(text).toContain(shown)
    expect((await guardian.get('/')).status).toBe(200)
    const { csrf } = await ann.hidden('/people', '/people/end')
    expect((await ann.post('/people/end', { csrf: csrf!, grant: guardian.grant })).status).toBe(303)
    expect((await guardian.get('/')).status).toBe(403)
    expect((await ann.post('/people/end', { csrf: csrf!, grant: guardian.grant })).status).toBe(404)
  })
  it('begins and ends on its days, in the practice’s zone', async () => {
    const over = await guardianOf('ben', { to: '2026-11-24' })
    expect((await over.get('/')).status).toBe(200)
    const later = await grantTo('ben', { from: '2026-11-25' })
    const early = browserOf(world.app, '203.0.113.51')
    await early.post(later.path, { date: world.known['ben']!.birthDate })
    expect((await early.get('/')).status).toBe(403)
  })
  it('works once, with the patient’s date of birth, and its link is over where it was ended first', async () => {
    const { path } = await grantTo('ben')
    const [one, two] = [browserOf(world.app, '203.0.113.52'), browserOf(world.app, '203.0.113.53')]
    expect((await one.post(path, { date: '1970-01-01' })).status).toBe(401)
    expect((await one.post(path, { date: world.known['ben']!.birthDate })).status).toBe(303)
    await world.indexed()
    expect((await two.post(path, { date: world.known['ben']!.birthDate })).status).toBe(404)
    const ended = await grantTo('ben')
    const { replica, patient } = world.known['ben']!
    await replica.change([{ collection: 'access', key: patient, add: { [mintUlid(world.clock)]: { kind: 'revoked', at: world.clock.now(), by: { role: 'staff', id: 'x' }, revokes: [ended.grant], why: 'by staff' } } }]) // prettier-ignore
    expect((await two.post(ended.path, { date: world.known['ben']!.birthDate })).status).toBe(404)
  })
})

describe('at 18', () => {
  it.each([
    ['2008-11-24', '2026-11-23', false],
    ['2008-11-24', '2026-11-24', true],
    ['2008-02-29', '2026-02-28', false],
    ['2008-02-29', '2026-03-01', true],
    ['1984-05-26', '2026-11-23', false],
  ])('who was born on %s: what was given in the year before is over on %s: %s', (born, day, over) => {
    expect(endedByAge(born, born.startsWith('1984') ? '2026-01-01' : '2025-06-01', day)).toBe(over)
  })
  it('a parent of a patient whose birth date is not known may not act; a representative may', () => {
    const grant = { from: '2026-01-01', to: null }
    expect(holds({ ...grant, relationship: 'parent' }, '2026-01-01', null, today)).toBe(false)
    expect(holds({ ...grant, relationship: 'representative' }, '2026-01-01', null, today)).toBe(true)
    expect(birthday('2008-02-29', 18)).toBe('2026-03-01')
  })
  it('from the age that the practice has set a parent no longer has the messages; who agreed as an adult keeps them', async () => {
    const scope = ['appointments', 'messages'] as const
    const given = { relationship: 'parent', scope } as const
    expect(scopeOn(given, '2025-01-01', '2013-11-24', today, 13)).toEqual(scope)
    expect(scopeOn(given, '2025-01-01', '2013-11-23', today, 13)).toEqual(['appointments'])
    expect(scopeOn(given, '2025-01-01', '2013-11-23', today, null)).toEqual(scope)
    expect(scopeOn({ ...given, relationship: 'representative' }, '2025-01-01', '2013-11-23', today, 13)).toEqual(scope)
    expect(scopeOn({ ...given, relationship: 'guardian' }, '2025-01-01', '1990-01-01', today, 13)).toEqual(scope)
    const { replica, patient, birthDate } = world.known['cleo']!
    const { site } = (await replica.head('patients', patient))!.facts
    const parent = await guardianOf('cleo', { relationship: 'parent' })
    expect((await parent.get('/messages')).status).toBe(200)
    const age = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4)) - 1
    await replica.change([{ collection: 'preferences', key: portalFieldsKey(site!), at: world.clock.now(), facts: { patient: null, site, shown: true, reachable: true, startsAt: null }, set: { messagesEndAtAge: age } }]) // prettier-ignore
    expect((await parent.get('/messages')).status).toBe(403)
    expect((await parent.get('/')).status).toBe(200)
    await replica.change([{ collection: 'preferences', key: portalFieldsKey(site!), at: world.clock.now() + 1, set: { messagesEndAtAge: null } }]) // prettier-ignore
  })
  it('a parent’s access to a child is over on the birthday, by a grant and by the child’s own invitation alike', async () => {
    // From the afternoon on, so that midnight comes within one session.
    world.clock.advance(6 * 3_600_000)
    const parent = await guardianOf('cleo', { relationship: 'parent' })
    const asChild = await world.signedIn('cleo')
    expect((await parent.get('/')).text).toContain(world.known['cleo']!.event)
    expect((await asChild.get('/')).status).toBe(200)
    const { replica, patient } = world.known['cleo']!
    // The office corrects the birth date, she is 18 tomorrow; then it is tomorrow, and both are still there.
    await replica.change([{ collection: 'patients', key: patient, at: world.clock.now(), set: { birthDate: '2008-11-24' } }]) // prettier-ignore
    expect((await parent.get('/')).status).toBe(200)
    for (let i = 0; i < 70; i++) {
      world.clock.advance(10 * 60_000)
      for (const browser of [parent, asChild]) await browser.post('/session', {})
    }
    expect(dayIn(world.clock.now(), 'America/Phoenix')).toBe('2026-11-24')
    for (const browser of [parent, asChild]) {
      const { status, text } = await browser.get('/')
      expect(status).toBe(403)
      expect(text).not.toContain(world.known['cleo']!.event)
    }
  })
})
