/**
 * What is to be done next about an event, now: tell something of it, note why something is not told, or wait. The sender
 * does it and asks again; who wants to know beforehand imagines it and asks again. So both come to the same. Pure.
 */
import type { Channel, NotSentReason } from '../../replica/kinds/communications.ts'
import { judge } from './judging.ts'
import type { RuleKind } from './rule-words.ts'
import { rulesOf, type Rule } from './rules.ts'
import type { Situation } from './situation.ts'

export type Step =
  | { readonly is: 'tell'; readonly rule: Rule; readonly by: Channel; readonly until: number }
  /** `isOver`: it will not be told, and that is to be noted. */
  | {
      readonly is: 'pass'
      readonly rule: Rule
      readonly why: NotSentReason
      readonly also?: NotSentReason | undefined
      readonly isOver: boolean
    }
  /** `next`: when to ask again; undefined: when something changes. */
  | { readonly is: 'rest'; readonly next: number | undefined }

/** What has most haste is told first: a number gets so many texts a day, and a time that changed is worth more than thanks. */
const haste: readonly RuleKind[] = [
  'change notice',
  'confirmation request',
  'reminder',
  'booking notice',
  'after visit',
]

/** The next step; rules in `passed` have had theirs. */
export function stepOf(of: Situation, passed: ReadonlySet<string>): Step {
  let next: number | undefined
  const rules = rulesOf(of.settings, of.event).toSorted((a, b) => haste.indexOf(a.what) - haste.indexOf(b.what) || (a.id < b.id ? -1 : 1)) // prettier-ignore
  for (const rule of rules) {
    if (passed.has(rule.id)) continue
    const verdict = judge(rule, of)
    if (verdict.is === 'send') return { is: 'tell', rule, by: verdict.by, until: verdict.until }
    if (verdict.is === 'wait') next = Math.min(next ?? verdict.until, verdict.until)
    if (verdict.is === 'not' && !(verdict.isOver && isNoted(of, rule)))
      return { is: 'pass', rule, why: verdict.why, also: verdict.also, isOver: verdict.isOver }
  }
  return { is: 'rest', next }
}

/** Whether it stands already what became of a rule for this start. */
function isNoted({ history, event }: Situation, rule: Rule): boolean {
  return [...history.notSent, ...history.out].some((one) => one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what) // prettier-ignore
}
