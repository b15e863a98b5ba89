/** Sending a message with its files, taking one back, opening a file, and keeping what was written and could not be sent. */
import { Hono, type Context } from 'hono'
import * as v from 'valibot'
import type { Chunks } from '../../replica/chunks.ts'
import type { Clock } from '../../replica/clock.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { fileFormOf } from '../attachments/file-forms.ts'
import { FileRefused } from '../attachments/file-kinds.ts'
import type { AttachmentLinks } from '../attachments/links.ts'
import { refusedIn } from '../attachments/parts.ts'
import { served } from '../attachments/serving.ts'
import { withFiles, type IncomingFile } from '../attachments/taking.ts'
import type { Scan } from '../attachments/virus-scan.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { newThread, type DraftOwner } from '../drafts-sqlite.ts'
import { formOf } from '../own-forms.ts'
import type { Sessions } from '../sessions.ts'
import { problem } from './frame.ts'
import { portalFields } from './portal-fields.ts'
import { mayRetract, saidIn, threadsOf } from './threads.ts'
import { byOf, deedOf, factsOf, type PortalEnv, type Viewer } from './viewer.ts'

const messageSchema = v.object({
  id: ulidSchema,
  thread: ulidSchema,
  subject: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000)),
})
const draftSchema = v.object({
  keep: v.pipe(v.string(), v.maxLength(1_000)),
  place: v.union([ulidSchema, v.literal(newThread)]),
  subject: v.optional(v.pipe(v.string(), v.maxLength(200)), ''),
  text: v.pipe(v.string(), v.maxLength(20_000)),
})

/** How much a patient may attach in a day, in bytes: who may write must not be able to fill the portal's disk. */
const mostADay = 200 * 2 ** 20

/**
 * Keeps what a form of a message holds for the one whose page it was; whose, or undefined where the form is no such form.
 * Whether they are signed in now is not asked: that is what it is for.
 */
export async function keepDraft(c: Context, { drafts }: ControlStore): Promise<DraftOwner | undefined> {
  const given = v.safeParse(draftSchema, await formOf(c))
  const owner = given.success ? drafts.ownerOf(given.output.keep) : undefined
  if (!given.success || !owner) return undefined
  const { place, subject, text } = given.output
  drafts.keep(owner, place, { subject, text })
  return owner
}

/** `POST /drafts`: what is being written, kept by the script of the page while it is written. Writing is being there. */
export function draftKeeping(store: ControlStore, session: Sessions): Hono {
  const app = new Hono()
  app.post('/drafts', async (c) => {
    session.current(c)
    return (await keepDraft(c, store)) ? c.body(null, 204) : c.json({ error: 'This page is too old.' }, 403)
  })
  return app
}

export function sending(options: {
  readonly store: ControlStore
  readonly clock: Clock
  readonly chunksOf: (practice: string) => Chunks | undefined
  readonly links: AttachmentLinks
  readonly scan?: Scan | undefined
}): Hono<PortalEnv> {
  const { store, clock, chunksOf, links, scan } = options
  const { audit, drafts } = store
  const app = new Hono<PortalEnv>()

  app.post('/messages', async (c) => {
    const viewer = c.get('viewer')
    const form = await formOf(c)
    const given = v.safeParse(messageSchema, form)
    if (!given.success) return c.html(await problem(c, c.get('reader').words.problems.messageRefused), 400)
    const { id, thread, subject, text } = given.output
    const begins = !(await threadsOf(viewer)).some((one) => one.id === thread)
    if (begins && !(await portalFields(viewer)).patientsMayStart)
      return c.html(await problem(c, c.get('reader').words.patient.messages.mayNotStartProblem), 403)
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
      await keepDraft(c, store)
      if (!(error instanceof FileRefused)) throw error
      return c.html(await problem(c, refusedIn(c.get('reader'), error)), 400)
    }
    audit.record(deedOf(viewer, 'message sent', id))
    drafts.drop({ account: viewer.account, member: viewer.key }, form?.['place'] === newThread ? newThread : thread)
    return c.redirect(`/messages/${thread}?said=sent`, 303)
  })

  app.post('/messages/retract', async (c) => {
    const viewer = c.get('viewer')
    const entry = v.safeParse(ulidSchema, (await formOf(c))?.['entry'])
    const row = entry.success ? await viewer.replica.indexed('message', entry.output) : undefined
    const said = row?.patient === viewer.patient ? saidIn(row) : undefined
    if (!said || !mayRetract(viewer, said, clock)) return c.html(await problem(c, c.get('reader').words.problems.notRetracted), 409) // prettier-ignore
    await viewer.replica.change([
      {
        collection: 'messages',
        key: said.of ?? viewer.patient,
        add: {
          [`retracted:${said.id}`]: { kind: 'retracted', at: clock.now(), by: await byOf(viewer), entry: said.id },
        },
      },
    ])
    audit.record(deedOf(viewer, 'message retracted', said.id))
    return c.redirect(`/messages/${said.thread}?said=retracted`, 303)
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
    const attachment = row?.patient === viewer.patient ? saidIn(row).attachments?.[Number(place)] : undefined
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
    const attached = rows.flatMap((row) => saidIn(row).attachments ?? [])
    const today = attached.reduce((sum, { size }) => sum + size, 0)
    for await (const file of files) {
      if (today > mostADay) throw new FileRefused('tooMuch', file.name)
      yield file
    }
  }
  return app
}
