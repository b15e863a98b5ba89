/** The reviews: what could not be applied by itself, why, what to do, and the buttons that resolve it; and those that were resolved, by whom and how. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { resolutions, waysOf } from '../../replica/kinds/reviews.ts'
import { button, field, form, oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, folded, list, tabs } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { BookedEvent, OpenReview } from './console-site.ts'

const resolveSchema = v.object({
  id: ulidSchema,
  note: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(2_000)), ''),
  how: v.optional(v.picklist(resolutions)),
})
const boxes = ['open', 'resolved'] as const
const querySchema = v.object({ box: v.fallback(v.picklist(boxes), 'open') })

export function reviewsPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/reviews', async (c) => {
    const { box } = v.parse(querySchema, c.req.query())
    store.audit.noted(deedOf(c, 'viewed', { of: ['reviews', box] }))
    const [{ items }, zone] = [await site.reviews(box), await site.zone()]
    const reader = c.get('reader')
    const { console: words, desk } = reader.words
    const cards = items.map((one) => reviewCard(reader, one, zone, box === 'open' ? waysHtml(reader, one, c.get('csrf')) : nothing)) // prettier-ignore
    const none =
      box === 'open'
        ? empty(words.reviews.none, words.reviews.noneNext, 'good')
        : empty(desk.reviews.noneResolved, desk.reviews.noneResolvedNext)
    return c.html(
      framed(c, site, words.menu.reviews, '/reviews', [
        tabs(desk.reviews.which, boxes.map((one) => ({ href: `/reviews?box=${one}`, text: desk.reviews.boxes[one], here: one === box }))), // prettier-ignore
        cards.length === 0 ? none : html`${cards}`,
      ]),
    )
  })
  app.post('/reviews', async (c) => {
    const { menu, reviews } = c.get('reader').words.console
    const given = v.safeParse(resolveSchema, await formOf(c))
    const isSaid = given.success && (given.output.how !== undefined || given.output.note !== '')
    if (!isSaid) return c.html(failed(c, site, { title: menu.reviews, cause: reviews.noteNeeded, next: reviews.backToReviews }), 400) // prettier-ignore
    const { id, note, how } = given.output
    try {
      await site.resolve(id, note, byOf(c.get('staff')), how)
    } catch (error) {
      return c.html(failed(c, site, { title: menu.reviews, cause: inEnglish((error as Error).message), next: reviews.backToReviews }), 404) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'review resolved', { of: how === undefined ? id : [id, how] }))
    return c.redirect('/reviews?said=resolved', 303)
  })
  return app
}

function reviewCard(reader: Reader, one: OpenReview, zone: string, ways: Html): Html {
  const { console: words, desk } = reader.words
  const { kind, why, todo, openedAt, patient, resolved, changes, since, events } = one
  const how = resolved?.how
  return card(
    [
      html`<p>${inEnglish(why)}</p>`,
      events === undefined ? nothing : list(events.map((event) => bookedLine(reader, event))),
      changes === undefined || since === undefined ? nothing : html`<p>${words.reviews.waits(changes, reader.instant(Date.parse(since), zone))}</p>`, // prettier-ignore
      resolved
        ? html`<p class="row">${how ? badge('good', desk.reviews.resolutions[how]) : nothing} ${resolved.note}</p>
            <p class="soft">${desk.reviews.resolvedBy(resolved.by.name ?? (resolved.by.role === 'staff' ? (resolved.by.initials ?? resolved.by.id) : desk.reviews.agent), reader.instant(resolved.at, zone))}</p>` // prettier-ignore
        : html`<p><strong>${words.reviews.todo}</strong> ${inEnglish(todo)}</p>`,
      ways,
    ],
    {
      title: desk.reviews.kinds[kind],
      eyebrow: [reader.instant(Date.parse(openedAt), zone), ...(patient === null ? [] : [words.reviews.patient(patient)])].join(', '), // prettier-ignore
    },
  )
}

/** One of two events at the same time. */
function bookedLine(reader: Reader, { startsAt, minutes, status, words, site }: BookedEvent): Html {
  const what = [words, status === 'None' ? null : status, site].filter(Boolean).join(', ')
  return html`<strong>${reader.wall(startsAt)}</strong>,
    ${reader.words.desk.reviews.minutes(minutes)}${what === '' ? '' : `, ${what}`}`
}

const isOfPayment = ({ kind }: OpenReview): boolean => /^(payment|refund)/.test(kind)

/** The buttons of a review: its ways, what helps before, and any other way with a note. */
function waysHtml({ words }: Reader, one: OpenReview, csrf: string): Html {
  const { reviews } = words.desk
  const { id, patient, event, eventKey } = one
  const to = { csrf, patient: String(patient), ...(event === null ? {} : { event: String(event) }) }
  return html`<div class="row ways">
      ${one.isReply ? html`<a class="button" href="/inbox/replies/${id}">${words.replies.openInInbox}</a>` : nothing}
      ${(one.isReply ? [] : waysOf[one.kind]).map((how, i) => form('/reviews', { csrf, id, how }, button(reviews.resolutions[how], i === 0 ? 'main' : ''), 'wide'))}
      ${patient === null || one.kind === 'identity changed' ? nothing : oneButton('/send/to', reviews.write, to)}
      ${isOfPayment(one) ? html`<a class="button" href="/payments">${words.payments.title}</a>` : nothing}
      ${eventKey === null ? nothing : html`<a class="button" href="/events/${eventKey}">${reviews.event}</a>`}
    </div>
    ${folded(
      reviews.other,
      form('/reviews', { csrf, id }, [
        field({ id: `note-${id}`, name: 'note', label: words.console.reviews.note, more: { maxlength: 2_000 } }),
        button(words.console.reviews.resolve),
      ]),
    )}`
}
