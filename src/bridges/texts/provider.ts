/**
 * What the sender of texts needs of whoever carries them, and how a call can fail: for now (nothing was taken), without an
 * answer (it may have been taken: look it up), or for good.
 */
import type { MessageState } from '../../replica/kinds/communications.ts'

export interface OutgoingText {
  /** E.164. */
  readonly to: string
  readonly body: string
  /** Where the provider says what becomes of it; null: nowhere. */
  readonly statusTo: string | null
  /** The provider gives it up after so many seconds. */
  readonly validSeconds: number
}
/** A text as the provider has it. */
export interface TakenText {
  readonly sid: string
  readonly to: string
  readonly body: string
  readonly state: MessageState
  /** The provider's code of what went wrong. */
  readonly code: string | null
  /** When the provider took it, milliseconds UTC, to the second. */
  readonly at: number
}
/** A text that somebody wrote to the practice. */
export interface ReceivedText {
  readonly sid: string
  /** As the provider writes it, E.164 of most. */
  readonly from: string
  readonly body: string
  readonly hasMedia: boolean
  /** When the provider took it, milliseconds UTC, to the second. */
  readonly at: number
  /** What the provider did with an opt-out, opt-in or HELP word by itself. */
  readonly handled: 'STOP' | 'START' | 'HELP' | null
}

export interface TextProvider {
  /** Hands a text over; rejects with a ProviderFault. */
  send(text: OutgoingText): Promise<TakenText>
  /** The newest texts to a number. */
  sentTo(number: string): Promise<readonly TakenText[]>
  /** Every text that went out or came in since, newest first, part by part. */
  since(since: number): AsyncIterable<{ readonly sent: readonly TakenText[]; readonly received: readonly ReceivedText[] }> // prettier-ignore
  fetch(sid: string): Promise<TakenText>
  /** A text as the provider posts it; undefined where these are not the fields of one. */
  receivedIn(fields: Readonly<Record<string, string>>, at: number): ReceivedText | undefined
  /** What a callback says of a message; undefined where these are not the fields of one. */
  stateIn(fields: Readonly<Record<string, string>>): Pick<TakenText, 'sid' | 'state' | 'code'> | undefined
  /** Whether a request to `url` with these fields comes from the provider. */
  isSigned(request: { readonly url: string; readonly fields: Readonly<Record<string, string>>; readonly signature: string }): boolean // prettier-ignore
}

export type FaultKind = 'for now' | 'no answer' | 'for good'

/** Why a call failed. Its message names no number and no word of a text. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault'
  readonly kind: FaultKind
  /** The provider's code, or the machine's of a connection. */
  readonly code: string
  constructor(kind: FaultKind, code: string, cause?: unknown) {
    super(`The texts provider failed (${code}).`, { cause })
    this.kind = kind
    this.code = code
  }
}

/** The number has opted out at the provider (Twilio 21610). */
export const blockedCode = '21610'
/** Codes that say that a number takes no texts: no number, a landline, unknown at its network. */
const takesNoTexts = new Set(['21211', '21614', '30005', '30006'])
export function isNumberAtFault(code: string | null): boolean {
  return code !== null && takesNoTexts.has(code)
}
