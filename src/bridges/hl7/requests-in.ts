/**
 * Requests to book, modify or cancel (SRM S01, S03, S04): what is asked for is done as the matching SIU does it, and answered
 * SRR. ARQ is read as the SCH that would tell it; of the range in which the start is wished (ARQ-11) the earliest is taken.
 * A request about an appointment that is not known waits for nothing: it is AE.
 */
import { appointmentOf } from './appointments-in.ts'
import { BadMessage, type Place } from './bad-message.ts'
import type { Handler } from './handling.ts'
import { components, makeSegment, segmentOf, textAt, type Message } from './message.ts'

export function requestOf(how: 'book' | 'modify' | 'cancel'): Handler {
  const handle = appointmentOf(how, { isRequest: true })
  return async (handling) => {
    try {
      const change = await handle({ ...handling, message: asSchedule(handling.message) })
      return { ...change, warnings: (change.warnings ?? []).map((one) => ({ ...one, at: asAsked(one.at) })) }
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      const { code, rejects, forStaff } = error
      const at = asAsked(error.at)
      throw new BadMessage(error.message, { code, rejects, forStaff, ...(at === null ? {} : { at }) })
    }
  }
}

/** ARQ-1 to ARQ-10 are those of SCH by number. */
function asSchedule(message: Message): Message {
  const arq = segmentOf(message, 'ARQ')
  if (!arq) throw new BadMessage('The request has no ARQ.', { code: '100', at: { segment: 'ARQ' } })
  const same = Object.fromEntries(arq.fields.slice(0, 10).map((field, place) => [place + 1, field]))
  const sch = makeSegment('SCH', { ...same, 11: components('', '', '', textAt(arq, 11)) })
  return { ...message, segments: message.segments.map((segment) => (segment === arq ? sch : segment)) }
}

function asAsked(at: Place | null): Place | null {
  return at?.segment === 'SCH' ? { ...at, segment: 'ARQ' } : at
}
