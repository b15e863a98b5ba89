/**
 * The words of texts, English and Spanish. A text is made of first name, the practice's display name and phone, location
 * name, date, time, how to answer and how to stop; nothing else has a way in (DOM-12). No template offers CANCEL, END, QUIT
 * or OUT as an answer: networks take these as an opt-out.
 */
import type { RuleKind } from './rule-words.ts'
import { inGsmLetters } from './segments.ts'

export type TextLanguage = 'en' | 'es'

/** Who writes: the practice as texts name it, and the phone to call. */
export interface Sender { readonly practice: string; readonly phone: string | null } // prettier-ignore
export interface Telling extends Sender {
  readonly firstName: string
  readonly location: string | null
  /** Wall clock of the location. */
  readonly startsAt: string
}
/** The language of a patient's texts: Spanish where it is on file, else English. */
export function textLanguage(onFile: string | null | undefined): TextLanguage {
  return /^es\b/i.test(onFile ?? '') ? 'es' : 'en'
}

const at = ({ practice, location }: Telling): string => (location === null ? practice : `${practice}, ${location}`)
const call = (words: string, phone: string | null): string => (phone === null ? '' : ` ${words} ${phone}`)
const named = (firstName: string, words: string): string => (firstName === '' ? `${words[0]!.toUpperCase()}${words.slice(1)}` : `${firstName}: ${words}`) // prettier-ignore

type Words = Readonly<Record<RuleKind, (one: Telling, when: string) => string>> & {
  readonly stop: string
  readonly confirmed: (when: string) => string
  readonly read: (phone: string | null) => string
  readonly changed: (phone: string | null) => string
  readonly which: (lines: string) => string
  readonly line: (number: number, when: string) => string
  readonly help: (sender: Sender) => string
  readonly optedIn: (sender: Sender) => string
  readonly optedOut: (sender: Sender) => string
}
const english: Words = {
  'confirmation request': (one, when) =>
    named(one.firstName, `appointment at ${at(one)}, ${when}. Reply C to confirm, R to ask for another time, N if you can't come.${call('Questions?', one.phone)}`), // prettier-ignore
  reminder: (one, when) =>
    named(one.firstName, `this is a reminder of your appointment at ${at(one)}, ${when}.${call('Questions?', one.phone)}`), // prettier-ignore
  'booking notice': (one, when) =>
    named(one.firstName, `your appointment at ${at(one)} is booked for ${when}.${call('Questions?', one.phone)}`),
  'change notice': (one, when) =>
    named(one.firstName, `your appointment at ${at(one)} is now ${when}.${call('Questions?', one.phone)}`),
  'after visit': (one, when) =>
    named(one.firstName, `thank you for coming to ${at(one)} on ${when}.${call('Questions?', one.phone)}`),
  stop: 'Reply STOP to opt out.',
  confirmed: (when) => `Thank you. We have told the office that you will come on ${when}.`,
  read: (phone) => `Thanks, the office will read this.${call('To talk to us:', phone)}`,
  changed: (phone) => `That time has changed. Please see the portal${phone === null ? '' : ` or call ${phone}`}.`, // prettier-ignore
  which: (lines) => `Which one do you mean? Reply ${lines}.`,
  line: (number, when) => `${number} for ${when}`,
  help: ({ practice, phone }) => `${practice}: texts about your appointments.${call('Call', phone)}${phone === null ? '' : '.'}`, // prettier-ignore
  optedIn: ({ practice }) => `${practice}: you get texts about your appointments again. Reply HELP for help.`,
  optedOut: ({ practice }) => `${practice}: you get no more texts from us. Reply START for texts.`,
}
const spanish: Words = {
  'confirmation request': (one, when) =>
    named(one.firstName, `tiene una cita en ${at(one)}, ${when}. Responda C para confirmar, R para pedir otra hora, N si no puede venir.${call('¿Preguntas?', one.phone)}`), // prettier-ignore
  reminder: (one, when) => named(one.firstName, `le recordamos su cita en ${at(one)}, ${when}.${call('¿Preguntas?', one.phone)}`), // prettier-ignore
  'booking notice': (one, when) => named(one.firstName, `su cita en ${at(one)} queda reservada para ${when}.${call('¿Preguntas?', one.phone)}`), // prettier-ignore
  'change notice': (one, when) => named(one.firstName, `su cita en ${at(one)} es ahora ${when}.${call('¿Preguntas?', one.phone)}`), // prettier-ignore
  'after visit': (one, when) =>
    named(one.firstName, `gracias por venir a ${at(one)} el ${when}.${call('¿Preguntas?', one.phone)}`),
  stop: 'Responda STOP para no recibir más.',
  confirmed: (when) => `Gracias. Hemos avisado a la oficina que vendrá ${when}.`,
  read: (phone) => `Gracias, la oficina leerá esto.${call('Para hablar con nosotros:', phone)}`,
  changed: (phone) => `Esa hora ha cambiado. Vea el portal${phone === null ? '' : ` o llame al ${phone}`}.`,
  which: (lines) => `¿Cuál de ellas? Responda ${lines}.`,
  line: (number, when) => `${number} para ${when}`,
  help: ({ practice, phone }) => `${practice}: mensajes sobre sus citas.${call('Llame al', phone)}${phone === null ? '' : '.'}`, // prettier-ignore
  optedIn: ({ practice }) => `${practice}: recibirá de nuevo mensajes sobre sus citas. Responda HELP para ayuda.`,
  optedOut: ({ practice }) => `${practice}: no recibirá más mensajes nuestros. Responda START para recibirlos.`,
}
const words: Readonly<Record<TextLanguage, Words>> = { en: english, es: spanish }

const formats: Readonly<Record<TextLanguage, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }), // prettier-ignore
  es: new Intl.DateTimeFormat('es-US', { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }), // prettier-ignore
}

/** A wall clock as texts write it. */
export function whenInWords(startsAt: string, language: TextLanguage): string {
  return inGsmLetters(formats[language].format(Date.parse(`${startsAt}:00Z`)))
}

/** What is told of an event. */
export function tellingText(what: RuleKind, telling: Telling, language: TextLanguage, saysStop: boolean): string {
  const text = words[language][what](telling, whenInWords(telling.startsAt, language))
  return inGsmLetters(saysStop ? `${text} ${words[language].stop}` : text)
}

/**
 * Whether a text that was sent says this of an event at this start, whatever name, practice, phone and language it was
 * written with: these may have changed since, and then what was told is told all the same.
 */
export function isTelling(body: string, what: RuleKind, startsAt: string): boolean {
  const blank = '\u0000'
  return (['en', 'es'] as const).some((language) => {
    const text = inGsmLetters(words[language][what]({ firstName: blank, practice: blank, location: null, phone: null, startsAt }, whenInWords(startsAt, language))) // prettier-ignore
    // What stands before the date and what it asks for are the same in every text of a kind.
    const parts = text.split(blank).map((part) => part.replace(/^: /, '').trim())
    return parts.every((part) => body.toLowerCase().includes(part.toLowerCase().replace(/^[,.]\s*/, '')))
  })
}

/** What is said back to a reply. */
export const answers = {
  confirmed: (startsAt: readonly string[], language: TextLanguage): string =>
    inGsmLetters(words[language].confirmed(startsAt.map((one) => whenInWords(one, language)).join('; '))),
  read: ({ phone }: Sender, language: TextLanguage): string => inGsmLetters(words[language].read(phone)),
  changed: ({ phone }: Sender, language: TextLanguage): string => inGsmLetters(words[language].changed(phone)),
  which(startsAt: readonly string[], language: TextLanguage): string {
    const lines = startsAt.map((one, place) => words[language].line(place + 1, whenInWords(one, language)))
    return inGsmLetters(words[language].which(lines.join(', ')))
  },
  help: (sender: Sender, language: TextLanguage): string => inGsmLetters(`${words[language].help(sender)} ${words[language].stop}`), // prettier-ignore
  optedIn: (sender: Sender, language: TextLanguage): string => inGsmLetters(`${words[language].optedIn(sender)} ${words[language].stop}`), // prettier-ignore
  optedOut: (sender: Sender, language: TextLanguage): string => inGsmLetters(words[language].optedOut(sender)),
} as const
