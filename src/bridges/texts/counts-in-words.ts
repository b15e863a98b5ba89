/** What did not go out, as people read it: numbers, kinds and times of the practice, and nothing of a patient. */
import { wallClockOf } from '../../mirror/wall-clock.ts'
import type { RuleKind } from './rule-words.ts'
import type { SendCount } from './send-counts.ts'

const named: Readonly<Record<RuleKind, readonly [one: string, more: string]>> = {
  'confirmation request': ['confirmation request', 'confirmation requests'],
  reminder: ['reminder', 'reminders'],
  'booking notice': ['booking notice', 'booking notices'],
  'change notice': ['change notice', 'change notices'],
  'after visit': ['text after a visit', 'texts after a visit'],
}

/** A sentence of what should have gone out and did, and one of each way in which the others did not. `zone`: of the practice. */
export function countInWords(count: SendCount, zone: string): string {
  const { what, handed, refused, codes, waiting, missing } = count
  const all = handed + refused + waiting + missing
  const of = codes.length === 0 ? '' : ` (${codes.length === 1 ? 'code' : 'codes'} ${codes.join(', ')})`
  return [
    `${all} ${named[what][all === 1 ? 0 : 1]} should have gone out ${whenInWords(count, zone)}; ${handed} did.`,
    ...(refused > 0 ? [`The provider refused ${refused}${of}.`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} to be taken by the provider.`] : []),
    ...(missing > 0 ? [`${missing} ${missing === 1 ? 'was' : 'were'} not begun.`] : []),
  ].join(' ')
}

function whenInWords({ from, until }: SendCount, zone: string): string {
  const [first, last] = [wallClockOf(from, zone).replace('T', ' '), wallClockOf(until, zone).replace('T', ' ')]
  if (first === last) return `at ${first}`
  return `between ${first} and ${last.startsWith(first.slice(0, 10)) ? last.slice(11) : last}`
}
