/**
 * The delimiters of a message, which MSH-1 and MSH-2 name and nothing may assume (HL7 v2, 2.5.4), and the way between a
 * message in its own delimiters and in the standard ones. Text that is a delimiter on one side alone is escaped or
 * unescaped on the way, so that no field changes its meaning.
 */
import { BadMessage } from './bad-message.ts'

export interface Delimiters {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
  /** Since 2.7: what marks a text that was cut; empty where the message names none. */
  readonly truncation: string
}

export const standardDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: '',
}

/** The escape sequence of each delimiter (2.7.1). */
const codes = { F: 'field', S: 'component', R: 'repetition', E: 'escape', T: 'subcomponent' } as const

/** The delimiters that a header segment (MSH, FHS, BHS) names; throws BadMessage where it names none that can be told apart. */
export function delimitersOf(header: string): Delimiters {
  const field = header[3] ?? ''
  const end = header.indexOf(field, 4)
  const rest = header.slice(4, end < 0 ? undefined : end)
  const [component = '', repetition = '', escape = '', subcomponent = '', truncation = ''] = rest.split('')
  const named = [field, ...rest.split('')]
  if (rest.length < 1 || rest.length > 5 || new Set(named).size !== named.length || !named.every(isDelimiter))
    throw new BadMessage('MSH-1 and MSH-2 do not name delimiters that can be told apart.', {
      code: '102',
      at: { segment: 'MSH', field: 2 },
    })
  return { field, component, repetition, escape, subcomponent, truncation }
}

/** What MSH-2 says of these delimiters. */
export function encodingCharacters({ component, repetition, escape, subcomponent, truncation }: Delimiters): string {
  return component + repetition + escape + subcomponent + truncation
}

/** Punctuation but the point, with which sequences such as `.br` begin. */
function isDelimiter(char: string): boolean {
  return /^[!-\-/:-@[-`{-~]$/.test(char)
}

/** The fields of one segment, its name and the header's own delimiters left out, from one set of delimiters into another. */
export function translate(text: string, from: Delimiters, to: Delimiters): string {
  const isSame = encodingCharacters(from).slice(0, 4) === encodingCharacters(to).slice(0, 4) && from.field === to.field
  if (isSame && !text.includes(from.escape)) return text
  const levels = Object.values(codes)
  const delimiterOf = new Map(levels.flatMap((level) => (level === 'escape' || from[level] === '' ? [] : [[from[level], to[level]] as const]))) // prettier-ignore
  const escapeOf = new Map(Object.entries(codes).flatMap(([code, level]) => (to[level] === '' ? [] : [[to[level], to.escape + code + to.escape] as const]))) // prettier-ignore
  // A text without a level has it as ordinary characters.
  const literal = (char: string): string => (to.escape === '' ? char : (escapeOf.get(char) ?? char))
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === from.escape) {
      const end = endOfEscape(text, i, from)
      if (end > 0) {
        const body = text.slice(i + 1, end)
        const level = Object.hasOwn(codes, body) ? codes[body as keyof typeof codes] : undefined
        if (level) out += literal(from[level])
        // A sequence that holds a delimiter of the other side would be cut there: it goes as the characters it is.
        else if (body.split('').some((one) => escapeOf.has(one)) || to.escape === '')
          out += text
            .slice(i, end + 1)
            .split('')
            .map(literal)
            .join('')
        else out += to.escape + body + to.escape
        i = end
        continue
      }
      // An escape character alone begins nothing: it stands for itself.
      out += literal(char)
    } else {
      const delimiter = delimiterOf.get(char)
      out += delimiter !== undefined && delimiter !== '' ? delimiter : literal(char)
    }
  }
  return out
}

/** Where the sequence that begins at `start` ends; 0 where it does not end within its value. */
function endOfEscape(text: string, start: number, { field, component, repetition, escape, subcomponent }: Delimiters): number {
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i]!
    if (char === escape) return i
    if (char === field || char === component || char === repetition || char === subcomponent) return 0
  }
  return 0
} // prettier-ignore
