/**
 * The words in which a reply to a text is judged: what was asked of a number, and what a reply comes to. Times are wall
 * clocks of the event's location; ids are those of documents and entries. `evaluateReply` goes from the one to the other.
 */

/** What a patient may answer to an open request. */
export const intents = ['confirm', 'decline', 'move', 'arrive'] as const
export type Intent = (typeof intents)[number]

/** One event as a text told it, and how it is now. */
export interface AskedEvent {
  readonly event: string
  readonly patient: string
  /** The same for the patients of one family (their guarantor, or the patient alone). Two families are never answered for at once. */
  readonly family: string
  /** As the text told it: `YYYY-MM-DDTHH:MM`. */
  readonly startsAt: string
  /** The number of the line that tells it, from 1: events of one visit share a line. By default its place. */
  readonly line?: number
  /** The wall clock of its location when the reply came. */
  readonly now: string
  /** Whether it still stands as it was told: not moved, canceled, deleted, checked in or out, and no other patient's. */
  readonly isCurrent: boolean
  /** What was answered for this start so far; the newest. */
  readonly answered: Intent | null
}

/** A text that asked this number for an answer. */
export interface OpenRequest {
  /** The entry of the text. */
  readonly id: string
  /** When it was sent, milliseconds UTC. */
  readonly at: number
  /** As it was sent: a tapback quotes it. */
  readonly text: string
  /** The events that it lists, in its order. */
  readonly events: readonly AskedEvent[]
  /** What it offered digits for: 1, 2 and 3 for confirm, decline and move; or the numbers of its lines. By default none. */
  readonly digits?: 'answers' | 'lines'
  /** Set where it asks which event an earlier answer was for: with that answer, and with `digits: 'lines'`. */
  readonly which?: Intent
  /** Whether it asked to say when the patient has arrived. */
  readonly asksArrival?: boolean
}

export interface ReplyContext {
  /** Whether the number is opted out now. */
  readonly optedOut: boolean
  /** What was asked of the number and is not over for long; in any order. */
  readonly requests: readonly OpenRequest[]
  /** Other texts that the number got lately, so that a tapback on one is known for what it is. */
  readonly otherTexts?: readonly string[]
  /** First names of the number's patients: a name below an answer says nothing more. */
  readonly names?: readonly string[]
  /** Whether a picture or another file came with it: nobody but a person judges that. */
  readonly hasMedia?: boolean
}

/** An answer for one event, for the start that was told. */
export interface Answer {
  readonly intent: Intent
  readonly request: string
  readonly event: string
  readonly patient: string
  readonly startsAt: string
}
export type About = Omit<Answer, 'intent'>

export const whysToAPerson = ['not understood', 'mixed', 'nothing was asked', 'several events', 'two families', 'changed mind', 'media', 'may opt out'] as const // prettier-ignore
/** `may opt out`: it speaks of stopping, and not clearly; whoever reads it asks, or opts the number out. */
export type WhyToAPerson = (typeof whysToAPerson)[number]

/** What a reply comes to. What is not answered or opted out by itself is read by a person, or says nothing to anybody. */
export type Outcome =
  /** `cancels`: a bare CANCEL, with the events that may be meant. `toRead`: there was more in it than the opt-out. */
  | { readonly is: 'opt out'; readonly how: 'stop' | 'cancel' | 'wrong number'; readonly about: readonly About[]; readonly toRead: boolean } // prettier-ignore
  | { readonly is: 'opt in' }
  | { readonly is: 'help' }
  /** Each event once. `stale`: listed in the same text, and changed since. */
  | { readonly is: 'answered'; readonly answers: readonly Answer[]; readonly stale: readonly Answer[] }
  /** It fits several texts: ask once which. */
  | { readonly is: 'which'; readonly intent: Intent; readonly among: readonly About[] }
  /** What was asked about has changed since the text. */
  | { readonly is: 'stale'; readonly answers: readonly Answer[] }
  /** What was asked about has begun: into the log alone. */
  | { readonly is: 'late'; readonly about: readonly About[] }
  /** The same was said before. */
  | { readonly is: 'again'; readonly about: readonly About[] }
  /** Thanks and the like: into the log alone. */
  | { readonly is: 'ignored' }
  /** `suggests`: what it looks like, for the order of the buttons. `quotes`: the text that it seems to answer. */
  | { readonly is: 'to a person'; readonly why: WhyToAPerson; readonly suggests: Intent | null; readonly about: readonly About[]; readonly quotes: string | null } // prettier-ignore
