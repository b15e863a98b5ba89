/**
 * Review items: what could not be applied, with the reason and what to do (DOM-16). One document each, keyed by what
 * it is about (`derivedUlid`), so that finding the same thing again opens no second one.
 */
import * as v from 'valibot'
import { replySchema, type ReplyToRead } from './replies.ts'
import { inOrder, keySchema, saidSchema, type By, type Entry } from './kind.ts'

/** A closed list: pages and the command line have a sentence for each. */
export const reviewKinds = [
  'confirmation set aside',
  'message not written',
  'patient declined',
  'patient wants to move',
  'contact change',
  'row refused',
  'changes wait',
  'identity changed',
  'field conflict',
  'unknown patient',
  'not readable',
  'not back from backup',
  'mirror conflict',
  'consent after opt-out',
  'lost in a restore',
  'reply to read',
  'may want to cancel',
  'wrong number',
  'message not opened',
  'number takes no texts',
  'address takes no mail',
  'texts held',
  'texts silent',
  'hl7 not applied',
  'hl7 to do',
  'payment not posted',
  'payment disputed',
  'refund failed',
  'payment difference',
  'double booking',
  'mapping problem',
] as const
export type ReviewKind = (typeof reviewKinds)[number]

/** How reviews are resolved, a closed list too. What each does beside closing the review is the site's (`site/resolving.ts`). */
export const resolutions = [
  'confirmed by phone',
  'not coming',
  'changed in InSched',
  'stays as it is',
  'accepted',
  'refused',
  'same person',
  'put right in InSched',
  'the value that stands is right',
  'filed by hand',
  'patient confirms',
  'patient declines',
  'patient asks to move',
  'patient opts out',
  'answered one by one',
  'none of these',
  'let go',
  'seen',
  // Its cause is gone, and the note says how; nobody chooses this.
  'by itself',
] as const
export type Resolution = (typeof resolutions)[number]

/** The ways of each kind, the likeliest first. */
export const waysOf: Readonly<Record<ReviewKind, readonly Resolution[]>> = {
  'confirmation set aside': ['confirmed by phone', 'not coming', 'changed in InSched'],
  'message not written': ['filed by hand'],
  'patient declined': ['changed in InSched', 'stays as it is'],
  'patient wants to move': ['changed in InSched', 'stays as it is'],
  'row refused': ['put right in InSched', 'seen'],
  'identity changed': ['same person', 'put right in InSched'],
  'field conflict': ['the value that stands is right', 'put right in InSched'],
  'unknown patient': ['put right in InSched', 'seen'],
  'not readable': ['put right in InSched', 'seen'],
  'not back from backup': ['seen'],
  'contact change': ['accepted', 'refused'],
  'changes wait': ['seen'],
  'mirror conflict': ['seen'],
  'consent after opt-out': ['seen'],
  'lost in a restore': ['put right in InSched', 'seen'],
  'reply to read': [
    'patient confirms',
    'patient declines',
    'patient asks to move',
    'answered one by one',
    'patient opts out',
    'none of these',
  ],
  'may want to cancel': ['patient declines', 'changed in InSched', 'stays as it is'],
  'wrong number': ['changed in InSched', 'seen'],
  'message not opened': ['seen'],
  'texts held': ['let go'],
  'texts silent': ['seen'],
  'number takes no texts': ['changed in InSched', 'seen'],
  'address takes no mail': ['changed in InSched', 'seen'],
  'hl7 not applied': ['put right in InSched', 'seen'],
  'hl7 to do': ['put right in InSched', 'seen'],
  'payment not posted': ['put right in InSched', 'seen'],
  'payment disputed': ['seen'],
  'refund failed': ['seen'],
  'payment difference': ['put right in InSched', 'seen'],
  'double booking': ['changed in InSched', 'stays as it is'],
  'mapping problem': ['put right in InSched', 'seen'],
}

export const reviewSchema = v.variant('kind', [
  v.object({
    kind: v.literal('opened'),
    ...saidSchema,
    about: v.picklist(reviewKinds),
    /** Why it could not be applied, one sentence; may name the patient, since it is sealed. */
    why: v.pipe(v.string(), v.maxLength(2_000)),
    /** What to do about it, one sentence. */
    todo: v.pipe(v.string(), v.maxLength(2_000)),
    patient: v.optional(v.nullable(keySchema)),
    event: v.optional(v.nullable(keySchema)),
    plan: v.optional(v.nullable(keySchema)),
    /** Of a double booking the other event. */
    other: v.optional(v.nullable(keySchema)),
    /** Of a reply to a text: the reply itself, for the inbox. */
    reply: v.optional(replySchema),
  }),
  v.object({
    kind: v.literal('resolved'),
    ...saidSchema,
    note: v.pipe(v.string(), v.maxLength(2_000)),
    /** By which of the ways that its kind has; left out where it was resolved with a note alone. */
    how: v.optional(v.picklist(resolutions)),
  }),
])
export type ReviewEntry = v.InferOutput<typeof reviewSchema>

export interface Review {
  readonly about: ReviewKind
  readonly why: string
  readonly todo: string
  readonly openedAt: number
  readonly patient: string | null
  readonly event: string | null
  readonly plan: string | null
  /** Of a double booking the other event. */
  readonly other: string | null
  readonly reply: ReplyToRead | null
  readonly resolved: { readonly at: number; readonly note: string; readonly by: By; readonly how: Resolution | null } | null // prettier-ignore
}

/** The review as it stands: of what was said twice the first counts. undefined while only its resolution has arrived. */
export function foldReview(entries: readonly Entry<ReviewEntry>[]): Review | undefined {
  const ordered = entries.toSorted(inOrder)
  const opened = ordered.find((entry) => entry.kind === 'opened')
  const resolved = ordered.find((entry) => entry.kind === 'resolved')
  if (opened?.kind !== 'opened') return undefined
  return {
    about: opened.about,
    why: opened.why,
    todo: opened.todo,
    openedAt: opened.at,
    patient: opened.patient ?? null,
    event: opened.event ?? null,
    plan: opened.plan ?? null,
    other: opened.other ?? null,
    reply: opened.reply ?? null,
    resolved:
      resolved?.kind === 'resolved'
        ? { at: resolved.at, note: resolved.note, by: resolved.by, how: resolved.how ?? null }
        : null,
  }
}
