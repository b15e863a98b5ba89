/** A passkey made and used in a real browser with an authenticator of its own, by the pages' own script; and the warning before a session ends. */
import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listen, closeServer } from '../../src/server/listen.ts'
import { openPortalWorld, type PortalWorld } from '../server/world.ts'
import { openBrowser, sound } from './sound.ts'

let browser: Browser
let world: PortalWorld
let served: Awaited<ReturnType<typeof listen>>
let url: string
beforeEach(async () => {
  // One for each test: this build of Chromium is one process, which ends with its first page.
  browser = await openBrowser()
  world = await openPortalWorld()
  served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
  // A passkey is bound to a name; an address has none.
  url = served.url.replace('127.0.0.1', 'localhost')
})
afterEach(async () => {
  await browser.close()
  await closeServer(served.server)
  await world.close()
})

async function signedIn(width: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 780 }, bypassCSP: false })
  await page.goto(`${url}${await world.invite('ann')}`)
  await page.getByLabel('Date of birth').fill('05/26/1984')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Settings' }).waitFor()
  return page
}

it.each([360, 1280])('a passkey is added and signs in, under the pages’ own policy, %i pixels wide', async (width) => {
  const page = await signedIn(width)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } }) // prettier-ignore
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Sign-in' }).click()
  await sound(page)
  await page.getByRole('button', { name: 'Add a passkey of this device' }).click()
  await page.getByText('The passkey is added.').waitFor()
  await sound(page)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
  await sound(page)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByText(world.known['ann']!.event).waitFor()
  // Used, so that the next answer must count on.
  const [key] = world.store.passkeys(world.store.audit.rows(0, 1_000).findLast(({ event }) => event.did === 'signed in')!.event.by!) // prettier-ignore
  expect(key!.used_at).not.toBeNull()
  // More than 5 minutes later it has to be shown once more.
  world.clock.advance(6 * 60_000)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Sign-in' }).click()
  await page.getByRole('link', { name: 'Show that it is you to change this' }).first().click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('button', { name: 'Remove this passkey' }).click()
  await page.getByText('The passkey is removed.').waitFor()
})

it('two minutes before the end a page warns; who stays is asked nothing, who does not is signed out', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 780 } })
  // In hours that pass at once a socket seems dead: a page that follows nothing is looked at here.
  await page.routeWebSocket(/\/live\//, () => {})
  await page.clock.install()
  await page.goto(`${url}${await world.invite('ann')}`)
  await page.getByLabel('Date of birth').fill('05/26/1984')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const warning = page.getByText('You will be signed out in less than 2 minutes.')
  await page.getByRole('link', { name: 'Settings' }).waitFor()
  expect(await warning.isVisible()).toBe(false)
  world.clock.advance(13 * 60_000)
  await page.clock.runFor(13 * 60_000)
  await warning.waitFor()
  await page.getByRole('button', { name: 'Stay signed in' }).click()
  await warning.waitFor({ state: 'hidden' })
  world.clock.advance(15 * 60_000 + 1_000)
  await page.clock.runFor(15 * 60_000 + 1_000)
  await page.waitForURL(`${url}/sign-in`)
})
