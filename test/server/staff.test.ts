/** Staff at the console: the second factor, roles and privileges, users made and ended by an admin, and the trail of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  hasPrivilege,
  privileges,
  privilegesOfRole,
  roles,
  routeNeeds,
  type Privilege,
  type Role,
} from '../../src/server/console/privileges.ts'
import { staffOperations } from '../../src/server/console/staff-operations.ts'
import { stepOf } from '../../src/server/console/second-factor.ts'
import { setUpFactor, type Authenticator } from './authenticator.ts'
import { openSiteWorld, type SiteWorld } from './site-world.ts'
import { browserOf, type Browser } from './world.ts'

let world: SiteWorld
let admin: Browser
const password = 'seven violet kettles'
const browser = (): Browser => browserOf(world.app, '127.0.0.1', '127.0.0.1:8090')
beforeAll(async () => {
  world = await openSiteWorld()
  const { url } = (await staffOperations(world.staff, world.clock)['staff add']!({ name: 'Ada Admin', initials: 'aa' })) as { url: string } // prettier-ignore
  admin = (await begin(url)).browser
})
afterAll(() => world.close())

/** Somebody who begins by their link: a password, a second factor. */
async function begin(path: string): Promise<{ browser: Browser; app: Authenticator }> {
  const one = browser()
  expect((await one.post(path, { password })).headers.get('location')).toBe('/second-factor')
  return { browser: one, app: await setUpFactor(one, world.clock) }
}
async function csrfOf(one: Browser): Promise<string> {
  return /name="csrf" value="([^"]+)"/.exec((await one.get('/users')).text)![1]!
}
async function user(name: string, role: Role) {
  const { text } = await admin.submit('/users', '/users', { name, initials: 'xx', role })
  const path = /\/welcome\/[\w-]+/.exec(text)![0]
  return { id: world.staff.named(name)!.id, path, ...(await begin(path)) }
}

describe('the second factor', () => {
  it('is asked for after the password; a code works once, and only of now', async () => {
    const { app } = await user('Cody Codes', 'front desk')
    const signIn = async (code: string) => {
      const one = browser()
      expect((await one.post('/sign-in', { name: 'Cody Codes', password })).headers.get('location')).toBe('/sign-in/code') // prettier-ignore
      expect((await one.get('/')).headers.get('location')).toBe('/sign-in')
      return { one, answer: await one.post('/sign-in/code', { code }) }
    }
    // The code of the set-up was used by it.
    expect((await signIn(app.code())).answer.status).toBe(401)
    const old = app.code()
    world.clock.advance(5 * 60_000)
    expect((await signIn(old)).answer.status).toBe(401)
    const { one, answer } = await signIn(app.code())
    expect(answer.headers.get('location')).toBe('/')
    expect((await one.get('/')).status).toBe(200)
    expect((await signIn(app.code())).answer.status).toBe(401)
  })
  it('without the password before it, or 5 minutes after, is not asked', async () => {
    const { app } = await user('Late Lee', 'front desk')
    world.clock.advance(60_000)
    const one = browser()
    expect((await one.post('/sign-in/code', { code: app.code() })).headers.get('location')).toBe('/sign-in')
    await one.post('/sign-in', { name: 'Late Lee', password })
    world.clock.advance(5 * 60_000 + 1)
    expect((await one.post('/sign-in/code', { code: app.code() })).headers.get('location')).toBe('/sign-in')
  })
  it('may be guessed at slower and slower', async () => {
    await user('Guess Gus', 'front desk')
    const one = browser()
    await one.post('/sign-in', { name: 'Guess Gus', password })
    const statuses = []
    for (let i = 0; i < 5; i++) statuses.push((await one.post('/sign-in/code', { code: '000000' })).status)
    expect(statuses).toEqual([401, 401, 401, 429, 429])
  })
  it('takes codes of RFC 6238, one step of 30 s to either side', () => {
    const secret = Buffer.from('12345678901234567890')
    expect(stepOf('287082', secret, 59_000)).toBe(1)
    expect(stepOf('287 082', secret, 89_000)).toBe(1)
    expect(stepOf('287082', secret, 120_000)).toBeUndefined()
    expect(stepOf('287082', secret, 59_000, 1)).toBeUndefined()
    expect(stepOf(undefined, secret, 59_000)).toBeUndefined()
  })
})

describe('privileges', () => {
  it.each(roles)('%s: each route is open or closed as the table says', async (role) => {
    const { browser: one } = await user(`Role ${role}`, role)
    const csrf = /name="csrf" value="([^"]+)"/.exec((await one.get('/nowhere')).text)![1]!
    for (const [route, need] of Object.entries(routeNeeds)) {
      if (route === 'POST /sign-out') continue
      const [method, path] = route.split(' ') as [string, string]
      const { status, text } = method === 'GET' ? await one.get(path) : await one.post(path, { csrf })
      const may = need === 'own' || privilegesOfRole[role].includes(need)
      if (!may) expect(status, route).toBe(403)
      // A link of an attachment that is none is answered 403 as well.
      expect(text.includes('Your user has not the privilege for it.'), `${route} ${status}`).toBe(!may)
    }
  })
  it('what is denied to a user stays denied, whatever brings it', () => {
    for (const one of privileges) {
      expect(hasPrivilege({ roles: ['admin'], granted: [one], denied: [one] }, one)).toBe(false)
      expect(hasPrivilege({ roles: [], granted: [one], denied: [] }, one)).toBe(true)
      expect(hasPrivilege({ roles: [], granted: [], denied: [] }, one)).toBe(false)
    }
  })
  it('are changed by an admin and hold at the next request; the menu shows no more than may be opened', async () => {
    const { browser: one, id } = await user('Bill Billing', 'billing')
    expect((await one.get('/send')).status).toBe(403)
    expect((await one.get('/')).text).not.toContain('href="/send"')
    const rights = (granted: Privilege, denied: Privilege) => admin.post('/users/rights', { csrf, id, 'role billing': 'yes', [`privilege ${granted}`]: 'granted', [`privilege ${denied}`]: 'denied' }) // prettier-ignore
    const csrf = await csrfOf(admin)
    expect((await rights('write to patients', 'see communications')).status).toBe(303)
    expect((await one.get('/send')).status).toBe(200)
    expect((await one.get('/recent')).status).toBe(403)
    expect((await one.get('/')).text).toContain('href="/send"')
  })
})

describe('users', () => {
  it('begin by a link that works once, for 24 hours; nobody else knows their password', async () => {
    const { path } = await user('Once Olive', 'front desk')
    expect((await browser().post(path, { password })).status).toBe(404)
    const csrf = await csrfOf(admin)
    const { text } = await admin.post('/users', { csrf, name: 'Slow Sam', initials: 'ss', role: 'billing' })
    const late = /\/welcome\/[\w-]+/.exec(text)![0]
    expect((await browser().post(late, { password: 'SlowSam2026' })).status).toBe(400)
    for (let i = 0; i < 160; i++) {
      world.clock.advance(9 * 60_000)
      await admin.post('/session', {})
    }
    world.clock.advance(60_000)
    expect((await browser().get(late)).status).toBe(404)
    admin = await signInAgain()
  })
  it('that are disabled or reset are out at once', async () => {
    const one = await user('Dora Disabled', 'front desk')
    const two = await user('Rita Reset', 'front desk')
    const csrf = await csrfOf(admin)
    await admin.post('/users/disable', { csrf, id: one.id })
    expect((await one.browser.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await browser().post('/sign-in', { name: 'Dora Disabled', password })).status).toBe(401)
    await admin.post('/users/enable', { csrf, id: one.id })
    expect((await browser().post('/sign-in', { name: 'Dora Disabled', password })).headers.get('location')).toBe('/sign-in/code') // prettier-ignore
    const { text } = await admin.post('/users/reset', { csrf, id: two.id })
    expect((await two.browser.get('/')).headers.get('location')).toBe('/sign-in')
    expect((await browser().post('/sign-in', { name: 'Rita Reset', password })).status).toBe(401)
    await begin(/\/welcome\/[\w-]+/.exec(text)![0])
  })
  it('always keep an admin', async () => {
    const csrf = await csrfOf(admin)
    for (const { id, roles: held } of world.staff.all())
      if (held.includes('admin') && id !== world.staff.named('Ada Admin')!.id) world.staff.disable(id)
    const { id } = world.staff.named('Ada Admin')!
    expect((await admin.post('/users/disable', { csrf, id })).status).toBe(409)
    expect((await admin.post('/users/rights', { csrf, id, 'role billing': 'yes' })).status).toBe(409)
    expect((await admin.get('/users')).status).toBe(200)
  })
  it('and what was done to them stand in the trail, by ids alone', () => {
    const events = world.staff.audit.rows(0, 100_000).map((row) => row.event)
    const did = new Set(events.map((event) => event.did))
    for (const one of ['user added', 'user changed', 'user disabled', 'user enabled', 'second factor reset', 'second factor set', 'wrong second factor', 'refused'] as const) expect(did).toContain(one) // prettier-ignore
    for (const name of ['Ada Admin', 'Bill Billing', 'Rita Reset']) expect(JSON.stringify(events)).not.toContain(name)
    expect(world.staff.audit.verify().brokenAt).toBeNull()
  })
})

/** The admin after the session's 12 hours: reset by the command of this machine, as who lost a phone would be. */
async function signInAgain(): Promise<Browser> {
  const { url } = (await staffOperations(world.staff, world.clock)['staff reset']!({ name: 'Ada Admin' })) as { url: string } // prettier-ignore
  return (await begin(url)).browser
}
