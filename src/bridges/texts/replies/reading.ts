/**
 * What a reply says, read word by word from lists of phrases: the answers in it, the numbers beside them, and whatever is
 * left over. Nothing is guessed: an answer counts only where every word of the reply is accounted for.
 */
import {
  allPhrases,
  arrivePhrases,
  asksUs,
  confirmPhrases,
  courtesies,
  declinePhrases,
  fillers,
  keepsIt,
  leadIns,
  lineWords,
  movePhrases,
  wholeOnly,
  yesWords,
  type Phrases,
} from './phrases.ts'
import { isIn, isOnly, lengthAt, without } from './phrase-matching.ts'
import type { Intent } from './reply.ts'
import { wordsOf } from './words-of.ts'

export interface Reading {
  /** In their order; `lines` are the numbers that belong to each. */
  readonly answers: readonly { readonly intent: Intent; readonly lines: readonly number[] }[]
  /** A number that stands alone. */
  readonly number: number | null
  /** Somebody means all of what was listed. */
  readonly isForAll: boolean
  /** Words that no list has. */
  readonly isLeftOver: boolean
  readonly asks: boolean
  /** Thanks, a smile, and nothing else. */
  readonly isCourtesy: boolean
}

export interface Expected {
  readonly asksArrival: boolean
  /** Phrases that say nothing here: the event's own day and time, the patient's first name. */
  readonly known: readonly Phrases[]
  /** Whether numbers of lines may stand beside answers. */
  readonly hasLines: boolean
}

const intentPhrases: readonly (readonly [Intent, Phrases])[] = [
  ['confirm', confirmPhrases],
  ['decline', declinePhrases],
  ['move', movePhrases],
  ['arrive', arrivePhrases],
]

export function readingOf(text: string, { asksArrival, known, hasLines }: Expected): Reading {
  const all = wordsOf(text)
  const words = all.filter((word) => word !== '?')
  const asks = words.length < all.length
  const nothing: Reading = { answers: [], number: null, isForAll: false, isLeftOver: false, asks, isCourtesy: false }
  const bare = without(words, courtesies)
  if (words.length === 0) return nothing
  if (bare.length === 0) return { ...nothing, isCourtesy: !asks }
  if (isOnly(bare, wholeOnly.decline)) return { ...nothing, answers: [{ intent: 'decline', lines: [] }] }
  if (asksArrival && isOnly(bare, wholeOnly.arrive)) return { ...nothing, answers: [{ intent: 'arrive', lines: [] }] }
  if (bare.length === 1 && /^\d$/.test(bare[0]!)) return { ...nothing, number: Number(bare[0]) }

  const heard = intentPhrases.filter(([intent]) => intent !== 'arrive' || asksArrival)
  const answers: { intent: Intent; lines: number[] }[] = []
  // Numbers before the first answer: each answer takes those before it then, else those after it.
  let before: number[] = []
  let numbersFirst: boolean | undefined
  let [isLeftOver, leads, isForAll] = [
    isIn(words, keepsIt) || (isIn(words, asksUs) && !isIn(words, yesWords)),
    false,
    false,
  ]
  for (let at = 0; at < words.length;) {
    const longest = (phrases: Phrases): number => lengthAt(words, at, phrases)
    const found = heard.map(([intent, phrases]) => ({ intent, length: longest(phrases) })).toSorted((a, b) => b.length - a.length)[0]! // prettier-ignore
    const [lead, forAll] = [longest(leadIns), longest(allPhrases)]
    const silent = Math.max(
      longest(courtesies),
      longest(fillers),
      ...known.map(longest),
      hasLines ? longest(lineWords) : 0,
    )
    if (found.length > 0 && found.length >= Math.max(silent, lead)) {
      const same = answers.at(-1)
      if (!same || same.intent !== found.intent || hasLines) answers.push({ intent: found.intent, lines: before })
      numbersFirst ??= before.length > 0
      before = []
      at += found.length
    } else if (hasLines && /^\d$/.test(words[at]!) && silent === 0) {
      if (numbersFirst === false) answers.at(-1)!.lines.push(Number(words[at]))
      else before.push(Number(words[at]))
      at += 1
    } else if (forAll > 0) {
      isForAll = true
      at += forAll
    } else if (silent > 0 || lead > 0) {
      // “Can I”, “I need to”: only somebody who wants something else says so.
      leads ||= lead > silent
      at += Math.max(silent, lead)
    } else {
      isLeftOver = true
      at += 1
    }
  }
  const wishesOnly = answers.every(({ intent }) => intent === 'decline' || intent === 'move')
  return {
    answers: hasLines ? answers : answers.filter(({ intent }, i) => answers.findIndex((one) => one.intent === intent) === i), // prettier-ignore
    number: null,
    isForAll,
    isLeftOver: isLeftOver || before.length > 0 || (leads && !wishesOnly),
    asks,
    isCourtesy: false,
  }
}
