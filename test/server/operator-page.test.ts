/** The operator's page of a real portal, over its socket: by a link that works once, every route for who is signed in alone, and never a patient. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { html } from 'hono/html'
import { overviewHtml } from '../../src/server/operator/operator-overview.ts'
import { speechIn } from '../../src/server/words/speech.ts'
import { openOperatorWorld, type OperatorWorld } from './operator-world.ts'
import { hiddenOf } from './world.ts'

let world: OperatorWorld
let cookie = ''
let csrf = ''
const ask = async (path: string, fields?: Record<string, string>, by = cookie, origin = world.url) => {
  const answer = await fetch(`${world.url}${path}`, {
    redirect: 'manual',
    headers: { cookie: by, ...(fields ? { origin } : {}) },
    ...(fields ? { method: 'POST', body: new URLSearchParams(fields) } : {}),
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}
beforeAll(async () => {
  world = await openOperatorWorld()
})
afterAll(() => world.close())

describe('the sign-in', () => {
  it('is a link of a command, shown first and used by a form, good once', async () => {
    expect((await ask('/operator')).status).toBe(401)
    expect((await ask('/operator/enter/guessed')).status).toBe(404)
    expect((await ask('/operator/enter/guessed', {})).status).toBe(404)
    const older = await world.link()
    const link = await world.link()
    expect((await ask(older, {})).status).toBe(404)
    for (let i = 0; i < 2; i++) expect((await ask(link)).text).toContain('It works once')
    const entered = await ask(link, {})
    expect(entered.headers.get('location')).toBe('/operator')
    cookie = entered.headers.getSetCookie().at(-1)!.split(';')[0]!
    expect((await ask(link, {})).status).toBe(404)
    const { text, status, headers } = await ask('/operator')
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    csrf = hiddenOf(text, '/operator/sign-out')['csrf']!
  })
  it('is no sign-in of a patient, and a patient’s is none of the operator', async () => {
    const token = cookie.split('=')[1]!
    expect((await ask('/', undefined, `session=${token}`)).status).toBe(403)
    expect((await ask('/operator', undefined, 'operator=other')).status).toBe(401)
  })
})

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
interface Route { readonly route: string; readonly fields: Record<string, string>; readonly status: number; readonly holds?: string } // prettier-ignore
const routes: readonly Route[] = (
  [
    ['GET /operator', {}, 200, 'Desert Bloom'],
    ['POST /operator/reconcile', { practice: id }, 400, 'has no account for card payments'],
    ['POST /operator/practices', { name: '', zone: 'x' }, 400, 'A practice needs'],
    ['POST /operator/practices', { name: 'Quail', zone: 'Mars/Base' }, 400, 'is no IANA time zone'],
    ['POST /operator/practices', { name: 'Quail Brush', zone: 'America/Denver' }, 303],
    ['POST /operator/sites', { practice: id, name: 'x' }, 400, 'A site needs'],
    ['POST /operator/ask', { site: id, what: 'revoke' }, 404],
    ['POST /operator/revoke', { site: id }, 404],
    ['POST /operator/retire', { site: id }, 404],
    ['POST /operator/release', { practice: id }, 404],
    ['GET /operator/mirror/none', {}, 404],
    [`GET /operator/mirror/${id}`, {}, 404],
    [`GET /operator/mirror/${id}/events`, {}, 404],
    [`POST /operator/mirror/${id}/events`, {}, 404],
  ] as readonly (readonly [string, Record<string, string>, number, string?])[]
).map(([route, fields, status, holds]) => ({ route, fields, status, ...(holds ? { holds } : {}) }))

describe('the routes', () => {
  it.each(routes)(
    '$route with $fields answers $status, and a guest nothing',
    async ({ route, fields, status, holds }) => {
      const [method, path] = route.split(' ') as [string, string]
      const post = method === 'POST'
      const guest = await ask(path, post ? { csrf, ...fields } : undefined, '')
      expect(guest.status).toBe(401)
      expect(guest.text).not.toContain('Desert Bloom')
      if (post) {
        expect((await ask(path, fields)).status).toBe(403)
        expect((await ask(path, { csrf, ...fields }, cookie, 'https://evil.example')).status).toBe(403)
      }
      const answer = await ask(path, post ? { csrf, ...fields } : undefined)
      expect(answer.status).toBe(status)
      if (holds) expect(answer.text).toContain(holds)
    },
  )
})

describe('what it shows', () => {
  it('is each site with its state, its code or device, and nothing of a patient', async () => {
    await expect.poll(async () => (await ask('/operator')).text).toContain('Working')
    const { text } = await ask('/operator')
    for (const one of ['Mesa', 'Scottsdale', 'Never enrolled', 'Its code holds until', 'No alarm', 'Quail Brush'])
      expect(text).toContain(one)
    const insched = new Database(join(world.dir, 'insched.db'), { readonly: true })
    const rows = insched.prepare('select last_name, birth_date, email, cell_phone from patients').all() as Record<string, string | null>[] // prettier-ignore
    insched.close()
    for (const secret of rows.flatMap((row) => Object.values(row)))
      if (secret !== null && secret.length > 3) expect(text).not.toContain(secret)
  })
  it('a new site has its code shown once, and enrols with it', async () => {
    const { text } = await ask('/operator/sites', { csrf, practice: world.practice, name: 'Tempe' })
    expect(text).toMatch(/class="copy">[0-9a-f]{32}</)
    expect((await ask('/operator')).text).not.toMatch(/class="copy">/)
  })
  it('what a site and this portal say of sharing with another site stands there by its name', async () => {
    const [practice] = (await world.portal.status()).practices
    const site = practice!.sites.find((one) => one.name === 'Mesa')!.siteId
    const { siteId: other } = world.portal.addSite({ practice: practice!.practiceId, name: 'Saguaro' })
    const key = `share.${other}.patients`
    const words = async (): Promise<string> => (await ask(`/operator/mirror/${site}`)).text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ') // prettier-ignore
    expect(await words()).not.toContain('Saguaro')
    await world.portal.narrow(site, [{ key, value: 'take' }], 'operator')
    expect(await words()).toMatch(/Shared with Saguaro .*Patients Off Take/)
    await world.portal.narrow(site, [{ key, value: 'as the site' }], 'operator')
    expect(await words()).not.toMatch(/Patients Off Take/)
  })
  it('what a site mirrors is narrowed by a form: it holds at the portal and at the site, a wrong value is refused next to its field, and it is taken back', async () => {
    const site = (await world.portal.status()).practices[0]!.sites.find((one) => one.name === 'Mesa')!.siteId
    const at = `/operator/mirror/${site}`
    const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
    expect((await ask('/operator')).text).toContain(`href="${at}"`)
    expect(words((await ask(at)).text)).toContain('Days ahead 365 days As the site says')
    expect((await ask(`${at}/consents`)).status).toBe(404)
    const { text } = await ask(`${at}/events`)
    const fields = Object.fromEntries(
      [...text.matchAll(/name="(events.fields [^"]+)"/g)].map((one) => [one[1]!, 'yes']),
    )
    const same = { csrf, ...fields, 'events.direction': 'as the site', 'events.patients': 'as the site', 'events.daysPast': '' } // prettier-ignore
    const wrong = await ask(`${at}/events`, { ...same, 'events.daysAhead': 'few' })
    expect([wrong.status, words(wrong.text)]).toEqual([400, expect.stringContaining('Write a whole number from 1 to 365.')]) // prettier-ignore
    expect(wrong.text).toMatch(/id="events.daysAhead"[^>]*aria-invalid="true"/)
    expect((await world.portal.mirrorOf(site)).portals).toEqual({})
    expect((await ask(`${at}/events`, { ...same, 'events.daysAhead': '20', 'events.fields words': '' })).status).toBe(303) // prettier-ignore
    expect((await world.portal.mirrorOf(site)).portals).toEqual({ 'events.daysAhead': '20', 'events.fields': 'type, minutes, lastConfirmed, confirmationType' }) // prettier-ignore
    await expect.poll(() => world.site.mirror.standing().settings).toMatchObject({ daysAhead: 20, withheld: { events: ['words'] } }) // prettier-ignore
    expect(words((await ask(at)).text)).toContain('Days ahead 365 days 20 days')
    // What the site allows not, nobody can allow here.
    await world.site.mirror.set({ key: 'events.daysAhead', value: '10' })
    await ask(`${at}/events`, { ...same, 'events.daysAhead': '300' })
    expect(world.site.mirror.standing().settings.daysAhead).toBe(10)
    await ask(`${at}/events`, { ...same, 'events.daysAhead': '' })
    expect((await world.portal.mirrorOf(site)).portals).toEqual({})
    await world.site.mirror.set({ key: 'events.daysAhead', value: '365' })
    await expect.poll(() => world.site.mirror.standing().settings.version).toBe(0)
  })
  it('a device is revoked after a question, and refused from then on', async () => {
    const site = (await world.portal.status()).practices[0]!.sites.find((one) => one.name === 'Mesa')!.siteId
    const asked = await ask('/operator/ask', { csrf, site, what: 'revoke' })
    expect(asked.text).toContain('Refuse the device of Mesa from now on?')
    expect((await ask('/operator/revoke', { csrf, site })).status).toBe(303)
    expect((await ask('/operator')).text).toContain('Revoked')
    await expect.poll(async () => (await world.site.status()).state).toMatch(/^Down since/)
  })
  it('a silent site is an alarm at the top: since when, and how many patients’ answers wait', async () => {
    const silent = { siteId: id, name: 'Mesa', state: 'Down since 2026-11-23T16:12:00.000Z', lastContact: '2026-11-23T16:12:00.000Z', alarm: { since: '2026-11-23T16:12:00.000Z', patientsWaiting: 3 }, notBackSince: null, patientsWaiting: 3, clockDifference: 90, codeUntil: null, device: { replica: id, revokedAt: null } } // prettier-ignore
    const view = { practices: [{ practiceId: id, name: 'Desert Bloom', zone: 'America/Phoenix', outward: 'open' as const, waitsFor: [], sites: [silent] }] } // prettier-ignore
    const reader = { ...speechIn('en'), theme: undefined, path: '/operator' }
    const said = String(await html`${overviewHtml(reader, view, { csrf: 'x', now: 0 })}`)
    expect(said.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toMatch(/^ ?Mesa of Desert Bloom is silent\. Last heard on Monday, November 23 at 9:12\sAM\. Answers of 3 patients wait for it\./) // prettier-ignore
    expect(said).not.toContain('No alarm')
  })
  it('says where payments do not agree, with what to do, and no patient', async () => {
    const difference = { kind: 'deposit differs' as const, payment: id, patient: 'somebody', transaction: 'pi_7', amount: -700, currency: 'usd', todo: 'Put it right in InSched.' } // prettier-ignore
    const last = { at: 0, processor: { payments: 5_000, refunds: -700, disputes: 0, fees: 175, others: 0 }, deposits: { count: 1, net: 5_000 }, notPosted: { count: 0, amount: 0 }, differences: [difference] } // prettier-ignore
    const payments = { last, waiting: { count: 2, problem: 'The card processor answered: 500.' }, notRemoved: { count: 1, problem: 'The card processor answered: 401.' } } // prettier-ignore
    const view = { practices: [{ practiceId: id, name: 'Desert Bloom', zone: 'America/Phoenix', outward: 'open' as const, waitsFor: [], payments, sites: [] }] } // prettier-ignore
    const reader = { ...speechIn('en'), theme: undefined, path: '/operator' }
    const said = String(await html`${overviewHtml(reader, view, { csrf: 'x', now: 0 })}`)
    for (const text of [
      'Desert Bloom: Card payments: 1 difference',
      'Deposit differs',
      '-$7.00',
      'pi_7',
      'Put it right in InSched.',
      '2 payments wait',
      'Saved cards of 1 account that must be removed are still at the card processor',
      'answered: 401',
      '$1.75',
    ])
      // prettier-ignore
      expect(said).toContain(text)
    expect(said).not.toMatch(/No alarm|somebody/)
  })
  it('who signs out is out', async () => {
    await ask('/operator/sign-out', { csrf })
    expect((await ask('/operator')).status).toBe(401)
  })
})
