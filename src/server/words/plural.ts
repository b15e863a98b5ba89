/** Which form of a phrase a number takes in a language (CLDR); a catalogue gives the forms. */
import type { Language } from './language.ts'

export interface Forms { readonly one: string; readonly other: string } // prettier-ignore

/** `1 message`, `2 messages`; the number is written as the language writes it, before the form. */
export function counting(language: Language): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language)
  const format = new Intl.NumberFormat(language === 'es' ? 'es-US' : 'en-US')
  return (count, { one, other }) => `${format.format(count)} ${rules.select(count) === 'one' ? one : other}`
}
