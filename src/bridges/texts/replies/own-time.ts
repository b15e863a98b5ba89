/** How people write the day and the time of one event. Beside an answer they say nothing new; any other day or time does. */
import { Temporal } from 'temporal-polyfill'
import type { Phrases } from './phrases.ts'
import { wordsOf } from './words-of.ts'

const english = { days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], months: ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'] } // prettier-ignore
const spanish = { days: ['lunes', 'martes', 'miercoles', 'jueves', 'viernes', 'sabado', 'domingo'], months: ['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'] } // prettier-ignore

/** The phrases for the start of an event, the longest first; `now` is the wall clock of its location. */
export function ownTime(startsAt: string, now: string): Phrases {
  const key = `${startsAt} ${now.slice(0, 10)}`
  // A day's replies are about few starts: the newest is kept.
  if (newest?.key !== key) newest = { key, phrases: phrasesOf(startsAt, now) }
  return newest.phrases
}

let newest: { readonly key: string; readonly phrases: Phrases } | undefined

function phrasesOf(startsAt: string, now: string): Phrases {
  const [start, today] = [Temporal.PlainDateTime.from(startsAt), Temporal.PlainDateTime.from(now)]
  const daysLeft = today.toPlainDate().until(start.toPlainDate()).days
  const [day, month, weekday] = [start.day, start.month - 1, start.dayOfWeek - 1]
  const near = daysLeft === 0 ? ['today', 'hoy', 'this morning', 'this afternoon', 'tonight'] : daysLeft === 1 ? ['tomorrow', 'manana'] : [] // prettier-ignore
  const days = [
    // A weekday alone is the next of its name.
    ...(daysLeft < 7
      ? [
          english.days[weekday]!,
          english.days[weekday]!.slice(0, 3),
          english.days[weekday]!.slice(0, 4),
          english.days[weekday]!.slice(0, 5),
          spanish.days[weekday]!,
        ]
      : []),
    ...near,
    ...[`${day}`, `the ${day}`, `${day}th`, `${day}st`, `${day}nd`, `${day}rd`].flatMap((one) => [english.months[month]!, english.months[month]!.slice(0, 3)].map((name) => `${name} ${one}`)), // prettier-ignore
    ...['st', 'nd', 'rd', 'th'].map((ordinal) => `the ${day}${ordinal}`),
    `${day} de ${spanish.months[month]!}`,
    `${month + 1}/${day}`,
  ]
  const [hour, minute] = [start.hour % 12 === 0 ? 12 : start.hour % 12, start.minute]
  const half = start.hour < 12 ? 'am' : 'pm'
  const minutes = `${minute}`.padStart(2, '0')
  const times = [
    `${hour}:${minutes}`,
    `${hour}:${minutes} ${half}`,
    `${hour}${minutes} ${half}`,
    `${start.hour}:${minutes}`,
    ...(minute === 0 ? [`${hour} ${half}`, `at ${hour}`, `a las ${hour}`, `a la ${hour}`, `${hour} o clock`, `${hour} oclock`] : []), // prettier-ignore
  ]
  const phrases = [...days.flatMap((one) => [one, `on ${one}`, `el ${one}`]), ...times.flatMap((one) => [one, `at ${one}`, `a las ${one}`])] // prettier-ignore
  return phrases.map((one) => wordsOf(one)).toSorted((a, b) => b.length - a.length)
}
