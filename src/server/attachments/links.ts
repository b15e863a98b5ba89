/**
 * Links to attachments: short-lived, and of use in one session for one patient alone. They name the message by its id and
 * the file by its place; no datum of a person, no name of a file. What ends with this process ends its links.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'

export interface AttachmentLinks {
  /** The address of a file, for the forms' token of a page: that is of one session and one patient. */
  to(token: string, entry: string, place: number): string
  /** Whether an address is one that was given out for this token and is in time. */
  stands(token: string, entry: string, place: number, query: { until: string; mark: string }): boolean
}

const lasts = 15 * 60_000

export function attachmentLinks(clock: Clock): AttachmentLinks {
  const key = clock.bytes(32)
  const markOf = (...of: readonly (string | number)[]): string =>
    createHmac('sha256', key).update(of.join('\n')).digest('base64url')
  return {
    to(token, entry, place) {
      const until = clock.now() + lasts
      return `/attachments/${entry}/${place}?until=${until}&mark=${markOf(token, entry, place, until)}`
    },
    stands(token, entry, place, { until, mark }) {
      const wanted = Buffer.from(markOf(token, entry, place, until))
      const given = Buffer.from(mark)
      return given.length === wanted.length && timingSafeEqual(given, wanted) && Number(until) > clock.now()
    },
  }
}
