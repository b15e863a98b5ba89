/** What the handlers of incoming messages are given, and what they give back: what a message changes. */
import type { Clock } from '../../replica/clock.ts'
import type { Edit, FactsChange, Replica } from '../../replica/replica-face.ts'
import type { Billing } from '../insched/bridge.ts'
import type { Complaint } from './acknowledgements.ts'
import type { InboundChannel } from './channels.ts'
import type { Applied } from './intake.ts'
import type { Message } from './message.ts'
import type { MessageQueue, QueuedMessage } from './queue-sqlite.ts'
import type { RecordChange, Todo } from './record-change.ts'

/** InSched as far as messages need it. */
export interface Numbers {
  /** The row of a document; undefined where InSched has none, or cannot be asked now. */
  localOf(document: string): Promise<number | undefined>
  documentOf(table: 'patients' | 'events', localId: number): Promise<string | undefined>
  /** Who pays for a patient and what insures them. Rejects while it cannot be asked. */
  billingOf(localId: number): Promise<Billing>
}
export interface InboundParts {
  readonly queue: MessageQueue
  readonly replica: Replica
  readonly numbers: Numbers
  /** The key of the site. */
  readonly site: string
  /** The zone of the site. */
  readonly zone: () => Promise<string>
  readonly mint: () => string
  readonly clock: Clock
  /** Writes into InSched what is kept in the queue for it. */
  readonly wakeWriter: () => void
}
/** What a handler is given. */
export interface Handling extends InboundParts {
  readonly message: Message
  readonly channel: InboundChannel
  readonly queued: QueuedMessage
}
/** What a message changes. */
export interface Change extends Pick<Applied, 'reply'> {
  readonly patient: string | null
  readonly edits: readonly (Edit | FactsChange)[]
  readonly warnings?: readonly Complaint[]
  /** What staff are to do, as a sentence, and why. */
  readonly todo?: Todo | undefined
  /** What it changes in InSched, with what staff are to do where that is not written. */
  readonly records?: readonly { readonly record: RecordChange; readonly todo: Todo }[]
}
export type Handler = (handling: Handling) => Promise<Change>
