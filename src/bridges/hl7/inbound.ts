/**
 * From a message to what it changes: one table says which events of which messages are taken, and by what. What a message
 * changes is one commit of the replica, so nothing of it is half done; applied again, it changes nothing more. What InSched
 * has not yet is a review for staff beside it.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit } from '../../replica/replica-face.ts'
import { appointmentOf } from './appointments-in.ts'
import { BadMessage } from './bad-message.ts'
import type { InboundChannel } from './channels.ts'
import type { Handler, InboundParts } from './handling.ts'
import type { Apply } from './intake.ts'
import { mergeOf } from './merges-in.ts'
import { segmentOf, textAt, type Message } from './message.ts'
import { patientOf } from './patients-in.ts'
import { answerOf } from './queries-in.ts'
import { requestOf } from './requests-in.ts'

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
  'SRM^S01': requestOf('book'),
  'SRM^S03': requestOf('modify'),
  'SRM^S04': requestOf('cancel'),
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
  if (type === 'PPR') throw new BadMessage('InSched keeps no problem lists. Nothing of this message was taken.', { code: '200', ...at(9) }) // prettier-ignore
  const isType = takenKinds.some((one) => one.startsWith(`${type}^`))
  throw new BadMessage(isType ? 'This event is not taken here.' : 'This type of message is not taken here.', { code: isType ? '201' : '200', ...at(9) }) // prettier-ignore
}
