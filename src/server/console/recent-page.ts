/** Recent Communications, newest first, in the site's own time. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { instantText } from '../layout.ts'
import { deedOf, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const title = 'Recent Communications'

export function recentPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/recent', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'recent' }))
    const [{ items, cut }, zone] = [await site.recent(), await site.zone()]
    if (items.length === 0)
      return c.html(framed(c, site, title, '/recent', html`<p>Nothing yet. Messages, confirmations and requests appear here.</p>`)) // prettier-ignore
    return c.html(
      framed(c, site, title, '/recent', [
        cut ? html`<p class="soft">The newest ${items.length} are shown; there are older ones. The command "recent" with --patient shows those of one patient.</p>` : html``, // prettier-ignore
        html`<div class="scroll" tabindex="0" role="region" aria-label="${title}">
          <table>
            <thead>
              <tr>
                <th>When</th>
                <th>Direction</th>
                <th>Patient</th>
                <th>Subject</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              ${items.map(
                (item) =>
                  html`<tr>
                    <td>${instantText(Date.parse(item.at), zone)}</td>
                    <td>${item.direction}</td>
                    <td>${item.patient ?? ''}</td>
                    <td>${item.subject}</td>
                    <td>${item.state}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`,
      ]),
    )
  })
  return app
}
