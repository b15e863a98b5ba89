/**
 * Texts and emails of one patient, in and out. The entry of a message is made before the provider is asked to send it, so
 * it is also the claim: its id is derived from what is told to whom, and saying that twice is saying it once. What became
 * of it is told by states, of which the highest rank counts, in whatever order they come.
 */
import * as v from 'valibot'
import { derivedUlid } from '../ids.ts'
import { entryIdSchema, inOrder, keySchema, saidSchema, wallClockSchema, type By, type Entry } from './kind.ts'

/** The view of the index in which all that was said in either direction stands, texts and emails among it. */
export const communicationView = 'communication'

/** What is sent: by a rule, in answer to a reply, because a message waits at the portal, or because staff set consent. */
export const toldKinds = ['confirmation request', 'reminder', 'booking notice', 'change notice', 'after visit', 'answer', 'opt-out confirmation', 'message notice', 'payment request', 'invitation', 'welcome'] as const // prettier-ignore
export type ToldKind = (typeof toldKinds)[number]

/** Every state of a message, the lowest rank first. `dropped`: it was claimed, and never given to the provider. */
export const messageStates = ['queued', 'dropped', 'accepted', 'sent', 'failed', 'undelivered', 'delivered', 'opened'] as const // prettier-ignore
export type MessageState = (typeof messageStates)[number]

/** Why something was not told, a closed list: pages have a sentence for each. */
export const notSentReasons = [
  'sending is off',
  'rule is off',
  'rule came later',
  'booked the same day',
  'another rule is closer',
  'too late',
  'no number',
  'no number of the guarantor',
  'opted out',
  'consent unknown',
  'no consent',
  'moved',
  'canceled',
  'deleted',
  'status',
  'started',
  'confirmed',
  'not confirmed',
  'answered',
  'told already',
  'not new',
  'nothing was told',
  'not visited',
  'another patient',
  'cap',
  'no hours',
  'not held here',
  'told anew',
  'held by staff',
  'nothing by itself',
  'wants no text',
  'wants no email',
  'no address',
  'no address of the guarantor',
  'unsubscribed',
  'email consent unknown',
  'no email consent',
  'address bounced',
  'no mail server',
] as const
export type NotSentReason = (typeof notSentReasons)[number]

/** By what a rule tells. */
export const channels = ['text', 'email'] as const
export type Channel = (typeof channels)[number]

const e164Schema = v.pipe(v.string(), v.regex(/^\+\d{5,16}$/, 'is not a number in E.164'))
/** The key of the number or address in `consents`. */
const recipientSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
const bodySchema = v.pipe(v.string(), v.maxLength(1_600))
const sidSchema = v.pipe(v.string(), v.regex(/^\w{1,64}$/))

const aboutEvent = {
  /** The event and its start as they were told, wall clock of its location. */
  event: v.optional(keySchema),
  startsAt: v.optional(wallClockSchema),
  /** The rule by which it was due. */
  rule: v.optional(v.pipe(v.string(), v.maxLength(40))),
}

/** An event that a text lists. */
const listedSchema = v.object({
  event: keySchema,
  patient: keySchema,
  startsAt: wallClockSchema,
  /** The number of its line, where a line is of several; by default its place. */
  line: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Its claim. */
  entry: v.optional(entryIdSchema),
})
export type Listed = v.InferOutput<typeof listedSchema>

export const communicationSchema = v.variant('kind', [
  v.object({
    kind: v.literal('text'),
    ...saidSchema,
    what: v.picklist(toldKinds),
    to: e164Schema,
    recipient: recipientSchema,
    body: bodySchema,
    ...aboutEvent,
    /** Whether it says how to stop. */
    saysStop: v.optional(v.boolean()),
    /** The received entry that it answers. */
    answers: v.optional(entryIdSchema),
    /** Of one that tells of several events, or asks which was meant: those events, in order. Of one that asks: the intent that was said. */
    which: v.optional(v.pipe(v.string(), v.maxLength(20))),
    lists: v.optional(v.array(listedSchema)),
    /** Of one that was told together with others: the claim of the text, which lists it. It is not sent by itself. */
    with: v.optional(entryIdSchema),
  }),
  v.object({
    kind: v.literal('email'),
    ...saidSchema,
    what: v.picklist(toldKinds),
    recipient: recipientSchema,
    subject: v.pipe(v.string(), v.maxLength(200)),
    body: v.pipe(v.string(), v.maxLength(5_000)),
    ...aboutEvent,
  }),
  v.object({
    kind: v.literal('state'),
    ...saidSchema,
    message: entryIdSchema,
    state: v.picklist(messageStates),
    /** The provider's id of the message. */
    sid: v.optional(sidSchema),
    /** The provider's code of what went wrong, or why it was dropped. */
    code: v.optional(v.pipe(v.string(), v.maxLength(60))),
  }),
  v.object({
    kind: v.literal('received'),
    ...saidSchema,
    from: e164Schema,
    recipient: recipientSchema,
    body: bodySchema,
    event: v.optional(keySchema),
    /** What it came to. */
    outcome: v.pipe(v.string(), v.maxLength(40)),
    hasMedia: v.optional(v.boolean()),
  }),
  v.object({
    kind: v.literal('not sent'),
    ...saidSchema,
    what: v.picklist(toldKinds),
    event: keySchema,
    startsAt: wallClockSchema,
    rule: v.pipe(v.string(), v.maxLength(40)),
    why: v.picklist(notSentReasons),
    /** Why by the other channel neither. */
    also: v.optional(v.picklist(notSentReasons)),
  }),
  /** Staff hold all that would be told of an event by itself, or let it go again. */
  v.object({ kind: v.literal('hold'), ...saidSchema, event: keySchema, holds: v.boolean() }),
  /** Staff want what a rule tells of an event to go out now, for the start that they saw. */
  v.object({ kind: v.literal('send now'), ...saidSchema, what: v.picklist(toldKinds), event: keySchema, startsAt: wallClockSchema, rule: v.pipe(v.string(), v.maxLength(40)) }), // prettier-ignore
  /** How the patient is reached, as staff or the patient chose. What is not named stays as it was. */
  v.object({
    kind: v.literal('channels'),
    ...saidSchema,
    /** What comes first where both are open; null: no preference. */
    prefers: v.optional(v.nullable(v.picklist(channels))),
    noText: v.optional(v.boolean()),
    noEmail: v.optional(v.boolean()),
    /** Nothing that no person sends. */
    noneByItself: v.optional(v.boolean()),
  }),
])
export type CommunicationEntry = v.InferOutput<typeof communicationSchema>
type Text = Entry<Extract<CommunicationEntry, { kind: 'text' }>>
type Email = Entry<Extract<CommunicationEntry, { kind: 'email' }>>
type Received = Entry<Extract<CommunicationEntry, { kind: 'received' }>>
export type NotSent = Entry<Extract<CommunicationEntry, { kind: 'not sent' }>>
export type Hold = Entry<Extract<CommunicationEntry, { kind: 'hold' }>>
type Chosen = Entry<Extract<CommunicationEntry, { kind: 'channels' }>>
/** How a patient is reached. */
export interface ChannelChoice {
  readonly prefers: Channel | null
  readonly noText: boolean
  readonly noEmail: boolean
  readonly noneByItself: boolean
}
/** Nobody chose anything. */
export const noChoice: ChannelChoice = { prefers: null, noText: false, noEmail: false, noneByItself: false }
export type SendNow = Entry<Extract<CommunicationEntry, { kind: 'send now' }>>

/** A message of ours with what became of it. */
export type OutMessage = (Text | Email) & {
  readonly state: MessageState
  /** When it came into that state. */
  readonly stateAt: number
  readonly sid: string | null
  readonly code: string | null
}
export interface Communications {
  /** Oldest first. */
  readonly out: readonly OutMessage[]
  readonly received: readonly Received[]
  readonly notSent: readonly NotSent[]
  /** What staff last said of each event: held, or let go. */
  readonly holds: readonly Hold[]
  readonly sendNow: readonly SendNow[]
  /** What was chosen last of each. */
  readonly choice: ChannelChoice
  /** When it was chosen last, and by whom; null: nobody chose. */
  readonly chosen: { readonly at: number; readonly by: By } | null
}

/** What is told to whom, as one id: the same event at the same start, kind, rule and recipient is the same message. */
export function toldId(of: {
  readonly event: string
  readonly startsAt: string
  readonly what: ToldKind
  readonly rule: string
  readonly recipient: string
}): string {
  return derivedUlid('told', of.event, of.startsAt, of.what, of.rule, of.recipient)
}

/** What the entries come to. Of two states of one rank the first counts; a provider's id once known stays. */
export function foldCommunications(entries: readonly Entry<CommunicationEntry>[]): Communications {
  const ordered = entries.toSorted(inOrder)
  const states = Map.groupBy(
    ordered.filter((entry) => entry.kind === 'state'),
    (entry) => entry.message,
  )
  const out = ordered.flatMap((entry): OutMessage[] => {
    if (entry.kind !== 'text' && entry.kind !== 'email') return []
    let best: { state: MessageState; at: number; code: string | null } = { state: 'queued', at: entry.at, code: null }
    let sid: string | null = null
    for (const one of states.get(entry.id) ?? []) {
      sid ??= one.sid ?? null
      if (messageStates.indexOf(one.state) > messageStates.indexOf(best.state))
        best = { state: one.state, at: one.at, code: one.code ?? null }
    }
    return [{ ...entry, state: best.state, stateAt: best.at, code: best.code, sid }]
  })
  return {
    out,
    received: ordered.filter((entry) => entry.kind === 'received'),
    notSent: ordered.filter((entry) => entry.kind === 'not sent'),
    holds: [...new Map(ordered.flatMap((entry) => (entry.kind === 'hold' ? [[entry.event, entry] as const] : []))).values()], // prettier-ignore
    sendNow: ordered.filter((entry) => entry.kind === 'send now'),
    ...foldChoice(ordered.filter((entry) => entry.kind === 'channels')),
  }
}

function foldChoice(ordered: readonly Chosen[]): Pick<Communications, 'choice' | 'chosen'> {
  const choice = ordered.reduce<ChannelChoice>(
    (before, { prefers = before.prefers, noText = before.noText, noEmail = before.noEmail, noneByItself = before.noneByItself }) => ({ prefers, noText, noEmail, noneByItself }),
    noChoice,
  )
  const last = ordered.at(-1)
  return { choice, chosen: last ? { at: last.at, by: last.by } : null }
} // prettier-ignore
