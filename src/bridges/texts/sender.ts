/**
 * The sender of texts of one practice, at its portal. It keeps in memory when something is due for which event, made from
 * the documents at each start; what was told stands in `communications` and nowhere else. A text is claimed there before
 * the provider is asked, and settled by the answer; where no answer came it is looked up at the provider, and sent again
 * only if it is not there and still true. Nothing goes out before the portal may send outward.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldCommunications, type CommunicationEntry, type OutMessage } from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { DocumentHead, Follower, Replica } from '../../replica/replica-face.ts'
import { rounds } from '../rounds.ts'
import { agenda } from './agenda.ts'
import { isCopied } from './channels.ts'
import { claimOf, communicationFacts, stateEdits } from './claims.ts'
import { textOf } from './composing.ts'
import type { ConsentKeys } from './consent-number.ts'
import { isToldAnew } from './judging.ts'
import { handingOver } from './handing-over.ts'
import { ProviderFault, type ReceivedText, type TakenText, type TextProvider } from './provider.ts'
import { recalling } from './recalling.ts'
import { reachOf } from './reach.ts'
import { rulesOf, textSettingsKey, type Rule } from './rules.ts'
import { settling } from './settling.ts'
import { relative, situationsOf, type Told } from './situation.ts'
import { stepOf } from './telling.ts'
import { toldTogether, type Part } from './told-together.ts'

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
  /** The address that puts an event into a calendar; null: there is none. */
  readonly calendarTo?: ((event: string) => string | null) | undefined
  /** Resolves when the pages show all that is durable now. */
  readonly indexed: () => Promise<void>
  /** Takes texts that came in, those that are known already among them: a webhook may have been lost. */
  readonly received: (texts: readonly ReceivedText[]) => Promise<void>
  /** Tells by mail what goes by mail, or a copy of what went by text, once; undefined: there is no mail server. */
  readonly byMail?: ((rule: Rule, told: Told, isCopy: boolean) => Promise<void>) | undefined
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
  /** What the provider says that became of a message; resolves when it is durable. Of a message that is not known here nothing is said. */
  became(patient: string, message: string, taken: Pick<TakenText, 'sid' | 'state' | 'code'>): Promise<void>
  /** A message that was claimed a moment ago and not handed over yet. */
  handOver(patient: string, message: string): void
  /** A message that was claimed a moment ago, and that a portal that was put back may have sent before: it is looked up first. */
  claimed(message: string): void
  /** Why nothing goes out at present; null where it does. */
  problem(): string | null
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const lookAgainAfter = 5_000
/** What is told by email too follows a crash for so long: a setting that is turned on later tells nobody of what was told. */
const soonAfter = 600_000
const day = 86_400_000

export function textSender(options: TextSenderOptions): TextSender {
  const { replica, clock, log, pace = 200, patience = 30_000 } = options
  const situations = situationsOf({ ...options, hasMail: () => options.byMail !== undefined })
  const situationOf = async (event: string): Promise<Told | undefined> => {
    const told = await situations.of(event, clock.now())
    return told && { ...told, isAnyHour: options.isAnyHour?.() }
  }
  const by: By = { role: 'portal', id: replica.id }
  const due = agenda()
  /** Whether all events are to be looked at; until when they were looked for, and how far ahead that is to be. */
  let isAllNew = true
  let scanned = { until: 0, ahead: 0 }
  let stopped = false

  const handing = handingOver({ replica, clock, by, statusTo: options.statusTo, log })
  const recalled = recalling({ replica, keys: options.keys, clock, handing, received: options.received })
  /** Asked again before each text: the gate may have closed, or the provider failed. */
  const maySend = (): boolean => mayMail() && !isPaused()
  /** A mail needs no provider of texts, once that has said what it told before a restore. */
  const mayMail = (): boolean => !stopped && options.isOpen() && recalled.isAsked()
  const isPaused = (): boolean => clock.now() < handing.pausedUntil()
  const paced = async (): Promise<void> => {
    if (stopped || pace === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    cancelPace = { cancel: clock.after(pace, resolve), resolve }
    await promise
    cancelPace = undefined
  }
  let cancelPace: { cancel: () => void; resolve: () => void } | undefined
  const claims = settling({
    replica,
    keys: options.keys,
    isAnyHour: () => options.isAnyHour?.() === true,
    clock,
    by,
    situations,
    situationOf,
    handing,
    recalled,
    indexed: options.indexed,
    maySend,
    paced,
    patience,
    lookAgain: (event) => due.set(event, 0),
  })

  /** Tells what is due of an event; resolves with when to look at it again. */
  const tellOf = async (provider: TextProvider, event: string): Promise<number | undefined> => {
    const passed = new Set<string>()
    const notes: Record<string, CommunicationEntry> = {}
    await options.indexed()
    let told = await situationOf(event)
    const first = told
    const done = async (next: number | undefined): Promise<number | undefined> => {
      if (first && Object.keys(notes).length > 0)
        await replica.change([{ collection: 'communications', key: first.patient, facts: await communicationFacts(replica, first.patient, first.site), add: notes }]) // prettier-ignore
      return next
    }
    if (told) await mailWhatWasTold(told)
    while (told) {
      const step = stepOf(told, passed)
      if (step.is === 'rest') return done(step.next)
      const { rule } = step
      if (step.is === 'pass') {
        passed.add(rule.id)
        const { startsAt } = told.event
        if (step.isOver)
          notes[derivedUlid('not sent', event, startsAt, rule.what, rule.id)] = { kind: 'not sent', at: clock.now(), by, what: rule.what, event, startsAt, rule: rule.id, why: step.why, ...(step.also === undefined ? {} : { also: step.also }) } // prettier-ignore
        continue
      }
      if (step.by === 'text' ? !maySend() : !mayMail()) return done(Math.max(handing.pausedUntil(), clock.now() + 1))
      // A text of before a restore has told it, whatever is chosen by now.
      if (step.by === 'text' || textedBefore({ rule, of: told })) await tell(provider, { rule, of: told }, step.until)
      else await options.byMail?.(rule, told, false)
      await options.indexed()
      await paced()
      // Anew: what was told counts for what is told next.
      told = await situationOf(event)
    }
    return done(undefined)
  }

  /** Told by text a moment ago, and by no mail: after a crash between the two the mail follows. */
  const mailWhatWasTold = async (told: Told): Promise<void> => {
    const { settings, history, event, now } = told
    if (!settings.alsoByEmail || !isCopied(told.choice, told) || !maySend()) return
    for (const rule of rulesOf(settings, event)) {
      const isAbout = (one: OutMessage): boolean => one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what // prettier-ignore
      const text = history.out.find((one) => isAbout(one) && one.kind === 'text' && one.state !== 'dropped')
      if (text && now < text.at + soonAfter && !history.out.some((one) => one.kind === 'email' && isAbout(one)))
        await options.byMail?.(rule, told, true)
    }
  }
  /** The text by which a number was told this before a restore. */
  const textedBefore = ({ rule, of }: Part) => of.number === null ? undefined : recalled.toldBefore(of.number, rule.what, of.event.startsAt, of.settings.ownTemplates) // prettier-ignore
  const tell = async (provider: TextProvider, first: Part, until: number): Promise<void> => {
    const { number, recipient, site, knowsStop } = first.of
    if (number === null || recipient === null) return
    const near = await Promise.all((await situations.near(first.of)).map(situationOf))
    const taken = textedBefore(first)
    // What was told before a restore is told by that text and no other, and that text tells nothing else.
    const isSameText = (part: Part): boolean => part === first || (taken?.isAlone !== true && textedBefore(part)?.text === taken?.text) // prettier-ignore
    const parts = toldTogether(first, near.filter((one) => one !== undefined)).filter(isSameText) as [Part, ...Part[]] // prettier-ignore
    if (taken?.isAlone) recalled.forget(taken.text)
    const body = textOf(parts, !knowsStop, options.calendarTo ?? (() => null))
    const claim = claimOf(parts, { at: clock.now(), by, to: number, recipient, body, saysStop: !knowsStop })
    const edits = [...claim.entries].map(async ([patient, add]) => ({ collection: 'communications' as const, key: patient, facts: await communicationFacts(replica, patient, site), add })) // prettier-ignore
    const states = taken ? stateEdits(claim, { at: clock.now(), by, state: taken.text.state, sid: taken.text.sid }) : []
    await replica.change([...(await Promise.all(edits)), ...states])
    if (!taken) await handing.send(provider, { ...claim, to: number, recipient, body, until })
    for (const { rule, of } of parts)
      if (of.settings.alsoByEmail && isCopied(of.choice, of)) await options.byMail?.(rule, of, true)
  }

  /** The events that may come up, from the index: all after a start, and after rules or zones have changed; then what comes nearer. */
  const scan = async (isAll: boolean): Promise<void> => {
    await options.indexed()
    const now = clock.now()
    const sites = await replica.index({ view: 'practice' })
    const { back, ahead, tellsOfChanges } = reachOf(await Promise.all(sites.map(({ id }) => situations.settingsOf(id))))
    // What was booked or moved before a start is told of however far ahead it is.
    const before = isAll && tellsOfChanges ? {} : { before: now + ahead }
    for (const row of await replica.index({ view: 'event', from: isAll ? now - back : scanned.until, ...before }))
      due.set(row.id, 0)
    scanned = { until: now + ahead, ahead }
  }
  const scanWhereDue = async (): Promise<void> => {
    const isAll = isAllNew
    if (!isAll && scanned.until >= clock.now() + scanned.ahead - day) return
    // From here on: what is set meanwhile is looked at again.
    isAllNew = false
    try {
      await scan(isAll)
    } catch (error) {
      isAllNew ||= isAll
      throw error
    }
  }

  const pass = async (): Promise<number | null> => {
    const provider = options.provider()
    if (!provider) return null
    if (!options.isOpen()) return clock.now() + lookAgainAfter
    if (isPaused() && !recalled.isAsked()) return handing.pausedUntil()
    if (!recalled.isAsked()) {
      await options.indexed()
      await recalled.learn(provider)
    }
    await scanWhereDue()
    const claim = isPaused() ? handing.pausedUntil() : ((await claims.settleAll(provider)) ?? Infinity)
    if (!isPaused()) await recalled.poll(provider, () => stopped)
    while (mayMail()) {
      const event = due.takeDue(clock.now())
      if (event === undefined) break
      try {
        const next = await tellOf(provider, event)
        // What changed while it was looked at is looked at again.
        if (next !== undefined && !due.has(event)) due.set(event, next)
      } catch (error) {
        due.set(event, clock.now())
        throw error
      }
    }
    const asked = Math.max(handing.pausedUntil(), Math.min(claim, recalled.nextPoll()))
    return Math.min(asked, isAllNew ? clock.now() : scanned.until - scanned.ahead + day + 1, due.next() ?? Infinity)
  }

  const passes = rounds({
    clock,
    round: pass,
    failed(error) {
      if (error instanceof ProviderFault) {
        handing.pause(error)
        // Mails need not wait for it.
        if (recalled.isAsked()) return clock.now()
      } else {
        handing.trouble(`Texts wait: ${(error as Error).message}`)
        log(`Texts wait: ${(error as Error).name}`)
      }
      return Math.max(handing.pausedUntil(), clock.now() + lookAgainAfter)
    },
  })
  const ofPatient = async (patient: string): Promise<string[]> =>
    (await replica.index({ view: 'event', patient, from: clock.now() })).map((row) => row.id)
  /** The events of which something may be told by what a patient's document says: held or sent by hand, to be told anew; all, where somebody chose how the patient is reached. */
  const askedFor = async (patient: string): Promise<string[]> => {
    const { holds, sendNow, out, chosen } = foldCommunications(await replica.entries('communications', patient))
    const anew = out.flatMap((one) => (isToldAnew(one) && one.event !== undefined ? [one.event] : []))
    const people = chosen === null ? [] : [patient, ...(await replica.index({ view: relative, state: patient })).map((row) => row.patient!)] // prettier-ignore
    return [...holds.map((one) => one.event), ...sendNow.map((one) => one.event), ...anew, ...(await Promise.all(people.map(ofPatient))).flat()] // prettier-ignore
  }
  const seen = async ({ collection, key, facts }: DocumentHead): Promise<void> => {
    if (collection === 'events' || collection === 'confirmations') due.set(key, 0)
    else if (collection === 'communications') for (const event of await askedFor(key)) due.set(event, 0)
    else if (collection === 'practice') isAllNew = true
    else if (collection === 'preferences') {
      if (facts.site !== null && key === textSettingsKey(facts.site)) isAllNew = true
    } else for (const event of await ofPatient(key)) due.set(event, 0)
  }
  const follower: Follower = replica.follow({
    name: 'texts',
    collections: ['events', 'practice', 'preferences', 'confirmations', 'requests', 'patients', 'communications'],
    async handle(documents) {
      for (const head of documents) await seen(head)
      if (isAllNew || due.next() === 0) passes.wake()
      return []
    },
  })
  passes.wake()
  return {
    wake: passes.wake,
    async became(patient, id, taken) {
      const { out } = foldCommunications(await replica.entries('communications', patient))
      const message = out.find((one) => one.id === id)
      if (message?.kind === 'text') await handing.became({ patient, message, recipient: message.recipient }, taken)
    },
    handOver(_, message) {
      handing.free.add(message)
      passes.wake()
    },
    claimed(message) {
      // No call of it is on its way.
      handing.unanswered.set(message, -Infinity)
      passes.wake()
    },
    problem: handing.problem,
    async settled() {
      await follower.caughtUp()
      await passes.settled()
      // What was told is looked at by the follower too.
      await follower.caughtUp()
      await passes.settled()
    },
    async stop() {
      stopped = true
      cancelPace?.cancel()
      cancelPace?.resolve()
      await follower.stop()
      await passes.stop()
    },
  }
}
