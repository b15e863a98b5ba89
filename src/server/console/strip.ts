/** How the site is, on every page: one big word, the last contact, what waits in either direction, what comes next, and what asks for a person. */
import { html } from 'hono/html'
import { oneButton } from '../look/form.ts'
import { icon, type Icon } from '../look/icon.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import type { Reader } from '../look/reader.ts'
import type { ConsoleSite, SiteStatus } from './console-site.ts'

/** What a strip shows. */
export interface StripParts {
  readonly reader: Reader
  readonly status: SiteStatus
  readonly zone: string
  /** How many failed runs nobody has taken note of. */
  readonly errors: number
  /** The token of its forms; undefined where the reader may begin nothing. */
  readonly csrf: string | undefined
}

/** The state in the reader's language, and how it looks. */
export function stateInWords({ words, short }: Reader, { state, since }: SiteStatus, zone: string): { tone: 'good' | 'warn' | 'bad'; text: Content } {
  const { states } = words.desk.strip
  const backup = /^Disconnected for backup until (.+)$/.exec(state)
  if (backup) return { tone: 'warn', text: states.disconnected(backup[1]!) }
  if (state.startsWith('Down since')) return { tone: 'bad', text: states.down(short(Date.parse(since), zone)) }
  if (state === 'Working') return { tone: 'good', text: states.working }
  const known = { Behind: states.behind, 'Paused by hand': states.paused, Standby: states.standby }
  return { tone: 'warn', text: Object.hasOwn(known, state) ? known[state as keyof typeof known] : inEnglish(state) }
} // prettier-ignore

const pictures: Readonly<Record<'good' | 'warn' | 'bad', Icon>> = { good: 'good', warn: 'warn', bad: 'bad' }

export function statusStrip(parts: StripParts): Html {
  const { reader, status, zone, errors, csrf } = parts
  const { words, number, short } = reader
  const { strip } = words.desk
  const at = (iso: string | null, none: string): string => (iso === null ? none : short(Date.parse(iso), zone))
  const { tone, text } = stateInWords(reader, status, zone)
  const waiting = errors + status.queues.reviews
  const pairs: readonly (readonly [string, Content, string?])[] = [
    [strip.lastContact, at(status.lastContact, words.console.status.noContact)],
    [strip.out, number(status.queues.toPortal)],
    [strip.in, number(status.queues.toInSched)],
    [strip.oldest, status.late ? html`<a class="bad" href="/">${at(status.oldest, strip.none)}</a>` : at(status.oldest, strip.none), status.late ? '' : 'more'], // prettier-ignore
    [strip.next, inEnglish(status.next), 'more next'],
    [strip.errors, waiting === 0 ? number(0) : html`<a href="${errors > 0 ? '/#runs' : '/reviews'}">${number(waiting)}</a>`], // prettier-ignore
  ]
  return html`<section class="strip" aria-label="${strip.label}">
    <p class="word ${tone}">${icon(pictures[tone])} ${text}</p>
    <dl>
      ${pairs.map(
        ([name, value, more]) =>
          html`<div ${more ? html`class="${more}"` : nothing}>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${csrf === undefined ? nothing : html`<div class="row">${oneButton('/sync', strip.sync, { csrf })} ${oneButton('/test-connection', strip.test, { csrf })}</div>`}
  </section>`
}

/** The strip of a site now. */
export async function stripOf(site: ConsoleSite, reader: Reader, csrf: string | undefined): Promise<{ strip: Html; reviews: number }> {
  const [status, zone] = [await site.status(), await site.zone()]
  const errors = site.desk.runs.unacknowledged()
  return { strip: statusStrip({ reader, status, zone, errors, csrf }), reviews: status.queues.reviews }
} // prettier-ignore
