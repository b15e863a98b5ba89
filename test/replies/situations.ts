/** The situations in which the corpus has its replies: what was asked of the number, and how the events are by now. */
import type { AskedEvent, OpenRequest, ReplyContext } from '../../src/bridges/texts/replies/reply.ts'

const now = '2026-03-01T12:00'
const said = 'Reply C to confirm.'
const tuesday = event('tuesday', '2026-03-03T09:00')
const friday = event('friday', '2026-03-06T16:00')
const tuesdayText = request('text of tuesday', 1, `Ann, you have a visit at Desert Bloom on Tue Mar 3 at 9:00 AM. ${said}`, [tuesday]) // prettier-ignore
const fridayText = request('text of friday', 2, `Ann, you have a visit at Desert Bloom on Fri Mar 6 at 4:00 PM. ${said}`, [friday]) // prettier-ignore

function event(key: string, startsAt: string, more: Partial<AskedEvent> = {}): AskedEvent {
  return { event: key, patient: 'Ann', family: 'Lee', startsAt, now, isCurrent: true, answered: null, ...more }
}
function request(
  id: string,
  at: number,
  text: string,
  events: readonly AskedEvent[],
  more: Partial<OpenRequest> = {},
): OpenRequest {
  return { id, at, text, events, ...more }
}
function asked(...requests: OpenRequest[]): ReplyContext {
  return { optedOut: false, requests, names: ['Ann'], otherTexts: ['Thanks, the office will read this.'] }
}

export const situations: Readonly<Record<string, ReplyContext>> = {
  one: asked(tuesdayText),
  tomorrow: asked({ ...tuesdayText, events: [event('tomorrow', '2026-03-02T14:30')] }),
  digits: asked({ ...tuesdayText, digits: 'answers' }),
  arrival: asked({ ...tuesdayText, asksArrival: true }),
  family: asked(request('text of both', 1, `Visits at Desert Bloom on Tue Mar 3: 1) Ann 9:00 AM 2) Bob 9:30 AM. ${said}`, [tuesday, event('bob', '2026-03-03T09:30', { patient: 'Bob' })], { digits: 'lines' })), // prettier-ignore
  two: asked(tuesdayText, fridayText),
  which: asked(tuesdayText, fridayText, request('which', 3, 'Reply 1 for Tue Mar 3 9:00 AM, 2 for Fri Mar 6 4:00 PM.', [tuesday, friday], { digits: 'lines', which: 'confirm' })), // prettier-ignore
  families: asked(tuesdayText, { ...fridayText, events: [{ ...friday, patient: 'Eve', family: 'Roy' }] }),
  none: asked(),
  stopped: { ...asked(), optedOut: true },
  'stopped and asked': { ...asked(tuesdayText), optedOut: true },
  moved: asked({ ...tuesdayText, events: [{ ...tuesday, isCurrent: false }] }),
  begun: asked({ ...tuesdayText, events: [{ ...tuesday, now: '2026-03-03T09:00' }] }),
  confirmed: asked({ ...tuesdayText, events: [{ ...tuesday, answered: 'confirm' }] }),
  declined: asked({ ...tuesdayText, events: [{ ...tuesday, answered: 'decline' }] }),
}
