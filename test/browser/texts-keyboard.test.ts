/**
 * Rules and words of texts by keyboard alone, in a real browser, at a desk and on a phone: a rule is made, looked at, saved,
 * changed, turned on and off; words are written with their look beside them; the example, the list of who gets what and the
 * history are read; texts that were held are let go. axe-core finds nothing on any page of the way.
 */
import { join } from 'node:path'
import type { Browser as Chromium, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { derivedUlid } from '../../src/replica/ids.ts'
import { closeServer, listen } from '../../src/server/listen.ts'
import { openDeskWorld, type DeskWorld } from '../server/desk-world.ts'
import { follow, press, tabTo, write } from './by-keyboard.ts'
import { openBrowser, sound } from './sound.ts'

let chromium: Chromium
let desk: DeskWorld
let served: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  desk = await openDeskWorld()
  served = await listen(desk.app.fetch, { port: 0, host: '127.0.0.1' })
  chromium = await openBrowser()
  // All consent but one, so that the lists say both who gets what and who does not.
  desk.insched.prepare("update patients set text_consent = case when patient_id = ? then 0 else 1 end, cell_phone = printf('+1 480 555 01%02d', patient_id)").run(desk.events[0]!.patient) // prettier-ignore
  await desk.site.upload()
})
afterAll(async () => {
  await chromium.close()
  await closeServer(served.server)
  await desk.close()
})

/** A review of the portal as it opens one after an outage, or while texts do not go out. */
async function opened(about: 'texts held' | 'texts silent', name: string): Promise<void> {
  const facts = { patient: null, site: desk.site.settings.siteId, shown: false, reachable: false, startsAt: null }
  const entry = { kind: 'opened' as const, at: desk.clock.now(), by: { role: 'portal' as const, id: 'p' }, about, why: about === 'texts held' ? 'Texts could not go out since 2027-03-03 09:00, and 12 came due meanwhile.' : '12 reminders should have gone out at 2027-03-03 09:00; 0 did.', todo: 'Look at the list.' } // prettier-ignore
  await desk.atPortal.change([{ collection: 'reviews', key: derivedUlid(`${about} ${name}`), facts, add: { opened: entry } }]) // prettier-ignore
  await desk.settled()
}

it.each([
  { at: 'a desk', name: 'at-desk', viewport: { width: 1280, height: 800 } },
  { at: 'a phone', name: 'at-phone', viewport: { width: 360, height: 780 } },
])(
  'at $at rules and words of texts are made, looked at and changed, and held texts let go, without a pointer',
  async ({ name, viewport }) => {
    const context = await chromium.newContext({ viewport, bypassCSP: true, reducedMotion: 'reduce' })
    await context.addCookies(
      [...desk.admin.cookies].map(([cookie, value]) => ({ name: cookie, value, url: served.url })),
    )
    const page = await context.newPage()
    const sees = async (what: string): Promise<void> => {
      await sound(page)
      const folder = process.env['SCREENSHOTS']
      if (folder) await page.screenshot({ fullPage: true, path: join(folder, `${name}-${what}.png`) })
    }
    const rule = `hours-before-${name}`
    const held = async (): Promise<string | undefined> => (await desk.site.texts.get())[`rule/${rule}`]

    await page.goto(`${served.url}/synchronization/texts`)
    await sees('rules')
    await follow(page, 'A new rule', '**/rules/new')
    await sees('kinds')
    await follow(page, 'Reminder', '**/new/reminder')
    await over(page, 'Its name', rule)
    await over(page, /^How long before the appointment/, 'soon')
    await press(page, 'See what this would send')
    await page.getByText('Write a whole number: at most 30 days, or 720 hours.').waitFor()
    await sees('wrong')
    expect(await held()).toBeUndefined()
    await over(page, /^How long before the appointment/, '5')
    await tabTo(page, /^days \/ hours/)
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'Whether confirmed or not')
    await page.keyboard.press('ArrowDown')
    await write(page, /^Ask to come so many minutes earlier/, '10')
    await tabTo(page, 'With a link that puts it into a calendar')
    await page.keyboard.press('Space')
    await press(page, 'See what this would send')
    await page.getByRole('heading', { name: 'What the rule would send' }).waitFor()
    await sees('looked at')
    expect(await held()).toBeUndefined()
    await follow(page, 'Save the rule; it is off', '**?said=ruleSaved')
    expect(await held()).toBe('off reminder 5 hours before if confirmed arrive 10 minutes early with calendar link')

    await follow(page, `Change: ${rule}`, `**/rules/${rule}`)
    await over(page, /^How long before the appointment/, '6')
    await press(page, 'See what this would send')
    await page.getByText('6 hours before').first().waitFor()
    await follow(page, 'Save', '**?said=ruleSaved')
    expect(await held()).toContain('off reminder 6 hours before')
    await follow(page, `Turn on: ${rule}`, '**/on')
    await follow(page, 'Turn on', '**?said=ruleOn')
    expect(await held()).toMatch(/^reminder 6 hours before/)
    await follow(page, `Turn off: ${rule}`, '**?said=ruleOff')
    expect(await held()).toMatch(/^off /)
    await over(page, 'Most texts to a number in a day', name === 'at-desk' ? '2' : '3')
    await follow(page, 'Save', '**?said=saved')
    expect((await desk.site.texts.get())['perDay']).toBe(name === 'at-desk' ? '2' : '3')

    await follow(page, 'Words', '**/texts/words')
    await sees('words')
    await follow(page, /^Change: Reminder, English$/, '**/words/reminder/en')
    await over(page, /^The text/, `{first name}: {when} at {practice}, ${name}.`)
    await page.locator('#look').getByText(`, ${name}.`).first().waitFor()
    await sees('words looked at')
    await follow(page, 'Save', '**?said=wordsSaved')
    expect((await desk.site.texts.get())['template/reminder/en']).toContain(name)
    await over(page, /^The text/, 'Your {procedure} at {practice}')
    await press(page, 'Save')
    await page.getByText('{procedure}').first().waitFor()
    await sees('words refused')
    expect((await desk.site.texts.get())['template/reminder/en']).toContain(name)

    await follow(page, 'Example', '**/texts/sample')
    await tabTo(page, 'Its time')
    await page.keyboard.type('0915AM')
    await follow(page, 'Show', '**/sample?**')
    await page.getByText('What the patient gets').waitFor()
    await sees('example')

    await opened('texts held', name)
    await opened('texts silent', name)
    await follow(page, 'Who gets what', '**/texts/who')
    await over(page, 'Days ahead', '30')
    await follow(page, 'Look', '**/who?days=30')
    await page.getByText('Texts do not go out').first().waitFor()
    await press(page, /\(\d+\)$/)
    await sees('who gets what')
    await follow(page, 'Let them go', '**/who?said=letGo')
    const review = (await desk.site.reviews()).items.filter(({ kind }) => kind === 'texts held')
    expect(review).toEqual([])

    await follow(page, 'History', '**/texts/history')
    await sees('history')
    await follow(page, 'Rules', '**/synchronization/texts')
    await follow(page, `Remove: ${rule}`, '**?said=ruleRemoved')
    expect(await held()).toBeUndefined()
    await context.close()
  },
)

/** Goes to a field and writes in the place of what stands there. */
async function over(page: Page, name: string | RegExp, text: string): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(text)
}
