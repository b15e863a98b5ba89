/**
 * By which channel what is told goes to a patient, or why by none: by what the patient prefers, else by the other, and never by
 * one that is refused or not open. Where nothing is to come by itself, only what a person sends goes. Pure and total.
 */
import { noChoice, type Channel, type ChannelChoice } from '../../replica/kinds/communications.ts'
import type { WhyNoEmail } from '../email/mailable.ts'
import type { WhyNoText } from './consent.ts'

/** Why a channel is not open to a patient; null: it is. */
export interface OpenChannels {
  readonly whyNoText: WhyNoText | 'no number of the guarantor' | null
  readonly whyNoEmail: WhyNoEmail | null
}
type WhyNot = NonNullable<OpenChannels['whyNoText'] | OpenChannels['whyNoEmail']> | 'wants no text' | 'wants no email'

/** `why`: what stands against the channel that comes first; `also`: against the other. */
export type Way =
  | { readonly by: Channel }
  | { readonly by: null; readonly why: 'nothing by itself' }
  | { readonly by: null; readonly why: WhyNot; readonly also: WhyNot }

/** By which channel something goes. */
export function wayOf(choice: ChannelChoice, { whyNoText, whyNoEmail }: OpenChannels, isByHand: boolean): Way {
  if (choice.noneByItself && !isByHand) return { by: null, why: 'nothing by itself' }
  const text = { by: 'text', why: choice.noText ? 'wants no text' : whyNoText } as const
  const email = { by: 'email', why: choice.noEmail ? 'wants no email' : whyNoEmail } as const
  const [first, other] = choice.prefers === 'email' ? [email, text] : [text, email]
  if (first.why === null) return { by: first.by }
  return other.why === null ? { by: other.by } : { by: null, why: first.why, also: other.why }
}

/** Whether what went by text goes by email too, where a site tells by both: not to who chose one of them. */
export function isCopied(choice: ChannelChoice, { whyNoEmail }: OpenChannels): boolean {
  return choice.prefers === null && !choice.noEmail && whyNoEmail === null
}

/** What holds for a patient who is told through another: a no of either is a no, and the patient's own preference comes first. */
export function choiceThrough(own: ChannelChoice, receiver: ChannelChoice = noChoice): ChannelChoice {
  return {
    prefers: own.prefers ?? receiver.prefers,
    noText: own.noText || receiver.noText,
    noEmail: own.noEmail || receiver.noEmail,
    noneByItself: own.noneByItself || receiver.noneByItself,
  }
}
