/** A dry run of texts and mails, as a person reads it in a terminal. */
import type { DryRunResult } from '../server/console/texts/dry-run-result.ts'
import type { Result } from './operation.ts'

export function dryRunInWords(result: Result): string {
  const { from, until, sending, items, not, told, again, notHeld } = result as unknown as DryRunResult
  const mails = items.filter(({ channel }) => channel === 'email').length
  const lines = [
    `From ${from} until ${until}, if nothing changes: ${counted(items.length - mails, 'text')}${mails > 0 ? `, ${counted(mails, 'mail')}` : ''}.`,
  ]
  if (!sending) lines.push('Sending is off: this is what would go out if it were on.')
  for (const { at, channel, text, events } of items)
    lines.push(`${at}  ${channel === 'email' ? 'by email, ' : ''}${events.map(({ event, patient, rule }) => `event ${event ?? '?'} of patient ${patient ?? '?'} by ${rule}`).join(', ')}`, `  ${text}`) // prettier-ignore
  const reasons = Map.groupBy(not, (one) => one.words)
  for (const [words, some] of reasons)
    lines.push(`Not told, ${counted(some.length, 'time')}: ${words}`, `  events ${[...new Set(some.map(({ event }) => event ?? '?'))].join(', ')}`) // prettier-ignore
  lines.push(`Told already, and not again: ${told.length}. Told twice: ${again}.`)
  if (notHeld > 0) lines.push(`Of ${counted(notHeld, 'event')} nothing leaves the practice.`)
  return lines.join('\n')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
