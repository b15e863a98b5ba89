/** HTML that is safe to put into a page: what `html` of hono makes, which escapes all that is put into it. */
import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>
export type Content = Html | string | readonly Html[]

export const nothing: Html = html``

/** Attributes of a tag by name; true is one without a value, undefined and false are none. Names are never from outside. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export function attributes(given: Attributes): readonly Html[] {
  return Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value], i) => {
      const gap = i === 0 ? '' : ' '
      return value === true ? html`${gap}${name}` : html`${gap}${name}="${String(value)}"`
    })
}

/** The language of a part that is not in the language of its page (WCAG 3.1.2): what only the engine says, in English. */
export function inEnglish(text: string): Html {
  return html`<span lang="en">${text}</span>`
}
