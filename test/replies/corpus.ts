/** The corpus of labelled replies as it is read and judged: what each came to, and what is a fault of which weight. */
import { readFileSync } from 'node:fs'
import { evaluateReply } from '../../src/bridges/texts/replies/evaluate.ts'
import type { Outcome } from '../../src/bridges/texts/replies/reply.ts'
import { situations } from './situations.ts'

export interface Labelled {
  readonly situation: string
  readonly wanted: string
  readonly reply: string
}

/** The replies of a file, in its order. Throws where a line is not as the file's head says. */
export function corpusOf(file: string): Labelled[] {
  let situation = ''
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line): Labelled[] => {
      const section = /^\[(.+)\]$/.exec(line)?.[1]
      if (section !== undefined) situation = section
      if (section !== undefined && !(section in situations)) throw new Error(`There is no situation ${section}`)
      if (section !== undefined) return []
      const at = line.indexOf(' | ')
      if (at < 0) throw new Error(`This line of ${file} has no outcome: ${line}`)
      return [{ situation, wanted: line.slice(0, at), reply: line.slice(at + 3).replaceAll(String.raw`\n`, '\n') }]
    })
}

/** An outcome in the words of the corpus. */
export function labelOf(outcome: Outcome, situation: string): string {
  switch (outcome.is) {
    case 'opt out':
      return outcome.how
    case 'opt in':
      return 'start'
    case 'to a person':
      return 'person'
    case 'ignored':
      return 'ignore'
    case 'answered': {
      const [first] = outcome.answers
      const listed = situations[situation]!.requests.find(({ id }) => id === first!.request)!.events
      const isAll = outcome.answers.length === listed.length && outcome.answers.every(({ intent }) => intent === first!.intent) // prettier-ignore
      const line = (event: string): number => listed.findIndex((one) => one.event === event) + 1
      return isAll ? first!.intent : outcome.answers.map((one) => `${one.intent} ${line(one.event)}`).join(', ')
    }
    default:
      return outcome.is
  }
}

const optOuts: ReadonlySet<string> = new Set(['stop', 'cancel', 'wrong number'])
const isConfirm = (label: string): boolean => label.includes('confirm')

export type Judged = 'right' | 'wrong' | 'to a person' | 'wrong confirmation' | 'missed opt-out'

/** `to a person` is what could have been done by itself and is safe; the last two are never allowed. */
export function judge(wanted: string, got: string): Judged {
  if (wanted === got) return 'right'
  if (optOuts.has(wanted) && !optOuts.has(got)) return 'missed opt-out'
  if (isConfirm(got)) return 'wrong confirmation'
  return got === 'person' ? 'to a person' : 'wrong'
}

/** What a labelled reply comes to. */
export function outcomeOf({ situation, reply }: Pick<Labelled, 'situation' | 'reply'>): string {
  return labelOf(evaluateReply(reply, situations[situation]!), situation)
}
