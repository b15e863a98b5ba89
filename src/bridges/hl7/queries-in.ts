/** A question about a patient (QRY^A19), answered with what is on file (ADR^A19), where the channel may ask at all. */
import { BadMessage } from './bad-message.ts'
import { authorityOf } from './channels.ts'
import type { Change, Handling } from './handling.ts'
import { segmentOf, textAt } from './message.ts'
import { patientSegment } from './patient-segment.ts'
import { patientOfIds } from './people.ts'

export async function answerOf(handling: Handling): Promise<Change> {
  const { message, channel, replica, queue, numbers } = handling
  if (!channel.answersQueries) throw new BadMessage('Queries are not answered on this channel.', { code: '201', at: { segment: 'MSH', field: 9 }, rejects: true }) // prettier-ignore
  const qrd = segmentOf(message, 'QRD')
  const at = { segment: 'QRD', field: 8 }
  const id = textAt(qrd, 8)
  if (id === '') throw new BadMessage('The query names nobody.', { code: '101', at, forStaff: false })
  const patient = await patientOfIds(handling, [{ id, authority: textAt(qrd, 8, { component: 9 }) || authorityOf(channel) }], at) // prettier-ignore
  const record = patient === undefined ? undefined : await replica.record('patients', patient)
  // Staff have nothing to do about a question.
  if (patient === undefined || !record) throw new BadMessage('This patient is not known here.', { code: '204', at, forStaff: false }) // prettier-ignore
  const local = await numbers.localOf(patient)
  const ids = [...(local === undefined ? [] : [{ authority: channel.ownAuthority, id: String(local) }]), ...queue.idsOf(patient)] // prettier-ignore
  return {
    patient,
    edits: [],
    reply: { kind: ['ADR', 'A19'], more: [...(qrd ? [qrd] : []), patientSegment(record.fields, ids)] },
  }
}
