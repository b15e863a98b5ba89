/** A page that says what went wrong: the cause, what to do next, and, in its frame, whom to call. */
import { html } from 'hono/html'
import type { Problem } from '../words/en/problems.ts'
import type { Content } from './html.ts'
import { notice } from './notice.ts'
import { page, type Frame } from './page.ts'

/** A problem whose cause may be in other words than the page's, as what the engine says is. */
export interface Told { readonly title: string; readonly cause: Content; readonly next: string } // prettier-ignore

export function problemPage(frame: Omit<Frame, 'title'>, { title, cause, next }: Problem | Told): Promise<string> {
  return page({ ...frame, title }, [
    notice('bad', html`<strong>${cause}</strong>`, html`<p>${next}</p>`),
    html`<p><a class="button" href="${frame.home ?? '/'}">${frame.reader.words.frame.home}</a></p>`,
  ])
}
