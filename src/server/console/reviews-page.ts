/** The reviews: what the portal could not apply by itself, why, and what to do; each is resolved with a note. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { button, field, form } from '../look/form.ts'
import { inEnglish } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const resolveSchema = v.object({ id: ulidSchema, note: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2_000)) }) // prettier-ignore

export function reviewsPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/reviews', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'reviews' }))
    const [{ items }, zone] = [await site.reviews(), await site.zone()]
    const reader = c.get('reader')
    const { menu, reviews } = reader.words.console
    const cards = items.map(({ id, kind, why, todo, openedAt, patient, changes, since }) =>
      card(
        [
          html`<p>${inEnglish(why)}</p>
            ${changes === undefined || since === undefined ? '' : html`<p>${reviews.waits(changes, reader.instant(Date.parse(since), zone))}</p>`}
            <p><strong>${reviews.todo}</strong> ${inEnglish(todo)}</p>`,
          form('/reviews', { csrf: c.get('csrf'), id }, [
            field({ id: `note-${id}`, name: 'note', label: reviews.note, more: { maxlength: 2_000 } }),
            button(reviews.resolve),
          ]),
        ],
        {
          title: inEnglish(kind),
          eyebrow: [reader.instant(Date.parse(openedAt), zone), ...(patient === null ? [] : [reviews.patient(patient)])].join(', '), // prettier-ignore
        },
      ),
    )
    const main = cards.length === 0 ? empty(reviews.none, reviews.noneNext, 'good') : cards
    return c.html(framed(c, site, menu.reviews, '/reviews', main))
  })
  app.post('/reviews', async (c) => {
    const { menu, reviews } = c.get('reader').words.console
    const given = v.safeParse(resolveSchema, await formOf(c))
    if (!given.success) return c.html(failed(c, site, { title: menu.reviews, cause: reviews.noteNeeded, next: reviews.backToReviews }), 400) // prettier-ignore
    const { id, note } = given.output
    try {
      await site.resolve(id, note, byOf(c.get('staff')))
    } catch (error) {
      return c.html(failed(c, site, { title: menu.reviews, cause: inEnglish((error as Error).message), next: reviews.backToReviews }), 404) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'review resolved', { of: id }))
    return c.redirect('/reviews?said=resolved', 303)
  })
  return app
}
