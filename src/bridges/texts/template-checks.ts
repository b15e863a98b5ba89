/**
 * What a template may say, beyond its tags: it names the practice and the time, a request offers an answer that is read as
 * a yes, no answer is one that networks take as an opt-out, and no word names what the practice does (DOM-12).
 */
import { cancelWords, confirmPhrases, stopWords } from './replies/phrases.ts'
import { isOnly } from './replies/phrase-matching.ts'
import { plainOf } from './replies/words-of.ts'
import { parseTemplate, tagsOf, TemplateFault, wordsIn, type Template } from './templates.ts'
import type { RuleKind } from './rule-words.ts'

/** The template that a text is, for what it tells; throws TemplateFault where it may not be used. */
export function checkedTemplate(source: string, what: RuleKind): Template {
  const template = parseTemplate(source)
  const given = tagsOf(template)
  if (!given.has('practice'))
    throw new TemplateFault('no practice', '', 'A text says who writes: it needs {practice}, outside of brackets.')
  if (!given.has('when') && !(given.has('date') && given.has('time')))
    throw new TemplateFault('no date and time', '', 'A text says when: it needs {when}, or {date} and {time}, outside of brackets.') // prettier-ignore
  const offered = offeredIn(wordsIn(template))
  const optsOut = offered.find((word) => isOptOut(word))
  if (optsOut !== undefined)
    throw new TemplateFault('opt-out word', optsOut, `“${optsOut}” may not be an answer: networks take it as an opt-out from all texts. How to stop is added by itself.`) // prettier-ignore
  if (what === 'confirmation request' && !offered.some((word) => isOnly([plainOf(word)], confirmPhrases)))
    throw new TemplateFault('no answer', '', 'A confirmation request says how to confirm, in capitals: “Reply C to confirm”.') // prettier-ignore
  return template
}

/** What networks take as an opt-out by themselves, also in small letters after “reply”. */
const carriers: ReadonlySet<string> = new Set(['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'optout', 'revoke', 'out', 'cancelar', 'baja']) // prettier-ignore
const asking = /(?<!\p{L})(?:reply|text|answer|send|write|type|responda|conteste|escriba|envíe|mande|texto)(?!\p{L})[\s"“”'‘’:]*(?:with\s+|con\s+)?["“”'‘’]*([\p{L}\p{N}]+)/giu // prettier-ignore
const capitals = /(?<![\p{L}\p{N}])\p{Lu}+(?![\p{L}\p{N}])/gu
const quoted = /["“]([\p{L}\p{N}]+)["”]/gu

/** The words that a text offers as answers: those in capitals or in quotes, and what stands after “reply”. */
function offeredIn(words: string): string[] {
  const small = [...words.matchAll(asking)].map((found) => found[1]!).filter((word) => carriers.has(plainOf(word)))
  return [...(words.match(capitals) ?? []), ...[...words.matchAll(quoted)].map((found) => found[1]!), ...small]
}

function isOptOut(word: string): boolean {
  const plain = plainOf(word)
  return carriers.has(plain) || isOnly([plain], stopWords) || isOnly([plain], cancelWords)
}

/** Words that name nothing by themselves, in whatever name of the practice they stand. */
const everyday: ReadonlySet<string> = new Set(
  'appointment appointments visit visits office practice clinic location time date today tomorrow first second third next last new follow check checks made make schedule scheduled complete completed confirm confirmed call with your this that from before after please thank thanks questions minutes hour hours arrive bring come reminder answer reply need needed another series session sessions room staff doctor note other block cita citas visita oficina lugar hora fecha primera segunda nueva confirmar llame antes despues gracias preguntas minutos llegue traiga venga recordatorio responda para otra sesion'.split(' '),
) // prettier-ignore
const shortest = 4

/** Throws where a template says the name of one of the practice's procedures, plans or stages, or a word of one. */
export function assertNamesNothing(template: Template, names: readonly string[]): void {
  const words = plainWords(wordsIn(template))
  const said = new Set(words)
  const text = ` ${words.join(' ')} `
  for (const name of names) {
    const parts = plainWords(name)
    const telling = parts.filter((part) => !everyday.has(part))
    if (telling.length === 0) continue
    const word = telling.find((part) => part.length >= shortest && said.has(part))
    const isWhole = text.includes(` ${parts.join(' ')} `)
    if (word === undefined && !isWhole) continue
    const of = isWhole ? name : word!
    throw new TemplateFault('own name', of, `“${of}” stands in the name of one of your procedures, plans or stages: a text may not say what a patient comes for.`) // prettier-ignore
  }
}

function plainWords(text: string): string[] {
  return plainOf(text).match(/[\p{L}\p{N}]+/gu) ?? []
}
