/**
 * The words of texts, English and Spanish: by templates what is told of an event, by sentences of ours what is said back.
 * A text is made of first name, the practice's display name and phone, location name, date, time, how to answer and how
 * to stop; nothing else has a way in (DOM-12).
 */
import type { RuleKind } from './rule-words.ts'
import { inGsmLetters } from './segments.ts'
import { allTagsOf, alwaysSaid, filled, parseTemplate, tagsOf, textLanguages, type TagValues, type Template, type TextLanguage } from './templates.ts' // prettier-ignore

export type { TextLanguage } from './templates.ts'

/** Who writes: the practice as texts name it, and the phone to call. */
export interface Sender { readonly practice: string; readonly phone: string | null } // prettier-ignore
export interface Telling extends Sender {
  readonly firstName: string
  readonly location: string | null
  /** Wall clock of the location. */
  readonly startsAt: string
  /** When to come, where that is earlier. */
  readonly arriveAt?: string | null
  /** The address that puts it into a calendar. */
  readonly calendar?: string | null
}
/** The language of a patient's texts: Spanish where it is on file, else English. */
export function textLanguage(onFile: string | null | undefined): TextLanguage {
  return /^es\b/i.test(onFile ?? '') ? 'es' : 'en'
}

const call = (words: string, phone: string | null): string => (phone === null ? '' : ` ${words} ${phone}`)

interface Words {
  readonly stop: string
  readonly come: (time: string) => string
  readonly calendar: (link: string) => string
  readonly confirmed: (when: string) => string
  readonly read: (phone: string | null) => string
  readonly changed: (phone: string | null) => string
  readonly which: (lines: string) => string
  readonly line: (number: number, when: string) => string
  readonly help: (phone: string | null) => string
  readonly optedIn: string
  readonly optedOut: string
  readonly welcome: string
}
const english: Words = {
  stop: 'Reply STOP to opt out.',
  come: (time) => `Please come at ${time}.`,
  calendar: (link) => `For your calendar: ${link}`,
  confirmed: (when) => `Thank you. We have told the office that you will come on ${when}.`,
  read: (phone) => `Thanks, the office will read this.${call('To talk to us:', phone)}`,
  changed: (phone) => `That time has changed. Please see the portal${phone === null ? '' : ` or call ${phone}`}.`, // prettier-ignore
  which: (lines) => `Which one do you mean? Reply ${lines}.`,
  line: (number, when) => `${number} for ${when}`,
  help: (phone) => `Texts about your appointments.${call('Call', phone)}${phone === null ? '' : '.'}`,
  optedIn: 'You get texts about your appointments again. Reply HELP for help.',
  optedOut: 'You get no more texts from us. Reply START for texts.',
  welcome:
    'You get texts about your appointments here. How often varies. Msg & data rates may apply. Reply HELP for help, STOP to opt out.',
}
const spanish: Words = {
  stop: 'Responda STOP para no recibir más.',
  come: (time) => `Por favor venga a las ${time}.`,
  calendar: (link) => `Para su calendario: ${link}`,
  confirmed: (when) => `Gracias. Hemos avisado a la oficina que vendrá ${when}.`,
  read: (phone) => `Gracias, la oficina leerá esto.${call('Para hablar con nosotros:', phone)}`,
  changed: (phone) => `Esa hora ha cambiado. Vea el portal${phone === null ? '' : ` o llame al ${phone}`}.`,
  which: (lines) => `¿Cuál de ellas? Responda ${lines}.`,
  line: (number, when) => `${number} para ${when}`,
  help: (phone) => `Mensajes sobre sus citas.${call('Llame al', phone)}${phone === null ? '' : '.'}`,
  optedIn: 'Recibirá de nuevo mensajes sobre sus citas. Responda HELP para ayuda.',
  optedOut: 'No recibirá más mensajes nuestros. Responda START para recibirlos.',
  welcome:
    'Recibirá aquí mensajes sobre sus citas. La frecuencia varía. Pueden aplicarse tarifas de mensajes y datos. Responda HELP para ayuda, STOP para no recibir más.',
}
const words: Readonly<Record<TextLanguage, Words>> = { en: english, es: spanish }

/** What is told where a practice has no words of its own. */
export const usualTemplates: Readonly<Record<TextLanguage, Readonly<Record<RuleKind, string>>>> = {
  en: {
    'confirmation request':
      "[{first name}: ]appointment at {practice}[, {location}], {when}. Reply C to confirm, R to ask for another time, N if you can't come.[ Questions? {phone}]",
    reminder: '[{first name}: ]this is a reminder of your appointment at {practice}[, {location}], {when}.[ Questions? {phone}]', // prettier-ignore
    'booking notice':
      '[{first name}: ]your appointment at {practice}[, {location}] is booked for {when}.[ Questions? {phone}]',
    'change notice': '[{first name}: ]your appointment at {practice}[, {location}] is now {when}.[ Questions? {phone}]',
    'after visit': '[{first name}: ]thank you for coming to {practice}[, {location}] on {when}.[ Questions? {phone}]',
  },
  es: {
    'confirmation request':
      '[{first name}: ]tiene una cita en {practice}[, {location}], {when}. Responda C para confirmar, R para pedir otra hora, N si no puede venir.[ ¿Preguntas? {phone}]',
    reminder: '[{first name}: ]le recordamos su cita en {practice}[, {location}], {when}.[ ¿Preguntas? {phone}]',
    'booking notice':
      '[{first name}: ]su cita en {practice}[, {location}] queda reservada para {when}.[ ¿Preguntas? {phone}]',
    'change notice': '[{first name}: ]su cita en {practice}[, {location}] es ahora {when}.[ ¿Preguntas? {phone}]',
    'after visit': '[{first name}: ]gracias por venir a {practice}[, {location}] el {when}.[ ¿Preguntas? {phone}]',
  },
}
const usual = {
  en: parsedOf(usualTemplates.en),
  es: parsedOf(usualTemplates.es),
}
function parsedOf(sources: Readonly<Record<RuleKind, string>>): Readonly<Record<RuleKind, Template>> {
  return Object.fromEntries(Object.entries(sources).map(([what, source]) => [what, parseTemplate(source)])) as Record<RuleKind, Template> // prettier-ignore
}
/** What is told of an event where a practice has no words of its own. */
export function usualTemplate(what: RuleKind, language: TextLanguage): Template {
  return usual[language][what]
}

const formats: Readonly<Record<TextLanguage, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }), // prettier-ignore
  es: new Intl.DateTimeFormat('es-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }), // prettier-ignore
}

const timesOfDay: Readonly<Record<TextLanguage, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', hour: 'numeric', minute: '2-digit' }),
  es: new Intl.DateTimeFormat('es-US', { timeZone: 'UTC', hour: 'numeric', minute: '2-digit' }),
}
const dates: Readonly<Record<TextLanguage, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric' }),
  es: new Intl.DateTimeFormat('es-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric' }),
}
const written = (format: Intl.DateTimeFormat, wall: string): string => inGsmLetters(format.format(Date.parse(`${wall}:00Z`))) // prettier-ignore

/** A wall clock as texts write it; its date; its time of day. */
export function whenInWords(wall: string, language: TextLanguage): string {
  return written(formats[language], wall)
}
export function dateInWords(wall: string, language: TextLanguage): string {
  return written(dates[language], wall)
}
export function timeInWords(wall: string, language: TextLanguage): string {
  return written(timesOfDay[language], wall)
}

/** How a text says how to stop. */
export function stopWords(language: TextLanguage): string {
  return words[language].stop
}

/** What the tags of a template stand for. */
export function tagValues(telling: Telling, language: TextLanguage): TagValues {
  const { firstName, practice, location, phone, startsAt, arriveAt = null, calendar = null } = telling
  const [when, date, time] = [whenInWords, dateInWords, timeInWords].map((inWords) => inWords(startsAt, language))
  const arrive = arriveAt === null ? null : timeInWords(arriveAt, language)
  return { 'first name': firstName, practice, location, phone, when, date, time, arrive, calendar } as TagValues
}

/** A time of day in Spanish ends with a full stop of its own (“2:30 p.m.”): a sentence that ends with one has no other. */
export function withOneStop(text: string): string {
  return text.replaceAll(/(?<=[ap]\.m\.)\./g, '')
}

/** What is told of an event; when to come and the calendar are told also where the template has no place for them. */
export function tellingText(template: Template, telling: Telling, language: TextLanguage, saysStop: boolean): string {
  const { come, calendar: link, stop } = words[language]
  const values = tagValues(telling, language)
  const placed = allTagsOf(template)
  const parts = [
    filled(template, values),
    values.arrive && !placed.has('arrive') ? come(values.arrive) : '',
    values.calendar && !placed.has('calendar') ? link(values.calendar) : '',
    saysStop ? stop : '',
  ]
  return inGsmLetters(withOneStop(parts.filter(Boolean).join(' ')))
}

/** A template that texts are or were written by, and what they tell. */
export interface KnownTemplate { readonly what: RuleKind; readonly template: Template } // prettier-ignore
const allUsual: readonly KnownTemplate[] = textLanguages.flatMap((language) => (Object.keys(usual[language]) as RuleKind[]).map((what) => ({ what, template: usual[language][what] }))) // prettier-ignore

/**
 * Whether a text that was sent says this of an event at this start, whatever name, practice, phone and language it was
 * written with: these may have changed since, and then what was told is told all the same. `more`: templates of the
 * practice's own, those of before among them. Where several fit, the one of which most is said is meant.
 */
export function isTelling(
  body: string,
  what: RuleKind,
  startsAt: string,
  more: readonly KnownTemplate[] = [],
): boolean {
  const said = body.toLowerCase()
  const inWords = { when: whenInWords, date: dateInWords, time: timeInWords } as const
  const timed = textLanguages.map((language) => (['when', 'date', 'time'] as const).filter((part) => standsIn(said, inWords[part](startsAt, language).toLowerCase()))) // prettier-ignore
  const lengthOf = ({ template }: KnownTemplate): number => {
    const wanted = [...tagsOf(template)].filter((tag) => tag === 'when' || tag === 'date' || tag === 'time')
    if (!timed.some((found) => wanted.every((tag) => found.includes(tag)))) return 0
    const always = alwaysSaid(template).map((part) => part.toLowerCase().replace(/^[,.]\s*/, ''))
    return always.every((part) => said.includes(part)) ? always.join('').length + 1 : 0
  }
  const fitting = [...allUsual, ...more].map((one) => ({ what: one.what, length: lengthOf(one) })).filter(({ length }) => length > 0) // prettier-ignore
  return fitting.toSorted((a, b) => b.length - a.length)[0]?.what === what
}

/** Whether words stand in a text as they are: 2:30 does not stand in 12:30, nor Mar 1 in Mar 10. */
function standsIn(said: string, words: string): boolean {
  for (let at = said.indexOf(words); at >= 0; at = said.indexOf(words, at + 1))
    if (!/\d/.test(`${said[at - 1] ?? ''}${said[at + words.length] ?? ''}`)) return true
  return false
}

/** What is said back to a reply: sentences, which `namedText` makes a text of. */
export const answers = {
  confirmed: (startsAt: readonly string[], language: TextLanguage): string =>
    words[language].confirmed(startsAt.map((one) => whenInWords(one, language)).join('; ')),
  read: ({ phone }: Sender, language: TextLanguage): string => words[language].read(phone),
  changed: ({ phone }: Sender, language: TextLanguage): string => words[language].changed(phone),
  which(startsAt: readonly string[], language: TextLanguage): string {
    const lines = startsAt.map((one, place) => words[language].line(place + 1, whenInWords(one, language)))
    return words[language].which(lines.join(', '))
  },
  help: ({ phone }: Sender, language: TextLanguage): string => `${words[language].help(phone)} ${words[language].stop}`,
  optedIn: (language: TextLanguage): string => `${words[language].optedIn} ${words[language].stop}`,
  optedOut: (language: TextLanguage): string => words[language].optedOut,
} as const

/** A text of these sentences: whoever gets it reads first who writes. */
export function namedText({ practice }: Sender, sentences: string): string {
  return inGsmLetters(practice === '' ? sentences : `${practice}: ${sentences}`)
}

/** What whoever has a number is told once, after staff set consent: what will come, how often, what it may cost, how to get help and how to stop (CTIA 5.1.3, 47 CFR 64.1200(a)(10)). */
export function welcomeText(sender: Sender, language: TextLanguage): string {
  return namedText(sender, words[language].welcome)
}
/** By this the words of a welcome are known again; another sentence has another number. */
export function welcomeWording(language: TextLanguage): string {
  return `${language}-1`
}
/** Whether a text that was sent is a welcome, whatever name and language it was written with. */
export function isWelcome(body: string): boolean {
  return textLanguages.some((language) => body.endsWith(inGsmLetters(words[language].welcome)))
}
