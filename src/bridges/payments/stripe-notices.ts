/**
 * Stripe's webhooks: what is taken and what is refused. A notice is only a hint that something has happened: what it was is
 * asked of the processor. It is checked on the bytes as they came, with a tolerance of five minutes, by any of the secrets.
 */
import { Stripe } from 'stripe'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'

export const refusals = ['unsigned', 'altered', 'old', 'not readable', 'another practice'] as const
export type NoticeRefusal = (typeof refusals)[number]
export interface Notice {
  readonly id: string
  readonly type: string
  /** Our payment, where the notice names it. */
  readonly payment: string | null
  /** The processor's id of the payment, where it names that. */
  readonly transaction: string | null
}

/** The largest notice that is read, bytes. */
export const largestNotice = 256 * 1024
/** Seconds within which a notice must arrive after it was signed. */
const tolerance = 300

const noticeSchema = v.object({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  type: v.pipe(v.string(), v.maxLength(100)),
  data: v.object({
    object: v.object({
      id: v.optional(v.pipe(v.string(), v.maxLength(255))),
      object: v.optional(v.string()),
      payment_intent: v.optional(v.nullable(v.union([v.string(), v.object({ id: v.string() })]))),
      metadata: v.optional(v.nullable(v.record(v.string(), v.string()))),
    }),
  }),
})

/** A notice for `practice`, or why it is refused. */
export function noticeOf(
  body: string,
  signature: string | undefined,
  { practice, secrets, clock }: { practice: string; secrets: readonly string[]; clock: Clock },
): Notice | { readonly refused: NoticeRefusal } {
  if (!signature || !/\bv1=/.test(signature)) return { refused: 'unsigned' }
  const stamped = Number(/\bt=(\d+)/.exec(signature)?.[1] ?? Number.NaN)
  const signed = (within: number): boolean => secrets.some((secret) => isSigned(body, signature, secret, within, clock))
  if (!signed(tolerance)) {
    const isOld = Math.abs(clock.now() / 1_000 - stamped) > tolerance && signed(Number.MAX_SAFE_INTEGER)
    return { refused: isOld ? 'old' : 'altered' }
  }
  // The SDK looks at the past alone: what is stamped far ahead could be kept and sent again later.
  if (stamped - clock.now() / 1_000 > tolerance) return { refused: 'old' }
  const read = v.safeParse(noticeSchema, jsonOf(body))
  if (!read.success) return { refused: 'not readable' }
  const { id, type, data } = read.output
  const { object: kind, payment_intent: intent, metadata, id: its } = data.object
  if (metadata?.['practice'] !== undefined && metadata['practice'] !== practice) return { refused: 'another practice' }
  const transaction = kind === 'payment_intent' ? its : typeof intent === 'object' ? intent?.id : intent
  return { id, type, payment: metadata?.['payment'] ?? null, transaction: transaction ?? null }
}

function isSigned(body: string, signature: string, secret: string, within: number, clock: Clock): boolean {
  try {
    // The tolerance is always given: this one checks none by default.
    return Stripe.webhooks.signature!.verifyHeader(body, signature, secret, within, undefined, clock.now())
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false
    throw error
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is signed and no JSON is refused by its schema.
    return undefined
  }
}
