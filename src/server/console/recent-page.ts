/** Recent Communications, newest first, in the site's own time. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { inEnglish, nothing } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { table } from '../look/show.ts'
import { deedOf, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

export function recentPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/recent', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'recent' }))
    const [{ items, cut }, zone] = [await site.recent(), await site.zone()]
    const reader = c.get('reader')
    const { menu, recent } = reader.words.console
    const { when, direction, patient, subject, state } = recent.columns
    const rows = items.map((item) => [
      reader.instant(Date.parse(item.at), zone),
      inEnglish(item.direction),
      item.patient === null ? '' : String(item.patient),
      item.subject,
      inEnglish(item.state),
    ])
    const main =
      items.length === 0
        ? empty(recent.none, recent.noneNext, 'mail')
        : [
            cut ? html`<p class="soft">${recent.cut(items.length)}</p>` : nothing,
            table(menu.recent, [when, direction, patient, subject, state], rows),
          ]
    return c.html(framed(c, site, menu.recent, '/recent', main))
  })
  return app
}
