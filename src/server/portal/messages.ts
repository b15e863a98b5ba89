/** Messages: the threads with the office, an answer to each, a new one. What is shown is read, once for each person. */
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { ulidSchema, type By } from '../../replica/kinds/kind.ts'
import type { IndexRow } from '../../replica/replica-face.ts'
import { StoreFull } from '../../replica/store.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { failureOf } from '../failure.ts'
import { area, button, field, form } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { card, folded, talk } from '../look/show.ts'
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
    const reader = c.get('reader')
    const { messages } = reader.words.patient
    const frame = await frameOf(c, reader.words.patient.menu.messages, '/messages')
    const shown = [...threads].toReversed().map(([thread, rows]) => threadCard({ reader, viewer, clock }, thread, rows, frame.zone)) // prettier-ignore
    const composed = composer({ reader, viewer, clock }, mintUlid(clock))
    return c.html(
      page(frame, [
        ...(shown.length > 0 ? shown : [empty(messages.none, messages.noneNext, 'mail')]),
        card(folded(messages.writeNew, composed, shown.length === 0)),
      ]),
    )
  })

  app.post('/messages', async (c) => {
    const viewer = c.get('viewer')
    const given = v.safeParse(messageSchema, await formOf(c))
    if (!given.success) return c.html(await problem(c, c.get('reader').words.problems.messageRefused), 400)
    const { id, thread, subject, text } = given.output
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

interface Writing { readonly reader: Reader; readonly viewer: Viewer; readonly clock: Clock } // prettier-ignore

function threadCard(writing: Writing, thread: string, rows: readonly IndexRow[], zone: string): Html {
  const { reader } = writing
  const { messages } = reader.words.patient
  const said = rows.map((row) => {
    const { by, text, retracted } = row.body as unknown as Message
    const mine = row.state !== 'out'
    const who = mine ? (by.name ?? messages.you) : messages.office
    return { mine, from: `${who} · ${reader.instant(row.at, zone)}`, text: retracted ? messages.retracted : text }
  })
  const { subject } = rows[0]!.body as unknown as Message
  return card([talk(said), composer(writing, thread, subject)], { title: subject })
}

/** The form of an answer in a thread, or, without a subject, of a new one. */
function composer({ reader, viewer, clock }: Writing, thread: string, subject?: string): Html {
  const { messages } = reader.words.patient
  const hidden = { csrf: viewer.csrf, id: mintUlid(clock), thread }
  const text = { id: `text-${thread}`, name: 'text', more: { maxlength: 20_000 } }
  if (subject !== undefined)
    return form('/messages', { ...hidden, subject }, [
      area({ ...text, label: messages.answer }),
      button(messages.sendAnswer, 'main'),
    ])
  return form('/messages', hidden, [
    field({ id: `subject-${thread}`, name: 'subject', label: messages.subject, more: { maxlength: 200 } }),
    area({ ...text, label: messages.message }),
    button(messages.send, 'main'),
  ])
}
