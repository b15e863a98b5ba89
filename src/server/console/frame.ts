/** The frame of a page of the console for the member of staff who is signed in, and what the pages may say. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import type { By } from '../../replica/kinds/kind.ts'
import type { AuditEvent, Deed } from '../audit-sqlite.ts'
import { page, type Html } from '../layout.ts'
import type { ConsoleSite } from './site-operations.ts'
import type { Staff, StaffStore } from './staff-store-sqlite.ts'

export interface ConsoleEnv {
  Variables: { staff: Staff; csrf: string }
}
/** What each part of the console is made with. */
export interface ConsoleParts {
  readonly site: ConsoleSite
  readonly store: StaffStore
}

const links = [
  ['/', 'Status'],
  ['/send', 'Send Secure Portal Message'],
  ['/recent', 'Recent Communications'],
  ['/reviews', 'Reviews'],
] as const

/** What a page may say after a form was sent; the address only names one of these. */
const said: Readonly<Record<string, string>> = {
  sent: 'Saved here. It goes to the portal by itself.',
  resolved: 'The review is resolved.',
}

export function ownerOf({ settings }: ConsoleSite): string {
  return `${settings.practiceName} · ${settings.siteName}`
}

/** A page for somebody who is signed in. */
export function framed(
  c: Context<ConsoleEnv>,
  site: ConsoleSite,
  title: string,
  here: string,
  main: Html | readonly Html[],
): Html {
  // prettier-ignore
  const key = c.req.query('said') ?? ''
  return page(
    {
      title,
      practice: ownerOf(site),
      csrf: c.get('csrf'),
      notice: Object.hasOwn(said, key) ? said[key] : undefined,
      links: links.map(([href, text]) => ({ href, text, here: href === here })),
    },
    main,
  )
}

/** A page that says why something was not done. */
export function failed(c: Context<ConsoleEnv>, site: ConsoleSite, title: string, why: string): Html {
  return framed(c, site, title, '', html`<p class="notice error" role="alert">${why}</p>`)
}

export function byOf(staff: Staff): By {
  return { role: 'staff', id: staff.id, initials: staff.initials, name: staff.name }
}

/** The row of the trail for what the one who is signed in did. */
export function deedOf(c: Context<ConsoleEnv>, did: Deed, more: Pick<AuditEvent, 'patient' | 'of'> = {}): AuditEvent {
  return { did, by: c.get('staff').id, ...more }
}
