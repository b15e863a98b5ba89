/** What a patient is shown where the mirror holds back what patients say: that it is off and whom to call, no form, and a form of before is refused with what was written kept. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mirrorSettingsOf } from '../../src/mirror/mirror-settings.ts'
import { defaultSettings, type MirrorSettings } from '../../src/mirror/policy.ts'
import { hiddenOf, openPortalWorld, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
let browser: Browser
let settings: MirrorSettings = defaultSettings
beforeAll(async () => {
  world = await openPortalWorld({ mirror: () => settings })
  browser = await world.signedIn('ann')
})
afterAll(() => world.close())
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')

it.each([
  ['messages.direction', 'off'],
  ['messages.direction', 'erased'],
  ['messages.direction', 'up'],
  ['messages.patients', 'none'],
  ['patients.direction', 'off'],
])('messages with %s %s: the pages say that they are off and whom to call, and what is sent is refused and kept', async (key, value) => {
  const { thread, phone, text, replica, patient } = world.known['ann']!
  settings = defaultSettings
  const page = await browser.get('/messages')
  expect(page.text).not.toContain('Messages are off')
  const form = { ...hiddenOf(page.text, '/messages'), subject: 'Parking', text: 'Is parking free-ochre?' }
  settings = mirrorSettingsOf({ [key]: value })
  for (const path of ['/messages', `/messages/${thread}`]) {
    const off = (await browser.get(path)).text
    expect(words(off)).toContain('Messages are off: the office takes none here now.')
    expect(off).toContain(phone)
    expect(off).not.toContain('class="composer"')
  }
  expect((await browser.get(`/messages/${thread}`)).text).toContain(text)
  const refused = await browser.post('/messages', form)
  expect([refused.status, words(refused.text)]).toEqual([403, expect.stringContaining('Nothing was sent: nobody would read it.')]) // prettier-ignore
  expect((await replica.entries('messages', patient)).filter(({ kind }) => kind === 'message')).toHaveLength(1)
  settings = defaultSettings
  expect((await browser.get('/messages')).text).toContain('Is parking free-ochre?')
}) // prettier-ignore

it('answers and wishes about an appointment are not asked for where they would reach nobody', async () => {
  const { replica, eventKey, patient } = world.known['ann']!
  settings = defaultSettings
  const { text } = await browser.get('/')
  const [confirm, decline] = [hiddenOf(text, '/confirm'), hiddenOf(text, '/decline')]
  settings = mirrorSettingsOf({ 'confirmations.direction': 'off', 'requests.patients': 'none' })
  const home = (await browser.get('/')).text
  expect(words(home)).toMatch(/To confirm, please call.*To change or cancel it, please call the office/)
  for (const action of ['/confirm', '/decline', '/move']) expect(home).not.toContain(`action="${action}"`)
  expect(words(home)).not.toContain('Confirm your appointment on')
  expect([(await browser.post('/confirm', confirm)).status, (await browser.post('/decline', decline)).status]).toEqual([403, 403]) // prettier-ignore
  expect(words((await browser.get('/contact')).text)).toContain('The office takes no changes here now')
  expect(await replica.entries('confirmations', eventKey)).toEqual([])
  expect(await replica.entries('requests', patient)).toEqual([])
})
