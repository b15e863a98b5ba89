/**
 * Messages: the threads with the office, each on a page of its own, a search in them, and the form of a new one. What the
 * page of a thread shows is read by that, once for each person.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Chunks } from '../../replica/chunks.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { StoreFull } from '../../replica/store.ts'
import { attachmentList, listed } from '../attachments/parts.ts'
import type { AttachmentLinks } from '../attachments/links.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import type { Clock } from '../../replica/clock.ts'
import { newThread } from '../drafts-sqlite.ts'
import { failureOf } from '../failure.ts'
import { button, field, form, oneButton } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { icon } from '../look/icon.ts'
import { empty, notice } from '../look/notice.ts'
import { page, phoneLink } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, folded, talk } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { composer, type Writing } from './composer.ts'
import { frameOf, problem } from './frame.ts'
import { portalFields } from './portal-fields.ts'
import { saidBy } from './said-by.ts'
import { mayRetract, newTo, search, threadsOf, type Said, type Thread } from './threads.ts'
import { byOf, deedOf, practiceOf, type PortalEnv, type Viewer } from './viewer.ts'

export interface MessageParts {
  readonly store: ControlStore
  readonly clock: Clock
  readonly chunksOf: (practice: string) => Chunks | undefined
  readonly links: AttachmentLinks
  readonly log: (line: string) => void
}
const searchSchema = v.object({ text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) })

export function messagePages({ store, clock, chunksOf, links, log }: MessageParts): Hono<PortalEnv> {
  const { audit } = store
  const app = new Hono<PortalEnv>()

  app.get('/messages', async (c) => {
    audit.noted(deedOf(c.get('viewer'), 'viewed', 'messages'))
    return c.html(await listPage(c, await threadsOf(c.get('viewer'))))
  })
  // A POST, so that what is looked for stands in no address.
  app.post('/messages/search', async (c) => {
    const given = v.safeParse(searchSchema, await formOf(c))
    if (!given.success) return c.redirect('/messages', 303)
    audit.noted(deedOf(c.get('viewer'), 'viewed', 'messages'))
    const { text } = given.output
    return c.html(await listPage(c, search(await threadsOf(c.get('viewer')), text), text))
  })

  async function listPage(c: Context<PortalEnv>, threads: readonly Thread[], looked?: string): Promise<string> {
    const viewer = c.get('viewer')
    const reader = c.get('reader')
    const { menu, messages } = reader.words.patient
    const frame = await frameOf(c, menu.messages, '/messages')
    const drafts = store.drafts.placesOf({ account: viewer.account, member: viewer.key })
    const found = looked === undefined ? empty(messages.none, messages.noneNext, 'mail') : empty(messages.notFound, messages.notFoundNext, 'list') // prettier-ignore
    const writing = await writingOf(c)
    const begins = folded(messages.writeNew, composer(writing), threads.length === 0 || drafts.includes(newThread))
    const finds = form('/messages/search', { csrf: viewer.csrf }, [
      field({ name: 'text', id: 'search', label: messages.search, value: looked, more: { type: 'search', maxlength: 200 } }),
      button(messages.find),
    ], 'find') // prettier-ignore
    return page(frame, [
      viewer.takes('messages') ? nothing : messagesOff(writing),
      looked !== undefined || !viewer.takes('messages') ? nothing : writing.settings.patientsMayStart ? card(begins, { key: 'new' }) : html`<p class="soft">${messages.mayNotStart}</p>`, // prettier-ignore
      threads.length > 0 || looked !== undefined ? finds : nothing,
      looked === undefined ? nothing : html`<p role="status">${messages.found(threads.length)} <a href="/messages">${messages.all}</a></p>`, // prettier-ignore
      threads.length === 0
        ? found
        : html`<ul class="threads">
            ${threads.map((thread) => threadLine(reader, viewer, thread, frame.zone, drafts.includes(thread.id)))}
          </ul>`,
    ])
  }

  app.get('/messages/:thread', async (c) => {
    const viewer = c.get('viewer')
    const id = v.safeParse(ulidSchema, c.req.param('thread'))
    const thread = id.success ? (await threadsOf(viewer)).find((one) => one.id === id.output) : undefined
    if (!thread) return c.html(await problem(c, c.get('reader').words.problems.noThread), 404)
    audit.noted(deedOf(viewer, 'viewed', thread.id))
    await markRead(c, newTo(viewer.account, thread.said))
    const { menu } = c.get('reader').words.patient
    const frame = await frameOf(c, thread.subject, '/messages', thread.id)
    const writing = await writingOf(c)
    const said = await Promise.all(thread.said.map((one) => bubble(writing, one, frame.zone)))
    return c.html(
      page({ ...frame, back: { href: '/messages', text: menu.messages } }, [
        thread.closed ? html`<p>${badge('plain', writing.reader.words.patient.messages.closed)}</p>` : nothing,
        talk(said),
        viewer.takes('messages') ? card(composer(writing, thread)) : messagesOff(writing),
      ]),
    )
  })

  const markRead = async (c: Context<PortalEnv>, read: readonly Said[]): Promise<void> => {
    if (read.length === 0) return
    const viewer = c.get('viewer')
    const by = await byOf(viewer)
    const edits = [...Map.groupBy(read, ({ of }) => of ?? viewer.patient)].map(([key, some]) => {
      const entries = some.map(({ id }) => [`read:${viewer.account}:${id}`, { kind: 'read' as const, at: clock.now(), by, entry: id }] as const) // prettier-ignore
      return { collection: 'messages' as const, key, add: Object.fromEntries(entries) }
    })
    try {
      await viewer.replica.change(edits)
      audit.record(deedOf(viewer, 'messages read', read.map((one) => one.id))) // prettier-ignore
    } catch (error) {
      // Who has no room to say so can read all the same; it is said at the next look.
      if (!(error instanceof StoreFull)) throw error
      log(failureOf(error, c))
    }
  }

  const writingOf = async (c: Context<PortalEnv>): Promise<Writing> => {
    const viewer = c.get('viewer')
    const { phone = null } = await practiceOf(viewer)
    return { reader: c.get('reader'), viewer, clock, store, settings: await portalFields(viewer), phone }
  }

  const bubble = async (writing: Writing, one: Said, zone: string) => {
    const { reader, viewer, settings } = writing
    const { messages } = reader.words.patient
    const who = one.fromOffice ? messages.office : (saidBy(one.by, reader) ?? messages.you)
    const chunks = chunksOf(viewer.practice)
    const files = chunks ? await listed(chunks, one.attachments ?? [], (place) => links.to(viewer.csrf, one.id, place)) : [] // prettier-ignore
    const state = one.fromOffice || one.retracted ? nothing : html`<p class="small soft">${settings.showsRead && one.openedAt !== null ? messages.openedOn(reader.instant(one.openedAt, zone)) : messages.sentState}</p>` // prettier-ignore
    return {
      id: one.id,
      mine: !one.fromOffice,
      from: html`${who} · <time datetime="${new Date(one.at).toISOString()}">${reader.instant(one.at, zone)}</time>`,
      text: one.retracted ? html`<em class="soft">${messages.retracted}</em>` : one.text,
      ...(one.fromOffice ? { say: messages.newFrom(who) } : {}),
      more: [
        attachmentList(reader, files),
        state,
        mayRetract(viewer, one, clock) ? oneButton('/messages/retract', messages.retract, { csrf: viewer.csrf, entry: one.id }, 'plain') : nothing, // prettier-ignore
      ],
    }
  }
  return app
}

/** Stands where the form of a message would be: what is written now would reach nobody. */
function messagesOff({ reader, phone }: Writing): Html {
  const { off, messages } = reader.words.patient
  return notice('info', off.messages, phone ? html`<p>${messages.orCall} ${phoneLink(reader, phone)}</p>` : nothing)
}

/** A thread in the list: its topic, the newest of it, and what is new to this reader. */
function threadLine(reader: Reader, viewer: Viewer, { id, subject, closed, said }: Thread, zone: string, hasDraft: boolean): Html {
  const { messages } = reader.words.patient
  const last = said.at(-1)!
  const fresh = newTo(viewer.account, said).length
  const who = last.fromOffice ? messages.office : (saidBy(last.by, reader) ?? messages.you)
  const start = last.retracted ? messages.retracted : last.text.slice(0, 300)
  return html`<li data-key="${id}" class="${fresh > 0 ? 'fresh' : ''}">
    <a href="/messages/${id}" ${fresh > 0 ? html`data-say="${messages.newFrom(who)}"` : nothing}>
      <span class="topic">${icon('mail')} ${subject}</span>
      <span class="start">${who}: ${start}</span>
      <span class="soft small">${reader.instant(last.at, zone)}</span>
    </a>
    ${fresh > 0 ? badge('info', messages.fresh(fresh)) : nothing} ${hasDraft ? badge('wait', messages.hasDraft) : nothing}
    ${closed ? badge('plain', messages.closedShort) : nothing}
  </li>`
} // prettier-ignore

/** The address of a draft: its thread, or the form of a new one. */
export function addressOfDraft(place: string): string {
  return place === newThread ? '/messages#new' : `/messages/${place}`
}
