/** One thread at the console: what was said, an answer, whose it is, internal notes that stay here, and who did what when. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { Clock } from '../../replica/clock.ts'
import type { ThreadMessage, WholeThread } from './site-views.ts'
import { fileFormOf } from '../attachments/file-forms.ts'
import { FileRefused } from '../attachments/file-kinds.ts'
import { attachmentLinks } from '../attachments/links.ts'
import { attachmentList, fileField, fileForm, listed, refusedIn } from '../attachments/parts.ts'
import { area, button, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { notice } from '../look/notice.ts'
import { card, list, talk } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { Staff } from './staff-store-sqlite.ts'
import { mayUse } from './privileges.ts'
import { longestText, messageText } from './form-fields.ts'

const whichSchema = v.object({ thread: ulidSchema })
const assignSchema = v.object({ to: v.union([v.literal(''), ulidSchema]) })
const retractSchema = v.object({ entry: ulidSchema })
const textSchema = v.object({ text: messageText })
const draftSchema = v.object({ text: v.pipe(v.string(), v.maxLength(longestText)) })

/** The users whose attention a note asks for: `@` and their initials, whatever the case. */
export function mentionedIn(note: string, users: readonly Pick<Staff, 'id' | 'initials' | 'disabled'>[]): string[] {
  const named = new Set([...note.matchAll(/(?<![\p{L}\p{N}])@(\p{L}[\p{L}\p{N}]*)/gu)].map(([, initials]) => initials!.toLocaleUpperCase())) // prettier-ignore
  return users.filter((one) => !one.disabled && named.has(one.initials.toLocaleUpperCase())).map((one) => one.id)
}

/** How long the button that takes a message back is shown; the site decides. */
const retractedWithin = 30 * 60_000

export function threadPages({ site, store, clock }: ConsoleParts & { readonly clock: Clock }): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const links = attachmentLinks(clock)
  const { desk } = site
  const unknown = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.desk.inbox.unknown), 404)
  /** The thread that a form names. */
  const named = async (c: Context<ConsoleEnv>): Promise<WholeThread | undefined> => {
    const given = v.safeParse(whichSchema, await formOf(c))
    return given.success ? site.thread(given.output.thread, c.get('staff').id) : undefined
  }
  const whichOf = ({ thread, patient }: WholeThread) => ({ thread, patient: patient.key })
  const patientOf = ({ patient }: WholeThread) => (patient.local === null ? {} : { patient: String(patient.local) })
  const back = (c: Context<ConsoleEnv>, { thread }: WholeThread, said: string) => c.redirect(`/inbox/${thread}?said=${said}`, 303) // prettier-ignore
  const notWritten = (c: Context<ConsoleEnv>) => {
    const { inbox } = c.get('reader').words.desk
    return c.html(failed(c, site, { title: inbox.menu, cause: inbox.empty, next: inbox.emptyNext }), 400)
  }

  app.get('/inbox/:thread', async (c) => {
    const found = await site.thread(c.req.param('thread'), c.get('staff').id)
    if (!found) return unknown(c)
    desk.see(found.thread, c.get('staff').id, found.last.at)
    desk.looked(found.thread, c.get('staff').id)
    store.audit.record(deedOf(c, 'viewed', { of: ['thread', found.thread], ...patientOf(found) }))
    const reader = c.get('reader')
    const { inbox } = reader.words.desk
    const zone = await site.zone()
    const mayWrite = mayUse(c.get('staff'), 'POST /inbox/reply')
    const said = await Promise.all(found.messages.map((one) => messageHtml(c, one, zone, mayWrite ? found.thread : undefined))) // prettier-ignore
    const hidden = { csrf: c.get('csrf'), thread: found.thread }
    const { patient } = found
    return c.html(
      framed(c, site, found.subject, '/inbox', [
        html`<div class="row apart dayline">
          <p><strong>${patient.local === null ? patient.name : inbox.from(patient.name, patient.local)}</strong></p>
          <a class="button" href="/inbox">${inbox.back}</a>
        </div>`,
        found.isReached ? nothing : notice('warn', inbox.noReach),
        html`<div class="two">
          <div>
            ${talk(said)}
            ${mayWrite && found.isReached ? card(fileForm('/inbox/reply', hidden, [area({ name: 'text', label: inbox.reply, hint: inbox.replyHow, value: found.draft ?? undefined, more: { maxlength: longestText } }), fileField(reader, 'files'), html`<div class="row">${button(inbox.send, 'main')} ${button(inbox.keepDraft, '', { formaction: '/inbox/draft', formnovalidate: true })}</div>`])) : nothing}
          </div>
          <div>
            ${mayWrite ? careHtml(c, found) : nothing} ${notesHtml(c, found, zone, mayWrite)}
            ${stepsHtml(c, found, zone)}
          </div>
        </div>`,
      ]),
    )
  })

  const messageHtml = async (c: Context<ConsoleEnv>, one: ThreadMessage, zone: string, thread?: string) => {
    const reader = c.get('reader')
    const { inbox } = reader.words.desk
    const who = one.by.name ?? (one.isIn ? '' : (one.by.initials ?? inbox.youSaid))
    const files = one.hasFiles && !one.retracted ? attachmentList(reader, await listed(site.chunks, await site.attachmentsOf(one.id), (place) => links.to(c.get('csrf'), one.id, place))) : nothing // prettier-ignore
    const event = one.event === null ? nothing : html`<p class="small"><a href="/events/${one.event}">${inbox.event}</a></p>` // prettier-ignore
    return {
      mine: !one.isIn,
      from: [who, reader.instant(one.at, zone), ...(!one.isIn && one.read ? [inbox.readAt] : [])].filter(Boolean).join(' · '), // prettier-ignore
      text: one.retracted ? inbox.retracted : one.text,
      more: html`${files} ${event}
      ${thread !== undefined && mayRetract(c, one) ? oneButton('/inbox/retract', inbox.retract, { csrf: c.get('csrf'), thread, entry: one.id }) : nothing}`,
    }
  }
  const mayRetract = (c: Context<ConsoleEnv>, one: ThreadMessage): boolean => !one.isIn && !one.read && !one.retracted && c.get('now') - one.at < retractedWithin // prettier-ignore
  const careHtml = (c: Context<ConsoleEnv>, found: WholeThread): Html => {
    const { inbox } = c.get('reader').words.desk
    const hidden = { csrf: c.get('csrf'), thread: found.thread }
    const me = c.get('staff').id
    const people = store.all().filter((one) => !one.disabled)
    return card([
      found.assigned === me ? nothing : html`<div class="row">${oneButton('/inbox/assign', inbox.take, { ...hidden, to: me }, 'main')}</div>`,
      html`<div class="ways">${form('/inbox/assign', hidden, [
        select({ name: 'to', label: inbox.assign, value: found.assigned ?? '', optional: '' }, [{ value: '', label: inbox.nobody }, ...people.map(({ id, name }) => ({ value: id, label: name }))]),
        button(inbox.assignButton),
      ])}</div>`,
      html`<div class="ways">${found.isDone ? oneButton('/inbox/reopen', inbox.reopen, hidden) : oneButton('/inbox/close', inbox.close, hidden)}</div>`,
    ])
  } // prettier-ignore
  const notesHtml = (c: Context<ConsoleEnv>, found: WholeThread, zone: string, mayWrite: boolean): Html => {
    const reader = c.get('reader')
    const { inbox } = reader.words.desk
    return html`<section class="notes" aria-label="${inbox.notes}">
      <h2>${inbox.notes}</h2>
      <p class="small">${inbox.notesHow}</p>
      ${
        found.notes.length === 0
          ? nothing
          : html`<ol>
              ${found.notes.map(
                (one) =>
                  html`<li>
                    <p class="from">${nameOfUser(c, store, one.by)} · ${reader.short(one.at, zone)}</p>
                    <p class="text">${one.text}</p>
                  </li>`,
              )}
            </ol>`
      }
      ${mayWrite ? form('/inbox/note', { csrf: c.get('csrf'), thread: found.thread }, [area({ id: 'note', name: 'text', label: inbox.note, hint: inbox.noteHow, more: { maxlength: longestText } }), button(inbox.addNote)]) : nothing}
    </section>`
  }
  const stepsHtml = (c: Context<ConsoleEnv>, { steps }: WholeThread, zone: string): Html => {
    if (steps.length === 0) return nothing
    const reader = c.get('reader')
    const { inbox } = reader.words.desk
    const items = steps.map(({ did, at, by, to }) => html`${to === null ? inbox.steps[did] : inbox.stepTo(inbox.steps[did], nameOfUser(c, store, to))} <span class="soft">${inbox.by(nameOfUser(c, store, by))}, ${reader.short(at, zone)}</span>`) // prettier-ignore
    return card(list(items), { title: inbox.history })
  }

  app.post('/inbox/assign', async (c) => {
    const found = await named(c)
    const given = v.safeParse(assignSchema, await formOf(c))
    if (!found || !given.success) return unknown(c)
    const to = given.output.to === '' ? null : given.output.to
    const { inbox } = c.get('reader').words.desk
    if (to !== null && (store.staff(to)?.disabled ?? true))
      return c.html(failed(c, site, { title: inbox.menu, cause: inbox.unknownUser, next: inbox.unknown.next }), 404)
    desk.assign(whichOf(found), to, c.get('staff').id)
    store.audit.record(deedOf(c, 'thread assigned', { of: to === null ? found.thread : [found.thread, to], ...patientOf(found) })) // prettier-ignore
    return back(c, found, 'assigned')
  })
  app.post('/inbox/close', async (c) => {
    const found = await named(c)
    if (!found) return unknown(c)
    desk.closeThread(whichOf(found), c.get('staff').id)
    // The patient sees it too; whoever writes in it opens it again.
    if (found.patient.local !== null && found.isReached) await site.closeThread(found.patient.local, found.thread, byOf(c.get('staff'))) // prettier-ignore
    store.audit.record(deedOf(c, 'thread closed', { of: found.thread, ...patientOf(found) }))
    return back(c, found, 'closed')
  })
  app.post('/inbox/reopen', async (c) => {
    const found = await named(c)
    if (!found) return unknown(c)
    desk.reopen(whichOf(found), c.get('staff').id)
    store.audit.record(deedOf(c, 'thread reopened', { of: found.thread, ...patientOf(found) }))
    return back(c, found, 'reopened')
  })
  app.post('/inbox/note', async (c) => {
    const found = await named(c)
    if (!found) return unknown(c)
    const given = v.safeParse(textSchema, await formOf(c))
    if (!given.success) return notWritten(c)
    desk.note(whichOf(found), given.output.text, c.get('staff').id)
    for (const user of mentionedIn(given.output.text, store.all())) desk.mention(found.thread, user, c.get('staff').id)
    store.audit.record(deedOf(c, 'note added', { of: found.thread, ...patientOf(found) }))
    return back(c, found, 'noted')
  })
  app.post('/inbox/retract', async (c) => {
    const found = await named(c)
    const given = v.safeParse(retractSchema, await formOf(c))
    if (!found || !given.success || found.patient.local === null) return unknown(c)
    const { entry } = given.output
    try {
      await site.retract(found.patient.local, entry, byOf(c.get('staff')))
    } catch (error) {
      const { inbox } = c.get('reader').words.desk
      return c.html(failed(c, site, { title: inbox.retract, cause: inEnglish((error as Error).message), next: inbox.unknown.next }), 409) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'message retracted', { of: entry, ...patientOf(found) }))
    return back(c, found, 'retracted')
  })
  app.post('/inbox/draft', async (c) => {
    const found = await named(c)
    if (!found) return unknown(c)
    const given = v.safeParse(draftSchema, await formOf(c))
    if (!given.success) return notWritten(c)
    desk.keepDraft(whichOf(found), c.get('staff').id, given.output.text)
    return back(c, found, 'kept')
  })
  app.post('/inbox/reply', async (c) => {
    const found = await named(c)
    if (!found || found.patient.local === null) return unknown(c)
    const given = v.safeParse(textSchema, await formOf(c))
    if (!given.success) return notWritten(c)
    const reader = c.get('reader')
    const { inbox } = reader.words.desk
    let entryId: string
    try {
      const files = (await fileFormOf(c))?.files
      const { patient, subject, thread } = found
      entryId = (await site.message({ patient: patient.local!, subject, text: given.output.text, thread, files }, byOf(c.get('staff')))).entryId // prettier-ignore
    } catch (error) {
      if (error instanceof FileRefused) return c.html(failed(c, site, refusedIn(reader, error)), 400)
      const cause = inEnglish((error as Error).message)
      return c.html(failed(c, site, { title: inbox.menu, cause, next: reader.words.console.send.failedNext }), 400)
    }
    desk.keepDraft(whichOf(found), c.get('staff').id, '')
    store.audit.record(deedOf(c, 'message sent', { of: entryId, ...patientOf(found) }))
    return back(c, found, 'answered')
  })
  return app
}
