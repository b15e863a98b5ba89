/**
 * From a message to what it changes: one table says which events of which messages are taken, and by what. What a message
 * changes is one commit of the replica, so nothing of it is half done; applied again, it changes nothing more. What InSched
 * has not yet is a review for staff beside it.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, FactsChange, Replica } from '../../replica/replica-face.ts'
import type { Complaint } from './acknowledgements.ts'
import { appointmentOf } from './appointments-in.ts'
import { BadMessage } from './bad-message.ts'
import type { InboundChannel } from './channels.ts'
import type { Applied, Apply } from './intake.ts'
import { mergeOf } from './merges-in.ts'
import { segmentOf, textAt, type Message } from './message.ts'
import { patientOf } from './patients-in.ts'
import { answerOf } from './queries-in.ts'
import type { MessageQueue, QueuedMessage, Todo } from './queue-sqlite.ts'
import type { RecordChange } from './record-writer.ts'

/** InSched as far as messages need it. */
export interface Numbers {
  /** The row of a document; undefined where InSched has none, or cannot be asked now. */
  localOf(document: string): Promise<number | undefined>
  documentOf(table: 'patients' | 'events', localId: number): Promise<string | undefined>
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

const handlers: Readonly<Record<string, Handler>> = {
  'ADT^A01': patientOf('register'),
  'ADT^A04': patientOf('register'),
  'ADT^A05': patientOf('register'),
  'ADT^A28': patientOf('register'),
  'ADT^A08': patientOf('update'),
  'ADT^A31': patientOf('update'),
  'ADT^A18': mergeOf,
  'ADT^A34': mergeOf,
  'ADT^A40': mergeOf,
  'QRY^A19': answerOf,
  'SIU^S12': appointmentOf('book'),
  'SIU^S13': appointmentOf('move'),
  'SIU^S14': appointmentOf('modify'),
  'SIU^S15': appointmentOf('cancel'),
  'SIU^S16': appointmentOf('cancel'),
  'SIU^S17': appointmentOf('delete'),
  'SIU^S26': appointmentOf('no show'),
}
/** The kinds of messages that are taken. */
export const takenKinds = Object.keys(handlers)

export function inboundApply(parts: InboundParts): Apply {
  const { queue, replica, site } = parts
  const by: By = { role: 'site', id: site, initials: 'PC' }
  return async (message, channel, queued) => {
    const handler = handlerOf(message, channel)
    const { patient, edits, warnings = [], todo, records = [], reply } = await handler({ ...parts, message, channel, queued }) // prettier-ignore
    const review: Edit[] = todo
      ? [{
          collection: 'reviews',
          key: derivedUlid('hl7 to do', queued.id),
          facts: { patient, site, shown: false, reachable: false, startsAt: null },
          add: { opened: { kind: 'opened', at: queued.at, by, about: 'hl7 to do', why: todo.why, todo: todo.todo, patient, event: todo.event ?? null } },
        }]
      : [] // prettier-ignore
    // Kept before the documents say it: applied again after a crash, the message would find nothing left to change.
    if (records.length > 0) await queue.addRecords(queued.id, records)
    if (edits.length + review.length > 0) await replica.change([...edits, ...review])
    if (records.length > 0) parts.wakeWriter()
    return { patient, warnings, ...(reply ? { reply } : {}) }
  }
}

/** By MSH-9.2, and in ADT without one by EVN-1; never by SCH-6. Throws what is answered AR where the kind is not taken. */
function handlerOf(message: Message, channel: InboundChannel): Handler {
  const msh = segmentOf(message, 'MSH')
  const at = (field: number) => ({ at: { segment: 'MSH', field }, rejects: true })
  const version = textAt(msh, 12)
  if (!channel.versions.includes(version)) throw new BadMessage(`Version ${version.slice(0, 10) || 'nothing'} is not taken on this channel.`, { code: '203', ...at(12) }) // prettier-ignore
  if (!channel.processing.some((one) => one === textAt(msh, 11))) throw new BadMessage('This processing id is not taken on this channel.', { code: '202', ...at(11) }) // prettier-ignore
  const type = textAt(msh, 9)
  const event = textAt(msh, 9, { component: 2 }) || (type === 'ADT' ? textAt(segmentOf(message, 'EVN'), 1) : '')
  const kind = `${type}^${event}`
  const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined
  if (handler) return handler
  const isType = takenKinds.some((one) => one.startsWith(`${type}^`))
  throw new BadMessage(isType ? 'This event is not taken here.' : 'This type of message is not taken here.', { code: isType ? '201' : '200', ...at(9) }) // prettier-ignore
}
