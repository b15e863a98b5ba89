/** The whole main job, and what an admin of a site sets, by keyboard alone, in a real browser: no pointer touches the pages, and the focus is always seen. */
import type { Browser as Chromium, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeServer, listen } from '../../src/server/listen.ts'
import { openDeskWorld } from '../server/desk-world.ts'
import { openPortalWorld, type PortalWorld } from '../server/world.ts'
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

/** Presses Tab until what has the focus has this name; fails where it cannot be reached, or the focus is not seen. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    const focused = (await page.evaluate(`(() => {
      const e = document.activeElement
      const style = getComputedStyle(e)
      const label = e.labels && e.labels[0] ? e.labels[0].textContent : e.getAttribute('aria-label') ?? e.textContent
      const box = e.getBoundingClientRect()
      const on = document.elementFromPoint(box.x + Math.min(box.width, 20) / 2, box.y + Math.min(box.height, 20) / 2)
      return { tag: e.tagName + '.' + e.className + '#' + e.id, name: label.replace(/\\s+/g, ' ').trim(), seen: style.outlineStyle !== 'none', hidden: on !== null && !e.contains(on) && !on.contains(e) }
    })()`)) as { tag: string; name: string; seen: boolean; hidden: boolean }
    if (typeof name === 'string' ? focused.name !== name : !name.test(focused.name)) continue
    expect(focused, 'the focus is seen, and nothing lies over it').toMatchObject({ seen: true, hidden: false })
    return
  }
  throw new Error(`No Tab leads to ${String(name)}`)
}

it('a patient signs in, confirms, asks to move, reads, answers and signs out without a pointer', async () => {
  const ann = world.known['ann']!
  const page = await chromium.newPage({ viewport: { width: 360, height: 780 } })
  await page.goto(`${served.url}${await world.invite('ann')}`)
  await tabTo(page, /^Date of birth/)
  await page.keyboard.type(ann.birthDate)
  await page.keyboard.press('Enter')
  await page.getByText(ann.event).waitFor()

  await tabTo(page, 'Confirm')
  await page.keyboard.press('Enter')
  await page.getByText('Sent to the office', { exact: true }).waitFor()

  await tabTo(page, 'Ask to move')
  await page.keyboard.press('Enter')
  await tabTo(page, /^Anything the office should know/)
  await page.keyboard.type('Mornings are better.')
  await tabTo(page, 'Send my wish')
  await page.keyboard.press('Enter')
  await page.getByText('You asked to move it.').first().waitFor()

  await tabTo(page, /^Messages/)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Messages', level: 1 }).waitFor()
  await tabTo(page, new RegExp(ann.subject))
  await page.keyboard.press('Enter')
  await page.getByText(ann.text).waitFor()
  await tabTo(page, /^Your answer/)
  await page.keyboard.type('I will bring it.')
  await tabTo(page, 'Send answer')
  await page.keyboard.press('Enter')
  await page.getByText('Your message is sent to the office.').waitFor()

  await tabTo(page, 'Sign out')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sign-in')
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
    await tabTo(page, 'Name')
    await page.keyboard.type('Jo Desk')
    await tabTo(page, /^Password/)
    await page.keyboard.type(staffPassword)
    await page.keyboard.press('Enter')
    // A code is good once: the next one is of a minute later.
    desk.clock.advance(60_000)
    await page.getByLabel(/^Code/).waitFor()
    await tabTo(page, /^Code/)
    await page.keyboard.type(desk.authenticator.code())
    await page.keyboard.press('Enter')
    await page.getByText('Last contact').first().waitFor()

    await tabTo(page, 'Send Secure Portal Message')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/send')
    await tabTo(page, /^Find a patient/)
    await page.keyboard.type(lastName)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Write to/ }).first().waitFor() // prettier-ignore
    await tabTo(page, /^Write to/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /^To patient no/ }).waitFor()
    await tabTo(page, 'Subject')
    await page.keyboard.type('Parking')
    await tabTo(page, 'Message')
    await page.keyboard.type('It is free.')
    await tabTo(page, 'Send message')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/recent?said=sent')

    await tabTo(page, 'Inbox')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/inbox')
    await tabTo(page, /May I drive/)
    await page.keyboard.press('Enter')
    await page.waitForURL(/inbox\/[0-9A-Z]+$/)
    await tabTo(page, /^Your answer/)
    await page.keyboard.type('Not for a day.')
    await tabTo(page, 'Send answer')
    await page.keyboard.press('Enter')
    await page.waitForURL('**?said=answered')

    await tabTo(page, 'Today')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/today')
    await tabTo(page, 'Day after')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/today?day=*')
    await tabTo(page, 'Sync now')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/runs/*')
    await tabTo(page, 'Sign out')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/sign-in')
    const said = (await desk.site.replica.entries('messages', (await desk.site.bridge.documentOf('patients', 1))!)).flatMap((one) => (one.kind === 'message' ? [one.text] : [])) // prettier-ignore
    expect(said).toEqual(expect.arrayContaining(['It is free.', 'Not for a day.']))
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
    await tabTo(page, 'Synchronization')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/synchronization')
    await tabTo(page, /^Continuously/)
    await page.keyboard.press('ArrowDown')
    await tabTo(page, /^Minutes between two runs/)
    await page.keyboard.type('20')
    await tabTo(page, 'Sunday')
    await page.keyboard.press('Space')
    await tabTo(page, 'Save')
    await page.keyboard.press('Enter')
    await page.getByText('It is saved, and holds from now on.').waitFor()
    expect(desk.site.preferences.values().timing).toMatchObject({ mode: 'interval', everyMinutes: 20 })
    expect(desk.site.preferences.values().timing.days).not.toContain('Sunday')

    await tabTo(page, 'What leaves the practice')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/synchronization/mirror')
    await tabTo(page, 'Change: Secure messages')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/synchronization/mirror/messages')
    await tabTo(page, 'Both ways')
    await page.keyboard.press('ArrowUp')
    await tabTo(page, 'See what this would change')
    await page.keyboard.press('Enter')
    await page.getByText('Nothing is changed yet.').waitFor()
    expect(desk.site.mirror.standing().settings.version).toBe(0)
    await tabTo(page, /^Make this change/)
    await page.keyboard.press('Enter')
    await page.getByText('It is saved. What leaves follows from now on.').waitFor()
    expect(desk.site.mirror.standing().own).toEqual({ 'messages.direction': 'erased' })
  } finally {
    await closeServer(console.server)
    await desk.close()
  }
})
