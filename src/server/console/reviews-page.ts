/** The reviews: what the portal could not apply by itself, why, and what to do; each is resolved with a note. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { instantText } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const resolveSchema = v.object({ id: ulidSchema, note: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2_000)) }) // prettier-ignore

export function reviewsPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/reviews', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'reviews' }))
    const [{ items }, zone] = [await site.reviews(), await site.zone()]
    if (items.length === 0)
      return c.html(framed(c, site, 'Reviews', '/reviews', html`<p>Nothing waits for you. What the portal could not apply by itself appears here.</p>`)) // prettier-ignore
    return c.html(
      framed(
        c,
        site,
        'Reviews',
        '/reviews',
        items.map(
          (item) =>
            html`<section class="card">
              <h2>${item.kind}</h2>
              <p class="soft">
                ${instantText(Date.parse(item.openedAt), zone)}${item.patient === null ? '' : `, patient no. ${item.patient}`}
              </p>
              <p>${item.why}</p>
              ${item.since === undefined ? '' : html`<p>${item.changes} wait, the oldest since ${instantText(Date.parse(item.since), zone)}.</p>`}
              <p><strong>To do:</strong> ${item.todo}</p>
              <form method="post" action="/reviews">
                <input type="hidden" name="csrf" value="${c.get('csrf')}" /><input
                  type="hidden"
                  name="id"
                  value="${item.id}"
                /><label for="note-${item.id}">What you did</label
                ><input id="note-${item.id}" name="note" required maxlength="2000" /><button>Resolve</button>
              </form>
            </section>`,
        ),
      ),
    )
  })
  app.post('/reviews', async (c) => {
    const form = v.safeParse(resolveSchema, await formOf(c))
    if (!form.success) return c.html(failed(c, site, 'Reviews', 'Write what you did about it.'), 400)
    const { id, note } = form.output
    try {
      await site.resolve(id, note, byOf(c.get('staff')))
    } catch (error) {
      return c.html(failed(c, site, 'Reviews', (error as Error).message), 404)
    }
    store.audit.record(deedOf(c, 'review resolved', { of: id }))
    return c.redirect('/reviews?said=resolved', 303)
  })
  return app
}
