/**
 * A reply to a text that a person must read, as it stands in its review: what was written, which text of ours it seems to
 * answer, and the events that may be meant. What staff make of it is entries like a patient's own answer, with their initials.
 */
import * as v from 'valibot'
import { instantSchema, keySchema, ulidSchema, wallClockSchema } from './kind.ts'

/** What staff may take a reply for, event by event. */
export const takenFor = ['confirm', 'decline', 'move', 'nothing'] as const
export type TakenFor = (typeof takenFor)[number]

export const replySchema = v.object({
  text: v.pipe(v.string(), v.maxLength(2_000)),
  /** When it was written: an answer counts from then. */
  at: instantSchema,
  /** The provider's id of it. */
  message: v.pipe(v.string(), v.maxLength(200)),
  /** The document in `consents` of the number. */
  recipient: keySchema,
  /** The text of ours that it seems to answer. */
  quoted: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(2_000)))),
  /** Why it was not understood (`WhyToAPerson`), and what it looks like. */
  why: v.optional(v.pipe(v.string(), v.maxLength(40))),
  suggests: v.optional(v.nullable(v.picklist(['confirm', 'decline', 'move', 'arrive']))),
  about: v.array(v.object({ event: keySchema, patient: ulidSchema, startsAt: wallClockSchema })),
})
/** What of a reply its review keeps. */
export type ReplyToRead = v.InferOutput<typeof replySchema>
