/** A parent with a child on a phone, in a real browser: the second invitation, the switch, and the form that is clicked twice. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeServer, listen } from '../../src/server/listen.ts'
import { openPortalWorld, type PortalWorld } from '../server/world.ts'
import { openBrowser, sound } from './sound.ts'

let browser: Browser
let world: PortalWorld
let served: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  world = await openPortalWorld()
  served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await closeServer(served.server)
  await world.close()
})

it('a double click signs in, a child is added, and the switch shows the one who was chosen', async () => {
  const { ann, cleo } = world.known as Record<'ann' | 'cleo', (typeof world.known)[string]>
  const page = await browser.newPage({ viewport: { width: 360, height: 780 }, bypassCSP: true })
  await page.goto(`${served.url}${await world.invite('ann')}`)
  await page.getByLabel('Date of birth').fill(ann.birthDate)
  await page.getByRole('button', { name: 'Sign in' }).dblclick()
  await page.getByText(ann.event).waitFor()
  expect(new URL(page.url()).pathname).toBe('/')
  await page.goto(`${served.url}${await world.invite('cleo')}`)
  await sound(page)
  await page.getByLabel('Date of birth').fill(cleo.birthDate)
  await page.getByLabel('That is me: show this record in my sign-in too').check()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText(cleo.event).waitFor()
  await sound(page)
  await page.getByLabel('Viewing').selectOption({ label: `${ann.firstName} ${ann.lastName}` })
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByText(ann.event).waitFor()
  await page.getByRole('link', { name: 'Messages' }).click()
  await page.locator('main a[href^="/messages/"]').first().click()
  await page.getByText(ann.text).waitFor()
  await sound(page)
})
