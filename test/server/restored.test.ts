/** InSched restored from a backup, at the console of a running site: since when, what differs, and an admin's choice (DOM-19). */
import Database from 'better-sqlite3'
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { siteOperations } from '../../src/server/console/site-operations.ts'
import { openDeskWorld, type DeskWorld } from './desk-world.ts'

let world: DeskWorld
beforeAll(async () => {
  world = await openDeskWorld()
})
afterAll(() => world.close())
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')

it('[DOM-19] the console says since when and what differs, and an admin writes back or trusts; the command says so where there is nothing to choose', async () => {
  const { admin, site } = world
  const [file, copy] = [join(world.dir, 'insched.db'), join(world.dir, 'backup.db')]
  const settle = siteOperations(site, world.staff.audit, () => {})['insched restored']!
  await expect(settle({ choice: 'trust' })).rejects.toThrow('there is nothing to choose')
  copyFileSync(file, copy)
  const [event] = world.events
  await world.confirms(event!)
  await world.settled()
  renameSync(copy, file)
  await expect.poll(async () => (await site.status()).putBack, { timeout: 10_000 }).toMatchObject({ confirmations: 1, communications: 0, missing: 0, other: 0 }) // prettier-ignore
  expect((await site.status()).problems.join()).toContain('was put back to a backup')
  const { text } = await admin.get('/')
  expect(words(text)).toMatch(/InSched was restored from a backup Noticed .+ Confirmations that are gone in it 1 .+Write back what the portal has .+The restored database is right/) // prettier-ignore
  const { csrf } = (await admin.hidden('/', '/insched-restored')) as { csrf: string }
  expect((await admin.post('/insched-restored', { csrf, choice: 'neither' })).status).toBe(409)
  expect((await admin.post('/insched-restored', { csrf, choice: 'write-back' })).status).toBe(303)
  const insched = new Database(file, { readonly: true })
  expect(insched.prepare('select confirmation_type from events where event_id = ?').pluck().get(event!.event)).toBe('Portal') // prettier-ignore
  insched.close()
  expect(await site.status()).toMatchObject({ putBack: null, state: expect.stringMatching(/Working|Behind/) as string })
  expect((await admin.post('/insched-restored', { csrf, choice: 'trust' })).status).toBe(409)
})
