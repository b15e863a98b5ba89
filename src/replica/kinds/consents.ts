/**
 * Consent of one number or address to be written to, by text or by email: `consents/<HMAC of the number>`, so that it is for
 * all patients of the number and survives combining, imports and the erasure of a patient. Unknown is no. Opted out wins
 * (DOM-9): an opt-in ends those opt-outs alone that it names; only the patient’s own ends another than that of staff (DOM-20).
 */
import * as v from 'valibot'
import { entryIdSchema, inOrder, isPatients, saidSchema, type Entry } from './kind.ts'

export const consentChannels = ['text', 'email'] as const

/** What was said and in which message, to show whoever asks; `rules` names the rules by which it was understood. */
export const proofSchema = v.object({
  text: v.pipe(v.string(), v.maxLength(2_000)),
  /** The provider's id of the message. */
  message: v.pipe(v.string(), v.maxLength(200)),
  rules: v.optional(v.pipe(v.string(), v.maxLength(40))),
})
export type Proof = v.InferOutput<typeof proofSchema>

const aboutNumber = { ...saidSchema, channel: v.picklist(consentChannels), proof: v.optional(proofSchema) }

export const consentSchema = v.variant('kind', [
  v.object({
    kind: v.literal('opted out'),
    ...aboutNumber,
    /** A reply, the provider's own list, a link in a mail, or staff. */
    how: v.picklist(['reply', 'wrong number', 'provider', 'link', 'staff']),
  }),
  v.object({
    kind: v.literal('opted in'),
    ...aboutNumber,
    how: v.picklist(['reply', 'staff']),
    /** The opt-outs that it ends: those that were known where it was said. */
    ends: v.array(entryIdSchema),
  }),
  /** Whoever has the number was told by a text what will come and how to stop it, after staff had set consent. */
  v.object({
    kind: v.literal('welcomed'),
    ...aboutNumber,
    /** The text in `communications`, and which words it has. */
    message: entryIdSchema,
    wording: v.pipe(v.string(), v.maxLength(40)),
  }),
])
export type ConsentEntry = v.InferOutput<typeof consentSchema>
type OptOut = Entry<Extract<ConsentEntry, { kind: 'opted out' }>>
type OptIn = Entry<Extract<ConsentEntry, { kind: 'opted in' }>>

/** Whether a number or address may be written to. `by` is the entry that decides it; `standing` the opt-outs that a new opt-in must name. */
export type Consent =
  | { readonly state: 'unknown'; readonly by: null; readonly standing: readonly [] }
  | { readonly state: 'in'; readonly by: OptIn; readonly standing: readonly [] }
  | { readonly state: 'out'; readonly by: OptOut; readonly standing: readonly string[] }

/** What the entries come to, the same in whatever order they arrived. */
export function foldConsent(entries: readonly Entry<ConsentEntry>[]): Consent {
  const ordered = entries.toSorted(inOrder)
  const ins = ordered.filter((entry) => entry.kind === 'opted in')
  const outs = ordered.filter((entry) => entry.kind === 'opted out')
  const standing = outs.filter(
    (out) => !ins.some((entry) => entry.ends.includes(out.id) && (isPatients(entry.by) || out.how === 'staff')),
  )
  // The patient's own yes is the better proof of one than what staff noted.
  const [out, entry] = [standing.at(-1), ins.findLast(({ by }) => isPatients(by)) ?? ins.at(-1)]
  if (out) return { state: 'out', by: out, standing: standing.map(({ id }) => id) }
  return entry ? { state: 'in', by: entry, standing: [] } : { state: 'unknown', by: null, standing: [] }
}

/** The opt-in by staff of which whoever has the number is yet to be told; undefined where there is none, or it was told. */
export function toWelcome(entries: readonly Entry<ConsentEntry>[]): OptIn | undefined {
  const { state, by } = foldConsent(entries)
  if (state !== 'in' || isPatients(by.by)) return undefined
  return entries.some(({ kind }) => kind === 'welcomed') ? undefined : by
}
