/** Where a phrase stands in the words of a reply. */
import type { Phrases } from './phrases.ts'
import { isWord } from './words-of.ts'

/** How many words may stand in a gap of a pattern. */
const widestGap = 3

/** How many words a phrase takes up at a place of these words; 0 where it does not stand there. */
function lengthOf(words: readonly string[], at: number, phrase: readonly string[], from = 0): number {
  for (let place = at, i = from; ; place++, i++) {
    if (i === phrase.length) return place - at
    if (phrase[i] === '…') {
      for (let gap = 0; gap <= widestGap; gap++) {
        const rest = lengthOf(words, place + gap, phrase, i + 1)
        if (rest > 0) return place + gap + rest - at
      }
      return 0
    }
    const word = words[place]
    if (word === undefined || !phrase[i]!.split('/').some((meant) => isWord(word, meant))) return 0
  }
}

/** The phrases of a list by the letters with which they may begin, in their order. */
const byLetter = new WeakMap<Phrases, Map<string, (readonly string[])[]>>()

function beginningWith(phrases: Phrases, letter: string): Phrases {
  let known = byLetter.get(phrases)
  if (!known) {
    known = new Map()
    for (const phrase of phrases)
      for (const first of new Set(phrase[0]!.split('/').map((word) => firstOf(word))))
        known.set(first, [...(known.get(first) ?? []), phrase])
    byLetter.set(phrases, known)
  }
  return known.get(letter) ?? []
}

function firstOf(word: string): string {
  return String.fromCodePoint(word.codePointAt(0)!)
}

/** How many words the longest of these phrases takes up at a place; 0 where none stands there. */
export function lengthAt(words: readonly string[], at: number, phrases: Phrases): number {
  for (const phrase of beginningWith(phrases, firstOf(words[at]!))) {
    const length = lengthOf(words, at, phrase)
    if (length > 0) return length
  }
  return 0
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
