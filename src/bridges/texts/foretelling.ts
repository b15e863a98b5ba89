/**
 * Who would get what, and when, if nothing changed from now on: the same steps that the sender takes, taken in an imagined
 * time in which what is imagined to be told counts as told. Pure: what the rules come to is asked of `stepOf` alone, and what
 * goes into one text of `toldTogether`, so that this and the sender cannot come to different things.
 */
import { derivedUlid } from '../../replica/ids.ts'
import {
  foldCommunications,
  type Channel,
  type CommunicationEntry,
  type NotSentReason,
} from '../../replica/kinds/communications.ts'
import type { By, Entry } from '../../replica/kinds/kind.ts'
import { agenda } from './agenda.ts'
import { isCopied } from './channels.ts'
import { claimOf } from './claims.ts'
import { mailOf, textOf } from './composing.ts'
import type { Rule } from './rules.ts'
import type { Told } from './situation.ts'
import { tellingId } from './judging.ts'
import { stepOf } from './telling.ts'
import { toldTogether, type Part } from './told-together.ts'

/** A text or a mail that would go out. */
export interface Foretold {
  readonly at: number
  readonly by: Channel
  readonly parts: readonly [Part, ...Part[]]
  readonly body: string
}
/** A rule that would tell nothing of an event, and why. */
export interface Untold {
  readonly rule: Rule
  readonly of: Told
  readonly why: NotSentReason
  readonly also?: NotSentReason | undefined
}
export interface Foretelling {
  /** In the order in which they go out. */
  readonly sends: readonly Foretold[]
  readonly untold: readonly Untold[]
}

/** `situations` as they are at `from`; those of events that may share a text are among them. `beginning`: from when an event is looked at. */
export function foretell(
  situations: readonly Told[],
  { from, until, beginning = () => from, calendarTo = () => null }: { readonly from: number; readonly until: number; readonly beginning?: (of: Told) => number; readonly calendarTo?: (event: string) => string | null }, // prettier-ignore
): Foretelling {
  const imagined = imagining(situations)
  const due = agenda()
  for (const one of situations) due.set(one.event.key, Math.max(from, beginning(one)))
  const sends: Foretold[] = []
  const untold = new Map<string, Untold>()

  const tell = (first: Part, now: number): void => {
    const { number, recipient, knowsStop } = first.of
    if (number === null || recipient === null) return
    const parts = toldTogether(first, imagined.near(first.of, now)) as [Part, ...Part[]]
    const body = textOf(parts, !knowsStop, calendarTo)
    imagined.told(parts, { at: now, by: nobody, to: number, recipient, body, saysStop: !knowsStop })
    for (const { rule, of } of parts) untold.delete(`${of.event.key} ${rule.id}`)
    sends.push({ at: now, by: 'text', parts, body })
    for (const part of parts) if (part.of.settings.alsoByEmail && isCopied(part.of.choice, part.of)) mail(part, now)
  }
  /** A mail is of one event. */
  const mail = (part: Part, now: number): void => {
    const { rule, of } = part
    untold.delete(`${of.event.key} ${rule.id}`)
    sends.push({ at: now, by: 'email', parts: [part], body: mailOf(part).text })
  }
  const tellOf = (event: string, now: number): number | undefined => {
    const passed = new Set<string>()
    for (;;) {
      const of = imagined.of(event, now)
      const step = stepOf(of, passed)
      if (step.is === 'rest') return step.next
      if (step.is === 'tell') {
        const before = sends.length
        if (step.by === 'text') tell({ rule: step.rule, of }, now)
        else {
          imagined.mailed({ rule: step.rule, of }, now)
          mail({ rule: step.rule, of }, now)
        }
        // Nobody to tell: it would be asked for ever.
        if (sends.length === before) passed.add(step.rule.id)
        continue
      }
      passed.add(step.rule.id)
      untold.set(`${event} ${step.rule.id}`, { rule: step.rule, of, why: step.why, also: step.also })
      if (step.isOver) imagined.noted(of, step.rule, step.why, now)
    }
  }
  for (let next = due.next(), now = from; next !== undefined && next <= until; next = due.next()) {
    now = Math.max(now, next)
    const event = due.takeDue(now)!
    const again = tellOf(event, now)
    if (again !== undefined) due.set(event, Math.max(again, now + 1))
  }
  return { sends, untold: [...untold.values()] }
}

const nobody: By = { role: 'portal', id: '' }

type Said = Entry<CommunicationEntry>

/** The situations with what was imagined to be said so far. */
function imagining(situations: readonly Told[]) {
  const events = new Map(situations.map((one) => [one.event.key, one]))
  const ofNumber = Map.groupBy(situations, (one) => one.recipient)
  const said = new Map<string, Said[]>()
  const toNumber = new Map<string, number[]>()
  const knowStop = new Set<string>()
  const say = (patient: string, entries: Readonly<Record<string, CommunicationEntry>>): void => {
    const more = Object.entries(entries).map(([id, entry]): Said => ({ ...entry, id }))
    said.set(patient, [...(said.get(patient) ?? []), ...more])
  }
  const of = (event: string, now: number): Told => {
    const real = events.get(event)!
    const more = said.get(real.patient)
    const { recipient } = real
    const texts = recipient === null ? undefined : toNumber.get(recipient)
    const fold = more && foldCommunications(more)
    return {
      ...real,
      now,
      ...(fold ? { history: { ...real.history, out: [...real.history.out, ...fold.out], notSent: [...real.history.notSent, ...fold.notSent] } } : {}), // prettier-ignore
      ...(texts ? { toNumber: [...real.toNumber, ...texts] } : {}),
      ...(recipient !== null && knowStop.has(recipient) ? { knowsStop: true } : {}),
    }
  }
  return {
    of,
    /** What else the number may be told: `toldTogether` takes of it what is family's, of one day and place. */
    near: ({ event, recipient }: Told, now: number): Told[] =>
      (ofNumber.get(recipient) ?? []).flatMap((one) => (one.event.key === event.key ? [] : [of(one.event.key, now)])),
    told(parts: readonly [Part, ...Part[]], text: Parameters<typeof claimOf>[1]): void {
      for (const [patient, entries] of claimOf(parts, text).entries) say(patient, entries)
      toNumber.set(text.recipient, [...(toNumber.get(text.recipient) ?? []), text.at])
      if (text.saysStop) knowStop.add(text.recipient)
    },
    mailed({ rule, of: told }: Part, at: number): void {
      const { event, patient, mailTo } = told
      const { subject, text } = mailOf({ rule, of: told })
      say(patient, { [tellingId(rule, told)]: { kind: 'email', at, by: nobody, what: rule.what, recipient: mailTo!.recipient, subject, body: text, event: event.key, startsAt: event.startsAt, rule: rule.id } }) // prettier-ignore
    },
    noted({ event, patient }: Told, rule: Rule, why: NotSentReason, at: number): void {
      const { key, startsAt } = event
      say(patient, { [derivedUlid('not sent', key, startsAt, rule.what, rule.id)]: { kind: 'not sent', at, by: nobody, what: rule.what, event: key, startsAt, rule: rule.id, why } }) // prettier-ignore
    },
  }
}
