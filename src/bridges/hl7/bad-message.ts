/** A message that cannot be read or taken, with what its acknowledgement says of it: where, why, and a code of HL7 table 0357. */

/** A place in a message, as ERR-2 names it; counted from 1. */
export interface Place {
  readonly segment: string
  readonly field?: number
}

/** Codes of table 0357 that this bridge says. */
export const errorCodes = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '207': 'Application internal error',
} as const
export type ErrorCode = keyof typeof errorCodes

/** The sentence is for the peer's log: it names places and ids of the message, and nothing of a person. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage'
  readonly code: ErrorCode
  readonly at: Place | null
  /** Whether the kind of message is not taken at all (AR), rather than this one's content (AE). */
  readonly rejects: boolean
  /** Whether staff have to look at it. */
  readonly forStaff: boolean
  constructor(message: string, what: { code: ErrorCode; at?: Place; rejects?: boolean; forStaff?: boolean }) {
    super(message)
    this.code = what.code
    this.at = what.at ?? null
    this.rejects = what.rejects ?? false
    this.forStaff = what.forStaff ?? true
  }
}
