/** The words of texts that tell a number of several events of a day, English and Spanish: a line for each visit, answers by its number. */
import { inGsmLetters } from './segments.ts'
import type { RuleKind } from './rule-words.ts'
import { dateInWords, stopWords, timeInWords, withOneStop, type Sender, type TextLanguage } from './wording.ts'

export interface FamilyLine {
  readonly firstName: string
  /** Wall clocks of the location: of the first event, and when to come where that is earlier. */
  readonly startsAt: string
  readonly arriveAt: string | null
}
/** What a text tells a family of one day at one location. */
export interface FamilyTelling extends Sender {
  readonly location: string | null
  readonly lines: readonly FamilyLine[]
}

type Header = (place: string, date: string) => string
interface Words {
  readonly headers: Readonly<Record<RuleKind, Header>>
  readonly answer: string
  readonly come: (time: string) => string
  readonly questions: (phone: string) => string
}
const words: Readonly<Record<TextLanguage, Words>> = {
  en: {
    headers: {
      'confirmation request': (place, date) => `Appointments at ${place}, ${date}:`,
      reminder: (place, date) => `A reminder of your appointments at ${place}, ${date}:`,
      'booking notice': (place, date) => `Booked at ${place}, ${date}:`,
      'change notice': (place, date) => `Appointments at ${place} that changed, now ${date}:`,
      'after visit': (place, date) => `Thank you for coming to ${place}, ${date}:`,
    },
    answer: 'Reply C to confirm all, or by number like "1 yes, 2 no".',
    come: (time) => `please come at ${time}`,
    questions: (phone) => `Questions? ${phone}`,
  },
  es: {
    headers: {
      'confirmation request': (place, date) => `Citas en ${place}, ${date}:`,
      reminder: (place, date) => `Le recordamos sus citas en ${place}, ${date}:`,
      'booking notice': (place, date) => `Reservadas en ${place}, ${date}:`,
      'change notice': (place, date) => `Citas en ${place} que han cambiado, ahora ${date}:`,
      'after visit': (place, date) => `Gracias por venir a ${place}, ${date}:`,
    },
    answer: 'Responda C para confirmar todas, o por número como "1 sí, 2 no".',
    come: (time) => `venga a las ${time}`,
    questions: (phone) => `¿Preguntas? ${phone}`,
  },
}

/** The text for several events; its lines are numbered where an answer is expected. */
export function familyText(what: RuleKind, { practice, phone, location, lines }: FamilyTelling, language: TextLanguage, saysStop: boolean): string {
  const { headers, answer, come, questions } = words[language]
  const isAsked = what === 'confirmation request'
  const place = location === null ? practice : `${practice}, ${location}`
  const line = ({ firstName, startsAt, arriveAt }: FamilyLine, at: number): string =>
    [isAsked ? `${at + 1})` : '', firstName, timeInWords(startsAt, language), arriveAt === null ? '' : `(${come(timeInWords(arriveAt, language))})`].filter(Boolean).join(' ')
  const parts = [
    `${headers[what](place, dateInWords(lines[0]!.startsAt, language))} ${lines.map(line).join('; ')}.`,
    isAsked ? answer : '',
    phone === null ? '' : questions(phone),
    saysStop ? stopWords(language) : '',
  ]
  return inGsmLetters(withOneStop(parts.filter(Boolean).join(' ')))
} // prettier-ignore

/** Whether a text that was sent tells this of a family's event at this start, whatever names and languages stood in it. */
export function isFamilyTelling(body: string, what: RuleKind, startsAt: string): boolean {
  return (['en', 'es'] as const).some((language) => {
    const [before] = inGsmLetters(words[language].headers[what]('\u0000', '')).split('\u0000')
    const parts = [dateInWords(startsAt, language), timeInWords(startsAt, language)].map((part) => inGsmLetters(part))
    return body.startsWith(before!) && parts.every((part) => body.includes(part))
  })
}
