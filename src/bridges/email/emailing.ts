/**
 * Mails of one practice to its patients, at its portal: what is due to each (`due-mails.ts`), and what a rule tells of an
 * event by mail. A mail is claimed in `communications` before the server is asked. A server of mail cannot be
 * asked what it took: a mail without an answer is not repeated, and the log says so. One that surely was not taken goes out
 * later, if a rule would still tell it. What comes back later is noted.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { communicationView, foldCommunications, type CommunicationEntry, type MessageState, type OutMessage } from '../../replica/kinds/communications.ts' // prettier-ignore
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Follower, Replica } from '../../replica/replica-face.ts'
import type { ConsentKeys } from '../texts/consent-number.ts'
import { mailOf } from '../texts/composing.ts'
import { judge, tellingId } from '../texts/judging.ts'
import { rulesOf, type Rule } from '../texts/rules.ts'
import { rounds } from '../rounds.ts'
import { isCopied } from '../texts/channels.ts'
import { situationsOf, type Told } from '../texts/situation.ts'
import { textLanguage } from '../texts/wording.ts'
import { bounceMark, markedMessage, type DeliveryReport } from './bounces.ts'
import { dueMails, isNewFor, type Addressee, type Letter, type LetterFor } from './due-mails.ts'
import { linkPath } from './links.ts'
import { isAddressAtFault, whyNoEmail } from './mailable.ts'
import { isNotTaken, type Mailer } from './mailer.ts'
import { withLinks } from './wording.ts'

export interface EmailingOptions {
  readonly replica: Replica
  readonly practice: string
  readonly keys: ConsentKeys
  readonly hmacKey: Uint8Array
  readonly clock: Clock
  readonly mailer: Mailer
  readonly isOpen: () => boolean
  /** Whether payments are taken: without that nobody is asked for one. */
  readonly takesCards: () => boolean
  readonly indexed: () => Promise<void>
  /** The origin that people see. */
  readonly origin: string
  readonly log: (line: string) => void
}
export interface Emailing {
  /** Tells of an event by mail, once, or sends a copy of what a text told; the patient may be mailed. */
  tell(rule: Rule, told: Told, isCopy: boolean): Promise<void>
  /** Notes what became of a mail that came back, where it is one of this practice; resolves when that is durable. */
  cameBack(mark: string, report: DeliveryReport): Promise<void>
  wake(): void
  settled(): Promise<void>
  stop(): Promise<void>
}

const lookedAt = 5 * 86_400_000
const lookAgain = 30_000
const longestWait = 3_600_000

/** What becomes of a mail that surely was not taken: it goes out, later, or it is let go and the code says why. */
type Standing = 'send' | 'wait' | { readonly code: string }

export function emailing(options: EmailingOptions): Emailing {
  const { replica, practice, keys, hmacKey, clock, mailer, origin, log } = options
  const situations = situationsOf(options)
  const by: By = { role: 'portal', id: replica.id }
  /** When to look at a patient's messages again. */
  const due = new Map<string, number>()
  /** Mails that were claimed and that no server has taken yet. */
  const unsent = new Map<string, () => Promise<void>>()
  let pausedUntil = 0
  let isFirst = true
  let stopped = false

  const factsOf = async (patient: string) => {
    const facts = (await replica.head('patients', patient))?.facts
    return { patient, site: facts?.site ?? null, shown: false, reachable: facts?.reachable ?? true, startsAt: null }
  }
  const add = async (patient: string, entries: Record<string, CommunicationEntry>): Promise<void> =>
    replica.change([{ collection: 'communications', key: patient, facts: await factsOf(patient), add: entries }])
  const stateOf = (message: string, state: MessageState, code?: string): Record<string, CommunicationEntry> => ({
    [`state:${message}:${state}`]: { kind: 'state', at: clock.now(), by, message, state, ...(code ? { code } : {}) },
  })
  /** Who may be mailed, at which address; undefined where nobody may. */
  const addresseeOf = async (patient: string): Promise<Addressee | undefined> => {
    const site = (await replica.head('patients', patient))?.facts.site
    const fields = (await replica.record('patients', patient))?.fields as Partial<PatientFields> | undefined
    if (!site || !fields?.email || fields.deleted === true || (fields.survivor ?? null) !== null) return undefined
    const { choice } = foldCommunications(await replica.entries('communications', patient))
    const recipient = keys.ofAddress(fields.email)
    const { state } = await situations.consents.of(recipient)
    if (choice.noEmail || whyNoEmail({ person: fields, state, isBounced: false }) !== null) return undefined
    return { address: fields.email, recipient, site, language: textLanguage(fields.language), portal: fields.portalEnabled === true, isTold: !choice.noneByItself }
  } // prettier-ignore
  const badAddress = (patient: string, facts: Awaited<ReturnType<typeof factsOf>>): Edit => ({
    collection: 'reviews',
    key: derivedUlid('address takes no mail', patient),
    facts: { ...facts, reachable: false },
    add: {
      opened: {
        kind: 'opened',
        at: clock.now(),
        by,
        about: 'address takes no mail',
        why: 'A mail to the patient came back: the address does not exist, or takes no mail.',
        todo: 'Ask the patient for an address that works, or set consent to email to no in InSched.',
        patient,
      },
    },
  })

  const mail = async (patient: string, id: string, to: Pick<Addressee, 'address' | 'recipient' | 'language'>, { words, from, links }: Letter, entry: LetterFor, stands: () => Promise<Standing> = async () => 'send'): Promise<void> => {
    await add(patient, { [id]: { kind: 'email', at: clock.now(), by, recipient: to.recipient, subject: words.subject, body: words.text, ...entry } })
    const stop = `${origin}${linkPath(hmacKey, 'stop', { practice, patient, message: id })}`
    const until = clock.now() + isNewFor
    const letter = { to: to.address, from, subject: words.subject, text: withLinks(words.text, { ...links, stop }, to.language), until, stop, mark: bounceMark(hmacKey, id) }
    const handOver = async (): Promise<void> => {
      const outcome = await mailer.deliver(letter)
      if (outcome !== null && isNotTaken(outcome) && clock.now() < until) {
        unsent.set(id, again)
        pausedUntil = clock.now() + lookAgain
        return log(`Mails to patients wait: the server says ${outcome}.`)
      }
      unsent.delete(id)
      await add(patient, outcome === null ? stateOf(id, 'sent') : stateOf(id, 'failed', outcome))
      if (outcome !== null) log(`A mail to a patient could not be sent: ${outcome}.`)
    }
    const again = async (): Promise<void> => {
      const standing = await stands()
      if (standing === 'wait') return
      if (standing === 'send') return handOver()
      unsent.delete(id)
      await add(patient, stateOf(id, 'dropped', standing.code))
    }
    await handOver()
  } // prettier-ignore
  /** Whether what a rule tells by mail is still to go out: judged as if it had not been claimed. */
  const standingOf = async (rule: Rule, told: Told, isCopy: boolean): Promise<Standing> => {
    const now = await situations.of(told.event.key, clock.now())
    if (!now) return { code: 'not held here' }
    if (now.event.startsAt !== told.event.startsAt) return { code: 'moved' }
    if (now.patient !== told.patient) return { code: 'another patient' }
    const same = rulesOf(now.settings, now.event).find((one) => one.id === rule.id && one.what === rule.what)
    if (!same) return { code: 'rule is off' }
    const isAbout = (one: OutMessage): boolean => one.event === told.event.key && one.startsAt === told.event.startsAt && one.rule === rule.id && one.what === rule.what // prettier-ignore
    const verdict = judge(same, { ...now, isAnyHour: told.isAnyHour, history: { ...now.history, out: now.history.out.filter((one) => !isAbout(one)) } }) // prettier-ignore
    if (verdict.is === 'not') return { code: verdict.why }
    const isOfThis = now.mailTo?.recipient === told.mailTo?.recipient
    if (isCopy) return isOfThis && isCopied(now.choice, now) ? 'send' : { code: 'another patient' }
    if (verdict.is !== 'send') return 'wait'
    // By text, or to another address: told there.
    return verdict.by === 'email' && isOfThis ? 'send' : { code: 'told anew' }
  }

  const tellOf = dueMails({ ...options, situations, addresseeOf, mail, add, stateOf })

  const pass = async (): Promise<number> => {
    if (!options.isOpen()) return clock.now() + lookAgain
    await options.indexed()
    if (isFirst) {
      isFirst = false
      // Claimed by a process that died: whether the server has it nobody can say.
      for (const row of await replica.index({ view: 'unsettled', state: 'email' }))
        await add(row.patient!, stateOf(row.id, 'failed', 'no answer'))
      for (const row of await replica.index({ view: 'message', state: 'out', from: clock.now() - lookedAt }))
        if ((row.body as { openedAt: number | null }).openedAt === null) due.set(row.patient!, 0)
    }
    if (clock.now() < pausedUntil) return pausedUntil
    for (const again of unsent.values()) if (clock.now() >= pausedUntil) await again()
    for (const [patient, at] of due) {
      if (at > clock.now()) continue
      if (stopped || !options.isOpen() || clock.now() < pausedUntil) break
      const next = await tellOf(patient)
      if (next === undefined) due.delete(patient)
      else due.set(patient, next)
    }
    return Math.max(pausedUntil, Math.min(clock.now() + (unsent.size > 0 ? lookAgain : longestWait), ...due.values()))
  }
  const passes = rounds({
    clock,
    round: pass,
    failed(error) {
      log(`Mails to patients wait: ${(error as Error).name}`)
      return clock.now() + lookAgain
    },
  })
  const follower: Follower = replica.follow({
    name: 'emails',
    collections: ['messages', 'payments', 'access'],
    async handle(documents) {
      for (const { key } of documents) due.set(key, 0)
      passes.wake()
      return []
    },
  })
  passes.wake()
  return {
    async tell(rule, told, isCopy) {
      const { event, mailTo, patient, sender } = told
      if (mailTo === null) return
      const id = isCopy ? derivedUlid('copy by email', tellingId(rule, told)) : tellingId(rule, told)
      const confirm = rule.what === 'confirmation request' ? { confirm: `${origin}${linkPath(hmacKey, 'confirm', { practice, patient, message: id })}` } : {} // prettier-ignore
      await mail(
        patient,
        id,
        { ...mailTo, language: told.language },
        { words: mailOf({ rule, of: told }), from: sender.practice, links: confirm },
        { what: rule.what, event: event.key, startsAt: event.startsAt, rule: rule.id },
        () => standingOf(rule, told, isCopy),
      )
    },
    async cameBack(mark, { action, status }) {
      const message = markedMessage(hmacKey, mark)
      if (message === undefined) return
      await options.indexed()
      const patient = (await replica.indexed(communicationView, message))?.patient
      if (!patient) return
      const entries = action === 'failed' ? stateOf(message, 'undelivered', status) : action === 'delivered' ? stateOf(message, 'delivered') : undefined // prettier-ignore
      if (!entries) return
      const facts = await factsOf(patient)
      await replica.change([
        { collection: 'communications', key: patient, facts, add: entries },
        ...(action === 'failed' && isAddressAtFault(status) ? [badAddress(patient, facts)] : []),
      ])
    },
    wake: passes.wake,
    async settled() {
      await follower.caughtUp()
      await passes.settled()
    },
    async stop() {
      stopped = true
      await follower.stop()
      await passes.stop()
    },
  }
}
