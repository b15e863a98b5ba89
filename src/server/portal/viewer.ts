/**
 * Who looks at whose record. An account may act for several patients (a parent for two children, one person who is a
 * patient of two sites); which one a session shows is kept on the server. The token of a page's forms holds for the one
 * patient that the page was made for, so that a page left open never speaks for another.
 */
import type { Clock } from '../../replica/clock.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import type { PatientFields, PracticeFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { AuditEvent, Deed } from '../audit-sqlite.ts'
import type { Reader } from '../look/reader.ts'
import { hashOf, type ControlStore } from '../control-store-sqlite.ts'
import type { Caller, Incoming } from '../reverse-proxy.ts'
import type { Session } from '../sessions.ts'

/** One patient that an account may act for now. */
export interface Member {
  /** `<practice>/<patient>`: what the session remembers. */
  readonly key: string
  readonly practice: string
  readonly patient: string
  readonly replica: Replica
  readonly site: string
}

/** One whose record is shown. */
export interface Shown extends Member {
  /** When the site was last heard, and whether it is connected. */
  readonly office: { readonly heardAt: number | null; readonly connected: boolean }
}

/** Whose record is shown to whom. */
export interface Viewer extends Shown {
  readonly account: string
  readonly session: Session
  /** The token of the forms of this page. */
  readonly csrf: string
  readonly hasPassword: boolean
  /** All that the account may act for, this one among them. */
  readonly family: readonly Member[]
}

export interface PortalEnv {
  Bindings: { incoming: Incoming }
  Variables: { caller: Caller; reader: Reader; viewer: Viewer }
}

export interface Viewing {
  readonly store: ControlStore
  readonly replicaOf: (practice: string) => Replica | undefined
  readonly isConnected: (site: string) => boolean
  readonly clock: Clock
}

/** The patients whose access for this account stands now, by the replica and not by the index, which may be older. */
export async function membersOf({ store, replicaOf }: Viewing, account: string): Promise<Member[]> {
  const found: Member[] = []
  for (const { practice, patient } of store.patientsOf(account)) {
    const replica = replicaOf(practice)
    if (!replica || !foldAccess(await replica.entries('access', patient)).accounts.includes(account)) continue
    const head = await replica.head('patients', patient)
    if (!head?.facts.shown || head.facts.site === null) continue
    found.push({ key: `${practice}/${patient}`, practice, patient, replica, site: head.facts.site })
  }
  return found
}

/** The token of the forms made for one member. */
export function formToken(session: Session, member: Member): string {
  return hashOf(`${session.csrf} ${member.key}`)
}

/** The member that a session shows: the one that was chosen, or the first. */
export function shownBy(session: Session, family: readonly Member[]): Member | undefined {
  return family.find((one) => one.key === session.viewing) ?? family[0]
}

export function withOffice({ store, isConnected }: Viewing, member: Member): Shown {
  const heardAt = store.site(member.site)?.heard_at ?? null
  return { ...member, office: { heardAt, connected: isConnected(member.site) } }
}

/** Whom the session shows: the one that was chosen, or the first; undefined where nobody is left. */
export function viewerOf(viewing: Viewing, session: Session, family: readonly Member[]): Viewer | undefined {
  const member = shownBy(session, family)
  if (!member) return undefined
  return {
    ...withOffice(viewing, member),
    account: session.account,
    session,
    csrf: formToken(session, member),
    hasPassword: viewing.store.account(session.account)?.password !== null,
    family,
  }
}

/** The row of the trail for what this viewer did. */
export function deedOf(viewer: Viewer, did: Deed, of?: AuditEvent['of']): AuditEvent {
  return { did, by: viewer.account, practice: viewer.practice, patient: viewer.patient, of }
}

export async function patientOf(member: Member): Promise<Partial<PatientFields>> {
  return ((await member.replica.indexed('patient', member.patient))?.body ?? {}) as Partial<PatientFields>
}

export async function practiceOf(
  member: Member,
  site = member.site,
): Promise<Partial<PracticeFields> & Record<string, unknown>> {
  return ((await member.replica.indexed('practice', site))?.body ?? {}) as Partial<PracticeFields> &
    Record<string, unknown>
}

export function nameOf({ firstName, lastName }: Partial<PatientFields>): string {
  return `${firstName ?? ''} ${lastName ?? ''}`.trim()
}

/** Who says what a viewer says: the account, under the name of the person it acts for. */
export async function byOf(viewer: Viewer): Promise<By> {
  const name = nameOf(await patientOf(viewer))
  return { role: 'patient', id: viewer.account, ...(name ? { name } : {}) }
}

/** The facts for a document that hangs on another: those of that one. */
export async function factsOf(replica: Replica, collection: 'patients' | 'events', key: string) {
  const head = await replica.head(collection, key)
  if (!head) throw new Error(`There is no document ${collection}/${key}`)
  const { at: _, ...facts } = head.facts
  return facts
}

/** How many messages of the office nobody has read for this patient. */
export async function unreadOf(viewer: Member): Promise<number> {
  const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient, state: 'out' })
  return rows.filter((row) => !(row.body as { read: boolean }).read).length
}
