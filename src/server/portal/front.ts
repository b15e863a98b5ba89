/** What a page shows before anybody is signed in: whose portal it is, and the telephone to ask for help (WCAG 3.2.6). */
import type { Context } from 'hono'
import type { PracticeFields } from '../../replica/kinds/fields.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import type { Frame } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import type { Problem } from '../words/en/problems.ts'
import type { PortalEnv } from './viewer.ts'

export interface Front {
  /** Null where the portal serves several practices, or none yet. */
  readonly practice: string | null
  readonly phone: string | null
  /** The sites with a telephone of their own, where they have different ones. */
  readonly offices: readonly { readonly name: string; readonly phone: string }[]
}
export type Fronts = ReturnType<typeof frontsOf>

const nameless: Front = { practice: null, phone: null, offices: [] }

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

/** The frame of a page before anybody is signed in; with the token of forms where somebody is, but has nothing to see. */
export function frontFrame(c: Context<PortalEnv>, front: Front, csrf?: string): Omit<Frame, 'title'> {
  const reader = c.get('reader')
  return { reader, ...front, practice: front.practice ?? reader.words.frame.portal, csrf }
}

/** A page of a front that says what went wrong. */
export function frontProblem(c: Context<PortalEnv>, front: Front, problem: Problem, csrf?: string): Promise<string> {
  return problemPage(frontFrame(c, front, csrf), problem)
}
