/** A reply to a text that a person must read: what was asked, what was written, and the buttons that say what it is. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { takenFor, type TakenFor } from '../../replica/kinds/replies.ts'
import { resolutions, waysOf, type Resolution } from '../../replica/kinds/reviews.ts'
import { button, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, talk } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import type { ReplyInBox } from './site-views.ts'

const takeSchema = v.object({ review: ulidSchema, how: v.picklist(resolutions) })
const taken = v.picklist(takenFor)
/** Ways that are not a button: `answered one by one` has a form of its own. */
const needEvent: readonly Resolution[] = ['patient confirms', 'patient declines', 'patient asks to move']

export function replyPages({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const unknown = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.replies.unknown), 404)
  const patientOf = ({ patient }: ReplyInBox) => (patient === null || patient.local === null ? {} : { patient: String(patient.local) }) // prettier-ignore

  app.get('/inbox/replies/:review', async (c) => {
    const found = await site.reply(c.req.param('review'))
    if (!found) return unknown(c)
    store.audit.record(deedOf(c, 'viewed', { of: ['reply', found.id], ...patientOf(found) }))
    const reader = c.get('reader')
    const { replies, desk } = reader.words
    const zone = await site.zone()
    const { patient, reply, resolved } = found
    const who = patient === null ? replies.nobody : patient.local === null ? patient.name : desk.inbox.from(patient.name, patient.local) // prettier-ignore
    const quoted = reply.quoted ? [{ mine: true, from: replies.ours, text: reply.quoted }] : []
    return c.html(
      framed(c, site, desk.reviews.kinds[found.kind], '/inbox', [
        html`<div class="row apart dayline">
          <p><strong>${who}</strong></p>
          <a class="button" href="/inbox">${desk.inbox.back}</a>
        </div>`,
        html`<div class="two">
          <div>${talk([...quoted, { mine: false, from: reader.instant(reply.at, zone), text: reply.text || replies.noWords }])}</div>
          <div>
            ${card(
              [
                reply.why === undefined ? nothing : html`<p>${replies.why[reply.why as keyof typeof replies.why] ?? ''}</p>`,
                eventsHtml(reader, found),
                resolved
                  ? html`<p class="row">${resolved.how ? badge('good', desk.reviews.resolutions[resolved.how]) : nothing} ${resolved.note}</p>
                      <p class="soft">${desk.reviews.resolvedBy(resolved.by.name ?? resolved.by.initials ?? desk.reviews.agent, reader.instant(resolved.at, zone))}</p>`
                  : html`<p><strong>${reader.words.console.reviews.todo}</strong> ${inEnglish(found.todo)}</p>
                      ${mayUse(c.get('staff'), 'POST /inbox/replies') ? waysHtml(reader, found, c.get('csrf')) : nothing}`,
              ],
              { title: replies.what },
            )}
          </div>
        </div>`,
      ]),
    )
  }) // prettier-ignore

  app.post('/inbox/replies', async (c) => {
    const fields = (await formOf(c)) ?? {}
    const given = v.safeParse(takeSchema, fields)
    const found = given.success ? await site.reply(given.output.review) : undefined
    if (!given.success || !found) return unknown(c)
    const { how } = given.output
    const each = new Map<string, TakenFor>()
    if (how === 'answered one by one')
      for (const [place, { event }] of found.events.entries()) {
        const as = v.safeParse(taken, fields[`for-${place}`])
        if (!as.success) return unknown(c)
        each.set(event, as.output)
      }
    try {
      await site.resolve(found.id, '', byOf(c.get('staff')), how, each)
    } catch (error) {
      const { replies } = c.get('reader').words
      return c.html(failed(c, site, { title: replies.what, cause: inEnglish((error as Error).message), next: replies.unknown.next }), 409) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'reply answered', { of: [found.id, how, ...each.values()], ...patientOf(found) }))
    return c.redirect('/inbox?said=replyTaken', 303)
  })
  return app
}

/** What may be meant, each with whether it is still as it was told. */
function eventsHtml(reader: Reader, { events }: ReplyInBox): Html {
  const { replies } = reader.words
  if (events.length === 0) return html`<p class="soft">${replies.noEvents}</p>`
  return html`<ul class="list">
    ${events.map(
      (one) =>
        html`<li>
          <a href="/events/${one.event}">${one.patient.name}, ${reader.wall(one.startsAt)}</a>
          ${one.isCurrent ? nothing : badge('warn', replies.changed)}
        </li>`,
    )}
  </ul>`
}

/** One button for each thing that it may be, the likeliest first and told apart; of several events each has a choice of its own. */
function waysHtml(reader: Reader, found: ReplyInBox, csrf: string): Html {
  const { words } = reader
  const { replies } = words
  const { resolutions: names } = words.desk.reviews
  const { events, id, kind, reply, patient } = found
  const hidden = { csrf, review: id }
  const isSeveral = events.length > 1
  const likely: Partial<Record<string, Resolution>> = { confirm: 'patient confirms', decline: 'patient declines', move: 'patient asks to move' } // prettier-ignore
  const first = reply.why === 'may opt out' ? 'patient opts out' : reply.suggests ? likely[reply.suggests] : undefined
  const ways = waysOf[kind]
    .filter((how) => how !== 'answered one by one' && (events.length > 0 || !needEvent.includes(how)))
    .filter((how) => !isSeveral || !needEvent.includes(how))
    .toSorted((a, b) => Number(b === first) - Number(a === first))
  return html`${
      isSeveral && waysOf[kind].includes('answered one by one')
        ? form('/inbox/replies', { ...hidden, how: 'answered one by one' }, [
            html`${events.map((one, place) => select({ name: `for-${place}`, label: `${one.patient.name}, ${reader.wall(one.startsAt)}`, value: 'nothing' }, takenFor.map((as) => ({ value: as, label: replies.takenFor[as] }))))}`,
            button(replies.save, 'main'),
          ])
        : nothing
    }
    <div class="row ways">
      ${ways.map((how) => form('/inbox/replies', { ...hidden, how }, button(names[how], how === first ? 'main' : ''), 'wide'))}
      ${patient === null || patient.local === null ? nothing : oneButton('/send/to', words.desk.reviews.write, { csrf, patient: String(patient.local) })}
    </div>`
} // prettier-ignore
