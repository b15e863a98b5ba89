/** The words of a text for what it tells: of one visit as a sentence, of several as a list with a line for each; and of a mail, which tells one. Pure. */
import { tellingMail, type MailWords } from '../email/wording.ts'
import { familyText } from './family-wording.ts'
import { linesOf, type Line, type Part } from './told-together.ts'
import { tellingText } from './wording.ts'

/** When the patient is asked to come; null where that is when the event begins. */
function arriveAt({ rule, of }: Part): string | null {
  if (rule.arriveEarly === 0 || rule.what === 'after visit') return null
  return new Date(Date.parse(`${of.event.startsAt}:00Z`) - rule.arriveEarly * 60_000).toISOString().slice(0, 16)
}

/** The address at a portal that puts an event into the calendar of the patient, who signs in first. */
export function calendarAddress(origin: string, event: string): string {
  return `${origin}/appointments/${event}/calendar.ics`
}

/** `calendarTo`: the address that puts an event into a calendar; null where there is none. */
export function textOf(parts: readonly [Part, ...Part[]], saysStop: boolean, calendarTo: (event: string) => string | null): string {
  const lines = linesOf(parts)
  const [first] = lines[0]!.parts
  const { rule, of } = first
  const sender = { ...of.sender, location: of.locationName }
  const seen = ({ parts: [one] }: Line) => ({ firstName: one.of.firstName, startsAt: one.of.event.startsAt, arriveAt: arriveAt(one) })
  if (lines.length > 1) return familyText(rule.what, { ...sender, lines: lines.map(seen) }, of.language, saysStop)
  const calendar = rule.calendar && rule.what !== 'after visit' ? calendarTo(of.event.key) : null
  return tellingText(of.settings.templateOf(rule, of.language), { ...sender, ...seen(lines[0]!), calendar }, of.language, saysStop)
} // prettier-ignore

/** The words of a mail; its links stand with it. */
export function mailOf({ rule, of }: Part): MailWords {
  return tellingMail(rule.what, { ...of.sender, firstName: of.firstName, location: of.locationName, startsAt: of.event.startsAt }, of.language) // prettier-ignore
}
