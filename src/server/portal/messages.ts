/** Messages: the threads with the office, an answer to each, a new one. What is shown is read, once for each person. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { ulidSchema, type By } from '../../replica/kinds/kind.ts'
import type { IndexRow } from '../../replica/replica-face.ts'
import { StoreFull } from '../../replica/store.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { failureOf } from '../failure.ts'
import { instantText, page, type Html } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { frameOf, problem } from './frame.ts'
import { byOf, deedOf, factsOf, type PortalEnv, type Viewer } from './viewer.ts'

const messageSchema = v.object({
  id: ulidSchema,
  thread: ulidSchema,
  subject: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000)),
})
export interface Message { thread: string; subject: string; text: string; by: By; retracted: boolean } // prettier-ignore

export function messagePages(options: {
  readonly clock: Clock
  readonly audit: AuditTrail
  readonly log: (line: string) => void
}): Hono<PortalEnv> {
  const { clock, audit, log } = options
  const app = new Hono<PortalEnv>()
  const markRead = async (viewer: Viewer, by: By, read: readonly IndexRow[]): Promise<void> => {
    const entries = read.map(({ id }) => [`read:${viewer.account}:${id}`, { kind: 'read' as const, at: clock.now(), by, entry: id }] as const) // prettier-ignore
    await viewer.replica.change([{ collection: 'messages', key: viewer.patient, add: Object.fromEntries(entries) }])
    audit.record(deedOf(viewer, 'messages read', read.map((row) => row.id))) // prettier-ignore
  }
  app.get('/messages', async (c) => {
    const viewer = c.get('viewer')
    audit.noted(deedOf(viewer, 'viewed', 'messages'))
    const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient })
    const threads = Map.groupBy(rows, (row) => (row.body as unknown as Message).thread)
    const by = await byOf(viewer)
    const read = rows.filter((row) => row.state === 'out' && !(row.body as { read: boolean }).read)
    if (read.length > 0)
      try {
        await markRead(viewer, by, read)
      } catch (error) {
        // Who has no room to say so can read all the same; it is said at the next look.
        if (!(error instanceof StoreFull)) throw error
        log(failureOf(error, c))
      }
    const frame = await frameOf(c, 'Messages', '/messages')
    const shown = [...threads]
      .toReversed()
      .map(([thread, messages]) => threadCard(viewer, thread, messages, frame.zone, clock))
    const fresh = mintUlid(clock)
    return c.html(
      page(frame, [
        ...(shown.length > 0 ? shown : [html`<p>No messages yet. What the office writes to you appears here.</p>`]),
        html`<section class="card">
          <details ${shown.length === 0 ? 'open' : ''}>
            <summary>Write a new message</summary>
            ${composer(viewer, fresh, undefined, clock)}
          </details>
        </section>`,
      ]),
    )
  })

  app.post('/messages', async (c) => {
    const viewer = c.get('viewer')
    const form = v.safeParse(messageSchema, await formOf(c))
    if (!form.success)
      return c.html(
        await problem(
          c,
          'The message was not sent',
          'A message needs a subject and a text of at most 20,000 characters. Go back: what you wrote is still there.',
        ),
        400,
      )
    const { id, thread, subject, text } = form.output
    await viewer.replica.change([
      {
        collection: 'messages',
        key: viewer.patient,
        facts: await factsOf(viewer.replica, 'patients', viewer.patient),
        add: {
          [id]: { kind: 'message', at: clock.now(), by: await byOf(viewer), thread, subject, text },
        },
      },
    ])
    audit.record(deedOf(viewer, 'message sent', id))
    return c.redirect('/messages?said=sent', 303)
  })

  return app
}

function threadCard(viewer: Viewer, thread: string, messages: readonly IndexRow[], zone: string, clock: Clock): Html {
  const bodies = messages.map((row) => ({ at: row.at, out: row.state === 'out', ...(row.body as unknown as Message) }))
  const subject = bodies[0]!.subject
  return html`<section class="card">
    <h2>${subject}</h2>
    ${bodies.map(
      (message) =>
        html`<div class="${message.out ? 'them' : 'mine'}">
          <p class="soft">
            ${message.out ? 'The office' : (message.by.name ?? 'You')} · ${instantText(message.at, zone)}
          </p>
          <p class="text">${message.retracted ? 'This message was retracted.' : message.text}</p>
        </div>`,
    )}
    ${composer(viewer, thread, subject, clock)}
  </section>`
}

function composer(viewer: Viewer, thread: string, subject: string | undefined, clock: Clock): Html {
  return html`<form method="post" action="/messages">
    <p class="soft">Not for emergencies. In an emergency call 911.</p>
    <input type="hidden" name="csrf" value="${viewer.csrf}" /><input
      type="hidden"
      name="id"
      value="${mintUlid(clock)}"
    /><input type="hidden" name="thread" value="${thread}" />
    ${
      subject === undefined
        ? html`<label for="subject-${thread}">Subject</label
            ><input id="subject-${thread}" name="subject" required maxlength="200" />`
        : html`<input type="hidden" name="subject" value="${subject}" />`
    }
    <label for="text-${thread}">${subject === undefined ? 'Message' : 'Your answer'}</label
    ><textarea id="text-${thread}" name="text" required maxlength="20000"></textarea>
    <button class="main">${subject === undefined ? 'Send message' : 'Send answer'}</button>
  </form>`
}
