/** What a console is shown of its site: the events of a day with what was said about them, the threads of the inbox, and Recent Communications. `site/` makes them. */
import type { RuleKind } from '../../bridges/texts/rule-words.ts'
import type { Rule } from '../../bridges/texts/rules.ts'
import type { OpenChannels, Way } from '../../bridges/texts/channels.ts'
import type { Channel, Communications, MessageState, NotSentReason } from '../../replica/kinds/communications.ts'
import type { PatientCollection } from '../../mirror/policy.ts'
import type { Answer } from '../../replica/kinds/confirmations.ts'
import type { EventFields, PatientFields, Stage } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { ReplyToRead } from '../../replica/kinds/replies.ts'
import type { Money } from '../../replica/kinds/money.ts'
import type { Payment, PaymentRequest } from '../../replica/kinds/payments.ts'
import type { Request } from '../../replica/kinds/requests.ts'
import type { Review, ReviewKind } from '../../replica/kinds/reviews.ts'
import type { Note, ThreadCare, ThreadStep } from './threads-sqlite.ts'

export interface PatientName { readonly key: string; readonly local: number | null; readonly name: string } // prettier-ignore
/** Why the portal reaches a patient or does not. */
export type Reach = 'reached' | 'no portal access' | 'never signed in'
/** A message of the practice about the event. */
export interface Told { readonly at: number; readonly read: boolean; readonly subject: string } // prettier-ignore

export interface EventOfDay {
  readonly key: string
  /** InSched's number. */
  readonly event: number | null
  readonly patient: PatientName
  /** Wall clock of the location. */
  readonly startsAt: string
  readonly words: string | null
  readonly status: string
  readonly lastConfirmed: string | null
  readonly confirmationType: string | null
  readonly told: Told | null
  readonly reach: Reach
  /** The newest answer to this start. */
  readonly answer: Answer | null
  /** An open wish to move or to decline. */
  readonly wish: Request | null
  /** When what the patient said came here; null where it is not known. */
  readonly receivedAt: number | null
}
/** How a patient is reached: why a channel is not open, what was chosen, and when and by whom last. */
export type Reached = OpenChannels & Pick<Communications, 'choice' | 'chosen'>
/** What a rule for texts comes to for an event. Times are milliseconds UTC. */
export type WhyText = {
  readonly rule: string
  readonly what: RuleKind
  readonly lead: Rule['lead']
} & (
  | {
      readonly is: 'told'
      readonly at: number
      readonly by: Channel
      readonly state: MessageState
      readonly code: string | null
    }
  /** `way`: by what it would go, as things are. */
  | { readonly is: 'due'; readonly at: number; readonly why: 'due' | 'hours' | 'cap' | 'grace'; readonly way: Way }
  | { readonly is: 'now'; readonly by: Channel }
  /** `also`: why by the other channel neither. */
  | { readonly is: 'not'; readonly why: NotSentReason; readonly also?: NotSentReason | undefined }
)
/** What staff want to go out now: what a rule tells of an event, for the start that they saw. */
export interface SentByHand { readonly event: string; readonly startsAt: string; readonly rule: string; readonly what: WhyText['what'] } // prettier-ignore
/** A text or a mail that went out for an event, or a text that came in about it. */
export interface TextOfEvent {
  readonly at: number
  readonly direction: 'in' | 'out'
  readonly by: Channel
  /** Of one that went out. */
  readonly what: string | null
  readonly state: MessageState | null
  readonly body: string
}

/** All that was said about one event, oldest first. */
export interface EventStory extends EventOfDay {
  readonly allTold: readonly Told[]
  readonly texts: readonly TextOfEvent[]
  readonly whyTexts: readonly WhyText[]
  /** Who holds the event's texts, and since when; null: nobody does. */
  readonly held: { readonly at: number; readonly by: By } | null
  readonly answers: readonly (Answer & { readonly receivedAt: number | null })[]
  readonly wishes: readonly (Request & { readonly receivedAt: number | null })[]
}

export interface ThreadMessage {
  readonly id: string
  readonly at: number
  readonly isIn: boolean
  readonly subject: string
  readonly text: string
  readonly by: By
  readonly event: string | null
  readonly read: boolean
  readonly retracted: boolean
  readonly hasFiles: boolean
}
export interface InboxThread extends ThreadCare {
  readonly thread: string
  readonly patient: PatientName
  readonly subject: string
  readonly last: ThreadMessage
  /** The newest message of the patient, milliseconds UTC. */
  readonly lastIn: number
  /** Closed, and nothing has come since. */
  readonly isDone: boolean
  readonly isUnread: boolean
  /** Whether the patient may read an answer at the portal. */
  readonly isReached: boolean
  /** The patient has the last word. */
  readonly isOpen: boolean
  /** An internal note asks for the attention of the user, who has not looked since. */
  readonly isMentioned: boolean
  /** The user has begun an answer. */
  readonly hasDraft: boolean
}
export interface WholeThread extends InboxThread {
  readonly messages: readonly ThreadMessage[]
  readonly notes: readonly Note[]
  readonly steps: readonly ThreadStep[]
  /** What the user has begun to answer. */
  readonly draft: string | null
}

/** A reply to a text that a person must read, or has read. */
export interface ReplyInBox {
  /** Its review. */
  readonly id: string
  readonly kind: ReviewKind
  readonly reply: ReplyToRead
  readonly todo: string
  /** Null: the number is no patient's, or of several. */
  readonly patient: PatientName | null
  /** The events that may be meant; `isCurrent`: as they were told. */
  readonly events: readonly { readonly event: string; readonly patient: PatientName; readonly startsAt: string; readonly isCurrent: boolean }[] // prettier-ignore
  readonly resolved: Review['resolved']
}
/** `left`: what of it can still be given back. */
export interface PaymentOfSite { readonly patient: PatientName; readonly payment: Payment; readonly left: Money } // prettier-ignore
export interface RequestOfSite { readonly patient: PatientName; readonly request: PaymentRequest } // prettier-ignore
/** A plan that a deposit may be asked for: its document, and its words for patients. */
export interface PlanOfPatient { readonly plan: string; readonly words: string } // prettier-ignore
export const paymentBoxes = ['waiting', 'posted', 'refunds', 'disputes', 'requests'] as const
export type PaymentBox = (typeof paymentBoxes)[number]

/** A patient of another site, which shares it with this one. */
export interface SharedPatient {
  /** Its document. */
  readonly key: string
  readonly name: string
  /** `YYYY-MM-DD`. */
  readonly birthDate: string | null
  /** Whose it is. */
  readonly site: { readonly id: string; readonly name: string | null }
}
/** What another site shares of a patient, newest first. */
export interface SharedRecord extends SharedPatient {
  /** The collections that it shares. */
  readonly shares: readonly PatientCollection[]
  readonly fields: Pick<PatientFields, 'cellPhone' | 'homePhone' | 'email' | 'language' | 'textConsent' | 'portalEnabled'> // prettier-ignore
  /** `isOwn`: an event of this site with that patient. */
  readonly events: readonly (Omit<EventFields, 'location' | 'deleted'> & { readonly key: string; readonly isOwn: boolean; readonly answers: readonly Answer[] })[] // prettier-ignore
  readonly plans: readonly { readonly words: string | null; readonly stages: readonly Stage[] }[]
  readonly messages: readonly { readonly at: number; readonly isIn: boolean; readonly subject: string; readonly text: string | null }[] // prettier-ignore
  readonly requests: readonly Request[]
}

export interface Communication {
  /** What `attachmentsOf`, hiding and showing know it by. */
  readonly id: string
  /** ISO, UTC. */
  readonly at: string
  readonly channel: string
  readonly direction: string
  readonly patient: number | null
  readonly event: number | null
  readonly subject: string
  readonly state: string
  /** The provider's code, of one that failed. */
  readonly code?: string
  /** Of a message with attachments, its entry. */
  readonly entry?: string
  /** Of a message of a clinical system, what its page knows it by. */
  readonly message?: string
  /** Hidden from the list by somebody; never deleted. */
  readonly hidden: boolean
}
export interface CommunicationQuery {
  readonly patient?: number | undefined
  readonly channel?: string | undefined
  readonly direction?: string | undefined
  readonly state?: string | undefined
  /** Milliseconds UTC: from `since`, and before `until`. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Only what comes after this one in the list, which is newest first. */
  readonly after?: { readonly at: number; readonly id: string } | undefined
  /** Messages of clinical systems too: not everybody may see them. */
  readonly clinical?: boolean | undefined
}
