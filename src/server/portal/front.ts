/** What a page shows before anybody is signed in: whose portal it is, and the telephone to ask for help (WCAG 3.2.6). */
import { html } from 'hono/html'
import type { PracticeFields } from '../../replica/kinds/fields.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { page, type Html } from '../layout.ts'

export interface Front {
  readonly practice: string
  readonly phone: string | null
  /** The sites with a telephone of their own, where they have different ones. */
  readonly offices: readonly { readonly name: string; readonly phone: string }[]
}
export type Fronts = ReturnType<typeof frontsOf>

/** The name that a portal has where it serves several practices, or none yet. */
const nameless: Front = { practice: 'Patient portal', phone: null, offices: [] }

export function frontsOf(store: ControlStore, replicaOf: (practice: string) => Replica | undefined) {
  /** The front of a practice, or of one of its sites; a practice that is not served here has none. */
  const of = async (practice: string, site?: string | null): Promise<Front> => {
    const replica = replicaOf(practice)
    const known = store.practice(practice)
    if (!replica || !known) return nameless
    const rows = await replica.index({ view: 'practice' })
    const sites = rows
      .filter((row) => !site || row.id === site)
      .map((row) => row.body as unknown as Partial<PracticeFields>)
    const offices = sites.flatMap(({ siteName, phone }) => (phone ? [{ name: siteName ?? '', phone }] : []))
    const one = new Set(offices.map((office) => office.phone)).size === 1
    const name = sites.find((fields) => fields.practiceName)?.practiceName ?? known.name
    return { practice: name, phone: one ? offices[0]!.phone : null, offices: one ? [] : offices }
  }
  return {
    of,
    /** The front of the whole portal: the practice where it serves one. */
    async whole(): Promise<Front> {
      const practices = store.practices()
      return practices.length === 1 ? of(practices[0]!.id) : nameless
    },
  }
}

/** A page of a front that says one thing. */
export function plainPage(front: Front, title: string, what: string, csrf?: string): Html {
  return page(
    { title, ...front, csrf },
    html`<p>${what}</p>
      ${officesOf(front)}
      <p><a href="/">Home</a></p>`,
  )
}

/** Whom to call, where the head of the page cannot say it for all. */
export function officesOf(front: Front): Html {
  return front.offices.length === 0
    ? html``
    : html`<ul>
        ${front.offices.map(({ name, phone }) => html`<li>${name}: <a href="tel:${phone.replaceAll(/[^+\d]/g, '')}">${phone}</a></li>`)}
      </ul>`
}
