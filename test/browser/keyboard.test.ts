/** The whole main job, and what an admin of a site sets, by keyboard alone, in a real browser: no pointer touches the pages, and the focus is always seen. */
import type { Browser as Chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeServer, listen } from '../../src/server/listen.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { openDeskWorld } from '../server/desk-world.ts'
import { openPortalWorld, type PortalWorld } from '../server/world.ts'
import { follow, press, tabTo, write } from './by-keyboard.ts'
import { staffPassword } from './console-pages.ts'
import { openBrowser } from './sound.ts'

let chromium: Chromium
let world: PortalWorld
let served: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  world = await openPortalWorld()
  served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
  chromium = await openBrowser()
})
afterAll(async () => {
  await chromium.close()
  await closeServer(served.server)
  await world.close()
})

it('a patient signs in, confirms, asks to move, reads, answers and signs out without a pointer', async () => {
  const ann = world.known['ann']!
  const page = await chromium.newPage({ viewport: { width: 360, height: 780 } })
  await page.goto(`${served.url}${await world.invite('ann')}`)
  await write(page, /^Date of birth/, ann.birthDate)
  await page.keyboard.press('Enter')
  await page.getByText(ann.event).waitFor()

  await press(page, 'Confirm')
  await page.getByText('Sent to the office', { exact: true }).waitFor()

  await press(page, 'Ask to move')
  await write(page, /^Anything the office should know/, 'Mornings are better.')
  await press(page, 'Send my wish')
  await page.getByText('You asked to move it.').first().waitFor()

  await press(page, /^Messages/)
  await page.getByRole('heading', { name: 'Messages', level: 1 }).waitFor()
  await press(page, new RegExp(ann.subject))
  await page.getByText(ann.text).waitFor()
  await write(page, /^Your answer/, 'I will bring it.')
  await press(page, 'Send answer')
  await page.getByText('Your message is sent to the office.').waitFor()

  await follow(page, 'Sign out', '**/sign-in')
  const entries = await ann.replica.entries('messages', ann.patient)
  expect(entries.some((one) => one.kind === 'message' && one.text === 'I will bring it.')).toBe(true)
})

it('staff sign in with their code, find a patient, write, answer in the inbox, look at the day and sync without a pointer', async () => {
  const desk = await openDeskWorld()
  const { server, url } = await listen(desk.app.fetch, { port: 0, host: '127.0.0.1' })
  try {
    const lastName = desk.insched.prepare('select last_name from patients where patient_id = 1').pluck().get() as string
    await desk.writes(1, 'Question', 'May I drive?')
    await desk.settled()
    const page = await chromium.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(url)
    await write(page, 'Name', 'Jo Desk')
    await write(page, /^Password/, staffPassword)
    await page.keyboard.press('Enter')
    // A code is good once: the next one is of a minute later.
    desk.clock.advance(60_000)
    await page.getByLabel(/^Code/).waitFor()
    await write(page, /^Code/, desk.authenticator.code())
    await page.keyboard.press('Enter')
    await page.getByText('Last contact').first().waitFor()

    await follow(page, 'Send Secure Portal Message', '**/send')
    await write(page, /^Find a patient/, lastName)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Write to/ }).first().waitFor() // prettier-ignore
    await press(page, /^Write to/)
    await page.getByRole('heading', { name: /^To patient no/ }).waitFor()
    await write(page, 'Subject', 'Parking')
    await write(page, 'Message', 'It is free.')
    await follow(page, 'Send message', '**/recent?said=sent')

    await follow(page, 'Send Secure Portal Message', '**/send')
    await write(page, /^Find a patient/, lastName)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Write to/ }).first().waitFor() // prettier-ignore
    await follow(page, /^How .+ is reached$/, '**/reached')
    await tabTo(page, /^No preference/)
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown')
    await tabTo(page, 'No texts by rules')
    await page.keyboard.press('Space')
    await press(page, 'Save')
    await page.getByText('Saved. It holds').waitFor()

    await follow(page, 'Inbox', '**/inbox')
    await follow(page, /May I drive/, /inbox\/[0-9A-Z]+$/)
    await write(page, /^Your answer/, 'Not for a day.')
    await follow(page, 'Send answer', '**?said=answered')

    await follow(page, 'Today', '**/today')
    await follow(page, 'Day after', '**/today?day=*')
    await follow(page, 'Sync now', '**/runs/*')
    await follow(page, 'Sign out', '**/sign-in')
    const said = (await desk.site.replica.entries('messages', (await desk.site.bridge.documentOf('patients', 1))!)).flatMap((one) => (one.kind === 'message' ? [one.text] : [])) // prettier-ignore
    expect(said).toEqual(expect.arrayContaining(['It is free.', 'Not for a day.']))
    const { choice } = foldCommunications(await desk.site.replica.entries('communications', (await desk.site.bridge.documentOf('patients', 1))!)) // prettier-ignore
    expect(choice).toEqual({ prefers: 'email', noText: true, noEmail: false, noneByItself: false })
  } finally {
    await closeServer(server)
    await desk.close()
  }
})

it('an admin sets when the site synchronizes, and turns a collection off after looking at what that erases, without a pointer', async () => {
  const desk = await openDeskWorld()
  const console = await listen(desk.app.fetch, { port: 0, host: '127.0.0.1' })
  try {
    const context = await chromium.newContext({ viewport: { width: 1280, height: 800 } })
    await context.addCookies([...desk.admin.cookies].map(([name, value]) => ({ name, value, url: console.url })))
    const page = await context.newPage()
    await page.goto(console.url)
    await follow(page, 'Synchronization', '**/synchronization')
    await tabTo(page, /^Continuously/)
    await page.keyboard.press('ArrowDown')
    await write(page, /^Minutes between two runs/, '20')
    await tabTo(page, 'Sunday')
    await page.keyboard.press('Space')
    await press(page, 'Save')
    await page.getByText('It is saved, and holds from now on.').waitFor()
    expect(desk.site.preferences.values().timing).toMatchObject({ mode: 'interval', everyMinutes: 20 })
    expect(desk.site.preferences.values().timing.days).not.toContain('Sunday')

    await follow(page, 'What leaves the practice', '**/synchronization/mirror')
    await follow(page, 'Change: Secure messages', '**/synchronization/mirror/messages')
    await tabTo(page, 'Both ways')
    await page.keyboard.press('ArrowUp')
    await press(page, 'See what this would change')
    await page.getByText('Nothing is changed yet.').waitFor()
    expect(desk.site.mirror.standing().settings.version).toBe(0)
    await press(page, /^Make this change/)
    await page.getByText('It is saved. What leaves follows from now on.').waitFor()
    expect(desk.site.mirror.standing().own).toEqual({ 'messages.direction': 'erased' })
  } finally {
    await closeServer(console.server)
    await desk.close()
  }
})
