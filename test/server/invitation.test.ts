/** First sign-in: what the date of birth opens, for whom, and when it is over. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldAccess } from '../../src/replica/kinds/access.ts'
import { browserOf, openPortalWorld, type PortalWorld } from './world.ts'

let world: PortalWorld
beforeAll(async () => {
  world = await openPortalWorld()
})
afterAll(() => world.close())
const born = (person: string): string => world.known[person]!.birthDate
const accounts = async (person: string): Promise<readonly string[]> => {
  const { replica, patient } = world.known[person]!
  return foldAccess(await replica.entries('access', patient)).accounts
}

describe('the page of an invitation', () => {
  it('shows the practice of the link with its telephone, and nothing of the person', async () => {
    const { text } = await browserOf(world.app).get(await world.invite('dora'))
    expect(text).toContain('Saltmarsh Clinic')
    expect(text).toContain('+1 602 555 0172')
    expect(text).not.toContain(world.known['dora']!.lastName)
  })
  it('that is over still says whom to call', async () => {
    const path = (await world.invite('ann')).slice(0, -2)
    const { status, text } = await browserOf(world.app).get(path)
    expect(status).toBe(404)
    expect(text).toContain('+1 480 555 0171')
  })
})

describe('dates of birth', () => {
  it('five wrong dates end the invitation; the access of who is signed in stands', async () => {
    const owner = await world.signedIn('ben')
    const path = await world.invite('ben')
    const stranger = browserOf(world.app, '198.51.100.1')
    for (let i = 0; i < 4; i++) expect((await stranger.post(path, { date: '01/02/1903' })).status).toBe(401)
    expect((await stranger.post(path, { date: '01/02/1903' })).text).toContain('This invitation is over')
    expect((await stranger.post(path, { date: born('ben') })).text).toContain('This invitation is over')
    expect((await owner.get('/')).status).toBe(200)
  })
  it('a hundred dates at once are five tries, and the right one beyond them opens nothing', async () => {
    const path = await world.invite('ben')
    const before = await accounts('ben')
    const dates = Array.from({ length: 100 }, (_, i) => (i === 60 ? born('ben') : `1903-02-${String((i % 28) + 1).padStart(2, '0')}`)) // prettier-ignore
    const answers = await Promise.all(dates.map((date) => browserOf(world.app, '198.51.100.2').post(path, { date })))
    expect(answers.filter((one) => one.status === 303)).toEqual([])
    expect(answers.filter((one) => one.status === 401).length).toBe(4)
    expect(await accounts('ben')).toEqual(before)
  })
  it('what is no date is no try', async () => {
    const path = await world.invite('ben')
    const browser = browserOf(world.app)
    for (let i = 0; i < 8; i++) expect((await browser.post(path, { date: '13/45/1990' })).status).toBe(400)
    expect((await browser.post(path, { date: born('ben') })).status).toBe(303)
  })
})

describe('the form sent twice', () => {
  it('one after the other: the browser lands on home both times, and there is one account', async () => {
    const path = await world.invite('dora')
    const browser = browserOf(world.app)
    await browser.get(path)
    expect((await browser.post(path, { date: born('dora') })).headers.get('location')).toBe('/')
    await world.indexed()
    expect((await browser.post(path, { date: born('dora') })).headers.get('location')).toBe('/')
    expect((await browser.get(path)).headers.get('location')).toBe('/')
    expect((await browser.get('/')).status).toBe(200)
    expect(await accounts('dora')).toHaveLength(1)
  })
  it('a double click, where the answer to the first is never read: home, and one account', async () => {
    const path = await world.invite('cleo')
    const browser = browserOf(world.app)
    await browser.get(path)
    const both = await Promise.all([browser.post(path, { date: born('cleo') }), browser.post(path, { date: born('cleo') })]) // prettier-ignore
    expect(both.map((one) => one.headers.get('location'))).toEqual(['/', '/'])
    expect((await browser.get('/')).text).toContain(world.known['cleo']!.event)
    expect(await accounts('cleo')).toHaveLength(1)
  })
  it('by another browser, or long after: it is over', async () => {
    const path = await world.invite('cleo')
    const first = browserOf(world.app)
    await first.get(path)
    await first.post(path, { date: born('cleo') })
    await world.indexed()
    const other = browserOf(world.app)
    await other.get(path)
    expect((await other.post(path, { date: born('cleo') })).text).toContain('This invitation is over')
    world.clock.advance(16 * 60_000)
    expect((await first.post(path, { date: born('cleo') })).status).toBe(404)
  })
  it('by two browsers at once: one of them is in, the other is told that it is over', async () => {
    const path = await world.invite('ben')
    const two = [browserOf(world.app, '198.51.100.3'), browserOf(world.app, '198.51.100.4')]
    for (const browser of two) await browser.get(path)
    const before = await accounts('ben')
    const answers = await Promise.all(two.map((browser) => browser.post(path, { date: born('ben') })))
    expect(answers.map((one) => one.status).toSorted((a, b) => a - b)).toEqual([303, 404])
    expect(await accounts('ben')).toHaveLength(before.length + 1)
  })
})

describe('a second invitation in a browser where somebody is signed in', () => {
  it('joins nobody unasked', async () => {
    const parent = await world.signedIn('ann')
    const path = await world.invite('cleo')
    expect((await parent.get(path)).text).toContain('Somebody is signed in here')
    expect((await parent.post(path, { date: born('cleo') })).status).toBe(400)
    expect((await parent.get('/')).text).not.toContain(world.known['cleo']!.firstName)
  })
  it('of somebody else makes another account and ends the session of the first', async () => {
    const shared = await world.signedIn('ann')
    const before = new Map(shared.cookies)
    const path = await world.invite('ben')
    expect((await shared.post(path, { date: born('ben'), join: 'no' })).status).toBe(303)
    expect((await shared.get('/')).text).toContain(world.known['ben']!.event)
    expect((await shared.get('/')).text).not.toContain(world.known['ann']!.firstName)
    shared.cookies.clear()
    for (const [name, value] of before) shared.cookies.set(name, value)
    expect((await shared.get('/')).headers.get('location')).toBe('/sign-in')
  })
})

it('an invitation ends after its 72 hours', async () => {
  const path = await world.invite('ben')
  world.clock.advance(72 * 3_600_000 + 1)
  expect((await browserOf(world.app).post(path, { date: born('ben') })).text).toContain('This invitation is over')
})
