/** A dry run of texts as commands give it: ids of InSched, times in ISO, reasons in words. */
import { speechIn } from '../../words/speech.ts'
import { reasonInWords } from '../texts-in-words.ts'
import type { DryRun, ToldEvent } from '../texts-views.ts'

const iso = (at: number): string => new Date(at).toISOString()
const about = ({ event, patient, startsAt, rule, what }: ToldEvent) => ({
  event,
  patient: patient.local,
  startsAt,
  rule,
  kind: what,
})

export function dryRunResult({ from, until, isOff, texts, untold, told, again, notHeld }: DryRun) {
  const { words } = speechIn('en')
  return {
    from: iso(from),
    until: iso(until),
    sending: !isOff,
    items: texts.map(({ at, by, body, segments, events }) => ({ at: iso(at), channel: by, text: body, parts: segments, events: events.map(about) })), // prettier-ignore
    not: untold.map((one) => ({ ...about(one), why: one.why, words: reasonInWords(words, one) })),
    told: told.map((one) => ({ ...about(one), at: iso(one.at) })),
    again,
    notHeld,
  }
}
export type DryRunResult = ReturnType<typeof dryRunResult>
