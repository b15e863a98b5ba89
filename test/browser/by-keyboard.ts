/** A page as it is used by keyboard alone: what has a name is reached by Tab, and the focus is seen wherever it is. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Presses Tab until what has the focus has this name; fails where it cannot be reached, or the focus is not seen. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
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

/** Goes to what has this name and presses Enter. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press('Enter')
}

/** Presses what has this name, and waits for the page to which it leads. */
export async function follow(page: Page, name: string | RegExp, url: string | RegExp): Promise<void> {
  await press(page, name)
  await page.waitForURL(url)
}

/** Goes to the field of this name and writes. */
export async function write(page: Page, name: string | RegExp, text: string): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.type(text)
}
