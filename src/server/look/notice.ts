/** What a page says of itself: notices, empty places, and work that goes on. */
import { html } from 'hono/html'
import { icon, type Icon } from './icon.ts'
import { nothing, type Content, type Html } from './html.ts'
import type { Reader } from './reader.ts'

export type Tone = 'info' | 'good' | 'warn' | 'bad'

/** A notice. `warn` and `bad` are read out at once, the others when the reader pauses (WCAG 4.1.3). */
export function notice(tone: Tone, what: Content, more: Content = nothing): Html {
  return html`<div class="notice ${tone}" role="${tone === 'warn' || tone === 'bad' ? 'alert' : 'status'}">
    ${icon(tone)}
    <div>
      <p>${what}</p>
      ${more}
    </div>
  </div>`
}

/** What is wrong with a form as a whole; nothing where nothing is. */
export function faultNotice(fault: string | undefined): Html {
  return fault === undefined ? nothing : notice('bad', fault)
}

/** An empty place says what will be there, and what to do. */
export function empty(what: string, next: string, picture: Icon = 'list', more: Content = nothing): Html {
  return html`<div class="empty">
    ${icon(picture)}
    <p><strong>${what}</strong> ${next}</p>
    ${more}
  </div>`
}

/** Work that goes on: `done` of `all` where that is known. The link looks again, for those without scripts. */
export function busy({ words }: Reader, what: string, again: string, part?: { done: number; all: number }): Html {
  return html`<div class="card stack">
    <p class="busy" role="status">${what}</p>
    ${part ? html`<progress aria-label="${what}" value="${part.done}" max="${part.all}"></progress>` : nothing}
    <p><a href="${again}">${words.frame.lookAgain}</a></p>
  </div>`
}
