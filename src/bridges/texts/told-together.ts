/**
 * Which events one text tells: those that a number gets of one kind, day and location, where they are one patient's or a
 * relation between those whose number it is is on file. Two adults of whom no relation is known never share a text: what one
 * has done is nothing for the other to read. Pure.
 */
import { judge } from './judging.ts'
import { rulesOf, type Rule } from './rules.ts'
import type { Told } from './situation.ts'

/** An event that is told, and the rule by which it is. */
export interface Part {
  readonly rule: Rule
  readonly of: Told
}
/** What a text says of one visit: events of one patient of which each begins soon after the one before has ended. */
export interface Line {
  /** The first of them is mentioned, and an answer is for all. */
  readonly parts: readonly [Part, ...Part[]]
}

/** Who comes again so soon after has not left. */
const sameVisit = 30 * 60_000
/** A text has so many events at most; the next has a text of its own. */
const most = 8

/** What is told with the first part, which comes first in it or not: in order of start. */
export function toldTogether(first: Part, others: readonly Told[]): Part[] {
  const { rule, of } = first
  const parts = [first]
  // What staff send by hand is what they saw.
  if (isByHand(rule, of)) return parts
  const near = others.filter((one) => isSameText(of, one)).toSorted(inOrder)
  for (const other of near) {
    if (parts.length === most) break
    const own = rulesOf(other.settings, other.event).find((one) => one.what === rule.what && isDue(one, other))
    if (own && parts.every((part) => mayShare(part.of, other))) parts.push({ rule: own, of: other })
  }
  return parts.toSorted((a, b) => inOrder(a.of, b.of))
}

function isByHand(rule: Rule, { history, event }: Told): boolean {
  return history.sendNow.some(
    (one) => one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id,
  )
}

function inOrder(a: Told, b: Told): number {
  const key = ({ event }: Told): string => `${event.startsAt} ${event.key}`
  return key(a) < key(b) ? -1 : 1
}

/** One number, one day, one place, one practice. */
function isSameText(a: Told, b: Told): boolean {
  return (
    a.recipient !== null &&
    a.recipient === b.recipient &&
    a.site === b.site &&
    a.event.key !== b.event.key &&
    a.event.location === b.event.location &&
    a.event.startsAt.slice(0, 10) === b.event.startsAt.slice(0, 10)
  )
}

function mayShare(a: Told, b: Told): boolean {
  if (a.patient === b.patient) return true
  return a.settings.groupsFamilies && (a.receiver === b.receiver || a.relatives.has(b.receiver) || b.relatives.has(a.receiver)) // prettier-ignore
}

/** Whether a rule texts it now, or would when its own moment comes later that day. */
function isDue(rule: Rule, of: Told): boolean {
  const isTexted = (one: Told): boolean => {
    const verdict = judge(rule, one)
    return verdict.is === 'send' && verdict.by === 'text'
  }
  const now = judge(rule, of)
  if (now.is !== 'wait' || now.why !== 'due' || now.until > of.now + 86_400_000) return isTexted(of)
  return isTexted({ ...of, now: now.until })
}

/** The lines of a text: each is one visit of one patient. */
export function linesOf(parts: readonly Part[]): Line[] {
  const lines: [Part, ...Part[]][] = []
  for (const part of parts) {
    const line = lines.findLast(([one]) => one.of.patient === part.of.patient)
    const last = line?.at(-1)
    if (line && last && startOf(part) - startOf(last) < last.of.event.minutes * 60_000 + sameVisit) line.push(part)
    else lines.push([part])
  }
  return lines.map((line) => ({ parts: line }))
}

/** The start on the wall, in milliseconds: both are of one location and day. */
function startOf({ of }: Part): number {
  return Date.parse(`${of.event.startsAt}:00Z`)
}
