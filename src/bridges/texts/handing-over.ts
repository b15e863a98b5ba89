/**
 * Handing claimed texts to the provider: each call has an end that is known (taken, refused, not now) or none, and what has
 * none is looked up before anything else is done about it. After a failure nothing goes out for a while.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { communicationFacts, stateEdits, type Claimed, type StateSaid } from './claims.ts'
import { optedOut } from './consent.ts'
import { blockedCode, isNumberAtFault, ProviderFault, type TakenText, type TextProvider } from './provider.ts'

/** A claimed text as it is handed over. */
export interface HandedText extends Claimed {
  readonly to: string
  readonly recipient: string
  readonly body: string
  /** After this it is of no more use. */
  readonly until: number
}

const lookAgainAfter = 5_000
const longestPause = 300_000

export function handingOver(options: {
  readonly replica: Replica
  readonly clock: Clock
  readonly by: By
  readonly statusTo: (patient: string, message: string) => string | null
  readonly log: (line: string) => void
}) {
  const { replica, clock, by, log } = options
  /** Claims that surely were not taken, and since when others are without an answer. */
  const free = new Set<string>()
  const unanswered = new Map<string, number>()
  let pausedUntil = 0
  let failures = 0
  let problem: string | null = null

  const say = (text: Claimed, said: Omit<StateSaid, 'at' | 'by'>, more: readonly Edit[] = []): Promise<void> =>
    replica.change([...stateEdits(text, { at: clock.now(), by, ...said }), ...more])
  const pause = (fault: ProviderFault): void => {
    const wait = Math.min(longestPause, lookAgainAfter * 2 ** failures++)
    pausedUntil = clock.now() + wait
    problem = `Texts wait: ${fault.message} It is tried again in ${Math.round(wait / 1_000)} s.`
    log(problem)
  }
  const badNumber = async (patient: string, recipient: string): Promise<Edit> => ({
    collection: 'reviews',
    key: derivedUlid('number takes no texts', patient, recipient),
    facts: { ...(await communicationFacts(replica, patient, null)), reachable: false },
    add: {
      opened: {
        kind: 'opened',
        at: clock.now(),
        by,
        about: 'number takes no texts',
        why: 'The provider says that the patient’s cell phone number takes no texts: it is a landline, or nobody has it.',
        todo: 'Ask the patient for a number that takes texts, or set consent to text to no in InSched.',
        patient,
      },
    },
  })

  return {
    /** Says what the provider says of a text; a number that it blocks, or that takes no texts, is known by this too. */
    async became(text: Claimed & { readonly recipient: string }, { state, sid, code }: Pick<TakenText, 'sid' | 'state' | 'code'>): Promise<void> {
      // By the text: what is posted twice opts out once, and never what has opted in since.
      const proof = { text: '', message: sid }
      const more = [
        ...(code === blockedCode ? [optedOut(text.recipient, { by, how: 'provider', at: clock.now(), proof })] : []),
        ...(isNumberAtFault(code) ? [await badNumber(text.patient, text.recipient)] : []),
      ]
      await say(text, { state, sid, ...(code ? { code } : {}) }, more)
    }, // prettier-ignore
    free,
    unanswered,
    say,
    pause,
    pausedUntil: (): number => pausedUntil,
    problem: (): string | null => problem,
    /** What is wrong beside the provider. */
    trouble: (sentence: string): void => void (problem = sentence),
    /** Hands a claimed text over; resolves when its end is durable, or when it has none for now. */
    async send(provider: TextProvider, text: HandedText): Promise<void> {
      const { to, body, patient, recipient, message } = text
      const validSeconds = Math.max(10, Math.min(14_400, Math.floor((text.until - clock.now()) / 1_000)))
      // Until the call has an end nobody knows its outcome.
      free.delete(message.id)
      unanswered.set(message.id, clock.now())
      try {
        const taken = await provider.send({ to, body, statusTo: options.statusTo(patient, message.id), validSeconds })
        await say(text, { state: taken.state, sid: taken.sid })
        unanswered.delete(message.id)
        failures = 0
        problem = null
      } catch (error) {
        if (!(error instanceof ProviderFault)) throw error
        if (error.kind === 'for good') {
          unanswered.delete(message.id)
          return say(text, { state: 'failed', code: error.code }, [
            ...(error.code === blockedCode ? [optedOut(recipient, { by, how: 'provider', at: clock.now() })] : []),
            ...(isNumberAtFault(error.code) ? [await badNumber(patient, recipient)] : []),
          ])
        }
        if (error.kind === 'for now') {
          unanswered.delete(message.id)
          free.add(message.id)
        } else unanswered.set(message.id, clock.now())
        pause(error)
      }
    },
  }
}
export type HandingOver = ReturnType<typeof handingOver>
