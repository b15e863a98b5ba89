/** The whole main job in a real browser on a phone and on a desk, with axe-core finding nothing on any page; the pictures of the README are made here. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../src/replica/clock.ts'
import { authenticatorOf } from '../server/authenticator.ts'
import { openOffice, run, type Office } from '../cli/office.ts'
import { openBrowser, sound } from './sound.ts'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

it.each([
  [360, 'with scripts'],
  [1280, 'with scripts'],
  [360, 'without scripts'],
] as const)('sign in, read, answer, confirm, and see it in the office, %i pixels wide, %s', async (width, scripts) => {
  const javaScriptEnabled = scripts === 'with scripts'
  // Without scripts axe cannot run either; the page is the same.
  const looked = async (page: Page, picture?: string): Promise<void> =>
    void (javaScriptEnabled && (await sound(page, picture)))

  const office: Office = await openOffice(20)
  try {
    await run(
      'message',
      '--data',
      office.site,
      '--patient',
      '1',
      '--subject',
      'Before your visit',
      '--text',
      'Please come ten minutes early.',
    )
    const { result } = await run('invite', '--data', office.site, '--patient', '1')
    await run('upload', '--data', office.site)
    const born = office.insched.prepare('select birth_date from patients where patient_id = 1').pluck().get() as string
    const page = await browser.newPage({ viewport: { width, height: 780 }, bypassCSP: true, javaScriptEnabled })
    await page.goto(result.url)
    await looked(page)
    await page.getByLabel('Date of birth').fill(born)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Confirm', exact: true }).waitFor()
    await looked(page, `home-${width}`)
    await page.getByRole('link', { name: /1 new message/ }).click()
    await page.getByText('Please come ten minutes early.').waitFor()
    await page.getByLabel('Your answer').fill('Thank you, I will.')
    await page.getByRole('button', { name: 'Send answer' }).click()
    await page.getByText('Thank you, I will.').waitFor()
    await looked(page, `messages-${width}`)
    await page.getByRole('link', { name: 'My plan' }).click()
    await looked(page, `plan-${width}`)
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByRole('button', { name: 'Confirm', exact: true }).click()
    await expect
      .poll(async () => (await page.reload(), page.content()))
      .toContain("Confirmed in the office's schedule on")
    await looked(page, `confirmed-${width}`)
    expect(office.insched.prepare('select confirmation_type from events where event_id = 2').pluck().get()).toBe(
      'Portal',
    )

    const desk = await browser.newPage({ viewport: { width, height: 780 }, bypassCSP: true, javaScriptEnabled })
    await desk.goto(office.agent.setup!)
    await looked(desk)
    await desk.getByLabel('Your name').fill('Jo Desk')
    await desk.getByLabel('Initials, as InSched stamps them').fill('JD')
    await desk.getByLabel('Password (at least 10 characters)').fill('correct horse battery')
    await desk.getByRole('button', { name: 'Make the first user' }).click()
    await desk.getByText('add this to an authenticator app', { exact: false }).waitFor()
    await looked(desk)
    await desk
      .getByLabel('Code of your authenticator app')
      .fill(authenticatorOf(await desk.content(), systemClock).code())
    await desk.getByRole('button', { name: 'Save and go on' }).click()
    await desk.getByText('Working').first().waitFor()
    await looked(desk, `console-${width}`)
    await desk.getByRole('button', { name: 'Upload Records' }).click()
    await desk.getByText('The portal has all records').waitFor()
    await desk.getByRole('link', { name: 'Send Secure Portal Message' }).click()
    await desk
      .getByLabel('Find a patient by name')
      .fill(office.insched.prepare('select last_name from patients where patient_id = 1').pluck().get() as string)
    await desk.getByRole('button', { name: 'Find' }).click()
    await looked(desk)
    const patient = office.insched
      .prepare("select first_name || ' ' || last_name from patients where patient_id = 1")
      .pluck()
      .get() as string
    await desk
      .getByRole('button', { name: `Write to ${patient}` })
      .first()
      .click()
    await looked(desk)
    await desk.getByLabel('Subject').fill('Parking')
    await desk.getByLabel('Message').fill('Parking is free.')
    await desk.getByRole('button', { name: 'Send message' }).click()
    await desk.getByRole('cell', { name: 'Parking' }).waitFor()
    await looked(desk, `recent-${width}`)
    await desk.getByRole('link', { name: 'Reviews' }).click()
    await looked(desk)
    await expect
      .poll(async () => (await page.goto(new URL('/messages', result.url).href), page.content()))
      .toContain('Parking is free.')
  } finally {
    await office.close()
  }
})
