/** How long the texts of a template get: the longest that it makes for anybody of the practice, and its parts. */
import { inGsmLetters, segmentsOf, type Segments } from './segments.ts'
import type { Template, TextLanguage } from './templates.ts'
import { tellingText, whenInWords, type Telling } from './wording.ts'

/** Who is told, and how each location signs. */
export interface Everybody {
  readonly firstNames: readonly string[]
  readonly places: readonly Omit<Telling, 'firstName' | 'startsAt'>[]
}
export interface Longest extends Segments { readonly text: string } // prettier-ignore

/** A moment that is as long in words as any, by language. */
const longestMoment = (language: TextLanguage): string =>
  Array.from({ length: 12 }, (_, month) => `2027-${String(month + 1).padStart(2, '0')}-28T12:30`).toSorted(
    (a, b) => whenInWords(b, language).length - whenInWords(a, language).length,
  )[0]!

/** The longest of the names, and the longest that needs letters beyond the GSM alphabet: no other makes a text longer. */
export function longestNames(names: readonly string[]): string[] {
  const measured = names.map((name) => ({ name, ...segmentsOf(inGsmLetters(name)) }))
  return (['GSM', 'UCS-2'] as const).flatMap((alphabet) => {
    const [longest] = measured.filter((one) => one.alphabet === alphabet).toSorted((a, b) => b.units - a.units)
    return longest ? [longest.name] : []
  })
}

/** The longest text that a template makes, with how to stop; of equally many parts the longer. */
export function longestText(template: Template, language: TextLanguage, { firstNames, places }: Everybody): Longest {
  const startsAt = longestMoment(language)
  const names = firstNames.length > 0 ? longestNames(firstNames) : ['']
  const texts = names.flatMap((firstName) => places.map((place) => tellingText(template, { ...place, firstName, startsAt }, language, true))) // prettier-ignore
  const measured = texts.map((text): Longest => ({ text, ...segmentsOf(text) }))
  return measured.toSorted((a, b) => b.segments - a.segments || b.units - a.units)[0]!
}
