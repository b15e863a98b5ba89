/**
 * What replies come to, by a corpus of replies that were written and labelled by hand and by variants of them. Never: a
 * confirmation of what was not clearly confirmed, an opt-out that is not seen. The table goes into docs/testing.md.
 */
import fc from 'fast-check'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluateReply } from '../../src/bridges/texts/replies/evaluate.ts'
import { confirmPhrases, declinePhrases, leadIns, movePhrases, type Phrases } from '../../src/bridges/texts/replies/phrases.ts' // prettier-ignore
import { corpusOf, judge, labelOf, outcomeOf, type Judged, type Labelled } from './corpus.ts'
import { situations } from './situations.ts'

/** Each part with what it came to when it was run for the first time; the rules were mended after. */
const parts = [
  { file: 'corpus-first.txt', what: 'Written with the rules', firstTry: null },
  { file: 'corpus-second.txt', what: 'Written after, unseen', firstTry: '391: 358 right, 18 to a person, 1 wrong, 1 wrong confirmation, 13 opt-outs missed' }, // prettier-ignore
  { file: 'corpus-third.txt', what: 'Written after that, unseen', firstTry: '155: 134 right, 5 to a person, 1 wrong, 0 wrong confirmations, 15 opt-outs missed' }, // prettier-ignore
  { file: 'corpus-fourth.txt', what: 'Written after that, unseen', firstTry: '128: 121 right, 2 to a person, 0 wrong, 1 wrong confirmation, 4 opt-outs missed' }, // prettier-ignore
  { file: 'corpus-fifth.txt', what: 'Written after that, unseen', firstTry: '145: 138 right, 1 to a person, 1 wrong, 0 wrong confirmations, 5 opt-outs missed' }, // prettier-ignore
].map((part) => ({ ...part, replies: corpusOf(part.file) }))
const all = parts.flatMap(({ replies }) => replies)
const never: readonly Judged[] = ['wrong confirmation', 'missed opt-out']

const isTapback = ({ reply }: Labelled): boolean => /["“].*["”]$/.test(reply)
const countOf = (judged: readonly Judged[], wanted: Judged): number => judged.filter((one) => one === wanted).length

describe('the corpus', () => {
  it('has no wrong confirmation, no opt-out that is missed, and nothing else that is wrong', () => {
    expect(all.length).toBeGreaterThan(250)
    const faults = all.map((one) => ({ ...one, got: outcomeOf(one) })).filter(({ wanted, got }) => !['right', 'to a person'].includes(judge(wanted, got))) // prettier-ignore
    expect(faults).toEqual([])
  })

  it('stands in docs/testing.md as it is judged now', () => {
    const rows = parts.map(({ what, replies, firstTry }) => {
      const judged = replies.map((one) => judge(one.wanted, outcomeOf(one)))
      const counts = (['right', 'to a person', 'wrong', ...never] as const).map((one) => countOf(judged, one))
      return `| ${[what, replies.length, ...counts, firstTry ?? 'not counted'].join(' | ')} |`
    })
    const table = ['| Part | Replies | Right | To a person | Wrong | Wrong confirmations | Opt-outs missed | At the first try |', '| --- | --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n') // prettier-ignore
    console.log(table)
    const file = new URL('../../docs/testing.md', import.meta.url)
    const text = readFileSync(file, 'utf8')
    const written = text.replace(/(<!-- replies -->\n\n)[\s\S]*?(\n\n<!-- end of replies -->)/, (_, a: string, b: string) => a + table + b) // prettier-ignore
    if (written !== text) writeFileSync(file, written)
    expect(text, 'The table was written anew: look at it, and run this again.').toBe(written)
  })
})

describe('variants of the corpus', () => {
  const ways: readonly ((text: string) => string)[] = [
    (text) => text.toUpperCase(),
    (text) => text.toLowerCase(),
    (text) => `  ${text.replaceAll(' ', '   ')}\n`,
    (text) => `${text}!!!`,
    (text) => `${text.replace(/[.!]+$/, '')}.`,
    (text) => `"${text}"`,
    (text) => `${text} 😊`,
    (text) => `🙏🏽 ${text}`,
    (text) => text.replaceAll("'", '’'),
    (text) => text.replaceAll(/['’]/g, ''),
    (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, ''),
    (text) => text.normalize('NFD'),
    (text) => `Hi, ${text}`,
    (text) => `${text}\nThanks`,
    (text) => `\u200e${text}\ufe0f`,
  ]
  it('none is a wrong confirmation, and none a missed opt-out', () => {
    const plain = all.filter((one) => !isTapback(one))
    const faults: unknown[] = []
    fc.assert(
      fc.property(fc.constantFrom(...plain), fc.subarray([...ways], { minLength: 1, maxLength: 3 }), (one, chosen) => {
        const reply = chosen.reduce((text, way) => way(text), one.reply)
        const got = outcomeOf({ ...one, reply })
        if (never.includes(judge(one.wanted, got))) faults.push({ reply, wanted: one.wanted, got })
      }),
      { numRuns: 2_000, seed: 7 },
    )
    expect(faults).toEqual([])
  })
  it('a keyword in any case, spacing and punctuation does what it says', () => {
    const around = fc.constantFrom('', ' ', '.', '!', '!!', '\n', '"', ' 😊', ',', '  ')
    const cased = (word: string) => fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }).map((up) => Array.from(word, (letter, i) => (up[i] ? letter.toUpperCase() : letter)).join('')) // prettier-ignore
    for (const [word, wanted] of [
      ['c', 'confirm'],
      ['yes', 'confirm'],
      ['sí', 'confirm'],
      ['stop', 'stop'],
      ['unsubscribe', 'stop'],
      ['alto', 'stop'],
      ['cancel', 'cancel'],
      ['n', 'decline'],
      ['reschedule', 'move'],
      ['start', 'start'],
      ['help', 'help'],
      ['ayuda', 'help'],
    ] as const)
      // prettier-ignore
      fc.assert(
        fc.property(around, cased(word), around, (before, text, after) => {
          expect(outcomeOf({ situation: 'one', reply: before + text + after }), text).toBe(wanted)
        }),
        { numRuns: 40, seed: 7 },
      )
  })
})

describe('a word that turns an answer around', () => {
  const against = ['not', 'no', 'never', "don't", "can't", 'cannot', "won't", 'unable', 'if', 'but', 'unless', 'maybe', 'nope', 'no puedo', 'nunca', 'pero', 'quizás', 'tal vez', 'only if', 'until', 'later', 'instead', 'except', 'wrong', '3pm', 'Wednesday', '?', '10:00', 'tampoco', 'cuando', '👎', '❌', '🤔'] // prettier-ignore
  it('is never confirmed over, wherever it stands beside whatever confirms', () => {
    const faults: string[] = []
    for (const phrase of confirmPhrases)
      for (const word of against)
        for (const reply of [
          `${word} ${phrase.join(' ')}`,
          `${phrase.join(' ')} ${word}`,
          `${phrase.join(' ')}. ${word}`,
        ])
          if (outcomeOf({ situation: 'one', reply }).includes('confirm')) faults.push(reply)
    expect(faults).toEqual([])
  })
  it('nothing that declines, moves or asks is one letter or a repeated letter from a confirmation', () => {
    const spoken = (phrases: Phrases) => phrases.filter((one) => !one.some((word) => /[/…]/.test(word))).map((one) => one.join(' ')) // prettier-ignore
    const typos = (text: string): string[] => Array.from(text, (letter, i) => [text.slice(0, i) + text.slice(i + 1), text.slice(0, i) + letter + text.slice(i), text.slice(0, i) + (text[i + 1] ?? '') + letter + text.slice(i + 2)]).flat() // prettier-ignore
    const faults: string[] = []
    for (const phrase of [...spoken(declinePhrases), ...spoken(movePhrases), ...spoken(leadIns)])
      for (const reply of [phrase, ...typos(phrase)])
        if (reply.trim() !== '' && outcomeOf({ situation: 'one', reply }).includes('confirm')) faults.push(reply)
    expect(faults).toEqual([])
  })
})

describe('whatever is sent', () => {
  const anySituation = fc.constantFrom(...Object.keys(situations))
  it('comes to something, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), anySituation, (text, situation) => {
        const outcome = evaluateReply(text, situations[situation]!)
        expect(evaluateReply(text, situations[situation]!)).toEqual(outcome)
        expect(labelOf(outcome, situation)).toMatch(/./)
      }),
      { numRuns: 100, seed: 7 },
    )
  })
  it('the longest text is answered at once', () => {
    const started = performance.now()
    for (const text of ['stop '.repeat(320), 'no '.repeat(500), 'a'.repeat(1_600), '“'.repeat(1_600), 'dont want '.repeat(160), ' - '.repeat(500)]) evaluateReply(text, situations['one']!) // prettier-ignore
    expect(performance.now() - started).toBeLessThan(2_000)
  })
  it('with a picture, a person reads it; a stop with a picture is a stop', () => {
    const context = { ...situations['one']!, hasMedia: true }
    expect(evaluateReply('Yes', context)).toMatchObject({ is: 'to a person', why: 'media' })
    expect(evaluateReply('', context)).toMatchObject({ is: 'to a person', why: 'media' })
    expect(evaluateReply('stop', context).is).toBe('opt out')
  })
})
