/**
 * Two patients who are one (ADT A40, A18, A34): MRG-1 names the Donor, PID the Survivor; pairs may repeat. What only this
 * bridge knows is combined here. Where InSched has both, Combine Patient Records is staff's: the review says whom, and what
 * they do there is followed as ever (DOM-10). An id that stood for nobody becomes the Survivor's.
 */
import type { Edit, FactsChange } from '../../replica/replica-face.ts'
import { documentsOf } from '../../mirror/documents-of.ts'
import { BadMessage } from './bad-message.ts'
import type { Change, Handling } from './handling.ts'
import type { Segment } from './message.ts'
import { idsIn, knownPatient, patientIds, patientOfIds } from './people.ts'

export async function mergeOf(handling: Handling): Promise<Change> {
  const { message, channel, queue, replica, numbers, queued } = handling
  const pairs: (readonly [Segment, Segment])[] = []
  let pid: Segment | undefined
  for (const segment of message.segments)
    if (segment.name === 'PID') pid = segment
    else if (segment.name === 'MRG' && pid) pairs.push([pid, segment])
  if (pairs.length === 0) throw new BadMessage('A merge needs PID and MRG.', { code: '101', at: { segment: 'MRG' } })
  const edits: (Edit | FactsChange)[] = []
  const combine: string[] = []
  let last: string | null = null
  // All pairs are looked up before anything is done: one that is wrong leaves nothing half done.
  const found = []
  for (const [into, from] of pairs) {
    const donorIds = idsIn(from, 1, channel)
    if (donorIds.length === 0) throw new BadMessage('MRG-1 names no patient.', { code: '101', at: { segment: 'MRG', field: 1 } }) // prettier-ignore
    const survivor = await knownPatient(handling, patientIds(into, channel), { segment: 'PID', field: 3 })
    found.push({ survivor, donor: await patientOfIds(handling, donorIds, { segment: 'MRG', field: 1 }), donorIds })
  }
  for (const { survivor, donor, donorIds } of found) {
    last = survivor
    if (donor === undefined) await queue.identify('patient', donorIds, survivor)
    if (donor === undefined || donor === survivor) continue
    if (!queue.isLanded(donor)) {
      const into = queue.isLanded(survivor) ? 'the patient who is not in InSched yet' : `patient ${(await numbers.localOf(survivor)) ?? survivor}`
      combine.push(`patient ${(await numbers.localOf(donor)) ?? donor} into ${into}`)
      continue
    } // prettier-ignore
    const head = await replica.head('patients', donor)
    const { at: _at, ...facts } = head!.facts
    edits.push({ collection: 'patients', key: donor, facts: { ...facts, shown: false, reachable: false }, set: { survivor }, at: queued.at }) // prettier-ignore
    const { at: _, ...survives } = (await replica.head('patients', survivor))!.facts
    for await (const heads of documentsOf(replica, ({ collection, facts: { patient } }) => collection === 'events' && patient === donor)) // prettier-ignore
      for (const one of heads) edits.push({ collection: one.collection, key: one.key, become: { ...one.facts, patient: survivor, reachable: survives.reachable } }) // prettier-ignore
  }
  const todo = combine.length === 0 ? undefined : {
    why: `${channel.name} says that two patients are one: ${combine.join('; ')}.`,
    todo: 'Check it, then use Combine Patient Records in InSched: the first is the Donor, the second the Survivor.',
  } // prettier-ignore
  return { patient: last, edits, todo }
}
