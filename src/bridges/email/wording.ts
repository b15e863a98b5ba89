/** The words of mails to patients, English and Spanish: what a text may hold, and links; no word of a message, no procedure (DOM-12). */
import type { RuleKind } from '../texts/rule-words.ts'
import { whenInWords, type Telling, type TextLanguage } from '../texts/wording.ts'

/** Where a mail leads; which of them stand in it is what it is for. */
export interface MailLinks { readonly signIn?: string; readonly confirm?: string; readonly pay?: string } // prettier-ignore
export interface MailWords { readonly subject: string; readonly text: string } // prettier-ignore

const placed = ({ practice, location }: Telling): string => (location === null ? practice : `${practice}, ${location}`)
const lines = (...some: readonly (string | null)[]): string => some.filter((line) => line !== null).join('\n\n')

const subjects: Readonly<Record<TextLanguage, Readonly<Record<RuleKind, string>>>> = {
  en: {
    'confirmation request': 'please confirm your appointment',
    reminder: 'a reminder of your appointment',
    'booking notice': 'your appointment is booked',
    'change notice': 'your appointment has another time',
    'after visit': 'thank you for coming',
  },
  es: {
    'confirmation request': 'confirme su cita',
    reminder: 'recordatorio de su cita',
    'booking notice': 'su cita está reservada',
    'change notice': 'su cita tiene otra hora',
    'after visit': 'gracias por venir',
  },
}

/** What is told of an event; how to confirm stands with the link. */
export function tellingMail(what: RuleKind, telling: Telling, language: TextLanguage): MailWords {
  const { practice, firstName, phone, startsAt } = telling
  const [when, place] = [whenInWords(startsAt, language), placed(telling)]
  const subject = `${practice}: ${subjects[language][what]}`
  const isOver = what === 'after visit'
  if (language === 'es')
    return {
      subject,
      text: lines(firstName === '' ? null : `Hola ${firstName}:`, isOver ? `Gracias por venir a ${place}.` : what === 'change notice' ? `Su cita en ${place} es ahora ${when}.` : `Tiene una cita en ${place}, ${when}.`, phone === null ? null : isOver ? `Para preguntar: ${phone}` : `Para cambiarla o preguntar: ${phone}`), // prettier-ignore
    }
  return {
    subject,
    text: lines(firstName === '' ? null : `Hello ${firstName},`, isOver ? `thank you for coming to ${place}.` : what === 'change notice' ? `your appointment at ${place} is now ${when}.` : `you have an appointment at ${place}, ${when}.`, phone === null ? null : isOver ? `To ask something: ${phone}` : `To change it, or to ask something: ${phone}`), // prettier-ignore
  }
}

/** That a message waits at the portal: nothing of it, nor of who wrote it. */
export function noticeMail(practice: string, language: TextLanguage): MailWords {
  return language === 'es'
    ? { subject: `${practice}: tiene un mensaje nuevo`, text: `Tiene un mensaje nuevo de ${practice}. Entre en el portal para leerlo.` } // prettier-ignore
    : { subject: `${practice}: you have a new message`, text: `You have a new message from ${practice}. Sign in to read it.` } // prettier-ignore
}

/** That the office asks for a payment: how much stands behind the link, what for nowhere. */
export function paymentMail(practice: string, language: TextLanguage): MailWords {
  return language === 'es'
    ? { subject: `${practice}: solicitud de pago`, text: `${practice} le pide un pago. La página muestra el importe; no hace falta iniciar sesión.` } // prettier-ignore
    : { subject: `${practice}: a payment request`, text: `${practice} asks you for a payment. The page shows the amount; you need not sign in.` } // prettier-ignore
}

/** That the practice invites to its portal; the link is for who knows the date of birth. */
export function invitationMail(practice: string, language: TextLanguage): MailWords {
  return language === 'es'
    ? { subject: `${practice}: su invitación`, text: `${practice} le invita a su portal para pacientes. El enlace sirve una vez, en 72 horas; se le pide la fecha de nacimiento.` } // prettier-ignore
    : { subject: `${practice}: your invitation`, text: `${practice} invites you to its patient portal. The link works once, within 72 hours; you are asked for the date of birth.` } // prettier-ignore
}

/** The mail with its links below; what stands in the log has none. */
export function withLinks(text: string, links: MailLinks & { readonly stop: string }, language: TextLanguage): string {
  const es = language === 'es'
  return lines(
    text,
    links.confirm === undefined ? null : `${es ? 'Para confirmar, abra esta página y pulse el botón:' : 'To confirm, open this page and press the button:'}\n${links.confirm}`,
    links.signIn === undefined ? null : links.signIn,
    links.pay === undefined ? null : `${es ? 'Para pagar:' : 'To pay:'}\n${links.pay}`,
    `${es ? 'Para no recibir más correos:' : 'To get no more emails:'}\n${links.stop}`,
  )
} // prettier-ignore
