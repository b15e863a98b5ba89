/**
 * The form of a message: the practice's guidelines and whom to call in an emergency stand above it, and what was written and
 * not sent is in it again. It holds the token by which it is kept where its session ends first.
 */
import { html } from 'hono/html'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { PortalFields } from '../../replica/kinds/fields.ts'
import { fileField, fileForm } from '../attachments/parts.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { newThread } from '../drafts-sqlite.ts'
import { area, button, field } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { notice } from '../look/notice.ts'
import { phoneLink } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import type { Viewer } from './viewer.ts'

export interface Writing {
  readonly reader: Reader
  readonly viewer: Viewer
  readonly clock: Clock
  readonly store: ControlStore
  readonly settings: PortalFields
  readonly phone: string | null
}

/** The form of an answer in a thread, or, without one, of a new thread. */
export function composer(writing: Writing, thread?: { readonly id: string; readonly subject: string }): Html {
  const { reader, viewer, clock, store } = writing
  const { messages } = reader.words.patient
  const owner = { account: viewer.account, member: viewer.key }
  const draft = store.drafts.of(owner, thread?.id ?? newThread)
  const keep = store.drafts.token(owner)
  const hidden = { csrf: viewer.csrf, keep, id: mintUlid(clock), thread: thread?.id ?? mintUlid(clock), place: thread?.id ?? newThread } // prettier-ignore
  const text = area({
    name: 'text',
    label: thread ? messages.answer : messages.message,
    value: draft?.text,
    more: { maxlength: 20_000, rows: thread ? 3 : 6 },
  })
  const files = fileField(reader, 'files')
  return html`<div class="composer" data-drafts="/drafts">
    ${draft ? notice('info', messages.draft) : nothing} ${guidelines(writing)}
    ${
      thread
        ? fileForm('/messages', { ...hidden, subject: thread.subject }, [
            text,
            files,
            button(messages.sendAnswer, 'main'),
          ])
        : fileForm('/messages', hidden, [
            field({ name: 'subject', label: messages.subject, value: draft?.subject, more: { maxlength: 200 } }),
            text,
            files,
            button(messages.send, 'main'),
          ])
    }
  </div>`
}

function guidelines({ reader, settings, phone }: Writing): Html {
  const { messages } = reader.words.patient
  const { guidelines: own, answersWithinDays: days } = settings
  return html`<div class="guide">
    <p>${own ?? messages.guidelines}${days === null ? nothing : ` ${messages.answersWithin(days)}`}</p>
    <p>
      <strong>${reader.words.frame.emergency}</strong>
      ${phone ? html`${messages.orCall} ${phoneLink(reader, phone)}` : nothing}
    </p>
  </div>`
}
