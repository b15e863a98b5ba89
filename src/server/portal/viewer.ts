/**
 * Who looks at whose record. An account may act for several patients (a parent for two children, one person who is a
 * patient of two sites); which one a session shows is kept on the server. The token of a page's forms holds for the one
 * patient that the page was made for, so that a page left open never speaks for another.
 */
import { isTaken, type MirrorSettings, type PatientCollection } from '../../mirror/policy.ts'
import type { Clock } from '../../replica/clock.ts'
import { endedByAge, foldAccess, holds, scopeOn, type Representative } from '../../replica/kinds/access.ts'
import type { PatientFields, PracticeFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { AuditEvent, Deed } from '../audit-sqlite.ts'
import type { Reader } from '../look/reader.ts'
import { hashOf, type ControlStore } from '../control-store-sqlite.ts'
import { dayIn } from '../day-in.ts'
import type { Caller, Incoming } from '../reverse-proxy.ts'
import type { Session } from '../sessions.ts'
import { languageOf, type Language } from '../words/language.ts'
import { may } from './needs.ts'
import { portalFields } from './portal-fields.ts'

/** One patient that an account may act for now. */
export interface Member {
  /** `<practice>/<patient>`: what the session remembers. */
  readonly key: string
  readonly practice: string
  readonly patient: string
  readonly replica: Replica
  readonly site: string
  /** The grant by which a representative acts; null: the patient. */
  readonly acting: Representative | null
}

/** One whose record is shown. */
export interface Shown extends Member {
  /** When the site was last heard, and whether it is connected. */
  readonly office: { readonly heardAt: number | null; readonly connected: boolean }
  /** Whether what a patient says in a collection reaches the office. */
  readonly takes: (collection: PatientCollection) => boolean
}

/** Whose record is shown to whom. */
export interface Viewer extends Shown {
  readonly account: string
  readonly session: Session
  /** The token of the forms of this page. */
  readonly csrf: string
  readonly hasPassword: boolean
  /** The language of the live views of this account. */
  readonly spoken: Language
  /** When the session ends if nothing more is asked; milliseconds UTC. */
  readonly endsAt: number
  /** All that the account may act for, this one among them. */
  readonly family: readonly Member[]
}

export interface PortalEnv {
  Bindings: { incoming: Incoming }
  /** `takesCards`: whether the practice of the viewer takes payments here. */
  Variables: { caller: Caller; clock: Clock; reader: Reader; viewer: Viewer; takesCards?: boolean }
}

export interface Viewing {
  readonly store: ControlStore
  readonly replicaOf: (practice: string) => Replica | undefined
  readonly isConnected: (site: string) => boolean
  /** What a site mirrors. */
  readonly mirror: (site: string) => MirrorSettings
  readonly clock: Clock
}

/** The patients whose access for this account stands now, by the replica and not by the index, which may be older. */
export async function membersOf(viewing: Viewing, account: string): Promise<Member[]> {
  const { store, replicaOf } = viewing
  const found: Member[] = []
  for (const { practice, patient } of store.patientsOf(account)) {
    const replica = replicaOf(practice)
    if (!replica) continue
    const head = await replica.head('patients', patient)
    if (!head?.facts.shown || head.facts.site === null) continue
    const { site } = head.facts
    const acting = await actingFor(viewing, { replica, practice, patient, site }, account)
    if (acting !== undefined) found.push({ key: `${practice}/${patient}`, practice, patient, replica, site, acting })
  }
  return found
}

/** How an account may act for a patient today: null as the patient, by a grant, or undefined not at all. */
async function actingFor(
  { store, clock }: Viewing,
  { replica, practice, patient, site }: Pick<Member, 'replica' | 'practice' | 'patient' | 'site'>,
  account: string,
): Promise<Representative | null | undefined> {
  const { holders, representatives } = foldAccess(await replica.entries('access', patient))
  const held = holders.filter((one) => one.account === account)
  const granted = representatives.filter((one) => one.account === account)
  if (held.length + granted.length === 0) return undefined
  const zone = store.practice(practice)?.zone ?? 'UTC'
  const birthDate = (await replica.record('patients', patient))?.fields['birthDate'] as string | null | undefined
  const today = dayIn(clock.now(), zone)
  // What was given for a child ends at 18, also where a parent signed in as the child.
  if (held.some(({ since }) => !endedByAge(birthDate, dayIn(since, zone), today))) return null
  const acting = granted.find((one) => holds(one, dayIn(one.grantedAt, zone), birthDate, today))
  if (!acting) return undefined
  const { messagesEndAtAge } = await portalFields({ replica, site })
  return { ...acting, scope: scopeOn(acting, dayIn(acting.grantedAt, zone), birthDate, today, messagesEndAtAge) }
}

/** The token of the forms made for one member. */
export function formToken(session: Session, member: Member): string {
  return hashOf(`${session.csrf} ${member.key}`)
}

/** The member that a session shows: the one that was chosen, or the first. */
export function shownBy(session: Session, family: readonly Member[]): Member | undefined {
  return family.find((one) => one.key === session.viewing) ?? family[0]
}

export function withOffice({ store, isConnected, mirror }: Viewing, member: Member): Shown {
  const heardAt = store.site(member.site)?.heard_at ?? null
  const settings = mirror(member.site)
  return { ...member, office: { heardAt, connected: isConnected(member.site) }, takes: (collection) => isTaken(settings, collection) } // prettier-ignore
}

/** Whom the session shows: the one that was chosen, or the first; undefined where nobody is left. */
export async function viewerOf(
  viewing: Viewing,
  session: Session,
  family: readonly Member[],
  endsAt: number,
): Promise<Viewer | undefined> {
  const member = shownBy(session, family)
  if (!member) return undefined
  return {
    ...withOffice(viewing, member),
    account: session.account,
    session,
    csrf: formToken(session, member),
    hasPassword: viewing.store.account(session.account)?.password !== null,
    family,
    spoken: await spokenTo(viewing.store, session.account, member),
    endsAt,
  }
}

/** The language in which an account is spoken to where no browser says another: what it chose, or what is on file. */
export async function spokenTo(store: ControlStore, account: string, member: Member): Promise<Language> {
  return store.languageOf(account) ?? languageOf((await patientOf(member)).language) ?? 'en'
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

/** Who says what a viewer says: the account, under the patient's name, or a representative's with the patient it is for. */
export async function byOf(viewer: Viewer): Promise<By> {
  const name = nameOf(await patientOf(viewer))
  if (viewer.acting)
    return { role: 'representative', id: viewer.account, name: viewer.acting.name, ...(name ? { for: name } : {}) }
  return { role: 'patient', id: viewer.account, ...(name ? { name } : {}) }
}

/** The facts for a document that hangs on another: those of that one. */
export async function factsOf(replica: Replica, collection: 'patients' | 'events', key: string) {
  const head = await replica.head(collection, key)
  if (!head) throw new Error(`There is no document ${collection}/${key}`)
  const { at: _, ...facts } = head.facts
  return facts
}

/** How many messages of the office an account has not read for this patient, but for those of a thread that it reads now. */
export async function unreadOf(viewer: Member, account: string, reads?: string): Promise<number> {
  return (await freshTo(viewer, account)).filter((thread) => thread !== reads).length
}

/** The thread of each message of the office that an account has not read for this patient, oldest first. */
export async function freshTo(viewer: Member, account: string): Promise<string[]> {
  if (!may(viewer, 'messages')) return []
  const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient, state: 'out' })
  const said = rows.map((row) => row.body as unknown as { thread: string; readBy: readonly string[] })
  return said.filter((one) => !one.readBy.includes(account)).map((one) => one.thread)
}
