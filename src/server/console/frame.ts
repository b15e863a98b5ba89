/** The frame of a page of the console for the member of staff who is signed in, and what the pages may say. */
import type { Context } from 'hono'
import type { By } from '../../replica/kinds/kind.ts'
import type { AuditEvent, Deed } from '../audit-sqlite.ts'
import { nothing, type Content } from '../look/html.ts'
import { callerOf, type Incoming } from '../reverse-proxy.ts'
import { page, type Frame } from '../look/page.ts'
import { problemPage, type Told } from '../look/problem-page.ts'
import type { Reader } from '../look/reader.ts'
import { warnBefore } from '../sessions.ts'
import { mayUse } from './privileges.ts'
import type { ConsoleSite } from './console-site.ts'
import { stripOf } from './strip.ts'
import type { Staff, StaffStore } from './staff-store-sqlite.ts'

export interface ConsoleEnv {
  Bindings: { incoming?: Incoming }
  /** `endsAt`: when the session ends if nothing more is asked; `now`: of this request. */
  Variables: { reader: Reader; staff: Staff; csrf: string; endsAt: number; now: number; digest?: string }
}
/** What each part of the console is made with. */
export interface ConsoleParts {
  readonly site: ConsoleSite
  readonly store: StaffStore
}

/** The frame of a page before anybody is signed in; with the token of forms where somebody is. */
export function bareFrame(c: Context<ConsoleEnv>, { settings }: ConsoleSite, csrf?: string): Omit<Frame, 'title'> {
  const practice = `${settings.practiceName} · ${settings.siteName}`
  return { reader: c.get('reader'), practice, kind: 'desk', csrf }
}

async function frameOf(c: Context<ConsoleEnv>, site: ConsoleSite, here: string): Promise<Omit<Frame, 'title'>> {
  const { words } = c.get('reader')
  const { menu } = words.console
  const said = { ...words.console.said, ...words.desk.said, ...words.synchronization.said, ...words.payments.said, ...words.hl7.said, ...words.textRules.said } // prettier-ignore
  const key = c.req.query('said') ?? ''
  const links = [
    ['/', menu.status],
    ['/today', words.desk.today.menu],
    ['/inbox', words.desk.inbox.menu],
    ['/send', menu.send],
    ['/recent', menu.recent],
    // Where nothing is shared there is nothing to look for.
    ...(site.isSharedWith() ? [['/others', words.others.menu] as const] : []),
    ['/payments', words.payments.title],
    ['/reviews', menu.reviews],
    ['/synchronization', words.synchronization.menu],
    ['/hl7', words.hl7.menu],
    ['/users', words.staff.users.title],
    ['/audit', words.desk.audit.title],
  ] as const
  const staff = c.get('staff')
  const sees = staff.hasSecondFactor && mayUse(staff, 'GET /')
  const mayBegin = sees && mayUse(staff, 'POST /sync')
  const { strip, reviews } = sees ? await stripOf(site, c.get('reader'), mayBegin ? c.get('csrf') : undefined) : { strip: nothing, reviews: 0 } // prettier-ignore
  const [endsAt, now] = [c.get('endsAt'), c.get('now')]
  return {
    ...bareFrame(c, site, c.get('csrf')),
    strip,
    // The address only names one of these: what stands in it is never said.
    notice: Object.hasOwn(said, key) ? said[key as keyof typeof said] : undefined,
    live: c.get('digest') === undefined ? undefined : { name: 'desk', digest: c.get('digest')! },
    ends: { seconds: Math.max(0, Math.round((endsAt - now) / 1_000)), warnSeconds: warnBefore / 1_000, at: c.get('reader').instant(endsAt, await site.zone()) }, // prettier-ignore
    links: links
      .filter(([href]) => staff.hasSecondFactor && mayUse(staff, `GET ${href}`))
      .map(([href, text]) => ({ href, text, here: href === here, count: href === '/reviews' ? reviews : 0 })),
  }
}

/** A page for somebody who is signed in. */
export async function framed(c: Context<ConsoleEnv>, site: ConsoleSite, title: string, here: string, main: Content) {
  return page({ ...(await frameOf(c, site, here)), title }, main)
}

/** A page that says why something was not done, and what to do. */
export async function failed(c: Context<ConsoleEnv>, site: ConsoleSite, problem: Told) {
  return problemPage(await frameOf(c, site, ''), problem)
}

/** A user of the console by name; the commands of this machine by what they are. */
export function nameOfUser(c: Context<ConsoleEnv>, store: StaffStore, id: string): string {
  return id === 'command line' ? c.get('reader').words.desk.audit.machine : (store.staff(id)?.name ?? id)
}

/** From where somebody tries to sign in; undefined from this machine, where an address says nothing. */
export function addressOf(c: Context<ConsoleEnv>): string | undefined {
  const { address } = c.env.incoming ? callerOf(c.env.incoming, undefined) : {}
  return address === undefined || /^(127\.|0:0:0:0$)/.test(address) ? undefined : address
}

export function byOf(staff: Staff): By {
  return { role: 'staff', id: staff.id, initials: staff.initials, name: staff.name }
}

/** The row of the trail for what the one who is signed in did. */
export function deedOf(c: Context<ConsoleEnv>, did: Deed, more: Pick<AuditEvent, 'patient' | 'of'> = {}): AuditEvent {
  return { did, by: c.get('staff').id, ...more }
}
