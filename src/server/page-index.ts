/**
 * From documents to the rows behind the pages: a follower's handler, the same at the portal and at a site. A row says
 * in clear whose it is, its state and its time; the rest is sealed. What patients may not be shown is left out of
 * nothing here: pages ask `shown`. At a site, what other sites share with it stands in views of its own: no page takes it
 * for the site's.
 */
import { createHash } from 'node:crypto'
import { relative, toldOf, toldTo, toWelcomeView, unsettled } from '../bridges/texts/situation.ts'
import { donorsOf, survivorOf } from './combined.ts'
import { wayText, type CommunicationState, type Way } from './communication-rows.ts'
import { foldAccess } from '../replica/kinds/access.ts'
import {
  communicationView,
  foldCommunications,
  type OutMessage,
  type ToldKind,
} from '../replica/kinds/communications.ts'
import { toWelcome } from '../replica/kinds/consents.ts'
import { foldConfirmations, type Answer } from '../replica/kinds/confirmations.ts'
import { stagesOf } from '../replica/kinds/fields.ts'
import { isPatients } from '../replica/kinds/kind.ts'
import { foldMessages } from '../replica/kinds/messages.ts'
import { plainAmount, type Money } from '../replica/kinds/money.ts'
import { foldPayments, type Payment, type Refund } from '../replica/kinds/payments.ts'
import { foldRequests } from '../replica/kinds/requests.ts'
import { foldReview } from '../replica/kinds/reviews.ts'
import type { Json } from '../replica/json.ts'
import type { FoldedRecord } from '../replica/records.ts'
import type { DocumentHead, IndexRow, Projection, Replica } from '../replica/replica-face.ts'

/** The collections that have pages. */
export const indexedCollections = [
  'practice',
  'patients',
  'plans',
  'events',
  'access',
  'confirmations',
  'requests',
  'payments',
  'messages',
  'communications',
  'reviews',
  'consents',
] as const

/** The view of what is wrong for the whole site and is said on the page of its state. */
export const alarmView = 'alarm'

/**
 * The views, each with the number of its form. Who adds a view names it here, and who changes what the rows of one say
 * raises its number: a store whose rows were made by other forms makes them anew by itself.
 */
const viewForms = {
  practice: 1,
  patient: 1,
  donor: 1,
  [relative]: 1,
  plan: 1,
  event: 1,
  invitation: 1,
  confirmation: 1,
  request: 1,
  payment: 1,
  'payment request': 1,
  message: 1,
  [communicationView]: 1,
  [toldTo]: 1,
  [toldOf]: 1,
  [unsettled]: 1,
  [toWelcomeView]: 1,
  review: 1,
  [alarmView]: 1,
} as const
type View = keyof typeof viewForms

/** The form of all rows that `pageIndex` makes, as the follower of it is to be told. */
export const pageIndexForm = formOf(indexedCollections, viewForms)

/** The number of rows made of these collections in these views. */
export function formOf(collections: readonly string[], views: Readonly<Record<string, number>>): number {
  const said = JSON.stringify([
    collections,
    Object.keys(views)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((view) => [view, views[view]]),
  ])
  return 1 + createHash('sha256').update(said).digest().readUIntBE(0, 6)
}

/** The handler of the follower `index`. */
export function pageIndex(
  replica: Replica,
  /** The key by which the patients of one phone number are found; without it they are not. */
  numberKey: NumberKey = () => undefined,
  /** The site whose pages these are; none at the portal, which has those of all. */
  site?: string,
): (documents: readonly DocumentHead[]) => Promise<readonly Projection[]> {
  const projected = async (head: DocumentHead): Promise<Projection> => ({
    collection: head.collection,
    key: head.key,
    rows: (await rowsOf(replica, head, numberKey)).map((row) =>
      site === undefined || head.facts.site === null || head.facts.site === site
        ? row
        : { ...row, view: viewOfOthers(row.view) },
    ),
  })
  return async (documents) => {
    const given = new Set(documents.map(({ collection, key }) => `${collection} ${key}`))
    const moved = await movedByCombining(replica, documents)
    const others = moved.filter(({ collection, key }) => !given.has(`${collection} ${key}`))
    return Promise.all([...documents, ...others].map(projected))
  }
}

/** What patients said who were combined or uncombined by these documents: other pages show it now (DOM-10). */
async function movedByCombining(replica: Replica, documents: readonly DocumentHead[]): Promise<DocumentHead[]> {
  const moved = new Set<string>()
  for (const { collection, key } of documents) {
    if (collection !== 'patients') continue
    const survivor = (await replica.record('patients', key))?.fields['survivor'] ?? null
    const before = (await replica.indexed('patient', key))?.body as { survivor?: string | null } | undefined
    if ((before?.survivor ?? null) === survivor) continue
    for (const one of [key, ...(await donorsOf(replica, key))]) moved.add(one)
  }
  const heads = [...moved].flatMap((key) => (['messages', 'requests'] as const).map((name) => replica.head(name, key)))
  return (await Promise.all(heads)).filter((head) => head !== undefined)
}

/** The view in which a site has the rows of what other sites share with it, as `view` has those of its own. */
export function viewOfOthers(view: string): string {
  return `${view} of others`
}

async function rowsOf(replica: Replica, head: DocumentHead, numberKey: NumberKey): Promise<IndexRow[]> {
  const { key, facts } = head
  const isSaid = head.collection === 'messages' || head.collection === 'requests'
  const patient = isSaid && facts.patient !== null ? await survivorOf(replica, facts.patient) : facts.patient
  const row: Row = (view, id, rest) => ({
    view,
    id,
    patient,
    state: rest.state ?? '',
    at: rest.at ?? 0,
    body: rest.body as Json,
  })
  switch (head.collection) {
    case 'practice':
    case 'patients':
    case 'plans':
    case 'events': {
      const record = await replica.record(head.collection, key)
      if (!record) return []
      const { survivor } = record.fields
      const isDonor = head.collection === 'patients' && typeof survivor === 'string'
      return [
        rowOfRecord(head, record, row, numberKey),
        ...(isDonor ? [{ ...row('donor', key, { body: {} }), patient: survivor }] : []),
        ...(head.collection === 'patients'
          ? relativesOf(record.fields).map((other) => row(relative, `${key} ${other}`, { state: other, body: {} }))
          : []),
      ]
    }
    case 'access': {
      const entries = await replica.entries('access', key)
      const { waiting } = foldAccess(entries)
      return waiting.map((entry) =>
        row('invitation', entry.tokenHash, { state: 'open', at: entry.until, body: { entry: entry.id, patient: key } }),
      )
    }
    case 'confirmations': {
      const answers = foldConfirmations(await replica.entries('confirmations', key))
      const last = answers.at(-1)
      if (!last) return []
      return [
        row('confirmation', key, { state: last.state, at: last.at, body: answers }),
        ...answers.map(
          ({ id, at, channel, state }) =>
          communication(row, id, at, { channel: channelOf(channel), direction: 'in', state }, { subject: 'Confirmation', event: key }), // prettier-ignore
        ),
      ]
    }
    case 'requests':
      return foldRequests(await replica.entries('requests', key)).flatMap((request) => {
        const subject =
          request.kind === 'declined'
            ? "Can't make it"
            : request.kind === 'wants to move'
              ? 'Asks to move'
              : 'Contact details'
        const event = 'event' in request ? request.event : null
        return [
          row('request', request.id, { state: request.state, at: request.at, body: request }),
          communication(row, request.id, request.at, { channel: 'portal', direction: 'in', state: request.state }, { subject, event }), // prettier-ignore
        ]
      })
    case 'payments': {
      const { payments, requests } = foldPayments(await replica.entries('payments', key))
      return [
        ...payments.map((one) => row('payment', one.id, { state: stateOf(one), at: one.at, body: one })),
        ...requests.map((one) => row('payment request', one.id, { state: one.state, at: one.at, body: one })),
        ...payments.flatMap((one) => rowsOfPaid(one, row)),
      ]
    }
    case 'messages':
      return foldMessages(await replica.entries('messages', key)).flatMap((thread) =>
        thread.messages.flatMap((message) => {
          const direction = isPatients(message.by) ? 'in' : 'out'
          const { id, at, subject, text, by, readBy } = message
          const attachments = message.retracted ? [] : (message.attachments ?? [])
          const hasFiles = attachments.length > 0
          const event = message.event ?? null
          const state = readBy.length > 0 ? 'read' : direction === 'in' ? 'received' : 'sent'
          return [
            row('message', id, {
              state: direction,
              at,
              body: {
                thread: thread.thread,
                subject,
                text,
                by,
                event,
                read: readBy.length > 0,
                readBy,
                openedAt: message.openedAt,
                closed: thread.closed,
                retracted: message.retracted,
                ...(patient !== null && patient !== facts.patient ? { of: facts.patient } : {}),
                ...(hasFiles ? { attachments } : {}),
              },
            }),
            communication(row, id, at, { channel: 'portal', direction, state }, { subject, event, ...(hasFiles ? { hasFiles } : {}) }), // prettier-ignore
          ]
        }),
      )
    case 'communications': {
      const { out, received } = foldCommunications(await replica.entries('communications', key))
      return [
        ...out.flatMap((message) => rowsOfMessage(message, row)),
        ...received.map(
          ({ id, at, event, outcome }) =>
          communication(row, id, at, { channel: 'text', direction: 'in', state: 'received' }, { subject: 'Reply', event: event ?? null, outcome }), // prettier-ignore
        ),
      ]
    }
    case 'consents': {
      const optedIn = toWelcome(await replica.entries('consents', key))
      return optedIn ? [row(toWelcomeView, key, { at: optedIn.at, body: {} })] : []
    }
    case 'reviews': {
      const review = foldReview(await replica.entries('reviews', key))
      if (!review) return []
      const isAlarm = review.about === 'texts silent' && !review.resolved
      return [
        row('review', key, { state: review.resolved ? 'resolved' : 'open', at: review.openedAt, body: review }),
        // Every page asks for these, and reviews may be many.
        ...(isAlarm ? [row(alarmView, key, { state: 'open', at: review.openedAt, body: { why: review.why } })] : []),
      ]
    }
    default:
      return []
  }
}

/** Whom a patient's record names as family. */
function relativesOf({ guarantor, relatives }: FoldedRecord['fields']): string[] {
  const named = Array.isArray(relatives) ? relatives : []
  return [...new Set([guarantor, ...named].filter((one) => typeof one === 'string'))]
}

/** A payment that was paid waits for InSched or is posted there. */
function stateOf({ state, posted }: Payment): string {
  return state === 'paid' ? (posted ? 'posted' : 'waiting') : state
}

type Row = (view: View, id: string, rest: { state?: string; at?: number; body: unknown }) => IndexRow

/** A row of Recent Communications. */
function communication(row: Row, id: string, at: number, way: Way, body: object): IndexRow {
  return row(communicationView, id, { state: wayText(way), at, body })
}

type NumberKey = (phone: string | null) => string | undefined
/** The channel by which Recent Communications names an answer: what staff noted in the console stands with the portal's. */
function channelOf(channel: Answer['channel']): 'portal' | 'text' | 'email' {
  return channel === 'console' ? 'portal' : channel
}

/** A payment that was paid, and what went back of it, in Recent Communications. */
function rowsOfPaid({ id, paid, posted, refunds }: Payment, row: Row): IndexRow[] {
  if (!paid) return []
  const of = (words: string, amount: Money): object => ({ subject: `${words} of ${plainAmount(amount)} ${amount.currency.toUpperCase()}`, event: null }) // prettier-ignore
  return [
    communication(row, id, paid.at, { channel: 'payment', direction: 'in', state: posted ? 'written' : 'received' }, of('Payment', paid.amount)), // prettier-ignore
    ...refunds.map((one) => communication(row, `refund:${one.id}`, one.at, { channel: 'payment', direction: 'out', state: ofRefund[one.state] }, of('Refund', one.amount))), // prettier-ignore
  ]
}
const ofRefund: Readonly<Record<Refund['state'], CommunicationState>> = { asked: 'queued', pending: 'sent', done: 'delivered', failed: 'failed', refused: 'failed' } // prettier-ignore

/** A text or email in Recent Communications is named by what it is: its words are for the patient. */
const subjects: Readonly<Record<ToldKind, string>> = {
  'confirmation request': 'Confirmation request',
  reminder: 'Reminder',
  'booking notice': 'Booking notice',
  'change notice': 'Change notice',
  'after visit': 'After the visit',
  answer: 'Answer',
  'opt-out confirmation': 'Opt-out confirmation',
  'message notice': 'Message notice',
  'payment request': 'Payment request',
  invitation: 'Invitation',
  welcome: 'Welcome',
}
function rowsOfMessage(message: OutMessage, row: Row): IndexRow[] {
  const { id, kind, at, state, what, event = null, recipient, code } = message
  const said = communication(row, id, at, { channel: kind, direction: 'out', state }, { subject: subjects[what], event, code }) // prettier-ignore
  if (kind === 'email') {
    const isClaimed = state === 'queued' ? [row(unsettled, id, { state: 'email', at, body: null })] : []
    return [said, ...(event === null ? [] : [row(toldOf, id, { state: event, at, body: message })]), ...isClaimed]
  }
  const ofEvent = event === null ? [] : [row(toldOf, id, { state: event, at, body: message })]
  // What was told together with others went out once, as the text that lists it.
  if (message.with !== undefined) return [said, ...ofEvent]
  const isOpen = state === 'queued' || state === 'accepted' || state === 'sent'
  return [
    said,
    ...(state === 'dropped' ? [] : [row(toldTo, id, { state: recipient, at, body: message })]),
    ...ofEvent,
    ...(isOpen ? [row(unsettled, id, { state: state === 'queued' ? 'queued' : 'under way', at, body: message })] : []),
  ]
}

function rowOfRecord(
  { collection, key, facts }: DocumentHead,
  record: FoldedRecord,
  row: Row,
  numberKey: NumberKey,
): IndexRow {
  const seen = { site: facts.site, shown: facts.shown }
  switch (collection) {
    case 'patients':
      return row('patient', key, {
        // All patients of a number are found by its key: a STOP is for each of them.
        state:
          record.values.get('deleted') === true
            ? ''
            : (numberKey((record.values.get('cellPhone') ?? null) as string | null) ?? ''),
        body: { ...record.fields, ...seen },
      })
    case 'plans': {
      const state = facts.shown && record.values.get('deleted') !== true ? 'shown' : 'hidden'
      return row('plan', key, {
        state,
        body: { words: record.values.get('words') ?? null, stages: stagesOf(record.values) },
      })
    }
    case 'events': {
      const state = record.values.get('deleted') === true ? 'deleted' : (record.values.get('status') as string)
      return row('event', key, { state, at: facts.startsAt ?? 0, body: { ...record.fields, ...seen } })
    }
    default:
      return row('practice', key, { body: record.fields })
  }
}
