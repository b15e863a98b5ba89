/**
 * What a reply to a text comes to. Pure, and in one order, first match wins: opt-out, opt-in, help, a tapback, an answer to
 * what was asked (of which event, and whether that is still as it was told), else a person reads it. That the reply is the
 * provider's, and not a repeat, is the webhook's to know before. Nothing is confirmed of which a word is not understood.
 */
import { helpWords, startWords, yesWords, courtesies } from './phrases.ts'
import { isOnly, without } from './phrase-matching.ts'
import { maySpeakOfStopping, optOutOf } from './opt-out.ts'
import { ownTime } from './own-time.ts'
import { readingOf, type Reading } from './reading.ts'
import type { About, Answer, AskedEvent, Intent, OpenRequest, Outcome, ReplyContext, WhyToAPerson } from './reply.ts'
import { quotes, tapbackOf } from './tapback.ts'
import { aboutOf, openEvents, staleEvents, standingOf, targetOf } from './which-event.ts'
import { wordsOf } from './words-of.ts'

/** Names the rules by which replies are understood, for the proof of an opt-out; changes with them. */
export const replyRules = 'replies 1'

/** Longer replies are letters: a person reads them. */
const mostWords = 60
const negations: ReadonlySet<string> = new Set(['not', 'dont', 'cant', 'wont', 'never', 'unable', 'cancel', 'no', 'nunca', 'tampoco', 'but', 'if', 'unless', 'pero']) // prettier-ignore
const byDigit: Readonly<Record<number, Intent>> = { 1: 'confirm', 2: 'decline', 3: 'move' }

export function evaluateReply(text: string, context: ReplyContext): Outcome {
  const tapback = tapbackOf(text)
  const { live, stale, isTwoFamilies } = standingOf(context.requests)
  const newest = context.requests.toSorted((a, b) => b.at - a.at)[0]
  const aboutLive = live.flatMap((one) => aboutOf(one, openEvents(one)))
  const toAPerson = (why: WhyToAPerson, suggests: Intent | null = null, request = live[0] ?? newest): Outcome => ({
    is: 'to a person',
    why: tapback === undefined && maySpeakOfStopping(text) ? 'may opt out' : why,
    suggests,
    about: aboutLive,
    quotes: request?.id ?? null,
  })
  // What is quoted is ours, also where it says how to stop.
  const optOut = tapback ? undefined : optOutOf(text)
  if (optOut) return { is: 'opt out', ...optOut, about: aboutLive }
  const words = wordsOf(text)
  const bare = without(words, courtesies)
  if (isOnly(bare, startWords) || (context.optedOut && live.length === 0 && isOnly(bare, yesWords))) return { is: 'opt in' } // prettier-ignore
  if (isOnly(bare, helpWords)) return { is: 'help' }
  if (context.hasMedia === true) return toAPerson('media')
  if (words.length > mostWords) return toAPerson('not understood')

  if (tapback) {
    const request = context.requests.toSorted((a, b) => b.at - a.at).find((one) => quotes(tapback.quoted, one.text))
    const isOurs = request !== undefined || (context.otherTexts ?? []).some((one) => quotes(tapback.quoted, one))
    if (!isOurs || tapback.reaction === 'other') return toAPerson('not understood', null, request)
    if (!request || tapback.reaction === 'friendly') return { is: 'ignored' }
    return answerTo(request, [{ intent: 'confirm', lines: [] }])
  }

  const target = targetOf(live, null) ?? live[0] ?? stale[0]
  const reading = readIn(target)
  if (reading.isCourtesy) return { is: 'ignored' }
  if (reading.isLeftOver) return toAPerson(reading.answers.length > 0 ? 'mixed' : 'not understood', isNegated(words) ? null : suggested(reading)) // prettier-ignore
  const wishes = reading.answers.map(({ intent }) => intent)
  const [first] = wishes
  const isSplit = reading.answers.some(({ lines }) => lines.length > 0)
  if (isSplit && target) {
    // 1 yes, 2 no: each line has its own answer, and each answer its lines.
    const lines = reading.answers.flatMap((one) => one.lines)
    const isWhole = new Set(lines).size === lines.length && lines.every((line) => hasLine(target, line)) // prettier-ignore
    if (!isWhole || reading.asks || isTwoFamilies || (live.length > 1 && target.which === undefined) || reading.answers.some((one) => one.lines.length === 0)) return toAPerson('mixed') // prettier-ignore
    return answerTo(target, reading.answers)
  }
  if (reading.number !== null) {
    const intent = target?.digits === 'answers' ? byDigit[reading.number] : undefined
    if (intent !== undefined) return answered(intent)
    if (target?.which !== undefined && hasLine(target, reading.number) && !isTwoFamilies)
      return answerTo(target, [{ intent: target.which, lines: [reading.number] }])
    return toAPerson('not understood')
  }
  if (first === undefined) {
    if (reading.isForAll && target?.which !== undefined && !isTwoFamilies) return answerTo(target, [{ intent: target.which, lines: [] }]) // prettier-ignore
    return toAPerson('not understood')
  }
  // Who can't make it and asks for another time asks to move.
  const intent = wishes.every((one) => one === first) ? first : wishes.every((one) => one === 'decline' || one === 'move') ? 'move' : undefined // prettier-ignore
  if (intent === undefined) return toAPerson('mixed', suggested(reading))
  if (reading.asks && intent !== 'move') return toAPerson('mixed', intent)
  return answered(intent)

  /** What it says, where `request` is what it answers. */
  function readIn(request: OpenRequest | undefined): Reading {
    const events = request?.events ?? []
    const [only] = events
    // With several, a day or a name picks one of them.
    const isOne = live.length <= 1 && events.length === 1
    const known = isOne ? [ownTime(only!.startsAt, only!.now), (context.names ?? []).map((name) => wordsOf(name)).filter((name) => name.length > 0)] : [] // prettier-ignore
    return readingOf(text, {
      asksArrival: request?.asksArrival === true,
      known,
      hasLines: events.some((one, place) => lineOf(one, place) > 1),
    })
  }

  /** One answer, for whatever is open. */
  function answered(intent: Intent): Outcome {
    if (live.length === 0) return overFor(intent)
    if (isTwoFamilies) return toAPerson('two families', intent)
    const request = targetOf(live, intent)
    if (request) {
      const isUnclear = request.which !== undefined && !reading.isForAll && openEvents(request).filter((event) => event.answered === null).length > 1 // prettier-ignore
      return isUnclear ? toAPerson('several events', intent) : answerTo(request, [{ intent, lines: [] }])
    }
    const hasAsked = live.some((one) => one.which !== undefined)
    const isAnyAnswered = live.some((one) => openEvents(one).some((event) => event.answered !== null))
    return hasAsked || isAnyAnswered || reading.isForAll ? toAPerson('several events', intent) : { is: 'which', intent, among: aboutLive } // prettier-ignore
  }

  /** Nothing can be answered for any more. */
  function overFor(intent: Intent): Outcome {
    const [changed] = stale
    if (changed)
      return { is: 'stale', answers: aboutOf(changed, staleEvents(changed)).map((one) => ({ ...one, intent })) }
    return newest ? { is: 'late', about: aboutOf(newest) } : toAPerson('nothing was asked', intent)
  }

  /** Answers for the events of one text; those without lines are for all that it lists. */
  function answerTo(request: OpenRequest, answers: Reading['answers']): Outcome {
    const answerOf = (about: About): Intent | undefined =>
      answers.find(({ lines }) => lines.length === 0 || lines.includes(lineIn(request, about)))?.intent // prettier-ignore
    const answersOf = (events: readonly AskedEvent[]): { answer: Answer; before: Intent | null }[] =>
      aboutOf(request, events).flatMap((about, i) => {
        const intent = answerOf(about)
        return intent === undefined ? [] : [{ answer: { ...about, intent }, before: events[i]!.answered }]
      })
    const open = answersOf(openEvents(request))
    const changed = answersOf(staleEvents(request)).map(({ answer }) => answer)
    const isChangedMind = ({ answer, before }: (typeof open)[number]): boolean => before !== null && before !== 'arrive' && answer.intent !== 'arrive' && answer.intent !== before // prettier-ignore
    if (open.some(isChangedMind)) return toAPerson('changed mind', open[0]!.answer.intent, request)
    const fresh = open.filter(({ answer, before }) => before !== answer.intent).map(({ answer }) => answer)
    if (fresh.length > 0) return { is: 'answered', answers: fresh, stale: changed }
    if (changed.length > 0) return { is: 'stale', answers: changed }
    return open.length > 0 ? { is: 'again', about: aboutOf(request) } : { is: 'late', about: aboutOf(request) }
  }
}

/** The number by which a text tells an event. */
function lineOf({ line }: AskedEvent, place: number): number {
  return line ?? place + 1
}
function hasLine({ events }: OpenRequest, line: number): boolean {
  return events.some((one, place) => lineOf(one, place) === line)
}
function lineIn({ events }: OpenRequest, about: About): number {
  const place = events.findIndex(({ event }) => event === about.event)
  return lineOf(events[place]!, place)
}

/** Whether some word may turn another around. */
function isNegated(words: readonly string[]): boolean {
  return words.some((word) => negations.has(word))
}

/** What a person will likely press. */
function suggested({ answers }: Reading): Intent | null {
  const wishes = new Set(answers.map(({ intent }) => intent))
  return wishes.size === 1 ? [...wishes][0]! : null
}
