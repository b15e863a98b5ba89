/**
 * The messages of the HL7 queue as rows of Recent Communications: nothing of them is in a document, so they are read from
 * the queue itself when the list is read, in the same order and by the same ways as the rows of the index.
 */
import type { Direction, MessageState, QueueWalk, QueuedMessage } from '../bridges/hl7/queue-sqlite.ts'
import { communicationView } from '../replica/kinds/communications.ts'
import type { IndexRow, Replica } from '../replica/replica-face.ts'
import { hl7Channel, waysOf, wayText, type CommunicationState } from '../server/communication-rows.ts'

/** What the list calls the states of the queue, by direction: in it there is one vocabulary for all channels. */
const listed: Readonly<Record<Direction, Readonly<Partial<Record<MessageState, CommunicationState>>>>> = {
  in: { received: 'received', applied: 'accepted', filtered: 'set aside', error: 'failed' },
  out: { queued: 'queued', sent: 'sent', done: 'delivered', error: 'failed' },
}
const everyWay = (Object.keys(listed) as Direction[]).flatMap((direction) =>
  (Object.entries(listed[direction]) as [MessageState, CommunicationState][]).map(([held, state]) => ({
    direction,
    held,
    text: wayText({ channel: hl7Channel, direction, state }),
  })),
)

/** What a filter lets through of messages. */
export function hl7WaysOf(filter: Parameters<typeof waysOf>[0]): string[] {
  const passes = new Set(waysOf({ ...filter, channel: hl7Channel }))
  return everyWay.flatMap(({ text }) => (passes.has(text) ? [text] : []))
}

/** The queue as what lists are walked over; a question for one way, one patient or all, and not for a way of a patient. */
export function hl7Rows(hl7: { walk(query: QueueWalk): QueuedMessage[] }): Pick<Replica, 'index'> {
  return {
    async index({ state, patient, from, before, limit }) {
      const way = everyWay.find(({ text }) => text === state)
      return hl7
        .walk({ way: way && { direction: way.direction, state: way.held }, patient, from, before, limit })
        .map(rowOf)
    },
  }
}

function rowOf({ id, direction, state, at, patient, kind, channel, code }: QueuedMessage): IndexRow {
  const way = wayText({ channel: hl7Channel, direction, state: listed[direction][state]! })
  const failedBy = state === 'error' ? { code } : {}
  return { view: communicationView, id, patient, state: way, at, body: { subject: `${kind} (${channel})`, event: null, message: id, ...failedBy } } // prettier-ignore
}
