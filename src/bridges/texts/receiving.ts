/**
 * A text that somebody wrote to the practice: what it comes to is judged by `replies/`, and all that follows (opt-out,
 * answers, wishes, reviews, what is said back) is one change with ids made from the provider's id of the text, so that a
 * text that comes twice has one effect. Texts are taken one after the other.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import type { CommunicationEntry, Listed, OutMessage, ToldKind } from '../../replica/kinds/communications.ts'
import { answerFor, foldConfirmations } from '../../replica/kinds/confirmations.ts'
import type { EventFields, PatientFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import { foldRequests } from '../../replica/kinds/requests.ts'
import type { ReplyToRead } from '../../replica/kinds/replies.ts'
import type { ReviewKind } from '../../replica/kinds/reviews.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import { numberOf, type ConsentKeys } from './consent-number.ts'
import { optedIn, optedOut } from './consent.ts'
import type { ReceivedText } from './provider.ts'
import { evaluateReply, replyRules } from './replies/evaluate.ts'
import type { About, Answer, AskedEvent, Intent, OpenRequest, Outcome } from './replies/reply.ts'
import { situationsOf, toldTo } from './situation.ts'
import { answers as said, namedText, textLanguage, type Sender, type TextLanguage } from './wording.ts'

export interface ReceivingOptions {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  /** Resolves when the pages show all that is durable now. */
  readonly indexed: () => Promise<void>
  /** Hands over what is said back. */
  readonly handOver: (patient: string, message: string) => void
  /** A site of the practice, for what is of no patient. */
  readonly anySite: () => string | null
}

/** What was asked stays open for so long after the event began: an answer to it then is late, and not a riddle. */
const stillKnown = 86_400_000
/** Texts to a number count as known for so long. */
const remembered = 45 * 86_400_000

/** One whom a number is of. */
interface Person { readonly patient: string; readonly site: string | null; readonly reachable: boolean; readonly firstName: string; readonly language: TextLanguage } // prettier-ignore
interface Sent { readonly patient: string; readonly message: Extract<OutMessage, { kind: 'text' }> } // prettier-ignore

export function textReceiver(options: ReceivingOptions) {
  const { replica, keys, clock } = options
  const situations = situationsOf(options)
  let turn: Promise<unknown> = Promise.resolve()

  const personOf = async (patient: string): Promise<Person | undefined> => {
    const head = await replica.head('patients', patient)
    const fields = (await replica.record('patients', patient))?.fields as Partial<PatientFields> | undefined
    if (!head || !fields) return undefined
    return { patient, site: head.facts.site, reachable: head.facts.reachable, firstName: fields.firstName ?? '', language: textLanguage(fields.language) } // prettier-ignore
  }
  /** Patients with this number on file. */
  const onFile = async (recipient: string): Promise<Person[]> => {
    const rows = await replica.index({ view: 'patient', state: recipient })
    return (await Promise.all(rows.map((row) => personOf(row.id)))).filter((one) => one !== undefined)
  }
  /** Patients of one account are one family, and those of whom one text told; every other is one alone. */
  const familiesOf = async (patients: readonly string[], sent: readonly Sent[]): Promise<Map<string, string>> => {
    const families = new Map<string, string>()
    const byAccount = new Map<string, string>()
    for (const patient of patients) {
      const { accounts, representatives } = foldAccess(await replica.entries('access', patient))
      const all = [...accounts, ...representatives.flatMap(({ account }) => account ?? [])]
      const family = all.map((account) => byAccount.get(account)).find((one) => one !== undefined) ?? patient
      for (const account of all) byAccount.set(account, family)
      families.set(patient, family)
    }
    for (const { patient, message } of sent) {
      const family = families.get(patient)
      if (family === undefined || message.lists === undefined || message.which !== undefined) continue
      const joined = new Set(message.lists.map((one) => families.get(one.patient)))
      for (const [one, of] of families) if (joined.has(of)) families.set(one, family)
    }
    return families
  }
  const askedEvent = async (of: Listed, family: string): Promise<(AskedEvent & { readonly isKnown: boolean }) | undefined> => {
    const head = await replica.head('events', of.event)
    const fields = (await replica.record('events', of.event))?.fields as Partial<EventFields> | undefined
    const site = head?.facts.site
    const practice = site ? await situations.practiceOf(site) : {}
    const place = fields?.location ? (practice[`location/${fields.location}`] as { zone: string } | undefined) : undefined
    const zone = place?.zone ?? practice.zone ?? 'UTC'
    const isCurrent = fields?.startsAt === of.startsAt && fields.status === 'None' && fields.deleted !== true && head?.facts.patient === of.patient
    const confirmed = answerFor(foldConfirmations(await replica.entries('confirmations', of.event)), of.startsAt)
    const wish = foldRequests(await replica.entries('requests', of.patient)).find((one) => one.kind !== 'contact change' && one.event === of.event && one.startsAt === of.startsAt)
    const wished: Intent | null = wish ? (wish.kind === 'declined' ? 'decline' : 'move') : null
    const isNewer = wish && (!confirmed || wish.at > confirmed.at)
    return {
      event: of.event,
      patient: of.patient,
      startsAt: of.startsAt,
      ...(of.line === undefined ? {} : { line: of.line }),
      family,
      now: wallClockOf(clock.now(), zone),
      isCurrent,
      answered: isNewer ? wished : confirmed ? 'confirm' : null,
      isKnown: instantOf(of.startsAt, zone) > clock.now() - stillKnown,
    }
  } // prettier-ignore

  const take = async (text: ReceivedText): Promise<void> => {
    const number = numberOf(text.from)
    const entry = `received:${text.sid}`
    const review = derivedUlid('text received', text.sid)
    await options.indexed()
    if ((await replica.indexed('communication', entry)) || (await replica.head('reviews', review))) return
    // Short codes and names are nobody to answer.
    if (number === undefined) return
    const recipient = keys.ofNumber(number)
    const rows = await replica.index({ view: toldTo, state: recipient, from: clock.now() - remembered })
    const sent = rows.map(({ patient, body }): Sent => ({ patient: patient!, message: body as unknown as Sent['message'] })) // prettier-ignore
    const among = new Set(sent.flatMap(({ patient, message }) => [patient, ...(message.lists ?? []).map((one) => one.patient)])) // prettier-ignore
    const told = (await Promise.all([...among].map(personOf))).filter((one) => one !== undefined)
    const people = told.length > 0 ? told : await onFile(recipient)
    const families = await familiesOf(
      people.map((one) => one.patient),
      sent,
    )
    const consent = await situations.consents.of(recipient)
    const requests = await requestsOf(sent, families)
    const asked = new Set(requests.map(({ id }) => id))
    const outcome = evaluateReply(text.body, {
      optedOut: consent.state === 'out',
      requests,
      otherTexts: sent.filter(({ message }) => !asked.has(message.id)).map(({ message }) => message.body),
      names: people.map((one) => one.firstName),
      hasMedia: text.hasMedia,
    })
    const about = aboutIn(outcome)
    const newest = sent.at(-1)
    const speaker = people.find((one) => one.patient === (about[0]?.patient ?? newest?.patient)) ?? people[0]
    // What a person must read, from a number of two families, is filed under nobody before that person says whose it is.
    const isUnassigned = outcome.is === 'to a person' && new Set(families.values()).size > 1
    await replica.change(await editsOf({ text, number, recipient, outcome, about, speaker, isUnassigned, consent, entry, review, quoted: quotedBy(outcome, sent) ?? newest?.message.body })) // prettier-ignore
    for (const id of handed.splice(0)) options.handOver(speaker!.patient, id)
  }
  const requestsOf = async (sent: readonly Sent[], families: ReadonlyMap<string, string>): Promise<OpenRequest[]> => {
    const found: OpenRequest[] = []
    for (const { patient, message } of sent) {
      const { id, at, body, event, startsAt, lists, which, what } = message
      const isRequest = what === 'confirmation request' && event !== undefined && startsAt !== undefined
      const listed: readonly Listed[] = which === undefined && !isRequest ? [] : (lists ?? [{ event: event!, patient, startsAt: startsAt! }])
      if (listed.length === 0) continue
      const events = await Promise.all(listed.map((one) => askedEvent(one, families.get(one.patient) ?? one.patient)))
      const known = events.filter((one) => one?.isKnown === true).map((one) => one!)
      if (known.length > 0)
        found.push({ id, at, text: body, events: known, ...(listed.length > 1 ? { digits: 'lines' } : {}), ...(which === undefined ? {} : { which: which as Intent }) })
    }
    return found
  } // prettier-ignore
  /** What is said back, to be handed over when it is durable. */
  const handed: string[] = []

  interface Judged {
    readonly text: ReceivedText
    readonly number: string
    readonly recipient: string
    readonly outcome: Outcome
    readonly about: readonly About[]
    readonly speaker: Person | undefined
    readonly isUnassigned: boolean
    readonly consent: Awaited<ReturnType<typeof situations.consents.of>>
    readonly entry: string
    readonly review: string
    readonly quoted: string | undefined
  }
  const editsOf = async (of: Judged): Promise<Edit[]> => {
    const { text, number, recipient, outcome, about, speaker, isUnassigned, consent, entry } = of
    const { at, sid } = text
    const by: By = {
      role: 'patient',
      id: recipient,
      ...(speaker?.firstName && !isUnassigned ? { name: speaker.firstName } : {}),
    }
    const language = speaker?.language ?? 'en'
    const site = speaker?.site ?? options.anySite()
    const sender: Sender = site === null ? { practice: '', phone: null } : await situations.senderOf(site)
    const edits: Edit[] = []
    const entries: Record<string, CommunicationEntry> = {}
    const proof = { text: text.body.slice(0, 2_000), message: sid, rules: replyRules }
    const back = (
      body: string,
      what: ToldKind = 'answer',
      more: Partial<Pick<Sent['message'], 'which' | 'lists'>> = {},
    ): void => {
      if (!speaker) return
      const id = derivedUlid('said back', sid, what)
      entries[id] = { kind: 'text', at: clock.now(), by: { role: 'portal', id: replica.id }, what, to: number, recipient, body: namedText(sender, body), ...(isUnassigned ? {} : { answers: entry }), ...more } as CommunicationEntry // prettier-ignore
      handed.push(id)
    }
    const read = (kind: ReviewKind, why: string, todo: string): void => void edits.push(reviewOf(of, by, { kind, why, todo, site })) // prettier-ignore
    switch (outcome.is) {
      case 'opt out': {
        edits.push(
          optedOut(recipient, { by, how: outcome.how === 'wrong number' ? 'wrong number' : 'reply', at, proof }),
        )
        // The provider answers the words that it blocks by itself; a second answer would fail, and be one too many.
        if (text.handled !== 'STOP') back(said.optedOut(language), 'opt-out confirmation')
        if (outcome.how === 'wrong number') read('wrong number', 'Whoever has the number says that it is not the patient’s.', 'No text goes to it any more. Ask the patient for the right number.') // prettier-ignore
        else if (outcome.how === 'cancel') read('may want to cancel', `The patient’s answer ends all texts to the number${about.length > 0 ? `, and may have meant the event of ${about.map((one) => one.startsAt.replace('T', ' ')).join(', ')}` : ''}.`, 'Call the patient and ask. Nothing was changed in the schedule.') // prettier-ignore
        else if (outcome.toRead) read('reply to read', 'The patient opted out of texts, and wrote more.', 'No text goes to the number any more. Call if an answer is due.') // prettier-ignore
        break
      }
      case 'opt in':
        edits.push(optedIn(recipient, consent, { by, how: 'reply', at, proof }))
        back(said.optedIn(language))
        break
      case 'help':
        if (text.handled !== 'HELP') back(said.help(sender, language))
        if (speaker) read('reply to read', 'The patient asked for help by a text, and was told whom to call.', 'Call if the patient does not.') // prettier-ignore
        break
      case 'answered': {
        for (const one of outcome.answers) edits.push(...(await answerEdits(one, sid, by, at)))
        const confirmed = outcome.answers.filter((one) => one.intent === 'confirm')
        const parts = [
          ...(confirmed.length > 0 ? [said.confirmed(confirmed.map((one) => one.startsAt), language)] : []),
          ...(confirmed.length < outcome.answers.length ? [said.read(sender, language)] : []),
          ...(outcome.stale.length > 0 ? [said.changed(sender, language)] : []),
        ] // prettier-ignore
        if (outcome.stale.length > 0) stale(read, outcome.stale)
        if (outcome.answers.some((one) => one.intent === 'arrive')) read('reply to read', 'The patient says to have arrived.', 'Nothing was changed in the schedule.') // prettier-ignore
        back(parts.join(' '))
        break
      }
      case 'which':
        back(said.which(outcome.among.map((one) => one.startsAt), language), 'answer', { which: outcome.intent, lists: outcome.among.map(({ event, patient, startsAt }) => ({ event, patient, startsAt })) }) // prettier-ignore
        break
      case 'stale':
        stale(read, outcome.answers)
        back(said.changed(sender, language))
        break
      case 'to a person':
        read('reply to read', 'A text came that a person must read.', 'Read it, and call or write to the patient. Nothing was changed in the schedule.') // prettier-ignore
        back(said.read(sender, language))
        break
      default:
        break
    }
    if (speaker) {
      if (!isUnassigned) entries[entry] = { kind: 'received', at, by, from: number, recipient, body: text.body.slice(0, 1_600), outcome: outcome.is, ...(about[0] ? { event: about[0].event } : {}), ...(text.hasMedia ? { hasMedia: true } : {}) } // prettier-ignore
      const facts = { patient: speaker.patient, site: speaker.site, shown: false, reachable: speaker.reachable, startsAt: null } // prettier-ignore
      edits.push({ collection: 'communications', key: speaker.patient, facts, add: entries })
    } else if (!edits.some((edit) => edit.collection === 'reviews'))
      read('reply to read', `A text came from ${number}, which no patient has.`, 'Find out whose it is. Nothing was said back.') // prettier-ignore
    return edits
  }
  const stale = (read: (kind: ReviewKind, why: string, todo: string) => void, answers: readonly Answer[]): void =>
    read('confirmation set aside', `The patient answered a text about ${answers.map((one) => one.startsAt.replace('T', ' ')).join(', ')}; the event has changed since. Nothing was written into the schedule.`, 'The patient was told that the time has changed, and is asked again for the new one.') // prettier-ignore

  const answerEdits = async (one: Answer, sid: string, by: By, at: number): Promise<Edit[]> => {
    const head = await replica.head('events', one.event)
    const person = await replica.head('patients', one.patient)
    const id = derivedUlid('text answer', sid, one.event)
    const of = (facts: NonNullable<typeof head>['facts'] | undefined) => ({ patient: one.patient, site: facts?.site ?? null, shown: facts?.shown ?? false, reachable: facts?.reachable ?? true, startsAt: facts?.startsAt ?? null }) // prettier-ignore
    if (one.intent === 'confirm')
      return [{ collection: 'confirmations', key: one.event, facts: of(head?.facts), add: { [id]: { kind: 'answered', at, by, channel: 'text', patient: one.patient, startsAt: one.startsAt } } }] // prettier-ignore
    if (one.intent === 'arrive') return []
    const kind = one.intent === 'decline' ? 'declined' : 'wants to move'
    return [{ collection: 'requests', key: one.patient, facts: of(person?.facts), add: { [id]: { kind, at, by, event: one.event, startsAt: one.startsAt } } }] // prettier-ignore
  }
  const patientOf = ({ speaker, isUnassigned }: Judged): string | null =>
    isUnassigned ? null : (speaker?.patient ?? null)
  const reviewOf = (of: Judged, by: By, what: { kind: ReviewKind; why: string; todo: string; site: string | null }): Edit => ({
    collection: 'reviews',
    key: of.review,
    facts: { patient: patientOf(of), site: what.site, shown: false, reachable: false, startsAt: null },
    add: { opened: { kind: 'opened', at: of.text.at, by: { ...by, role: 'portal', id: replica.id }, about: what.kind, why: what.why, todo: what.todo, ...(what.kind === 'confirmation set aside' ? {} : { reply: replyOf(of) }), patient: patientOf(of), event: patientOf(of) === null ? null : (of.about[0]?.event ?? null) } },
  }) // prettier-ignore

  const replyOf = ({ text, recipient, outcome, about, quoted }: Judged): ReplyToRead => ({
    text: text.body.slice(0, 2_000),
    at: text.at,
    message: text.sid,
    recipient,
    quoted: quoted ?? null,
    ...(outcome.is === 'to a person' ? { why: outcome.why, suggests: outcome.suggests } : {}),
    about: about.map(({ event, patient, startsAt }) => ({ event, patient, startsAt })),
  })

  return {
    /** Takes a text; resolves when all that follows from it is durable. One that is known has no effect. */
    receive(text: ReceivedText): Promise<void> {
      const next = turn.then(() => take(text))
      turn = next.catch(() => {})
      return next
    },
  }
}

/** The text of ours that a reply quotes or seems to answer. */
function quotedBy(outcome: Outcome, sent: readonly Sent[]): string | undefined {
  const id = outcome.is === 'to a person' ? outcome.quotes : null
  return sent.find(({ message }) => message.id === id)?.message.body
}

/** The events that an outcome is about. */
function aboutIn(outcome: Outcome): readonly About[] {
  switch (outcome.is) {
    case 'answered':
    case 'stale':
      return outcome.answers
    case 'which':
      return outcome.among
    case 'opt out':
    case 'late':
    case 'again':
    case 'to a person':
      return outcome.about
    default:
      return []
  }
}
