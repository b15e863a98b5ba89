/** The languages that pages speak, and which one a reader gets: what was chosen, then what is on file, then what the browser asks for. */

export const languages = ['en', 'es'] as const
export type Language = (typeof languages)[number]

/** How a language calls itself. */
export const nameOfLanguage: Readonly<Record<Language, string>> = { en: 'English', es: 'Español' }

/** The language of a BCP 47 tag or of a name that InSched holds (`es-MX`, `Spanish`); undefined where it is none of ours. */
export function languageOf(text: string | null | undefined): Language | undefined {
  const start = text?.trim().toLowerCase().slice(0, 2)
  return languages.find((one) => one === start) ?? (start === 'sp' ? 'es' : undefined)
}

/** The best of ours in a header Accept-Language (RFC 9110, 12.5.4); undefined where it names none. */
export function acceptedLanguage(header: string | undefined): Language | undefined {
  const asked = (header ?? '').slice(0, 500).split(',').flatMap((part) => {
    const [tag, ...parameters] = part.split(';')
    const weight = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
    const language = languageOf(tag)
    return language && Number(weight ?? 1) > 0 ? [{ language, weight: Number(weight ?? 1) }] : []
  }) // prettier-ignore
  return asked.toSorted((a, b) => b.weight - a.weight)[0]?.language
}
