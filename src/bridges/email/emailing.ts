/**
 * Mails of one practice to its patients, at its portal: that a message waits (and after one, two and three days again), that
 * the office asks for a payment, and what a rule tells of an event where no text may go. A mail is claimed in `communications` before the server is asked. A
 * server of mail cannot be asked what it took: a mail without an answer is not repeated, and the log says so.
 */
import type { Clock } from '../../replica/clock.ts'
import { foldCommunications, toldId, type CommunicationEntry, type MessageState } from '../../replica/kinds/communications.ts' // prettier-ignore
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import { foldMessages } from '../../replica/kinds/messages.ts'
import { foldPayments } from '../../replica/kinds/payments.ts'
import type { Follower, Replica } from '../../replica/replica-face.ts'
import type { ConsentKeys } from '../texts/consent-number.ts'
import type { Rule } from '../texts/rules.ts'
import { situationsOf, type Told } from '../texts/situation.ts'
import { noticesOf, reminderDue, unreadMessages } from '../texts/unread-messages.ts'
import { textLanguage, type TextLanguage } from '../texts/wording.ts'
import { linkPath } from './links.ts'
import type { Mailer } from './mailer.ts'
import { paymentMailsDue } from './payment-mails.ts'
import { noticeMail, paymentMail, tellingMail, withLinks, type MailLinks, type MailWords } from './wording.ts'

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
  /** Tells of an event by mail, once; false where the patient may not be mailed. */
  tell(rule: Rule, told: Told): Promise<boolean>
  wake(): void
  settled(): Promise<void>
  stop(): Promise<void>
}

/** A message that is read or taken back at once is not told of. */
const grace = 60_000
/** A message is new for so long: older ones were told of, or there was nobody to tell. */
const isNewFor = 86_400_000
const lookedAt = 5 * 86_400_000
const lookAgain = 30_000
const longestWait = 3_600_000
/** What a mail was surely not taken with: no connection, or the server's own “not now” (RFC 5321, 4.2.1). */
const notTaken = /^(4\d\d|ECONNREFUSED|ECONNECTION|ENOTFOUND|EDNS|ETLS|EAUTH|EPROXY)$/

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
  let again = false
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined

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
  const addresseeOf = async (patient: string): Promise<{ address: string; recipient: string; site: string; language: TextLanguage; portal: boolean } | undefined> => {
    const site = (await replica.head('patients', patient))?.facts.site
    const fields = (await replica.record('patients', patient))?.fields as Partial<PatientFields> | undefined
    if (!site || !fields?.email || fields.emailConsent !== true || fields.deleted === true || (fields.survivor ?? null) !== null) return undefined
    const recipient = keys.ofAddress(fields.email)
    if ((await situations.consents.of(recipient)).state === 'out') return undefined
    return { address: fields.email, recipient, site, language: textLanguage(fields.language), portal: fields.portalEnabled === true }
  } // prettier-ignore
  type Addressee = NonNullable<Awaited<ReturnType<typeof addresseeOf>>>

  const mail = async (patient: string, id: string, to: Addressee, given: { words: MailWords; from: string; links: MailLinks }, entry: Pick<Extract<CommunicationEntry, { kind: 'email' }>, 'what' | 'event' | 'startsAt' | 'rule'>): Promise<void> => {
    const { words, from, links } = given
    await add(patient, { [id]: { kind: 'email', at: clock.now(), by, recipient: to.recipient, subject: words.subject, body: words.text, ...entry } })
    const stop = `${origin}${linkPath(hmacKey, 'stop', { practice, patient, message: id })}`
    const until = clock.now() + isNewFor
    const letter = { to: to.address, from, subject: words.subject, text: withLinks(words.text, { ...links, stop }, to.language), until, stop }
    const handOver = async (): Promise<void> => {
      const outcome = await mailer.deliver(letter)
      if (outcome !== null && notTaken.test(outcome) && clock.now() < until) {
        unsent.set(id, handOver)
        pausedUntil = clock.now() + lookAgain
        return log(`Mails to patients wait: the server says ${outcome}.`)
      }
      unsent.delete(id)
      await add(patient, outcome === null ? stateOf(id, 'sent') : stateOf(id, 'failed', outcome))
      if (outcome !== null) log(`A mail to a patient could not be sent: ${outcome}.`)
    }
    await handOver()
  } // prettier-ignore

  /** A mail that told of a message was opened when that message was, at the portal: nothing in a mail tells on its reader. */
  const noteOpened = async (patient: string): Promise<void> => {
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const sent = new Map(
      out.filter((one) => one.what === 'message notice' && one.state === 'sent').map((one) => [one.id, one]),
    )
    if (sent.size === 0) return
    const messages = foldMessages(await replica.entries('messages', patient)).flatMap((thread) => thread.messages)
    const opened = messages.flatMap(({ id, openedAt }) =>
      noticesOf(id).filter((notice) => openedAt !== null && (sent.get(notice)?.at ?? Infinity) <= openedAt),
    )
    if (opened.length > 0)
      await add(
        patient,
        Object.assign({}, ...opened.map((notice) => stateOf(notice, 'opened'))) as Record<string, CommunicationEntry>,
      )
  }
  /** Tells a patient of messages that wait and of payments that are asked for; resolves with when to look again. */
  const tellOf = async (patient: string): Promise<number | undefined> => {
    await noteOpened(patient)
    const to = await addresseeOf(patient)
    if (!to) return undefined
    const { zone = 'UTC' } = await situations.practiceOf(to.site)
    const next = [await notify(patient, to, zone), await askToPay(patient, to, zone)].filter((at) => at !== undefined)
    return next.length === 0 ? undefined : Math.min(...next)
  }
  const askToPay = async (patient: string, to: Addressee, zone: string): Promise<number | undefined> => {
    if (!options.takesCards()) return undefined
    const { requests } = foldPayments(await replica.entries('payments', patient))
    if (requests.length === 0) return undefined
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const { due: mails, next } = paymentMailsDue(requests, new Set(out.map((one) => one.id)), clock.now(), zone)
    const { practice: from } = await situations.senderOf(to.site)
    for (const { id, request } of mails)
      await mail(
        patient,
        id,
        to,
        {
          words: paymentMail(from, to.language),
          from,
          links: { pay: `${origin}${linkPath(hmacKey, 'pay', { practice, patient, message: request })}` },
        },
        { what: 'payment request' },
      )
    return next ?? undefined
  }
  const notify = async (patient: string, to: Addressee, zone: string): Promise<number | undefined> => {
    if (!to.portal) return undefined
    const unread = unreadMessages(foldMessages(await replica.entries('messages', patient)), zone)
    const now = clock.now()
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const notices = out.filter((one) => one.what === 'message notice')
    const last = Math.max(0, ...notices.map((one) => one.at))
    const fresh = unread.filter((one) => one.sentAt > now - isNewFor && one.sentAt > last)
    const newest = fresh.at(-1)
    const reminder = reminderDue(unread, now)
    const isDue = reminder.due !== null && !notices.some((one) => one.id === reminder.due!.id) && last < reminder.due.at
    const id = newest && newest.sentAt + grace <= now ? noticesOf(newest.entry)[0] : isDue ? reminder.due!.id : undefined
    if (id !== undefined && !notices.some((one) => one.id === id)) {
      const { practice: from } = await situations.senderOf(to.site)
      await mail(patient, id, to, { words: noticeMail(from, to.language), from, links: { signIn: `${origin}/` } }, { what: 'message notice' })
    }
    const waits = newest && newest.sentAt + grace > now ? newest.sentAt + grace : Infinity
    const next = Math.min(waits, reminder.next ?? Infinity)
    return next === Infinity ? undefined : next
  } // prettier-ignore

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
    for (const handOver of unsent.values()) if (clock.now() >= pausedUntil) await handOver()
    for (const [patient, at] of due) {
      if (at > clock.now()) continue
      if (stopped || !options.isOpen() || clock.now() < pausedUntil) break
      const next = await tellOf(patient)
      if (next === undefined) due.delete(patient)
      else due.set(patient, next)
    }
    return Math.max(pausedUntil, Math.min(clock.now() + (unsent.size > 0 ? lookAgain : longestWait), ...due.values()))
  }
  const run = (): void => {
    cancel?.()
    cancel = undefined
    if (running || stopped) return void (again = true)
    again = false
    running = pass()
      .catch((error: unknown) => {
        log(`Mails to patients wait: ${(error as Error).name}`)
        return clock.now() + lookAgain
      })
      .then((next) => {
        running = undefined
        if (stopped) return
        if (again) run()
        else cancel = clock.after(Math.max(1, next - clock.now()), run)
      })
  }
  const follower: Follower = replica.follow({
    name: 'emails',
    collections: ['messages', 'payments'],
    async handle(documents) {
      for (const { key } of documents) due.set(key, 0)
      run()
      return []
    },
  })
  run()
  return {
    async tell(rule, told) {
      const to = await addresseeOf(told.patient)
      if (!to) return false
      const { event, sender, firstName, locationName } = told
      const id = toldId({ event: event.key, startsAt: event.startsAt, what: rule.what, rule: rule.id, recipient: to.recipient }) // prettier-ignore
      const words = tellingMail(rule.what, { ...sender, firstName, location: locationName, startsAt: event.startsAt }, to.language) // prettier-ignore
      const confirm = rule.what === 'confirmation request' ? { confirm: `${origin}${linkPath(hmacKey, 'confirm', { practice, patient: told.patient, message: id })}` } : {} // prettier-ignore
      await mail(told.patient, id, to, { words, from: sender.practice, links: confirm }, { what: rule.what, event: event.key, startsAt: event.startsAt, rule: rule.id }) // prettier-ignore
      return true
    },
    wake: run,
    async settled() {
      await follower.caughtUp()
      while (running) await running
    },
    async stop() {
      stopped = true
      cancel?.()
      await follower.stop()
      await running
    },
  }
}
