/**
 * Whether a reply opts out: a stop word as the whole reply or as a whole sentence of it, or clear natural language
 * (47 CFR 64.1200(a)(10): any reasonable words). A stop that is not seen is worse than one too many.
 */
import {
  asksToStop,
  asOne,
  cancelWords,
  courtesies,
  keepPhrases,
  maybeStop,
  stopPhrases,
  stopSentences,
  stopsOtherwise,
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
  const words = joined(spokenOf(text))
  const bare = without(words, around)
  if (isOnly(bare, stopWords) || (bare.length === 1 && isMistypedStop(bare[0]!))) return { how: 'stop', toRead: false }
  if (isOnly(bare, cancelWords)) return { how: 'cancel', toRead: false }
  if (isOnly(bare, stopOrCancel)) return { how: 'stop', toRead: true }
  if (sentencesOf(text).some((one) => isOnly(without(spokenOf(one), before), stopSentences))) return { how: 'stop', toRead: true } // prettier-ignore
  // A reply that begins with the word as texts write it means it, whatever follows.
  const begins = /^[^\p{L}]*(STOP|UNSUBSCRIBE)\b/u.test(text)
  const plain = words.map((word) => (Object.hasOwn(asOne, word) ? asOne[word]! : word))
  if (isIn(words, keepPhrases)) return undefined
  if (begins || sentencesOf(text).some(isImperative)) return { how: 'stop', toRead: true }
  if (isOnly(without(bare, sorry), wrong)) return { how: 'wrong number', toRead: true }
  if (isIn(plain, wrongNumberPhrases)) return { how: 'wrong number', toRead: true }
  return isIn(plain, stopPhrases) ? { how: 'stop', toRead: true } : undefined
}

/** What stands around a stop word and changes nothing; before it also a yes or a no. */
const around: Phrases = [...courtesies, ['now'], ['ya'], ['reply'], ['text'], ['just'], ['hey'], ['hi'], ['hello'], ['hola']] // prettier-ignore
const before: Phrases = [...around, ['yes'], ['ok'], ['okay'], ['no'], ['si'], ['kindly']]
const asking: Phrases = [...asksToStop, ...courtesies]
const stopOrCancel: Phrases = [...stopWords, ...cancelWords]
const sorry: Phrases = [['sorry'], ['perdon']]
const wrong: Phrases = [['wrong'], ['equivocado']]

/** The words without question marks and emoji, but the stop sign. */
function spokenOf(text: string): string[] {
  return wordsOf(text).filter((word) => word !== '?' && (word === '🛑' || !isEmoji(word)))
}

/** “Stop blowing up my phone”, “you need to stop”: not “stop by at nine”, nor “the pain does not stop”. */
function isImperative(sentence: string): boolean {
  const words = spokenOf(sentence)
  const [first, second] = without(words, before)
  if (first === 'stop' && (second === undefined || !stopsOtherwise.has(second))) return true
  return words.at(-1) === 'stop' && isOnly(words.slice(0, -1), asking)
}

/** Whether a reply that does not opt out by these rules speaks of it all the same. */
export function maySpeakOfStopping(text: string): boolean {
  return isIn(wordsOf(text), maybeStop)
}

/** `s t o p` as one word. */
function joined(words: readonly string[]): readonly string[] {
  return words.length > 2 && words.every((word) => word.length === 1) ? [words.join('')] : words
}

function isMistypedStop(word: string): boolean {
  return word[0] === 's' && isOneApart(word, 'stop') && !notStop.has(word)
}
