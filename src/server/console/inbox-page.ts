/** The inbox: threads in which patients wrote, by whose they are. What is new to the reader has a dot and a word. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { InboxThread, ReplyInBox } from './site-views.ts'
import { empty } from '../look/notice.ts'
import { nothing, type Html } from '../look/html.ts'
import type { Reader } from '../look/reader.ts'
import { badge, tabs } from '../look/show.ts'
import { mayUse } from './privileges.ts'
import { deedOf, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const boxes = ['unassigned', 'mine', 'team', 'done'] as const
type Box = (typeof boxes)[number]
const querySchema = v.object({ box: v.fallback(v.picklist(boxes), 'unassigned') })

/** In which box a thread is for a user: one that asks for their attention is theirs until they have looked. */
function boxOf({ isDone, assigned, isMentioned }: InboxThread, user: string): Box {
  if (isMentioned) return 'mine'
  if (isDone) return 'done'
  return assigned === null ? 'unassigned' : assigned === user ? 'mine' : 'team'
}

export function inboxPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/inbox', async (c) => {
    const { box } = v.parse(querySchema, c.req.query())
    const [user, reader] = [c.get('staff').id, c.get('reader')]
    store.audit.noted(deedOf(c, 'viewed', { of: ['inbox', box] }))
    // What was with somebody who has left is with nobody.
    const given = (await site.threads(user)).map((one) => (one.assigned !== null && (store.staff(one.assigned)?.disabled ?? true) ? { ...one, assigned: null } : one)) // prettier-ignore
    const threads = given.toSorted((a, b) => Number(b.hasDraft) - Number(a.hasDraft))
    const zone = await site.zone()
    const [waiting, read] = [await site.replies('open'), box === 'done' ? await site.replies('resolved') : []]
    const replies = box === 'unassigned' ? waiting : read
    const { inbox } = reader.words.desk
    const shown = threads.filter((one) => boxOf(one, user) === box)
    const countOf = (one: Box): number => (one === 'done' ? 0 : threads.filter((thread) => boxOf(thread, user) === one).length + (one === 'unassigned' ? waiting.length : 0)) // prettier-ignore
    const nameOf = (id: string): string => nameOfUser(c, store, id)
    return c.html(
      framed(c, site, inbox.menu, '/inbox', [
        tabs(inbox.which, boxes.map((one) => ({ href: `/inbox?box=${one}`, text: inbox.boxes[one], here: one === box, count: countOf(one) }))), // prettier-ignore
        mayUse(c.get('staff'), 'GET /inbox-routes')
          ? html`<p class="small"><a href="/inbox-routes">${inbox.routes.title}</a></p>`
          : nothing,
        shown.length + replies.length === 0
          ? empty(inbox.none, inbox.noneNext, 'mail')
          : html`<ul class="threads">
              ${replies.map((one) => replyRow(reader, one, zone))}
              ${shown.map((one) => rowOf(reader, one, zone, nameOf))}
            </ul>`,
      ]),
    )
  })
  return app
}

function replyRow(reader: Reader, { id, patient, kind, reply, resolved }: ReplyInBox, zone: string): Html {
  const { desk, replies } = reader.words
  return html`<li>
    <a href="/inbox/replies/${id}" ${resolved ? nothing : html`class="new"`}>
      <span class="dot" aria-hidden="true"></span>
      <span class="who">${patient?.name ?? replies.nobody} <span class="soft">· ${replies.text}</span></span>
      <span class="at">${reader.short(reply.at, zone)}</span>
      <span class="line">${reply.text || replies.noWords}</span>
      <span class="row">
        ${badge(kind === 'may want to cancel' ? 'bad' : 'warn', desk.reviews.kinds[kind])}
        ${resolved?.how ? badge('good', desk.reviews.resolutions[resolved.how]) : nothing}
      </span>
    </a>
  </li>`
}

function rowOf(reader: Reader, one: InboxThread, zone: string, nameOf: (id: string) => string): Html {
  const { inbox } = reader.words.desk
  return html`<li>
    <a href="/inbox/${one.thread}" ${one.isUnread ? html`class="new"` : nothing}>
      <span class="dot" aria-hidden="true"></span>
      <span class="who">${one.patient.name} <span class="soft">· ${one.subject}</span></span>
      <span class="at">${reader.short(one.last.at, zone)}</span>
      <span class="line">${one.last.retracted ? inbox.retracted : one.last.text}</span>
      <span class="row">
        ${one.hasDraft ? badge('warn', inbox.hasDraft) : nothing}
        ${one.isMentioned ? badge('info', inbox.mentioned) : nothing}
        ${one.isUnread ? badge('info', inbox.unread) : nothing}
        ${one.isDone ? nothing : one.isOpen ? badge('warn', inbox.unanswered) : badge('good', inbox.answered)}
        ${one.isReached ? nothing : badge('bad', inbox.noReach)}
        ${one.assigned === null ? nothing : badge('plain', inbox.with(nameOf(one.assigned)))}
      </span>
    </a>
  </li>`
}
