/**
 * Whether a reply opts out: a stop word as the whole reply or as a whole sentence of it, or clear natural language
 * (47 CFR 64.1200(a)(10): any reasonable words). A stop that is not seen is worse than one too many.
 */
import {
  asOne,
  cancelWords,
  courtesies,
  keepPhrases,
  stopPhrases,
  stopSentences,
  stopWords,
  wrongNumberPhrases,
  type Phrases,
} from './phrases.ts'
import { isIn, isOnly, without } from './phrase-matching.ts'
import { isEmoji, isOneApart, sentencesOf, wordsOf } from './words-of.ts'

export interface OptOut {
  readonly how: 'stop' | 'cancel' | 'wrong number'
  /** There is more in the reply than the opt-out. */
  readonly toRead: boolean
}

/** English words one letter from `stop`. */
const notStop: ReadonlySet<string> = new Set(['step', 'shop', 'slop', 'top', 'stow', 'stoop', 'strop', 'atop', 'stoup'])

/** The opt-out in a reply; undefined where there is none. */
export function optOutOf(text: string): OptOut | undefined {
  const words = joined(wordsOf(text).filter((word) => word !== '?'))
  const bare = bareOf(words)
  if (isOnly(bare, stopWords) || (bare.length === 1 && isMistypedStop(bare[0]!))) return { how: 'stop', toRead: false }
  if (isOnly(bare, cancelWords)) return { how: 'cancel', toRead: false }
  if (isOnly(bare, [...stopWords, ...cancelWords])) return { how: 'stop', toRead: true }
  if (sentencesOf(text).some((one) => isOnly(without(bareOf(wordsOf(one)), yesAndNo), stopSentences))) return { how: 'stop', toRead: true } // prettier-ignore
  const plain = words.map((word) => (Object.hasOwn(asOne, word) ? asOne[word]! : word))
  if (isIn(words, keepPhrases)) return undefined
  if (isIn(plain, wrongNumberPhrases)) return { how: 'wrong number', toRead: true }
  return isIn(plain, stopPhrases) ? { how: 'stop', toRead: true } : undefined
}

/** What stands around a stop word and changes nothing. */
const around: Phrases = [...courtesies, ['now'], ['ya'], ['reply'], ['text'], ['just'], ['hey']]
const yesAndNo: Phrases = [['yes'], ['ok'], ['okay'], ['no'], ['si']]

function bareOf(words: readonly string[]): string[] {
  return without(
    words.filter((word) => !isEmoji(word) || word === '🛑'),
    around,
  )
}

/** `s t o p` as one word. */
function joined(words: readonly string[]): readonly string[] {
  return words.length > 2 && words.every((word) => word.length === 1) ? [words.join('')] : words
}

function isMistypedStop(word: string): boolean {
  return word[0] === 's' && isOneApart(word, 'stop') && !notStop.has(word)
}
