/**
 * The dry run: which texts would go out in a stretch of time, to whom and when, and what would not be told and why, if
 * nothing changed meanwhile. It takes the very steps of the sender and imagines what each does, so its list is what is then
 * sent. Pure.
 */
import type { NotSentReason, OutMessage } from '../../replica/kinds/communications.ts'
import { agenda } from './agenda.ts'
import { tellingId } from './judging.ts'
import type { RuleKind } from './rule-words.ts'
import type { Told } from './situation.ts'
import { stepOf } from './telling.ts'
import { toldTogether, type Part } from './told-together.ts'

export interface ForeseenText {
  /** Milliseconds UTC. */
  readonly at: number
  readonly what: RuleKind
  /** What it tells, in order of start: one event, or those of a family and a day. */
  readonly parts: readonly Part[]
}
/** That a rule tells nothing of an event, as things are at `at`. */
export interface ForeseenPass extends Part {
  readonly at: number
  readonly why: NotSentReason
}
export interface Foreseen {
  readonly texts: readonly ForeseenText[]
  /** The newest word on each event and rule of which no text goes out. */
  readonly passes: readonly ForeseenPass[]
}

/** `events`: all that is known of each at `from`; those of a family must be among them. Milliseconds UTC, `until` left out. */
export function foresee(events: readonly Told[], { from, until }: { readonly from: number; readonly until: number }): Foreseen {
  const known = new Map(events.map((of) => [of.event.key, of]))
  const byNumber = Map.groupBy(events, (of) => of.recipient)
  const out = new Map<string, OutMessage[]>()
  const notSent = new Map<string, Told['history']['notSent'][number][]>()
  const toNumber = new Map<string | null, number[]>()
  const texts: ForeseenText[] = []
  const passes = new Map<string, ForeseenPass>()
  const due = agenda()

  const at = (of: Told, now: number): Told => ({
    ...of,
    now,
    history: { ...of.history, out: [...of.history.out, ...(out.get(of.patient) ?? [])], notSent: [...of.history.notSent, ...(notSent.get(of.patient) ?? [])] },
    toNumber: [...of.toNumber, ...(toNumber.get(of.recipient) ?? [])],
  })
  const keep = <K, V>(map: Map<K, V[]>, key: K, value: V): void => void map.set(key, [...(map.get(key) ?? []), value])
  const tell = (first: Part, now: number): void => {
    const near = (byNumber.get(first.of.recipient) ?? []).map((one) => at(one, now))
    const parts = toldTogether(first, near)
    texts.push({ at: now, what: first.rule.what, parts })
    keep(toNumber, first.of.recipient, now)
    for (const { rule, of } of parts) {
      passes.delete(`${of.event.key} ${rule.id}`)
      keep(out, of.patient, imagined({ rule, of }, now))
    }
  }
  const lookAt = (event: string, now: number): number | undefined => {
    const passed = new Set<string>()
    for (;;) {
      const of = at(known.get(event)!, now)
      const step = stepOf(of, passed)
      if (step.is === 'rest') return step.next
      const { rule } = step
      if (step.is === 'tell') {
        tell({ rule, of }, now)
        continue
      }
      passed.add(rule.id)
      passes.set(`${event} ${rule.id}`, { at: now, rule, of, why: step.why })
      if (step.isOver) keep(notSent, of.patient, { id: '', kind: 'not sent', at: now, by: nobody, what: rule.what, event, startsAt: of.event.startsAt, rule: rule.id, why: step.why })
    }
  }

  for (const event of known.keys()) due.set(event, from)
  for (let now = from; now < until; now = Math.max(now, due.next() ?? until)) {
    for (let event = due.takeDue(now); event !== undefined; event = due.takeDue(now)) {
      const next = lookAt(event, now)
      if (next !== undefined) due.set(event, next)
    }
  }
  return { texts, passes: [...passes.values()] }
} // prettier-ignore

const nobody = { role: 'portal', id: 'dry run' } as const

/** A text as it would stand there. */
function imagined({ rule, of }: Part, at: number): OutMessage {
  const { event, recipient, number } = of
  return { id: tellingId(rule, of, recipient!), kind: 'text', at, by: nobody, what: rule.what, to: number!, recipient: recipient!, body: '', event: event.key, startsAt: event.startsAt, rule: rule.id, state: 'delivered', stateAt: at, sid: null, code: null } // prettier-ignore
}
