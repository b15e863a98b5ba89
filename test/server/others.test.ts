/** Patients whom another site shares, at the console: found and read with whose they are, by who may, and in the trail. */
import { expect, it } from 'vitest'
import { join } from 'node:path'
import { consoleApp } from '../../src/server/console/console-app.ts'
import { openStaffStore } from '../../src/server/console/staff-store-sqlite.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { folder, master } from '../replica/world.ts'
import { twoSites } from '../mirror/two-sites.ts'
import { setUpFactor } from './authenticator.ts'
import { browserOf, heldClock } from './world.ts'

it('staff find a patient of another site by name, and read as far as that shares it, with its name; else nothing of it', async () => {
  const world = await twoSites()
  const { mesa, tempe } = world.sites
  const clock = heldClock(systemClock.now())
  const store = openStaffStore(join(folder(), 'staff.sqlite'), master, clock)
  const staff = browserOf(consoleApp({ site: tempe, store, setupCode: 'c', clock, log: () => {} }), '127.0.0.1', '127.0.0.1:8090') // prettier-ignore
  await staff.post('/first-user', { code: 'c', name: 'Jo Desk', initials: 'JD', password: 'seven violet kettles' })
  await setUpFactor(staff, clock)
  const csrf = async () => (await staff.hidden('/', '/sign-out'))['csrf']!
  const [one] = world.staff.mesa.prepare("select patient_id as id, first_name as first, last_name as last from patients where portal_enabled = 1 and patient_id in (select patient_id from events where starts_at > datetime('now'))").all() as { id: number; first: string; last: string }[] // prettier-ignore
  await mesa.message({ patient: one!.id, subject: 'Subject-indigo', text: 'Text-indigo' })
  await mesa.sync()
  const key = (await mesa.bridge.documentOf('patients', one!.id))!
  const found = async () => (await staff.post('/others', { csrf: await csrf(), find: one!.last })).text
  const isHere = async (path: string) => (await staff.get(path)).status
  expect((await staff.get('/')).text).not.toContain('href="/others"')
  expect(await found()).not.toContain(`/others/${key}`)
  expect(await isHere(`/others/${key}`)).toBe(404)
  await world.share('mesa', ['patients', 'events', 'messages'], 'give')
  await world.share('tempe', ['patients', 'events'], 'take')
  await expect.poll(found).toContain(`/others/${key}`)
  expect((await staff.get('/')).text).toContain('href="/others"')
  expect(await found()).toMatch(/Of mesa/)
  await expect
    .poll(async () => (await staff.get(`/others/${key}`)).text)
    .toMatch(/<td[^>]*data-label="Site"><span>mesa/)
  const { text } = await staff.get(`/others/${key}`)
  expect(text).toContain('This patient is mesa’s.')
  expect(text).not.toContain('indigo')
  expect(text).toContain('mesa does not share this with this site.')
  await world.share('tempe', ['messages'], 'take')
  await expect.poll(async () => (await staff.get(`/others/${key}`)).text).toContain('Text-indigo')
  const seen = store.audit.search({ limit: 100 }).map(({ event }) => [event.did, ...[event.of].flat()])
  expect(seen).toContainEqual(['viewed', 'patient of another site', key, world.mesaId])
  expect(seen).toContainEqual(['patients found', 'others', key])
  // What is denied to a user stays denied.
  store.setRights(store.named('jo desk')!.id, { roles: ['admin'], granted: [], denied: ['see other sites'] })
  expect(await isHere(`/others/${key}`)).toBe(403)
  store.setRights(store.named('jo desk')!.id, { roles: ['admin'], granted: [], denied: [] })
  await world.share('mesa', ['patients'], 'off')
  await expect.poll(() => isHere(`/others/${key}`)).toBe(404)
  expect(await found()).not.toContain(`/others/${key}`)
  store.close()
})
