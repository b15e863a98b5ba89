/** What pages show of attachments: the field to choose files, and the list of those of a message. Never a picture of one. */
import { html } from 'hono/html'
import type { Chunks } from '../../replica/chunks.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import { field, type Hidden } from '../look/form.ts'
import { nothing, type Content, type Html } from '../look/html.ts'
import { badge } from '../look/show.ts'
import type { Speech } from '../words/speech.ts'
import type { Problem } from '../words/en/problems.ts'
import { accepted, allowed, type FileRefused } from './file-kinds.ts'

/** An attachment as a page lists it. */
export interface Listed extends Pick<Attachment, 'name' | 'type' | 'size'> {
  /** Where to get it; null while it is on its way. */
  readonly href: string | null
}

/** Each attachment with its address, or that it is not here yet. */
export async function listed(
  chunks: Chunks,
  attachments: readonly Attachment[],
  hrefOf: (place: number) => string,
): Promise<Listed[]> {
  return Promise.all(
    attachments.map(async (one, place) => {
      const { name, type, size } = one
      return { name, type, size, href: (await chunks.isHere(one)) ? hrefOf(place) : null }
    }),
  )
}

/** A form that brings files. */
export function fileForm(action: string, hidden: Hidden, inside: Content): Html {
  return html`<form method="post" action="${action}" enctype="multipart/form-data">
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${inside}
  </form>`
}

/** The last field of its form: what comes after a file is not read. */
export function fileField({ words }: Speech, id: string): Html {
  const { field: label, hint, optional } = words.attachments
  return field({ name: 'files', id, label, hint, optional, more: { type: 'file', multiple: true, accept: accepted } })
}

/** Why a message was not sent with its files, in the reader's words. */
export function refusedIn({ words }: Speech, { reason, file }: FileRefused): Problem {
  const { notSent, notSentNext, refusals } = words.attachments
  return { title: notSent, cause: refusals[reason](file), next: notSentNext }
}

export function attachmentList({ words, number }: Speech, list: readonly Listed[]): Html {
  if (list.length === 0) return nothing
  const { kinds, onItsWay, list: label } = words.attachments
  return html`<ul class="list" aria-label="${label}">
    ${list.map(({ name, type, size, href }) => {
      const kind = kinds[allowed[type]?.kind ?? 'other']
      const said = html`<span class="soft small">${kind}, ${sizeText(size, number)}</span>`
      return html`<li>
        ${href ? html`<a href="${href}" download>${name}</a>` : name} ${said}
        ${href ? nothing : badge('wait', onItsWay)}
      </li>`
    })}
  </ul>`
}

/** `340 KB`, `1.2 MB`: as people read sizes, never 0. */
function sizeText(bytes: number, number: Speech['number']): string {
  return bytes < 1_000_000
    ? `${number(Math.max(1, Math.round(bytes / 1_000)))} KB`
    : `${number(Math.round(bytes / 100_000) / 10)} MB`
}
