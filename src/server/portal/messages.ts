/** Messages: the threads with the office, an answer to each, a new one. What is shown is read, once for each person. */
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Chunks } from '../../replica/chunks.ts'
import type { Clock } from '../../replica/clock.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import { mintUlid } from '../../replica/ids.ts'
import { ulidSchema, type By } from '../../replica/kinds/kind.ts'
import type { IndexRow } from '../../replica/replica-face.ts'
import { StoreFull } from '../../replica/store.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { failureOf } from '../failure.ts'
import { attachmentList, fileField, fileForm, listed, refusedIn, type Listed } from '../attachments/parts.ts'
import { fileFormOf } from '../attachments/file-forms.ts'
import { FileRefused } from '../attachments/file-kinds.ts'
import { attachmentLinks } from '../attachments/links.ts'
import { served } from '../attachments/serving.ts'
import { withFiles, type IncomingFile } from '../attachments/taking.ts'
import type { Scan } from '../attachments/virus-scan.ts'
import { area, button, field } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { card, folded, talk } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { frameOf, problem } from './frame.ts'
import { byOf, deedOf, factsOf, type PortalEnv, type Viewer } from './viewer.ts'
import { saidBy } from './said-by.ts'

const messageSchema = v.object({
  id: ulidSchema,
  thread: ulidSchema,
  subject: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000)),
})
export interface Message { thread: string; subject: string; text: string; by: By; retracted: boolean; attachments?: readonly Attachment[] } // prettier-ignore

/** How much a patient may attach in a day, in bytes: who may write must not be able to fill the portal's disk. */
const mostADay = 200 * 2 ** 20

export interface MessageParts {
  readonly clock: Clock
  readonly audit: AuditTrail
  readonly chunksOf: (practice: string) => Chunks | undefined
  readonly scan?: Scan | undefined
  /** Told of what failed; ids and code only. */
  readonly log: (line: string) => void
}

export function messagePages({ clock, audit, chunksOf, scan, log }: MessageParts): Hono<PortalEnv> {
  const links = attachmentLinks(clock)
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
    const chunks = chunksOf(viewer.practice)
    const filesOf = async ({ id, body }: IndexRow): Promise<readonly Listed[]> => {
      const { attachments = [] } = body as unknown as Message
      return chunks ? listed(chunks, attachments, (place) => links.to(viewer.csrf, id, place)) : []
    }
    const shown = await Promise.all(
      [...threads].toReversed().map(async ([thread, some]) => {
        const said = await Promise.all(some.map(async (row) => ({ row, files: await filesOf(row) })))
        return threadCard({ reader, viewer, clock }, thread, said, frame.zone)
      }),
    )
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
    const say = async (attachments: readonly Attachment[] = []): Promise<void> => {
      const said = { kind: 'message' as const, at: clock.now(), by: await byOf(viewer), thread, subject, text }
      await viewer.replica.change([
        {
          collection: 'messages',
          key: viewer.patient,
          facts: await factsOf(viewer.replica, 'patients', viewer.patient),
          add: { [id]: attachments.length > 0 ? { ...said, attachments: [...attachments] } : said },
        },
      ])
    }
    const [files, chunks] = [(await fileFormOf(c))?.files, chunksOf(viewer.practice)]
    try {
      if (files && chunks) await withFiles({ chunks, scan }, mayAttach(viewer, files), viewer.patient, say)
      else await say()
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error
      return c.html(await problem(c, refusedIn(c.get('reader'), error)), 400)
    }
    audit.record(deedOf(viewer, 'message sent', id))
    return c.redirect('/messages?said=sent', 303)
  })

  app.get('/attachments/:entry/:place', async (c) => {
    const viewer = c.get('viewer')
    const { attachments: words, ...rest } = c.get('reader').words
    const { entry, place } = c.req.param()
    const { until = '', mark = '' } = c.req.query()
    if (!links.stands(viewer.csrf, entry, Number(place), { until, mark }))
      return c.html(await problem(c, words.linkOver), 403)
    // The link was given for this patient; that the message still is theirs, and stands, is asked all the same.
    const row = await viewer.replica.indexed('message', entry)
    const chunks = chunksOf(viewer.practice)
    const own = row?.patient === viewer.patient ? (row.body as unknown as Message).attachments : undefined
    const attachment = own?.[Number(place)]
    if (!chunks || !attachment) return c.html(await problem(c, rest.problems.noPage), 404)
    const answer = await served(c, chunks, attachment)
    if (!answer) return c.html(await problem(c, words.waits), 503)
    audit.record(deedOf(viewer, 'attachment opened', entry))
    return answer
  })

  /** The files, unless too many came today. */
  async function* mayAttach(viewer: Viewer, files: AsyncIterable<IncomingFile>): AsyncGenerator<IncomingFile> {
    const from = clock.now() - 24 * 3_600_000
    const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient, state: 'in', from })
    const attached = rows.flatMap((row) => (row.body as unknown as Message).attachments ?? [])
    const today = attached.reduce((sum, { size }) => sum + size, 0)
    for await (const file of files) {
      if (today > mostADay) throw new FileRefused('tooMuch', file.name)
      yield file
    }
  }
  return app
}

interface Writing { readonly reader: Reader; readonly viewer: Viewer; readonly clock: Clock } // prettier-ignore

interface SaidRow { readonly row: IndexRow; readonly files: readonly Listed[] } // prettier-ignore

function threadCard(writing: Writing, thread: string, rows: readonly SaidRow[], zone: string): Html {
  const { reader } = writing
  const { messages } = reader.words.patient
  const said = rows.map(({ row, files }) => {
    const { by, text, retracted } = row.body as unknown as Message
    const mine = row.state !== 'out'
    const who = mine ? (saidBy(by, reader) ?? messages.you) : messages.office
    const from = `${who} · ${reader.instant(row.at, zone)}`
    return { mine, from, text: retracted ? messages.retracted : text, more: attachmentList(reader, files) }
  })
  const { subject } = rows[0]!.row.body as unknown as Message
  return card([talk(said), composer(writing, thread, subject)], { title: subject })
}

/** The form of an answer in a thread, or, without a subject, of a new one. */
function composer({ reader, viewer, clock }: Writing, thread: string, subject?: string): Html {
  const { messages } = reader.words.patient
  const hidden = { csrf: viewer.csrf, id: mintUlid(clock), thread }
  const files = fileField(reader, `files-${thread}`)
  const text = { id: `text-${thread}`, name: 'text', more: { maxlength: 20_000 } }
  if (subject !== undefined)
    return fileForm('/messages', { ...hidden, subject }, [
      area({ ...text, label: messages.answer }),
      files,
      button(messages.sendAnswer, 'main'),
    ])
  return fileForm('/messages', hidden, [
    field({ id: `subject-${thread}`, name: 'subject', label: messages.subject, more: { maxlength: 200 } }),
    area({ ...text, label: messages.message }),
    files,
    button(messages.send, 'main'),
  ])
}
