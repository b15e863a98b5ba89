/**
 * Every page in every state, in both languages, light and dark, on a phone, at a desk and at 400 % zoom: axe-core finds
 * nothing and nothing scrolls sideways. With SCREENSHOTS=<folder> each is kept as a picture.
 */
import { join } from 'node:path'
import type { Browser as Chromium, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeServer, listen } from '../../src/server/listen.ts'
import { themes } from '../../src/server/look/tokens.ts'
import { languages, type Language } from '../../src/server/words/language.ts'
import { catalogue } from '../../src/server/words/speech.ts'
import type { DeskWorld } from '../server/desk-world.ts'
import { browserOf, type Browser, type PortalWorld } from '../server/world.ts'
import { consolePages, openConsoleWorld, staffPassword } from './console-pages.ts'
import { openOperatorWorld, type OperatorWorld } from '../server/operator-world.ts'
import { operatorBrowser, operatorPages } from './operator-pages.ts'
import { openPatientWorld, patientPages, type PageState } from './patient-pages.ts'
import { openBrowser, sidewaysFree, sound } from './sound.ts'

const sizes = [
  { width: 360, height: 780 },
  { width: 1280, height: 800 },
]
/** 1280 x 1024 at 400 %, as WCAG 1.4.10 measures it. */
const zoomed = { width: 320, height: 256 }

let chromium: Chromium
beforeAll(async () => void (chromium = await openBrowser()))
afterAll(() => chromium.close())

interface Face<World> { readonly world: World; readonly url: string; readonly signIn: (who: string) => Promise<Browser>; readonly cookie: string } // prettier-ignore

/** Opens one line of a table in a language, as far as the state that it is about. */
async function visit<W>({ world, url, signIn, cookie }: Face<W>, one: PageState<W>, language: Language): Promise<Page> {
  const browser = one.as === undefined ? undefined : await signIn(one.as)
  const at = typeof one.at === 'string' ? one.at : await one.at(world, browser)
  // Without motion: axe would measure colours on their way from light to dark.
  const context = await chromium.newContext({ bypassCSP: true, reducedMotion: 'reduce', viewport: sizes[0]! })
  const cookies = [...(browser?.cookies ?? []), [`${cookie}language`, language] as const]
  await context.addCookies(cookies.map(([name, value]) => ({ name, value, url })))
  const page = await context.newPage()
  await page.goto(`${url}${at}`)
  await one.does?.(page, catalogue[language], world)
  await page.getByText(one.shows(catalogue[language])).first().waitFor()
  expect(await page.locator('html').getAttribute('lang')).toBe(language)
  return page
}

/**
 * Looks at one line of a table in both languages, each in a theme and a width of its own; the lines of a page take turns, so
 * that each two of language, theme and width meet.
 */
async function look<W>(face: Face<W>, one: PageState<W>, turn: number): Promise<void> {
  for (const [l, language] of languages.entries()) {
    const colorScheme = themes[(l + turn) % themes.length]!
    const page = await visit(face, one, language)
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(sizes[(l + (turn >> 1)) % sizes.length]!)
    await sound(page)
    await keep(page, `${face.cookie ? 'console-' : ''}${one.page}-${one.state}-${language}-${colorScheme}`)
    await page.setViewportSize(zoomed)
    await sidewaysFree(page)
    await page.context().close()
  }
}

/** The lines of a table with their turn. */
const inTurn = <W>(states: readonly PageState<W>[]) => states.map((one, turn) => ({ ...one, one, turn }))

/** Keeps pictures of a page in both widths, where somebody wants to see them. */
async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (!folder) return
  for (const size of sizes) {
    await page.setViewportSize(size)
    await page.screenshot({ fullPage: true, path: join(folder, `${name.replaceAll(' ', '-')}-${size.width}.png`) })
  }
}

describe('a page of the portal is sound in both languages, light and dark, narrow, wide and at 400 %', () => {
  let face: Face<PortalWorld>
  let served: Awaited<ReturnType<typeof listen>>
  beforeAll(async () => {
    const world = await openPatientWorld()
    served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
    face = { world, url: served.url, signIn: (who) => world.signedIn(who), cookie: '' }
  })
  afterAll(async () => {
    await closeServer(served.server)
    await face.world.close()
  })
  it.each(inTurn(patientPages))('$page: $state', ({ one, turn }) => look(face, one, turn))
})

describe('a page of the console is sound in both languages, light and dark, narrow, wide and at 400 %', () => {
  let face: Face<DeskWorld>
  let served: Awaited<ReturnType<typeof listen>>
  beforeAll(async () => {
    const world = await openConsoleWorld()
    served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
    const signIn = async (name: string): Promise<Browser> => {
      const browser = browserOf(world.app, '127.0.0.1', '127.0.0.1')
      expect((await browser.post('/sign-in', { name, password: staffPassword })).status).toBe(303)
      // A code is good once: the next one is of a minute later.
      world.clock.advance(60_000)
      expect((await browser.post('/sign-in/code', { code: world.authenticator.code() })).headers.get('location')).toBe('/') // prettier-ignore
      return browser
    }
    face = { world, url: served.url, signIn, cookie: `console-${world.site.settings.siteId}-` }
  })
  afterAll(async () => {
    await closeServer(served.server)
    await face.world.close()
  })
  it.each(inTurn(consolePages))('$page: $state', ({ one, turn }) => look(face, one, turn))
})

describe('the operator’s page is sound in both languages, light and dark, narrow, wide and at 400 %', () => {
  let face: Face<OperatorWorld>
  beforeAll(async () => {
    const world = await openOperatorWorld()
    face = { world, url: world.url, signIn: () => operatorBrowser(world), cookie: '' }
  })
  afterAll(() => face.world.close())
  it.each(inTurn(operatorPages))('$page: $state', ({ one, turn }) => look(face, one, turn))
})
