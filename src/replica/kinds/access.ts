/**
 * Who may sign in for a patient: invitations that the practice made, their acceptance at the portal, guardians and
 * representatives with what they may do and until when, and revocations. A revocation names what it ends, so an
 * invitation made after it stands, in whatever order they arrive. A version that does not know representatives ignores
 * them: they see nothing there.
 */
import * as v from 'valibot'
import { entryIdSchema, inOrder, instantSchema, saidSchema, type By, type Entry } from './kind.ts'

/** What a representative may see and do for a patient. `documents` are the plan and what is shared to be read. */
export const scopes = ['appointments', 'messages', 'documents', 'pay'] as const
export type Scope = (typeof scopes)[number]

/** InSched's relations, and whoever has a power of attorney. */
export const relationships = ['parent', 'guardian', 'spouse', 'child', 'representative', 'other'] as const
export type Relationship = (typeof relationships)[number]

export const dateSchema = v.pipe(v.string(), v.isoDate())
/** SHA-256 of a single-use token, lower-case hex; the token itself is only in the link. */
const tokenHashSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const accountSchema = v.pipe(v.string(), v.maxLength(200))

export const accessSchema = v.variant('kind', [
  v.object({ kind: v.literal('invited'), ...saidSchema, tokenHash: tokenHashSchema, until: instantSchema }),
  /** Staff want the portal to mail an invitation: it makes one, and the link is in that mail alone. */
  v.object({ kind: v.literal('invitation asked'), ...saidSchema }),
  v.object({
    kind: v.literal('accepted'),
    ...saidSchema,
    invitation: entryIdSchema,
    account: accountSchema,
  }),
  v.object({
    kind: v.literal('granted'),
    ...saidSchema,
    /** The representative's name, as others see it. */
    name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
    relationship: v.picklist(relationships),
    scope: v.pipe(v.array(v.picklist(scopes)), v.minLength(1), v.maxLength(scopes.length)),
    /** The first and the last day, in the practice's zone; no last day: until it is revoked. */
    from: dateSchema,
    to: v.nullable(dateSchema),
    /** What the practice has on file that allows it, in its own words: a power of attorney, a court's order. */
    document: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))),
    /** The link by which the representative takes it up. */
    tokenHash: tokenHashSchema,
    until: instantSchema,
  }),
  v.object({ kind: v.literal('taken up'), ...saidSchema, grant: entryIdSchema, account: accountSchema }),
  v.object({
    kind: v.literal('revoked'),
    ...saidSchema,
    /** The invitations, acceptances and grants that end. */
    revokes: v.array(entryIdSchema),
    why: v.picklist([
      'new invitation',
      'wrong dates',
      'by staff',
      'by patient',
      'portal access ended',
      'contact changed',
    ]),
  }),
])
export type AccessEntry = v.InferOutput<typeof accessSchema>

/** How long an invitation can be accepted, milliseconds. */
export const invitationLasts = 72 * 3_600_000

/** The entries of a new invitation, under the ids that `mint` gives; what was open before ends with it. */
export function newInvitation(
  entries: readonly Entry<AccessEntry>[],
  { at, by, tokenHash, mint }: { readonly at: number; readonly by: By; readonly tokenHash: string; readonly mint: () => string }, // prettier-ignore
): Record<string, AccessEntry> {
  const revokes = foldAccess(entries).invitations.map((one) => one.id)
  return {
    ...(revokes.length > 0 ? { [mint()]: { kind: 'revoked', at, by, revokes, why: 'new invitation' } } : {}),
    [mint()]: { kind: 'invited', at, by, tokenHash, until: at + invitationLasts },
  }
}

/** A grant that was not revoked. Whether it holds today is `holds`, which knows the day. */
export interface Representative {
  readonly grant: string
  readonly name: string
  readonly relationship: Relationship
  readonly scope: readonly Scope[]
  readonly from: string
  readonly to: string | null
  /** What the practice has on file that allows it; null where nothing was named. */
  readonly document: string | null
  readonly grantedBy: By
  readonly grantedAt: number
  /** Who took it up; null while the link waits. */
  readonly account: string | null
}

/** An account that signs in as the patient. */
export interface Holder { readonly account: string; readonly since: number } // prettier-ignore

/** A link that waits: to be the patient, or where `grant` is set to act for the patient. */
export interface Waiting { readonly id: string; readonly tokenHash: string; readonly until: number; readonly grant: boolean } // prettier-ignore

export interface Access {
  /** Invitations that were neither accepted nor revoked (whether they are still in time is the reader's to ask). */
  readonly invitations: readonly Entry<Extract<AccessEntry, { kind: 'invited' }>>[]
  /** The same and the links of grants. */
  readonly waiting: readonly Waiting[]
  /** The accounts that sign in as the patient. */
  readonly accounts: readonly string[]
  readonly holders: readonly Holder[]
  readonly representatives: readonly Representative[]
  /** Ids of all that stands, for a revocation to name. */
  readonly standing: readonly string[]
}

/** What of a patient's access stands. */
export function foldAccess(entries: readonly Entry<AccessEntry>[]): Access {
  const ordered = entries.toSorted(inOrder)
  const revoked = new Set(ordered.flatMap((entry) => (entry.kind === 'revoked' ? entry.revokes : [])))
  const used = new Set(ordered.flatMap((entry) => (entry.kind === 'accepted' ? [entry.invitation] : [])))
  const accepted = ordered.filter((entry) => entry.kind === 'accepted').filter((entry) => !revoked.has(entry.id))
  const invitations = ordered
    .filter((entry) => entry.kind === 'invited')
    .filter((entry) => !revoked.has(entry.id) && !used.has(entry.id))
  const grants = ordered.filter((entry) => entry.kind === 'granted').filter((entry) => !revoked.has(entry.id))
  const taken = ordered.filter((entry) => entry.kind === 'taken up').filter((entry) => !revoked.has(entry.id))
  const representatives = grants.map(
    ({ id, name, relationship, scope, from, to, document = null, by, at }): Representative => {
      const account = taken.find((entry) => entry.grant === id)?.account ?? null
      return { grant: id, name, relationship, scope, from, to, document, grantedBy: by, grantedAt: at, account }
    },
  )
  const open = new Set(representatives.filter((one) => one.account === null).map((one) => one.grant))
  return {
    invitations,
    waiting: [
      ...invitations.map(({ id, tokenHash, until }) => ({ id, tokenHash, until, grant: false })),
      ...grants.filter(({ id }) => open.has(id)).map(({ id, tokenHash, until }) => ({ id, tokenHash, until, grant: true })), // prettier-ignore
    ],
    accounts: [...new Set(accepted.map((entry) => entry.account))],
    holders: accepted.map(({ account, at }) => ({ account, since: at })),
    representatives,
    standing: [...invitations, ...accepted, ...grants, ...taken].map((entry) => entry.id),
  }
}

/** The day on which somebody who was born on `YYYY-MM-DD` is `age` years old; after February 29 it is March 1. */
export function birthday(birthDate: string, age: number): string {
  const [year, rest] = [Number(birthDate.slice(0, 4)) + age, birthDate.slice(4)]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return rest === '-02-29' && !leap ? `${year}-03-01` : `${year}${rest}`
}

/**
 * Whether what was given to somebody while the patient was a child is over: on the 18th birthday, whoever has it and
 * whatever was agreed. `given` and `today` are days of the practice's zone. Without a birth date nothing is over.
 */
export function endedByAge(birthDate: string | null | undefined, given: string, today: string): boolean {
  if (!birthDate) return false
  const grown = birthday(birthDate, 18)
  return given < grown && today >= grown
}

/** Whether a representative may act today, a day of the practice's zone. A parent of a patient without a birth date may not. */
export function holds(
  one: Pick<Representative, 'relationship' | 'from' | 'to'>,
  given: string,
  birthDate: string | null | undefined,
  today: string,
): boolean {
  const forChild = one.relationship === 'parent'
  if (today < one.from || (one.to !== null && today > one.to)) return false
  return birthDate ? !endedByAge(birthDate, given, today) : !forChild
}

/**
 * What a representative may see and do today. Where the practice has set an age from which a child's messages are its own,
 * a parent or guardian no longer has them from that birthday on; who agreed to it as an adult keeps them.
 */
export function scopeOn(
  one: Pick<Representative, 'relationship' | 'scope'>,
  given: string,
  birthDate: string | null | undefined,
  today: string,
  messagesEndAtAge: number | null,
): readonly Scope[] {
  const forChild = one.relationship === 'parent' || one.relationship === 'guardian'
  if (messagesEndAtAge === null || !forChild || !birthDate || given >= birthday(birthDate, 18)) return one.scope
  return today < birthday(birthDate, messagesEndAtAge) ? one.scope : one.scope.filter((scope) => scope !== 'messages')
}
