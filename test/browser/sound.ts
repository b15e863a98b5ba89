/** A real headless browser, and what a sound page is: axe-core finds nothing, and nothing scrolls sideways. */
import chromium from '@sparticuz/chromium'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { chromium as playwright, type Browser, type Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = new URL('../../docs/pictures/', import.meta.url).pathname

export async function openBrowser(): Promise<Browser> {
  return playwright.launch({
    // In a single process the first context that is closed takes the browser with it.
    args: [...chromium.args.filter((one) => one !== '--single-process'), '--no-sandbox'],
    executablePath: await chromium.executablePath(),
    headless: true,
  })
}

/** Fails with the ids of what axe-core finds; takes the picture where it has a name. */
export async function sound(page: Page, picture?: string): Promise<void> {
  // The pages' own policy allows no script, so axe runs from outside of it.
  const found = await page.evaluate(
    `(() => { ${axe}; return axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target).join(' '))) })()`,
  )
  expect(found, page.url().replace(/invitation.*/, 'invitation')).toEqual([])
  await sidewaysFree(page)
  if (picture && process.env['PICTURES']) await page.screenshot({ path: `${pictures}${picture}.png` })
}

/** Fails with what reaches beyond the window. */
export async function sidewaysFree(page: Page): Promise<void> {
  const wide = await page.evaluate(
    `document.documentElement.scrollWidth <= innerWidth ? [] : [document.documentElement.scrollWidth + " of " + innerWidth, ...[...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.tagName + '.' + e.className)]`,
  )
  expect(wide, 'no sideways scrolling').toEqual([])
}
