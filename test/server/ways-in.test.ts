/** Signing in by an emailed code, what it may do, sessions and their end, and showing who one is once more: the real app, and a real mail server on this machine. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { smtpMailer, type Mailer } from '../../src/bridges/email/mailer.ts'
import { mailSandbox, type MailSandbox } from '../../src/bridges/email/sandbox.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { browserOf, openPortalWorld, people, secretsOf, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
let sandbox: MailSandbox
let mailer: Mailer
beforeEach(async () => {
  sandbox = await mailSandbox({ now: systemClock.now })
  mailer = smtpMailer({ url: sandbox.url, address: 'portal@clinic.example', clock: systemClock, log: () => {} })
  world = await openPortalWorld({ mailer })
})
afterEach(async () => {
  await world.close()
  await mailer.close()
  await sandbox.close()
})

const email = 'annalise@mail.example.com'
const password = 'seven violet kettles'
const mailsTo = (to: string) => sandbox.mails().filter((mail) => mail.to === to)
/** The code of the newest mail to somebody, once there are `count` of them. */
async function codeTo(to: string, count = 1): Promise<string> {
  await expect.poll(() => mailsTo(to).length, { timeout: 5_000 }).toBe(count)
  return /^\d{6}/.exec(mailsTo(to)[0]!.text)![0]
}
/** Ann, signed in by an invitation, with a confirmed email. */
async function withEmail(): Promise<Browser> {
  const browser = await world.signedIn('ann')
  expect((await browser.submit('/account', '/account/email', { email })).status).toBe(200)
  const { csrf } = await browser.hidden('/account', '/account/email')
  const confirmed = await browser.post('/account/email/code', { csrf: csrf!, code: await codeTo(email) })
  expect(confirmed.headers.get('location')).toBe('/account?said=email')
  return browser
}
const ask = async (browser: Browser, name = email) => browser.post('/sign-in/code/send', { name })
const enter = (browser: Browser, code: string) => browser.post('/sign-in/code', { code })
const other = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

describe('a code by email', () => {
  it('signs in the browser that asked, once', async () => {
    await withEmail()
    const [phone, stranger] = [browserOf(world.app, '192.0.2.1'), browserOf(world.app, '192.0.2.2')]
    expect((await ask(phone)).headers.get('location')).toBe('/sign-in/code')
    const code = await codeTo(email, 2)
    expect((await enter(stranger, code)).status).toBe(401)
    expect((await enter(phone, code)).headers.get('location')).toBe('/')
    expect((await phone.get('/')).text).toContain(world.known['ann']!.event)
    expect((await enter(phone, code)).status).toBe(401)
  })
  it('holds for 10 minutes, and for 5 tries however fast they come', async () => {
    await withEmail()
    const phone = browserOf(world.app, '192.0.2.1')
    await ask(phone)
    const late = await codeTo(email, 2)
    world.clock.advance(10 * 60_000 + 1)
    expect((await enter(phone, late)).status).toBe(401)
    await ask(phone)
    const code = await codeTo(email, 3)
    for (let i = 0; i < 5; i++) {
      world.clock.advance(60_000)
      expect((await enter(phone, other(code))).status).toBe(401)
    }
    world.clock.advance(60_000)
    expect((await enter(phone, code)).status).toBe(401)
  })
  it('is asked for alike by an address that is known and by one that is not, and tried alike', async () => {
    await withEmail()
    const answers = await Promise.all(
      [email, 'nobody@mail.example.com'].map(async (name, i) => {
        const statuses: number[] = []
        const told: string[] = []
        for (let browser = 0; browser < 3; browser++) {
          const one = browserOf(world.app, `198.51.100.${i}`)
          const sent = await ask(one, name)
          told.push(`${sent.status} ${sent.headers.get('location')}`, (await one.get('/sign-in/code')).text)
          for (let n = 0; n < 3; n++) {
            const tried = await enter(one, '000000')
            statuses.push(tried.status)
            if (tried.status === 401) told.push(tried.text)
          }
        }
        return { statuses, told }
      }),
    )
    expect(answers[0]).toEqual(answers[1])
    await mailer.settled()
    expect(mailsTo('nobody@mail.example.com')).toEqual([])
  })
  it('names the practice and nothing of the patient, in the language of who asks', async () => {
    await withEmail()
    await browserOf(world.app, '192.0.2.1').post('/sign-in/code/send', { name: email }, { 'accept-language': 'es' })
    await codeTo(email, 2)
    const mail = mailsTo(email)[0]!
    expect(mail.text).toContain('es su código para Quailbrush Surgery')
    expect(mail.from).toContain('Quailbrush Surgery')
    for (const secret of people.flatMap(secretsOf)) expect(mail.text + mail.subject + mail.from).not.toContain(secret)
  })
  it('is no way in where the address was written but not confirmed', async () => {
    const browser = await world.signedIn('ann')
    await browser.submit('/account', '/account/email', { email: 'thief@mail.example.com' })
    await codeTo('thief@mail.example.com')
    await ask(browserOf(world.app, '192.0.2.1'), 'thief@mail.example.com')
    await mailer.settled()
    expect(mailsTo('thief@mail.example.com')).toHaveLength(1)
  })
  it('is how a forgotten password is replaced: the other sessions end, and the person is told', async () => {
    const home = await withEmail()
    await home.submit('/password', '/password', { name: email, password })
    const phone = browserOf(world.app, '192.0.2.1')
    await ask(phone)
    await expect.poll(() => mailsTo(email).some((one) => one.text.includes('was changed'))).toBe(true)
    await mailer.settled()
    const newest = mailsTo(email).find((one) => /^\d{6} is your code/.test(one.text))!
    expect((await enter(phone, newest.text.slice(0, 6))).status).toBe(303)
    const chosen = 'nine copper kettles'
    expect((await phone.submit('/password', '/password', { name: email, password: chosen })).status).toBe(303)
    expect((await home.get('/')).headers.get('location')).toBe('/sign-in')
    const again = browserOf(world.app, '203.0.113.7')
    expect((await again.post('/sign-in', { name: email, password })).status).toBe(401)
    expect((await again.post('/sign-in', { name: email, password: chosen })).status).toBe(303)
  })
})

it('where the portal has no mail server, no code is offered and the pages say so', async () => {
  const silent = await openPortalWorld()
  expect((await browserOf(silent.app).get('/sign-in')).text).not.toContain('/sign-in/code/send')
  expect((await (await silent.signedIn('ann')).get('/account')).text).toContain('This portal sends no mail yet.')
  await silent.close()
})

describe('what protects the account', () => {
  it('is changed only within 5 minutes after showing who one is, and then with a new token', async () => {
    const browser = await withEmail()
    await browser.submit('/password', '/password', { name: email, password })
    const { csrf } = await browser.hidden('/account', '/account/email')
    world.clock.advance(5 * 60_000 + 1)
    const changes: readonly [string, Record<string, string>][] = [
      ['/password', { name: email, password: 'eight amber kettles' }],
      ['/account/email', { email: 'thief@mail.example.com' }],
      ['/account/email/code', { code: '000000' }],
      ['/account/passkeys', { credential: '{}' }],
      ['/account/passkeys/remove', { id: 'x' }],
    ]
    for (const [path, fields] of changes)
      expect((await browser.post(path, { csrf: csrf!, ...fields })).headers.get('location'), path).toMatch(/^\/again\?to=(account|password)$/) // prettier-ignore
    expect((await browser.post('/account/passkeys/options', { csrf: csrf! })).status).toBe(401)
    expect((await browser.get('/account')).text).not.toContain('action="/account/email"')
    const before = browser.cookies.get('session')
    expect((await browser.submit('/again?to=password', '/again', { password: 'wrong' })).status).toBe(401)
    const right = await browser.submit('/again?to=password', '/again', { password })
    expect(right.headers.get('location')).toBe('/password')
    expect(browser.cookies.get('session')).not.toBe(before)
    expect((await browser.submit('/password', '/password', { name: email, password: 'eight amber kettles' })).status).toBe(303) // prettier-ignore
  })
  it('may be shown by a code too, in this browser', async () => {
    const browser = await withEmail()
    world.clock.advance(5 * 60_000 + 1)
    expect((await browser.submit('/again', '/again/code')).status).toBe(200)
    const { csrf } = await browser.hidden('/again', '/again/code')
    const code = await codeTo(email, 2)
    expect((await browser.post('/again/code', { csrf: csrf!, to: 'account', code })).headers.get('location')).toBe('/account') // prettier-ignore
    expect((await browser.get('/account')).text).toContain('action="/account/email"')
  })
  it('a new address is told to the one of before', async () => {
    const browser = await withEmail()
    await browser.submit('/account', '/account/email', { email: 'new@mail.example.com' })
    const { csrf } = await browser.hidden('/account', '/account/email')
    await browser.post('/account/email/code', { csrf: csrf!, code: await codeTo('new@mail.example.com') })
    await expect.poll(() => mailsTo(email).some((one) => one.text.includes('was changed'))).toBe(true)
  })
  it('an address that another account confirmed is not taken over', async () => {
    await withEmail()
    const ben = await world.signedIn('ben')
    await ben.submit('/account', '/account/email', { email })
    const { csrf } = await ben.hidden('/account', '/account/email')
    expect((await ben.post('/account/email/code', { csrf: csrf!, code: await codeTo(email, 2) })).status).toBe(409)
  })
})

describe('sessions', () => {
  const chrome = 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Mobile Safari/537.36' // prettier-ignore
  const onPhone = async (): Promise<Browser> => {
    const phone = browserOf(world.app, '192.0.2.1')
    await phone.post('/sign-in', { name: email, password }, { 'user-agent': chrome })
    return phone
  }
  const home = async (): Promise<Browser> => {
    const browser = await withEmail()
    await browser.submit('/password', '/password', { name: email, password })
    return browser
  }
  it('are listed by browser and device, and one can be ended from another', async () => {
    const browser = await home()
    const phone = await onPhone()
    expect((await browser.get('/account')).text).toContain('Chrome, Android')
    expect((await phone.get('/')).status).toBe(200)
    expect((await browser.submit('/account', '/account/sessions/end')).status).toBe(303)
    expect((await phone.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await browser.get('/')).status).toBe(200)
  })
  it('of another account are never ended', async () => {
    const [browser, ben] = [await home(), await world.signedIn('ben')]
    const theirs = world.store.sessions.of(world.store.accountNamed(email)!.id)
    const { csrf } = await ben.hidden('/account', '/account/sessions/end-all')
    for (const { token_hash: id } of theirs) await ben.post('/account/sessions/end', { csrf: csrf!, id })
    expect((await browser.get('/')).status).toBe(200)
  })
  it('all end at once where somebody signs out everywhere', async () => {
    const browser = await home()
    const phone = await onPhone()
    expect((await browser.submit('/account', '/account/sessions/end-all')).headers.get('location')).toBe('/sign-in')
    for (const one of [browser, phone]) expect((await one.get('/')).headers.get('location')).toBe('/sign-in')
  })
  it('say on the page and at /session when they end; asking keeps nobody signed in, staying does', async () => {
    const browser = await home()
    const left = async (): Promise<number> =>
      (JSON.parse((await browser.get('/session')).text) as { left: number }).left
    const { text } = await browser.get('/')
    expect(text).toContain('data-ends-in="900"')
    expect(text).toContain('data-warn-before="120"')
    expect(text).toMatch(/If you do nothing more here, you are signed out on Monday, November 23/)
    world.clock.advance(10 * 60_000)
    expect([await left(), await left()]).toEqual([300, 300])
    expect(JSON.parse((await browser.post('/session', {})).text)).toEqual({ left: 900 })
    world.clock.advance(15 * 60_000 + 1)
    expect(await left()).toBe(0)
    expect(JSON.parse((await browserOf(world.app).get('/session')).text)).toEqual({ left: 0 })
  })
})

describe('wrong tries', () => {
  it('leave a notice that stays until it is seen; five of them are told by mail, once a day, and lock nobody out', async () => {
    const browser = await withEmail()
    await browser.submit('/password', '/password', { name: email, password })
    await mailer.settled()
    for (let i = 0; i < 12; i++) {
      await browserOf(world.app, '198.51.100.66').post('/sign-in', { name: email, password: 'guess' })
      world.clock.advance(61_000)
    }
    await expect.poll(() => mailsTo(email).filter((one) => one.text.includes('several wrong tries')).length).toBe(1)
    await browser.post('/sign-in', { name: email, password })
    expect((await browser.get('/account')).text).toMatch(/There were \d+ wrong tries at your sign-in/)
    await browser.submit('/account', '/account/noticed')
    expect((await browser.get('/account')).text).not.toContain('wrong tries at your sign-in')
  })
  it('of a stranger at the patient’s own address do not use up what the patient’s browser has', async () => {
    const browser = await withEmail()
    await browser.submit('/password', '/password', { name: email, password })
    // The same address, as behind one router: no cookie of the patient's browser.
    for (let i = 0; i < 40; i++) await browserOf(world.app, '203.0.113.7').post('/sign-in', { name: email, password: 'guess' }) // prettier-ignore
    expect((await browserOf(world.app, '203.0.113.7').post('/sign-in', { name: email, password })).status).toBe(429)
    expect((await browser.post('/sign-in', { name: email, password })).headers.get('location')).toBe('/')
  })
})
