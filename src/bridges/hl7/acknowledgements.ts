/**
 * Acknowledgements: made for a message that came, and read of one that comes back. Original mode answers once, AA, AE or
 * AR, when the message was applied; enhanced mode answers by MSH-15 when it is stored (CA, CE, CR) and by MSH-16 when it
 * is applied (HL7 v2, 2.9.2, 2.9.3). They say places and ids, nothing of a person.
 */
import { errorCodes, type BadMessage } from './bad-message.ts'
import { standardDelimiters } from './delimiters.ts'
import { components, makeSegment, segmentOf, segmentsOf, textAt, value, type Message, type Segment } from './message.ts'
import { timeOf } from './times.ts'

export const acknowledgementCodes = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const
export type AcknowledgementCode = (typeof acknowledgementCodes)[number]

/** What is wrong, as the sender's log is to have it; `severity` E: nothing was done, W: done with a warning. */
export interface Complaint extends Pick<BadMessage, 'message' | 'code' | 'at'> {
  readonly severity: 'E' | 'W'
}

export interface Answering {
  readonly code: AcknowledgementCode
  /** MSH-10 of the answer. */
  readonly id: string
  /** Milliseconds UTC. */
  readonly at: number
  readonly complaints?: readonly Complaint[]
  /** Segments behind it: what was asked for. */
  readonly more?: readonly Segment[]
  /** The kind of the answer where it is more than an acknowledgement, such as ADT^A19. */
  readonly kind?: readonly [string, string]
}

/** The answer to a message; to one of which nothing can be read, with an empty MSA-2. */
export function acknowledge(message: Message | undefined, answering: Answering): Message {
  const msh = message && segmentOf(message, 'MSH')
  const field = (number: number) => msh?.fields[number - 3] ?? components('')
  const version = textAt(msh, 12) || '2.5'
  const asked = textAt(msh, 9, { component: 2 })
  // What is requested is answered as such; that it was stored is a plain acknowledgement.
  const isResponse = textAt(msh, 9) === 'SRM' && !answering.code.startsWith('C')
  const [type, event] = answering.kind ?? [isResponse ? 'SRR' : 'ACK', asked]
  const structure = answering.kind ? `${type}_${event}` : isResponse ? 'SRR_S01' : 'ACK'
  const complaints = answering.complaints ?? []
  return {
    ...(message?.form ? { form: message.form } : {}),
    delimiters: message?.delimiters ?? standardDelimiters,
    segments: [
      makeSegment('MSH', {
        3: field(5),
        4: field(6),
        5: field(3),
        6: field(4),
        7: timeOf(answering.at),
        9: isBefore(version, '2.4') ? components(type, event) : components(type, event, structure),
        10: answering.id,
        11: textAt(msh, 11) || 'P',
        12: version,
        // Enhanced: of an answer no answer is wanted.
        ...(isEnhanced(msh) ? { 15: 'NE', 16: 'NE' } : {}),
        18: field(18),
      }),
      makeSegment('MSA', {
        1: answering.code,
        2: textAt(msh, 10),
        ...(isBefore(version, '2.7') && complaints[0] ? { 3: complaints[0].message.slice(0, 80) } : {}),
      }),
      ...complaints.map((complaint) => errorSegment(complaint, version)),
      ...(answering.more ?? []),
    ],
  }
}

/** ERR as the version has it: a code and a place in one field up to 2.4, fields of their own since 2.5. */
function errorSegment({ message, code, at, severity }: Complaint, version: string): Segment {
  const place = at === null ? [] : [at.segment, '1', ...(at.field === undefined ? [] : [String(at.field)])]
  if (isBefore(version, '2.5')) {
    const where = [at?.segment ?? '', '1', String(at?.field ?? '')].map((text) => [text])
    return makeSegment('ERR', { 1: [[...where, [code, errorCodes[code], 'HL70357']]] })
  }
  return makeSegment('ERR', {
    ...(place.length > 0 ? { 2: components(...place) } : {}),
    3: components(code, errorCodes[code], 'HL70357'),
    4: severity,
    8: message,
  })
}

/** Whether a version is older than another: by number, not by spelling. */
export function isBefore(version: string, other: string): boolean {
  const parts = (text: string): number[] => text.split('.').map(Number)
  const [a, b] = [parts(version), parts(other)]
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0)
  return false
}

export type When = 'AL' | 'NE' | 'ER' | 'SU'

/** Whether a message asks for enhanced mode: MSH-15 or MSH-16 is valued. */
export function isEnhanced(msh: Segment | undefined): boolean {
  return typeof value(msh, 15) === 'string' || typeof value(msh, 16) === 'string'
}

/** Whether an answer is wanted (table 0155); what is not valued or not known is AL for 15 and NE for 16. */
export function isWanted(msh: Segment | undefined, field: 15 | 16, succeeded: boolean): boolean {
  const when = textAt(msh, field).toUpperCase()
  if (when === 'SU') return succeeded
  if (when === 'ER') return !succeeded
  if (when === 'AL' || when === 'NE') return when === 'AL'
  return field === 15
}

export interface Acknowledgement {
  readonly code: AcknowledgementCode
  /** MSA-2: the control id of what it answers. */
  readonly of: string
  /** What the peer says is wrong, in its words; not for logs. */
  readonly says: string
}

/** What an acknowledgement says; undefined where the message is none. */
export function readAcknowledgement(message: Message): Acknowledgement | undefined {
  const msa = segmentOf(message, 'MSA')
  const code = acknowledgementCodes.find((one) => one === textAt(msa, 1).toUpperCase())
  if (!code) return undefined
  const errors = segmentsOf(message, 'ERR').map((err) => [textAt(err, 3), textAt(err, 3, { component: 2 }), textAt(err, 7), textAt(err, 8), textAt(err, 1, { component: 4 })].filter(Boolean).join(' ')) // prettier-ignore
  return { code, of: textAt(msa, 2), says: [textAt(msa, 3), ...errors].filter(Boolean).join('; ') }
}

export function isAcknowledgement(message: Message): boolean {
  return segmentOf(message, 'MSA') !== undefined && textAt(segmentOf(message, 'MSH'), 9).toUpperCase() === 'ACK'
}
