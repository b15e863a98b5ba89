/**
 * The sender of texts of one practice, at its portal. It keeps in memory when something is due for which event, made from
 * the documents at each start; what was told stands in `communications` and nowhere else. A text is claimed there before
 * the provider is asked, and settled by the answer; where no answer came it is looked up at the provider, and sent again
 * only if it is not there and still true. Nothing goes out before the portal may send outward.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import {
  foldCommunications,
  type CommunicationEntry,
  type MessageState,
  type NotSentReason,
  type OutMessage,
} from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { DocumentHead, Edit, Follower, Replica } from '../../replica/replica-face.ts'
import { optedOut } from './consent.ts'
import type { ConsentKeys } from './consent-number.ts'
import { judge, tellingId, type Verdict } from './judging.ts'
import {
  blockedCode,
  isNumberAtFault,
  ProviderFault,
  type ReceivedText,
  type TakenText,
  type TextProvider,
} from './provider.ts'
import { longestLead } from './rule-words.ts'
import { rulesOf, textSettingsKey, type Rule } from './rules.ts'
import { situationsOf, unsettled, type Told } from './situation.ts'
import { isTelling, tellingText } from './wording.ts'

export interface TextSenderOptions {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  /** The practice's account; undefined: it has none. */
  readonly provider: () => TextProvider | undefined
  /** Whether the account is of a sandbox without a night. */
  readonly isAnyHour?: (() => boolean) | undefined
  /** Whether anything may go outward for the practice now. */
  readonly isOpen: () => boolean
  /** Where the provider says what becomes of a message; null: it cannot reach this portal. */
  readonly statusTo: (patient: string, message: string) => string | null
  /** Resolves when the pages show all that is durable now. */
  readonly indexed: () => Promise<void>
  /** Takes texts that came in, those that are known already among them: a webhook may have been lost. */
  readonly received: (texts: readonly ReceivedText[]) => Promise<void>
  /** Tells in another way what no text may tell, once; resolves with whether it could. */
  readonly otherwise?: ((rule: Rule, told: Told) => Promise<boolean>) | undefined
  /** Told of what failed; codes and ids only. */
  readonly log: (line: string) => void
  /** Between two texts, milliseconds: what waited for long goes out one after the other. */
  readonly pace?: number | undefined
  /** How long after a call without an answer a text that is not at the provider counts as not taken, milliseconds. */
  readonly patience?: number | undefined
}
export interface TextSender {
  /** Looks again: something came, or the portal may send now. */
  wake(): void
  /** A message that was claimed a moment ago and not handed over yet. */
  handOver(patient: string, message: string): void
  /** Why nothing goes out at present; null where it does. */
  problem(): string | null
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Why a patient gets no text: another way may be open. */
const noText: ReadonlySet<string> = new Set(['no number', 'opted out', 'consent unknown', 'no consent'])
const lookAgainAfter = 5_000
const longestPause = 300_000
/** An answer to a reply is of use for so long. */
const answerLasts = 3_600_000
const pollEvery = 900_000
const pollFrom = 3_600_000
const pollUntil = 24 * 3_600_000
/** The provider's clock and this one may differ by so much. */
const clocksDiffer = 300_000
const day = 86_400_000

export function textSender(options: TextSenderOptions): TextSender {
  const { replica, clock, log, pace = 200, patience = 30_000 } = options
  const situations = situationsOf(options)
  const situationOf = async (event: string): Promise<Told | undefined> => {
    const told = await situations.of(event, clock.now())
    return told && { ...told, isAnyHour: options.isAnyHour?.() }
  }
  const by: By = { role: 'portal', id: replica.id }
  const startedAt = clock.now()
  /** When to look at an event again. */
  const due = new Map<string, number>()
  const changed = new Set<string>()
  /** Claims that surely were not taken, and since when others are without an answer. */
  const free = new Set<string>()
  const unanswered = new Map<string, number>()
  /** What the provider sent that this portal does not know: it was put back to an older copy. Undefined: not asked yet. */
  let forgotten: TakenText[] | undefined
  let rescan = true
  let pausedUntil = 0
  let failures = 0
  let problem: string | null = null
  let lastPoll = clock.now()
  let stopped = false
  let again = false
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined

  const add = (patient: string, site: string | null, entries: Record<string, CommunicationEntry>, more: readonly Edit[] = []): Promise<void> =>
    factsOf(patient, site).then((facts) => replica.change([{ collection: 'communications', key: patient, facts, add: entries }, ...more])) // prettier-ignore
  const factsOf = async (patient: string, site: string | null) => {
    const facts = (await replica.head('patients', patient))?.facts
    return { patient, site: facts?.site ?? site, shown: false, reachable: facts?.reachable ?? true, startsAt: null }
  }
  const stateOf = (message: string, state: MessageState, more: { sid?: string; code?: string } = {}): Record<string, CommunicationEntry> => ({
    [`state:${message}:${state}`]: { kind: 'state', at: clock.now(), by, message, state, ...more },
  }) // prettier-ignore

  // What the provider has and we do not know. Claims without an answer are among it, and what was told before a restore.
  const learn = async (provider: TextProvider): Promise<void> => {
    const found: TakenText[] = []
    for await (const { sent, received } of provider.since(clock.now() - (longestLead + 1) * day)) {
      await options.received(received)
      const known = new Set<string>()
      const numbers = new Set(sent.map((one) => one.to))
      for (const number of numbers)
        for (const row of await replica.index({ view: 'told to', state: options.keys.ofNumber(number) })) {
          const { sid } = row.body as unknown as OutMessage
          if (sid !== null) known.add(sid)
        }
      found.push(...sent.filter((one) => !known.has(one.sid)))
    }
    forgotten = found
  }
  const settle = async (message: OutMessage, patient: string, taken: TakenText): Promise<void> => {
    await add(patient, null, stateOf(message.id, taken.state, { sid: taken.sid, ...(taken.code ? { code: taken.code } : {}) })) // prettier-ignore
    forgotten = forgotten?.filter((one) => one.sid !== taken.sid)
    free.delete(message.id)
    unanswered.delete(message.id)
  }

  /** Hands a claimed text over. */
  const handOver = async (provider: TextProvider, message: { id: string; to: string; body: string; patient: string; recipient: string; until: number }): Promise<void> => {
    const { id, to, body, patient, recipient } = message
    const validSeconds = Math.max(10, Math.min(14_400, Math.floor((message.until - clock.now()) / 1_000)))
    // Until the call has an end nobody knows its outcome.
    free.delete(id)
    unanswered.set(id, clock.now())
    try {
      const taken = await provider.send({ to, body, statusTo: options.statusTo(patient, id), validSeconds })
      await add(patient, null, stateOf(id, taken.state, { sid: taken.sid }))
      unanswered.delete(id)
      failures = 0
      problem = null
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error
      if (error.kind === 'for good') {
        unanswered.delete(id)
        const more = [
          ...(error.code === blockedCode ? [optedOut(recipient, { by, how: 'provider', at: clock.now() })] : []),
          ...(isNumberAtFault(error.code) ? [await badNumber(patient, recipient)] : []),
        ]
        return add(patient, null, stateOf(id, 'failed', { code: error.code }), more)
      }
      if (error.kind === 'for now') {
        unanswered.delete(id)
        free.add(id)
      } else unanswered.set(id, clock.now())
      pause(error)
    }
  } // prettier-ignore
  const pause = (error: ProviderFault): void => {
    const wait = Math.min(longestPause, lookAgainAfter * 2 ** failures++)
    pausedUntil = clock.now() + wait
    problem = `Texts wait: ${error.message} It is tried again in ${Math.round(wait / 1_000)} s.`
    log(problem)
  }
  const badNumber = async (patient: string, recipient: string): Promise<Edit> => ({
    collection: 'reviews',
    key: derivedUlid('number takes no texts', patient, recipient),
    facts: { ...(await factsOf(patient, null)), reachable: false },
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

  /** Claims and messages under way: looks up what has no answer, sends again what is not there and still true. */
  const settleClaims = async (provider: TextProvider): Promise<number | undefined> => {
    let next: number | undefined
    const later = (at: number): void => void (next = Math.min(next ?? at, at))
    await options.indexed()
    for (const row of await replica.index({ view: unsettled, state: 'queued' })) {
      if (!maySend()) return next
      const patient = row.patient!
      const { out } = foldCommunications(await replica.entries('communications', patient))
      const message = out.find((one) => one.id === row.id)
      if (!message || message.kind !== 'text' || message.state !== 'queued') continue
      if (!free.has(message.id)) {
        const known = new Set(out.flatMap((one) => (one.sid === null ? [] : [one.sid])))
        const taken = (await provider.sentTo(message.to)).find(
          (one) => one.body === message.body && !known.has(one.sid) && one.at >= message.at - clocksDiffer,
        )
        if (taken) {
          await settle(message, patient, taken)
          continue
        }
        // The call of a process that died may still be on its way.
        const surely = (unanswered.get(message.id) ?? startedAt) + patience
        if (clock.now() < surely) {
          later(surely)
          continue
        }
      }
      const how = await stillTrue(message, patient)
      if (how.is === 'wait') later(how.until)
      else if (how.is === 'not') {
        await add(patient, null, stateOf(message.id, 'dropped', { code: how.why }))
        free.delete(message.id)
      } else {
        await handOver(provider, { ...message, patient, until: how.until })
        await paced()
      }
    }
    return next
  }
  /** Whether a claimed text may still go out: judged as if it had not been claimed. */
  const stillTrue = async (message: OutMessage, patient: string): Promise<{ is: 'send'; until: number } | { is: 'wait'; until: number } | { is: 'not'; why: NotSentReason }> => {
    if (message.rule === undefined || message.event === undefined) {
      if (clock.now() > message.at + answerLasts) return { is: 'not', why: 'too late' }
      const isOut = message.what !== 'opt-out confirmation' && (await situations.consents.of(message.recipient)).state === 'out'
      return isOut ? { is: 'not', why: 'opted out' } : { is: 'send', until: message.at + answerLasts }
    }
    const told = await situationOf(message.event)
    const rule = told && rulesOf(told.settings, told.event).find((one) => one.id === message.rule && one.what === message.what)
    if (!told || !rule) return { is: 'not', why: told ? 'rule is off' : 'not held here' }
    if (told.event.startsAt !== message.startsAt) return { is: 'not', why: 'moved' }
    if (told.patient !== patient || told.recipient !== message.recipient) return { is: 'not', why: 'another patient' }
    const at = told.toNumber.indexOf(message.at)
    const verdict = judge(rule, {
      ...told,
      history: { ...told.history, out: told.history.out.filter((one) => one.id !== message.id) },
      toNumber: told.toNumber.filter((_, place) => place !== at),
    })
    if (verdict.is === 'told') return { is: 'not', why: 'too late' }
    return verdict
  } // prettier-ignore
  /** What is under way for long, and what came in: a callback and a webhook may be lost. */
  const poll = async (provider: TextProvider): Promise<void> => {
    if (clock.now() - lastPoll < pollEvery) return
    lastPoll = clock.now()
    for await (const { received } of provider.since(clock.now() - pollFrom)) await options.received(received)
    const [from, before] = [clock.now() - pollUntil, clock.now() - pollFrom]
    for (const row of await replica.index({ view: unsettled, state: 'under way', from, before })) {
      const { id, sid, state } = row.body as unknown as OutMessage
      if (sid === null || stopped) continue
      const now = await provider.fetch(sid)
      if (now.state !== state) await add(row.patient!, null, stateOf(id, now.state, now.code ? { code: now.code } : {}))
    }
  }

  /** Tells what is due of an event; resolves with when to look at it again. */
  const tellOf = async (provider: TextProvider, event: string): Promise<number | undefined> => {
    let next: number | undefined
    await options.indexed()
    const first = await situationOf(event)
    if (!first) return undefined
    const rules = rulesOf(first.settings, first.event).toSorted((a, b) => (a.what < b.what ? -1 : 1))
    const passed: Record<string, CommunicationEntry> = {}
    for (const rule of rules) {
      // Each time anew: what the rule before has told counts.
      const told = await situationOf(event)
      if (!told) return undefined
      const verdict: Verdict = judge(rule, told)
      if (verdict.is === 'wait') next = Math.min(next ?? verdict.until, verdict.until)
      else if (verdict.is === 'not' && verdict.isOver && isNoted(told, rule)) continue
      else if (
        verdict.is === 'not' &&
        noText.has(verdict.why) &&
        maySend() &&
        (await options.otherwise?.(rule, told)) === true
      )
        continue // prettier-ignore
      else if (verdict.is === 'not' && verdict.isOver)
        passed[derivedUlid('not sent', event, told.event.startsAt, rule.what, rule.id)] = { kind: 'not sent', at: clock.now(), by, what: rule.what, event, startsAt: told.event.startsAt, rule: rule.id, why: verdict.why } // prettier-ignore
      else if (verdict.is === 'send') {
        if (!maySend()) next = Math.min(next ?? Infinity, Math.max(pausedUntil, clock.now() + 1))
        else {
          await tell(provider, rule, told, verdict.until)
          await options.indexed()
          await paced()
        }
      }
    }
    if (Object.keys(passed).length > 0) await add(first.patient, first.site, passed)
    return next
  }
  const isNoted = ({ history, event }: Told, rule: Rule): boolean =>
    history.notSent.some((one) => one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what) ||
    history.out.some((one) => one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what) // prettier-ignore

  const tell = async (provider: TextProvider, rule: Rule, told: Told, until: number): Promise<void> => {
    const { event, patient, site, number, recipient, firstName, locationName, sender } = told
    if (number === null || recipient === null) return
    const id = tellingId(rule, told, recipient)
    const saysStop = !told.knowsStop
    const body = tellingText(told.settings.templateOf(rule, told.language), { ...sender, firstName, location: locationName, startsAt: event.startsAt }, told.language, saysStop) // prettier-ignore
    const entry: CommunicationEntry = { kind: 'text', at: clock.now(), by, what: rule.what, to: number, recipient, body, event: event.key, startsAt: event.startsAt, rule: rule.id, ...(saysStop ? { saysStop } : {}) } // prettier-ignore
    const taken = forgotten?.find(
      (one) => one.to === number && isTelling(one.body, rule.what, event.startsAt, told.settings.ownTemplates),
    )
    await add(patient, site, { [id]: entry, ...(taken ? stateOf(id, taken.state, { sid: taken.sid }) : {}) })
    if (taken) forgotten = forgotten!.filter((one) => one !== taken)
    else await handOver(provider, { id, to: number, body, patient, recipient, until })
  }
  const paced = async (): Promise<void> => {
    if (stopped || pace === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    cancelPace = { cancel: clock.after(pace, resolve), resolve }
    await promise
    cancelPace = undefined
  }
  let cancelPace: { cancel: () => void; resolve: () => void } | undefined

  /** The events that may come up, from the index: after a start, and after rules or zones have changed. */
  const scan = async (): Promise<void> => {
    await options.indexed()
    const now = clock.now()
    for (const row of await replica.index({
      view: 'event',
      from: now - (longestLead + 4) * day,
      before: now + (longestLead + 2) * day,
    }))
      changed.add(row.id)
    // An event may move into view while time passes.
    scanned = now
  }
  let scanned = 0

  const pass = async (): Promise<number> => {
    const soon = clock.now() + lookAgainAfter
    const provider = options.provider()
    if (!provider) return Infinity
    if (!options.isOpen()) return soon
    if (clock.now() < pausedUntil) return pausedUntil
    if (clock.now() - scanned > day) rescan = true
    if (forgotten === undefined) {
      await options.indexed()
      await learn(provider)
    }
    if (rescan) {
      rescan = false
      await scan()
    }
    const claims = (await settleClaims(provider)) ?? Infinity
    await poll(provider)
    for (const event of changed) due.set(event, 0)
    changed.clear()
    const ready = [...due].filter(([, at]) => at <= clock.now()).toSorted((a, b) => a[1] - b[1])
    for (const [event] of ready) {
      if (!maySend()) break
      const next = await tellOf(provider, event)
      if (next === undefined) due.delete(event)
      else due.set(event, next)
    }
    const earliest = Math.min(claims, scanned + day + 1, lastPoll + pollEvery, ...(changed.size > 0 ? [0] : []))
    return Math.max(
      [...due.values()].reduce((least, at) => Math.min(least, at), earliest),
      pausedUntil,
    )
  }

  /** Asked again before each text: the gate may have closed, or the provider failed. */
  const maySend = (): boolean => !stopped && options.isOpen() && clock.now() >= pausedUntil

  const run = (): void => {
    cancel?.()
    cancel = undefined
    if (running || stopped) return void (again = true)
    again = false
    running = pass()
      .catch((error: unknown) => {
        if (error instanceof ProviderFault) pause(error)
        else {
          problem = `Texts wait: ${(error as Error).message}`
          log(`Texts wait: ${(error as Error).name}`)
        }
        return Math.max(pausedUntil, clock.now() + lookAgainAfter)
      })
      .then((next) => {
        running = undefined
        if (stopped) return
        if (again) run()
        else if (next !== Infinity) cancel = clock.after(Math.min(Math.max(next - clock.now(), 1), 2_147_483_647), run)
      })
  }
  const seen = ({ collection, key, facts }: DocumentHead): void => {
    if (collection === 'events') changed.add(key)
    else if (collection === 'practice') rescan = true
    else if (collection === 'preferences' && facts.site !== null && key === textSettingsKey(facts.site)) rescan = true
  }
  const follower: Follower = replica.follow({
    name: 'texts',
    collections: ['events', 'practice', 'preferences'],
    async handle(documents) {
      for (const head of documents) seen(head)
      run()
      return []
    },
  })
  run()
  return {
    wake: run,
    handOver(_, message) {
      free.add(message)
      run()
    },
    problem: () => problem,
    async settled() {
      await follower.caughtUp()
      while (running) await running
    },
    async stop() {
      stopped = true
      cancel?.()
      cancelPace?.cancel()
      cancelPace?.resolve()
      await follower.stop()
      await running
    },
  }
}
