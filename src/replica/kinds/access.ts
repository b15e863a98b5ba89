/**
 * Who may sign in for a patient: invitations that the practice made, their acceptance at the portal, and revocations.
 * A revocation names what it ends, so an invitation made after it stands, in whatever order they arrive.
 */
import * as v from 'valibot'
import { entryIdSchema, inOrder, instantSchema, saidSchema, type Entry } from './kind.ts'

export const accessSchema = v.variant('kind', [
  v.object({
    kind: v.literal('invited'),
    ...saidSchema,
    /** SHA-256 of the single-use token, lower-case hex; the token itself is only in the link. */
    tokenHash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    until: instantSchema,
  }),
  v.object({
    kind: v.literal('accepted'),
    ...saidSchema,
    invitation: entryIdSchema,
    account: v.pipe(v.string(), v.maxLength(200)),
  }),
  v.object({
    kind: v.literal('revoked'),
    ...saidSchema,
    /** The invitations and acceptances that end. */
    revokes: v.array(entryIdSchema),
    why: v.picklist(['new invitation', 'wrong dates', 'by staff', 'portal access ended', 'contact changed']),
  }),
])
export type AccessEntry = v.InferOutput<typeof accessSchema>

export interface Access {
  /** Invitations that were neither accepted nor revoked (whether they are still in time is the reader's to ask). */
  readonly invitations: readonly Entry<Extract<AccessEntry, { kind: 'invited' }>>[]
  /** The accounts that may act for this patient. */
  readonly accounts: readonly string[]
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
  return {
    invitations,
    accounts: [...new Set(accepted.map((entry) => entry.account))],
    standing: [...invitations.map((entry) => entry.id), ...accepted.map((entry) => entry.id)],
  }
}
