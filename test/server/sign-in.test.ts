/** Signing in with a password, sessions and their limits, and where forms may come from. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { browserOf, hiddenOf, openPortalWorld, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
beforeEach(async () => {
  world = await openPortalWorld()
})
afterEach(() => world.close())

const password = 'seven violet kettles'
const name = 'annalise@mail.example.com'
/** Ann, signed in from home, with a password. */
async function withPassword(address = '203.0.113.7'): Promise<Browser> {
  const browser = await world.signedIn('ann', address)
  const set = await browser.submit('/password', '/password', { name, password })
  expect(set.headers.get('location')).toBe('/?said=password')
  return browser
}
const tryAt = (address: string, given = password, as = name) => browserOf(world.app, address).post('/sign-in', { name: as, password: given }) // prettier-ignore

describe('the page', () => {
  it('says "Patient portal" where several practices are served, and the practice with its phone where one is', async () => {
    expect((await browserOf(world.app).get('/sign-in')).text).toContain('<strong>Patient portal</strong>')
    const one = await openPortalWorld({}, [
      { name: 'Quailbrush Surgery', site: 'Quailbrush Mesa', phone: '+1 480 555 0171', patients: [] },
    ])
    const { text } = await browserOf(one.app).get('/sign-in')
    expect(text).toContain('<strong>Quailbrush Surgery</strong>')
    expect(text).toContain('+1 480 555 0171')
    await one.close()
  })
})

describe('tries', () => {
  it('the right password signs in; a wrong one and an unknown name are answered alike', async () => {
    await withPassword()
    expect((await tryAt('203.0.113.7')).headers.get('location')).toBe('/')
    expect((await tryAt('203.0.113.7', password, name.toUpperCase())).status).toBe(303)
    const [wrong, unknown] = [await tryAt('203.0.113.8', 'not this one'), await tryAt('203.0.113.8', 'x', 'no.such')]
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect(wrong.text).toBe(unknown.text)
  })
  it('a stranger who tries without end does not lock the patient out: not at home, and not elsewhere after the delay', async () => {
    await withPassword('203.0.113.7')
    for (let minute = 0; minute < 30; minute++) {
      await tryAt('198.51.100.66', 'guess')
      world.clock.advance(20_000)
    }
    await tryAt('198.51.100.66', 'guess')
    expect((await tryAt('198.51.100.66', 'guess')).status).toBe(429)
    expect((await tryAt('203.0.113.7')).status).toBe(303)
    world.clock.advance(60_000)
    expect((await tryAt('192.0.2.99')).status).toBe(303)
  })
  it('from one address, whatever the names, they end for longer and longer', async () => {
    for (let i = 0; i < 10; i++) expect((await tryAt('198.51.100.66', 'guess', `name ${i}`)).status).toBe(401)
    expect((await tryAt('198.51.100.66', 'guess', 'another name')).status).toBe(429)
    expect((await tryAt('198.51.100.67', 'guess', 'another name')).status).toBe(401)
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      const { headers } = await tryAt('198.51.100.66', 'guess', `more ${i}`)
      waits.push(Number(headers.get('retry-after')))
      world.clock.advance(waits.at(-1)! * 1_000)
      await tryAt('198.51.100.66', 'guess', `more ${i}`)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32])
  })
  it('a hundred at once are no way around the delay', async () => {
    await withPassword()
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => tryAt(`198.51.100.${i}`, `guess ${i}`)))
    expect(answers.filter((one) => one.status === 401).length).toBe(3)
  })
})

describe('passwords', () => {
  it.each([
    ['too short', 'violet'],
    ['among the most used', 'basketball'],
    ['a most used word with figures behind', 'sunshine20261!'],
    ['the sign-in name', 'annalise@mail.example.com'],
    ['the person’s name', 'Annalise Quillfeather'],
    ['the person’s name and birth date', 'Quillfeather1984'],
    ['the practice’s name', 'QuailbrushSurgery1'],
  ])('%s is refused, with a sentence', async (_, chosen) => {
    const browser = await world.signedIn('ann')
    const { status, text } = await browser.submit('/password', '/password', { name, password: chosen })
    expect(status).toBe(400)
    expect(text).toMatch(/at least 10 characters\. A few|first that anybody would try|made of your name/)
  })
  it('changing it needs the one from now, and ends the other sessions of the account', async () => {
    const home = await withPassword()
    const phone = browserOf(world.app, '203.0.113.9')
    await phone.post('/sign-in', { name, password })
    expect((await phone.get('/')).status).toBe(200)
    const change = { name, password: 'eight amber kettles' }
    expect((await home.submit('/password', '/password', change)).status).toBe(401)
    expect((await home.submit('/password', '/password', { ...change, current: password })).status).toBe(303)
    expect((await phone.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await home.get('/')).status).toBe(200)
    expect((await tryAt('203.0.113.7')).status).toBe(401)
    expect((await tryAt('203.0.113.7', 'eight amber kettles')).status).toBe(303)
  })
  it('a name that is taken is refused to others, and given to the one who came back by a new invitation', async () => {
    await withPassword()
    const ben = await world.signedIn('ben')
    expect((await ben.submit('/password', '/password', { name, password })).text).toContain('is taken')
    const back = await world.signedIn('ann')
    const chosen = 'nine copper kettles'
    expect((await back.submit('/password', '/password', { name, password: chosen })).status).toBe(303)
    expect((await tryAt('203.0.113.7', chosen)).status).toBe(303)
    expect((await tryAt('203.0.113.7', password)).status).toBe(401)
  })
})

describe('sessions', () => {
  it('end after 15 idle minutes, and not while somebody is there', async () => {
    const browser = await world.signedIn('ann')
    for (let i = 0; i < 4; i++) {
      world.clock.advance(14 * 60_000)
      expect((await browser.get('/')).status).toBe(200)
    }
    world.clock.advance(15 * 60_000 + 1)
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
    world.clock.advance(-60_000)
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
  })
  it('end after 12 hours, however busy', async () => {
    const browser = await world.signedIn('ann')
    for (let i = 0; i < 72; i++) {
      world.clock.advance(10 * 60_000)
      expect((await browser.get('/')).status).toBe(200)
    }
    world.clock.advance(1)
    expect((await browser.get('/')).status).toBe(303)
  })
  it('end at the server when somebody signs out: the cookie alone opens nothing', async () => {
    const browser = await world.signedIn('ann')
    const kept = new Map(browser.cookies)
    expect((await browser.submit('/', '/sign-out')).headers.get('location')).toBe('/sign-in')
    for (const [key, value] of kept) browser.cookies.set(key, value)
    expect((await browser.get('/')).headers.get('location')).toBe('/sign-in')
  })
  it('an access that was revoked is refused at the next request, in words, with a way to sign out', async () => {
    const browser = await world.signedIn('ann')
    const { replica, patient, event } = world.known['ann']!
    const accepted = (await replica.entries('access', patient)).filter((entry) => entry.kind === 'accepted')
    await replica.change([
      { collection: 'access', key: patient, add: { [mintUlid(world.clock)]: { kind: 'revoked', at: world.clock.now(), by: { role: 'staff', id: 'x' }, revokes: accepted.map((entry) => entry.id), why: 'by staff' } } }, // prettier-ignore
    ])
    const answer = await browser.get('/')
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('The office has ended your access')
    expect(answer.text).not.toContain(event)
    expect((await browser.post('/sign-out', hiddenOf(answer.text, '/sign-out'))).headers.get('location')).toBe('/sign-in') // prettier-ignore
  })
  it('over https the cookie is __Host-, Secure, HttpOnly and Lax; and answers ask for https for a year', async () => {
    const secure = await openPortalWorld({ secure: true, origin: 'https://portal.example' })
    const browser = await secure.signedIn('ann')
    const cookie = (await browser.get('/')).headers
    expect(cookie.get('strict-transport-security')).toBe('max-age=31536000')
    expect([...browser.cookies.keys()]).toEqual(['__Host-invitation', '__Host-session'])
    const path = await secure.invite('ben')
    const set = (await browserOf(secure.app).get(path)).headers.getSetCookie()[0]!
    for (const word of ['__Host-', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) expect(set).toContain(word)
    await secure.close()
  })
})

describe('forms', () => {
  const message = { subject: 'x', text: 'Did this get in?' }
  const texts = async (): Promise<number> => {
    const { replica, patient } = world.known['ann']!
    return (await replica.entries('messages', patient)).filter((one) => one.kind === 'message' && one.text === message.text).length // prettier-ignore
  }
  it.each([
    ['a wrong token', { csrf: 'wrong' }],
    ['no token', { csrf: '' }],
  ])('%s is refused', async (_, token) => {
    const browser = await world.signedIn('ann')
    expect((await browser.submit('/messages', '/messages', { ...message, ...token })).status).toBe(403)
    expect(await texts()).toBe(0)
  })
  it('the token of another session is refused', async () => {
    const [browser, other] = [await world.signedIn('ann'), await world.signedIn('ann')]
    const { csrf } = await other.hidden('/messages', '/messages')
    expect((await browser.submit('/messages', '/messages', { ...message, csrf: csrf! })).status).toBe(403)
    expect(await texts()).toBe(0)
  })
  it.each([
    [{ origin: 'https://elsewhere.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }, 303],
    [{ 'sec-fetch-site': 'same-origin' }, 303],
  ])('a form from %o is answered %i, with a token or without', async (headers, status) => {
    const browser = await world.signedIn('ann')
    const fields = { ...(await browser.hidden('/messages', '/messages')), ...message }
    expect((await browser.post('/messages', fields, headers)).status).toBe(status)
    expect(await texts()).toBe(status === 303 ? 1 : 0)
    expect((await browserOf(world.app).post('/sign-in', { name: 'xyz', password: 'x' }, headers)).status).toBe(status === 303 ? 401 : 403) // prettier-ignore
  })
  it('a named public address is the only origin', async () => {
    const named = await openPortalWorld({ origin: 'https://portal.example' })
    const browser = browserOf(named.app)
    const form = { name: 'xyz', password: 'x' }
    expect((await browser.post('/sign-in', form, { origin: 'https://portal.example' })).status).toBe(401)
    expect((await browser.post('/sign-in', form, { origin: 'http://localhost' })).status).toBe(403)
    await named.close()
  })
  it.each([
    ['/messages', '/messages', message],
    ['/', '/confirm', {}],
    ['/', '/decline', { note: 'sorry' }],
  ] as const)('sent twice from %s to %s says it once', async (page, action, fields) => {
    const browser = await world.signedIn('ann')
    const form = { ...(await browser.hidden(page, action)), ...fields }
    const said = async (): Promise<number> => {
      const { replica, patient, eventKey } = world.known['ann']!
      const [messages, confirmations, requests] = [await replica.entries('messages', patient), await replica.entries('confirmations', eventKey), await replica.entries('requests', patient)] // prettier-ignore
      return [...messages.filter((one) => one.by.role === 'patient' && one.kind === 'message'), ...confirmations, ...requests].length // prettier-ignore
    }
    await Promise.all([browser.post(action, form), browser.post(action, form)])
    expect((await browser.post(action, form)).status).toBe(303)
    expect(await said()).toBe(1)
  })
  it('what stands in the address is never said by a page', async () => {
    const browser = await world.signedIn('ann')
    for (const said of ['Call+1-900-SCAM', '__proto__', 'constructor', 'toString']) {
      const { text } = await browser.get(`/?said=${said}`)
      expect(text).not.toContain('SCAM')
      expect(text).not.toContain('native code')
      expect(text).not.toContain('class="notice good"')
    }
  })
  it('a failure is told without what was sent, and logged without a word of it', async () => {
    const browser = await world.signedIn('ann')
    const form = await browser.hidden('/messages', '/messages')
    await world.known['ann']!.replica.close()
    const answer = await browser.post('/messages', { ...form, ...message })
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('This did not work')
    expect(world.log.join()).toMatch(/POST failed with/)
    expect(world.log.join()).not.toContain(message.text)
  })
})
