/**
 * Claims whose text nobody is known to have taken: looked up at the provider by number, time and words; sent again only if
 * it is not there and every event that it tells is still as it tells it, else let go. Of a text of several events of which
 * one has changed, the others are told anew.
 */
import type { Clock } from '../../replica/clock.ts'
import { foldCommunications, type NotSentReason, type OutMessage } from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { stateEdits } from './claims.ts'
import type { ConsentKeys } from './consent-number.ts'
import type { HandingOver } from './handing-over.ts'
import { judge } from './judging.ts'
import type { TakenText, TextProvider } from './provider.ts'
import type { Recalling } from './recalling.ts'
import { rulesOf } from './rules.ts'
import { unsettled, type Situations, type Told } from './situation.ts'
import { judgeWelcome } from './welcome.ts'
import { welcomeOf } from './welcoming.ts'
import { isWelcome } from './wording.ts'

type Text = OutMessage & { readonly kind: 'text' }
type Standing =
  { readonly is: 'send' | 'wait'; readonly until: number } | { readonly is: 'not'; readonly why: NotSentReason }

/** An answer to a reply is of use for so long. */
const answerLasts = 3_600_000
/** The provider's clock and this one may differ by so much. */
const clocksDiffer = 300_000

export function settling(options: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  readonly isAnyHour: () => boolean
  readonly by: By
  readonly situations: Situations
  readonly situationOf: (event: string) => Promise<Told | undefined>
  readonly handing: HandingOver
  readonly recalled: Recalling
  readonly indexed: () => Promise<void>
  readonly maySend: () => boolean
  readonly paced: () => Promise<void>
  readonly patience: number
  /** An event is to be told anew. */
  readonly lookAgain: (event: string) => void
}) {
  const { replica, clock, by, handing, recalled, patience } = options
  const startedAt = clock.now()

  /** Whether what a claim tells of one event may still go out: judged as if it had not been claimed. */
  const eventStands = async (claim: Text, patient: string): Promise<Standing> => {
    const told = await options.situationOf(claim.event!)
    const rule = told && rulesOf(told.settings, told.event).find((one) => one.id === claim.rule && one.what === claim.what)
    if (!told || !rule) return { is: 'not', why: told ? 'rule is off' : 'not held here' }
    if (told.event.startsAt !== claim.startsAt) return { is: 'not', why: 'moved' }
    if (told.patient !== patient || told.recipient !== claim.recipient) return { is: 'not', why: 'another patient' }
    const at = told.toNumber.indexOf(claim.at)
    const ofText = (one: OutMessage): boolean => one.id === claim.id || one.id === claim.with || (one.kind === 'text' && one.with === (claim.with ?? claim.id))
    const verdict = judge(rule, {
      ...told,
      history: { ...told.history, out: told.history.out.filter((one) => !ofText(one)) },
      toNumber: told.toNumber.filter((_, place) => place !== at),
    })
    if (verdict.is === 'told') return { is: 'not', why: 'too late' }
    // The patient is reached by mail by now: told there, as if it had not been claimed.
    if (verdict.is === 'send' && verdict.by === 'email') return { is: 'not', why: 'told anew' }
    // What was told with an event that comes earlier was told before its own moment.
    if (verdict.is === 'wait' && verdict.why === 'due' && claim.with !== undefined) return { is: 'send', until: verdict.until }
    return verdict
  } // prettier-ignore
  const answerStands = async (message: Text): Promise<Standing> => {
    if (clock.now() > message.at + answerLasts) return { is: 'not', why: 'too late' }
    const isOut = message.what !== 'opt-out confirmation' && (await options.situations.consents.of(message.recipient)).state === 'out' // prettier-ignore
    return isOut ? { is: 'not', why: 'opted out' } : { is: 'send', until: message.at + answerLasts }
  }
  const welcomeStands = async (message: Text, patient: string): Promise<Standing> => {
    const { keys, situations, isAnyHour } = options
    const found = await welcomeOf({ replica, situations, keys, isAnyHour: isAnyHour(), now: clock.now() }, message.recipient, patient) // prettier-ignore
    return found ? judgeWelcome(found) : { is: 'not', why: 'not held here' }
  }
  /** A text at the provider that is this claim's. A number is welcomed once, so whatever welcomed it before a restore is its. */
  const isOf = (message: Text, taken: TakenText): boolean =>
    message.what === 'welcome'
      ? isWelcome(taken.body)
      : taken.body === message.body && taken.at >= message.at - clocksDiffer
  /** Every claim of a text with what it comes to. */
  const standingsOf = async (message: Text, patient: string): Promise<Map<string, Standing>> => {
    if (message.what === 'welcome') return new Map([[message.id, await welcomeStands(message, patient)]])
    if (message.rule === undefined || message.event === undefined)
      return new Map([[message.id, await answerStands(message)]])
    const standings = new Map([[message.id, await eventStands(message, patient)]])
    for (const { patient: other, entry } of message.lists ?? []) {
      if (entry === undefined || entry === message.id) continue
      const { out } = foldCommunications(await replica.entries('communications', other))
      const claim = out.find((one) => one.id === entry)
      standings.set(entry, claim?.kind === 'text' ? await eventStands(claim, other) : { is: 'not', why: 'not held here' }) // prettier-ignore
    }
    return standings
  }
  /** Lets a text go: of each event for the reason that it has itself, or so that it is told anew. */
  const letGo = async (message: Text, patient: string, standings: ReadonlyMap<string, Standing>): Promise<void> => {
    const codes = Object.fromEntries([...standings].map(([entry, how]) => [entry, how.is === 'not' ? how.why : 'told anew'])) // prettier-ignore
    await replica.change(stateEdits({ patient, message }, { at: clock.now(), by, state: 'dropped' }, codes))
    handing.free.delete(message.id)
    handing.unanswered.delete(message.id)
    for (const { event } of message.lists ?? []) options.lookAgain(event)
  }
  /** When it is sure that a text is not taken: a call of a process that died may still be on its way. */
  const surelyNotTaken = (message: Text): number =>
    (handing.unanswered.get(message.id) ?? Math.max(startedAt, message.at)) + patience

  return {
    /** Resolves with when to look again; undefined: nothing waits. */
    async settleAll(provider: TextProvider): Promise<number | undefined> {
      let next: number | undefined
      const later = (at: number): void => void (next = Math.min(next ?? at, at))
      await options.indexed()
      for (const row of await replica.index({ view: unsettled, state: 'queued' })) {
        if (!options.maySend()) return next
        const patient = row.patient!
        const { out } = foldCommunications(await replica.entries('communications', patient))
        const message = out.find((one) => one.id === row.id)
        if (!message || message.kind !== 'text' || message.state !== 'queued') continue
        if (!handing.free.has(message.id)) {
          const known = new Set(out.flatMap((one) => (one.sid === null ? [] : [one.sid])))
          const taken = (await provider.sentTo(message.to)).find((one) => isOf(message, one) && !known.has(one.sid))
          if (taken) {
            await recalled.settle({ patient, message }, taken)
            continue
          }
          const surely = surelyNotTaken(message)
          if (clock.now() < surely) {
            later(surely)
            continue
          }
        }
        const standings = await standingsOf(message, patient)
        const all = [...standings.values()]
        const until = Math.min(...all.flatMap((how) => (how.is === 'not' ? [] : [how.until])))
        if (all.some((how) => how.is === 'not')) await letGo(message, patient, standings)
        else if (all.some((how) => how.is === 'wait')) later(until)
        else {
          await handing.send(provider, { patient, message, to: message.to, recipient: message.recipient, body: message.body, until }) // prettier-ignore
          await options.paced()
        }
      }
      return next
    },
  }
}
