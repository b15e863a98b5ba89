/**
 * What the provider knows better than this portal: texts that it took and of which a portal that was put back to an older
 * copy knows nothing, and what became of those that are under way for long, since a callback may be lost.
 */
import type { Clock } from '../../replica/clock.ts'
import { foldCommunications, type OutMessage } from '../../replica/kinds/communications.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { Claimed } from './claims.ts'
import type { ConsentKeys } from './consent-number.ts'
import { isFamilyTelling } from './family-wording.ts'
import type { HandingOver } from './handing-over.ts'
import type { ReceivedText, TakenText, TextProvider } from './provider.ts'
import { longestLead, type RuleKind } from './rule-words.ts'
import { toldTo, unsettled } from './situation.ts'
import { isTelling, type KnownTemplate } from './wording.ts'

const day = 86_400_000
const pollEvery = 900_000
const pollFrom = 3_600_000
const pollUntil = day

export function recalling(options: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  readonly handing: HandingOver
  readonly received: (texts: readonly ReceivedText[]) => Promise<void>
}) {
  const { replica, keys, clock, handing } = options
  /** What the provider sent that this portal does not know. Undefined: not asked yet. */
  let forgotten: TakenText[] | undefined
  let lastPoll = clock.now()

  const textOf = async (patient: string, id: string) => {
    const { out } = foldCommunications(await replica.entries('communications', patient))
    return out.find((one) => one.kind === 'text' && one.id === id) as (OutMessage & { kind: 'text' }) | undefined
  }
  return {
    isAsked: (): boolean => forgotten !== undefined,
    /** Asks what the provider has. Claims without an answer are among it, and what was told before a restore. */
    async learn(provider: TextProvider): Promise<void> {
      const found: TakenText[] = []
      for await (const { sent, received } of provider.since(clock.now() - (longestLead + 1) * day)) {
        await options.received(received)
        const known = new Set<string>()
        const numbers = new Set(sent.map((one) => one.to))
        for (const number of numbers)
          for (const row of await replica.index({ view: toldTo, state: keys.ofNumber(number) })) {
            const { sid } = row.body as unknown as OutMessage
            if (sid !== null) known.add(sid)
          }
        found.push(...sent.filter((one) => !known.has(one.sid)))
      }
      forgotten = found
    },
    /** The text by which a number was told this before a restore: of this event alone, or of several, each of which it tells. */
    toldBefore(number: string, what: RuleKind, startsAt: string, templates: readonly KnownTemplate[]): { readonly text: TakenText; readonly isAlone: boolean } | undefined {
      const isAlone = ({ body }: TakenText): boolean => isTelling(body, what, startsAt, templates)
      const text = forgotten?.find((one) => one.to === number && (isAlone(one) || isFamilyTelling(one.body, what, startsAt)))
      return text && { text, isAlone: isAlone(text) }
    },
    /** A text of one event is claimed for it: it tells no other that starts then. */
    forget(text: TakenText): void {
      forgotten = forgotten?.filter((one) => one !== text)
    },
    /** A claim without an answer was found at the provider. */
    async settle(text: Claimed, taken: TakenText): Promise<void> {
      await handing.say(text, { state: taken.state, sid: taken.sid, ...(taken.code ? { code: taken.code } : {}) })
      forgotten = forgotten?.filter((one) => one.sid !== taken.sid)
      handing.free.delete(text.message.id)
      handing.unanswered.delete(text.message.id)
    },
    nextPoll: (): number => lastPoll + pollEvery,
    /** What is under way for long, and what came in: a callback and a webhook may be lost. */
    async poll(provider: TextProvider, isStopped: () => boolean): Promise<void> {
      if (clock.now() - lastPoll < pollEvery) return
      lastPoll = clock.now()
      for await (const { received } of provider.since(clock.now() - pollFrom)) await options.received(received)
      const [from, before] = [clock.now() - pollUntil, clock.now() - pollFrom]
      for (const row of await replica.index({ view: unsettled, state: 'under way', from, before })) {
        const { id, sid, state } = row.body as unknown as OutMessage
        if (sid === null || isStopped()) continue
        const now = await provider.fetch(sid)
        const message = now.state === state ? undefined : await textOf(row.patient!, id)
        if (message) await handing.became({ patient: row.patient!, message, recipient: message.recipient }, now)
      }
      // It was valid for hours, and a day has passed: what is still only taken has come to nothing.
      for (const row of await replica.index({ view: unsettled, state: 'under way', from: from - 7 * day, before: from })) {
        const { id, state } = row.body as unknown as OutMessage
        const message = state === 'accepted' ? await textOf(row.patient!, id) : undefined
        if (message) await handing.say({ patient: row.patient!, message }, { state: 'failed', code: 'no end' })
      }
    },
  }
} // prettier-ignore
export type Recalling = ReturnType<typeof recalling>
