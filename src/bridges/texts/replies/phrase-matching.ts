/** Where a phrase stands in the words of a reply. */
import type { Phrases } from './phrases.ts'
import { isWord } from './words-of.ts'

/** Whether a phrase stands at a place of these words. */
function standsAt(words: readonly string[], at: number, phrase: readonly string[]): boolean {
  return phrase.every((meant, i) => at + i < words.length && isWord(words[at + i]!, meant))
}

/** How many words the longest of these phrases has that stands at a place; 0 where none does. */
export function lengthAt(words: readonly string[], at: number, phrases: Phrases): number {
  return phrases.find((phrase) => standsAt(words, at, phrase))?.length ?? 0
}

/** Whether one of these phrases stands anywhere. */
export function isIn(words: readonly string[], phrases: Phrases): boolean {
  return words.some((_, at) => lengthAt(words, at, phrases) > 0)
}

/** What is left of the words when all of these phrases are taken out. */
export function without(words: readonly string[], phrases: Phrases): string[] {
  const left: string[] = []
  for (let at = 0; at < words.length;) {
    const length = lengthAt(words, at, phrases)
    if (length === 0) left.push(words[at]!)
    at += Math.max(1, length)
  }
  return left
}

/** Whether the words are one or more of these phrases and nothing else. */
export function isOnly(words: readonly string[], phrases: Phrases): boolean {
  return words.length > 0 && without(words, phrases).length === 0
}
