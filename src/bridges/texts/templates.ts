/**
 * What a text is made of: words of the practice, and tags in braces that each text fills in, `{first name}`. What stands in
 * square brackets is left out where nothing is known for a tag in it. Each tag has a class of sensitivity, and a template
 * with one that may not leave by text is none (DOM-12). How to stop is added to the texts that must say it, by itself.
 */
import { inGsmLetters, mostSegments, segmentsOf } from './segments.ts'

export type TextLanguage = 'en' | 'es'
export const textLanguages: readonly TextLanguage[] = ['en', 'es']

/** `public`: about the practice. `appointment`: for whom and when. `link`: leads to a page that asks who is there. The others never leave by text. */
export type TagClass = 'public' | 'appointment' | 'link' | 'identity' | 'care' | 'money'

/** Every tag that people may think of, with its class; those that stay are named, so that the refusal can say why. */
export const tagClasses = {
  'first name': 'appointment',
  practice: 'public',
  location: 'public',
  phone: 'public',
  when: 'appointment',
  date: 'appointment',
  time: 'appointment',
  arrive: 'appointment',
  calendar: 'link',
  'last name': 'identity',
  'full name': 'identity',
  'birth date': 'identity',
  address: 'identity',
  email: 'identity',
  'event type': 'care',
  procedure: 'care',
  plan: 'care',
  stage: 'care',
  provider: 'care',
  resource: 'care',
  reason: 'care',
  notes: 'care',
  'alert notes': 'care',
  'special issues': 'care',
  message: 'care',
  balance: 'money',
  deposit: 'money',
} as const satisfies Record<string, TagClass>
export type AnyTag = keyof typeof tagClasses

type LeavingClass = Extract<TagClass, 'public' | 'appointment' | 'link'>
const leavingClasses: ReadonlySet<TagClass> = new Set<LeavingClass>(['public', 'appointment', 'link'])
/** A tag that a text may hold. */
export type Tag = { [K in AnyTag]: (typeof tagClasses)[K] extends LeavingClass ? K : never }[AnyTag]
export const tags = (Object.keys(tagClasses) as AnyTag[]).filter(mayLeave)
function mayLeave(tag: AnyTag): tag is Tag {
  return leavingClasses.has(tagClasses[tag])
}
/** What the tags stand for in one text; empty or missing: nothing is known. */
export type TagValues = Readonly<Partial<Record<Tag, string | null>>>

interface Words { readonly words: string } // prettier-ignore
interface Filled { readonly tag: Tag } // prettier-ignore
type Piece = Words | Filled | { readonly group: readonly (Words | Filled)[] }
export type Template = readonly Piece[]

/** Why a text is no template. `of`: the tag, the word or the name that it is about. */
export type WhyNoTemplate =
  | 'empty'
  | 'too long'
  | 'unpaired'
  | 'unknown tag'
  | 'tag that stays'
  | 'no practice'
  | 'no date and time'
  | 'no answer'
  | 'opt-out word'
  | 'own name'
  | 'too many parts'
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault'
  readonly why: WhyNoTemplate
  readonly of: string
  constructor(why: WhyNoTemplate, of: string, sentence: string) {
    super(sentence)
    this.why = why
    this.of = of
  }
}

/** The longest template, in letters. */
export const longestTemplate = 600

/** A template from what people write; throws TemplateFault where it is none. */
export function parseTemplate(source: string): Template {
  const text = source.trim().replaceAll(/\s+/g, ' ')
  if (text === '') throw new TemplateFault('empty', '', 'A text needs words.')
  if (text.length > longestTemplate)
    throw new TemplateFault('too long', String(longestTemplate), `A template has at most ${longestTemplate} letters.`)
  const top: Piece[] = []
  let into: (Words | Filled)[] | undefined
  let rest = text
  const unpaired = (of: string): TemplateFault => new TemplateFault('unpaired', of, `“${of}” has no partner: a tag stands between { and }, what may be left out between [ and ].`) // prettier-ignore
  while (rest !== '') {
    const [words] = /^[^{}[\]]*/.exec(rest)!
    if (words !== '') (into ?? top).push({ words })
    rest = rest.slice(words.length)
    const mark = rest[0]
    if (mark === '{') {
      const tag = /^\{([^{}[\]]*)\}/.exec(rest)
      if (!tag) throw unpaired('{')
      ;(into ?? top).push({ tag: tagOf(tag[1]!) })
      rest = rest.slice(tag[0].length)
      continue
    }
    if (mark === '[' && into === undefined) into = []
    else if (mark === ']' && into !== undefined) {
      top.push({ group: into })
      into = undefined
    } else if (mark !== undefined) throw unpaired(mark)
    rest = rest.slice(1)
  }
  if (into !== undefined) throw unpaired('[')
  return top
}

function tagOf(written: string): Tag {
  const name = written.trim().toLowerCase().replaceAll(/\s+/g, ' ')
  const known = Object.hasOwn(tagClasses, name) ? (name as AnyTag) : undefined
  if (known !== undefined && mayLeave(known)) return known
  if (known !== undefined)
    throw new TemplateFault('tag that stays', name, `{${name}} may not leave by text: it says too much to whoever holds the phone.`) // prettier-ignore
  throw new TemplateFault('unknown tag', name.slice(0, 40), `There is no tag {${name.slice(0, 40)}}. There are: ${tags.map((tag) => `{${tag}}`).join(', ')}.`) // prettier-ignore
}

/** The text that a template makes of these values, in letters that networks have. */
export function filled(template: Template, values: TagValues): string {
  const one = (piece: Words | Filled): string => ('tag' in piece ? (values[piece.tag] ?? '') : piece.words)
  const isKnown = (piece: Words | Filled): boolean => !('tag' in piece) || (values[piece.tag] ?? '') !== ''
  const parts = template.map((piece) => {
    if (!('group' in piece)) return one(piece)
    return piece.group.every(isKnown) ? piece.group.map(one).join('') : ''
  })
  const text = parts.join('').trim()
  // What begins with a name begins as the name is written.
  const begins = template.find((_, place) => parts[place] !== '')
  const isWords = begins !== undefined && 'words' in begins
  return inGsmLetters(isWords ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text)
}

/** The words that stand in every text of a template, whatever is filled in; in the letters in which it was sent. */
export function alwaysSaid(template: Template): string[] {
  return template.flatMap((piece) => ('words' in piece ? [inGsmLetters(piece.words).trim()] : [])).filter((words) => words !== '') // prettier-ignore
}

/** The tags that a template has outside of brackets: those that every text fills in. */
export function tagsOf(template: Template): Set<Tag> {
  return new Set(template.flatMap((piece) => ('tag' in piece ? [piece.tag] : [])))
}

/** Every tag of a template, those in brackets too. */
export function allTagsOf(template: Template): Set<Tag> {
  return new Set(template.flatMap((piece) => ('group' in piece ? piece.group : [piece])).flatMap((piece) => ('tag' in piece ? [piece.tag] : []))) // prettier-ignore
}

/** All words of a template, without its tags. */
export function wordsIn(template: Template): string {
  const one = (piece: Words | Filled): string => ('words' in piece ? piece.words : ' … ')
  return template.map((piece) => ('group' in piece ? piece.group.map(one).join('') : one(piece))).join('')
}

/** Throws where the longest text of a template is more than a phone puts together again. */
export function assertParts(longest: string): void {
  const { segments } = segmentsOf(longest)
  if (segments > mostSegments)
    throw new TemplateFault('too many parts', String(segments), `The longest text of it has ${segments} parts, and a text has at most ${mostSegments}.`) // prettier-ignore
}
