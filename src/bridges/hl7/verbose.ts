/**
 * The verbose log of a channel, for support: until its end the log says of each message what happened, by sizes, times,
 * ids, codes and states, never by what stands in it. The end is kept on disk and is at most a day away, so that the log is
 * off by itself, whatever is stopped, started or forgotten meanwhile.
 */
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import type { MessageQueue } from './queue-sqlite.ts'

const aMinute = 60_000
const mostMinutes = 24 * 60
const wrongMinutes = `Give a whole number of minutes from 1 to ${mostMinutes} (24 hours), or 0 to end it now.`
/** For how many minutes a channel is verbose; 0 ends it. */
export const verboseMinutes = v.pipe(v.number(wrongMinutes), v.integer(wrongMinutes), v.minValue(0, wrongMinutes), v.maxValue(mostMinutes, wrongMinutes)) // prettier-ignore

export interface VerboseLog {
  /** Until when a channel is verbose, milliseconds UTC; null where it is not. */
  until(channel: string): number | null
  /** Verbose from now on for so many minutes; durable when it resolves with the end. Throws a sentence where the number is wrong. */
  set(channel: string, minutes: number): Promise<number | null>
  /** Logs a line of a verbose channel; of another one nothing is made or logged. */
  tell(channel: string, line: () => string): void
}

export function verboseLog({ queue, clock, say }: { readonly queue: Pick<MessageQueue, 'verbose' | 'keepVerbose'>; readonly clock: Clock; readonly say: (line: string) => void }): VerboseLog {
  const ends = new Map(queue.verbose().map(({ channel, until }) => [channel, until]))
  const until = (channel: string): number | null => {
    const end = ends.get(channel)
    // An end that is further away than any may be was set before the machine's clock went back.
    return end !== undefined && clock.now() < end && end - clock.now() <= mostMinutes * aMinute ? end : null
  }
  return {
    until,
    async set(channel, given) {
      const minutes = v.parse(verboseMinutes, given)
      const end = minutes === 0 ? null : clock.now() + minutes * aMinute
      await queue.keepVerbose(channel, end)
      if (end === null) ends.delete(channel)
      else ends.set(channel, end)
      return end
    },
    tell(channel, line) {
      if (until(channel) !== null) say(`hl7 ${channel}: verbose ${new Date(clock.now()).toISOString()} ${line()}`)
    },
  }
} // prettier-ignore

/**
 * A message as the log names it: `message ID, ADT^A08, control id M1`. Kind and control id are the peer's words: what does
 * not look like one is counted, not written.
 */
export function inLog({ id, kind, control }: { readonly id: string; readonly kind: string; readonly control: string }): string {
  const kindSaid = /^([A-Z][A-Z0-9]{2}(\^[A-Z][A-Z0-9]{2})?|unreadable)$/.test(kind) ? kind : 'of an odd kind'
  const controlSaid = /^[\w.:-]{1,40}$/.test(control) ? `control id ${control}` : `a control id of ${control.length} characters`
  return `message ${id}, ${kindSaid}, ${controlSaid}`
} // prettier-ignore
