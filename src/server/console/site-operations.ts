/** What the console and the commands need of a site, and the operations by name that the command line calls. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import { choices, type Choice, type Differs } from '../../bridges/insched/put-back.ts'
import type { MirrorTexts } from '../../mirror/mirror-settings.ts'
import type { MirrorSettings, PatientCollection } from '../../mirror/policy.ts'
import type { Others } from '../../mirror/sharing.ts'
import type { PreferenceKey, Preferences } from '../../mirror/preferences.ts'
import type { Previewed } from '../../mirror/preview.ts'
import type { Coming } from '../../mirror/runs.ts'
import type { Chunks } from '../../replica/chunks.ts'
import { dateSchema, relationships, scopes, type Relationship, type Scope } from '../../replica/kinds/access.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import type { PortalFields } from '../../replica/kinds/fields.ts'
import type { SpokenType } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { TakenFor } from '../../replica/kinds/replies.ts'
import { amountIn, inSchedCurrency, type Money } from '../../replica/kinds/money.ts'
import type { Resolution, Review, ReviewKind } from '../../replica/kinds/reviews.ts'
import type { IncomingFile } from '../attachments/taking.ts'
import type { DocumentHead } from '../../replica/replica-face.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import type { Operations } from '../control.ts'
import type { Desk } from './desk-sqlite.ts'
import { speechIn } from '../words/speech.ts'
import { whyInWords } from './texts-in-words.ts'
import { hl7Operations, type Hl7Face } from './hl7-operations.ts'
import { mirrorChanges } from './mirror-changes.ts'
import type {
  Communication,
  CommunicationQuery,
  EventOfDay,
  EventStory,
  InboxThread,
  ReplyInBox,
  PaymentBox,
  PaymentOfSite,
  RequestOfSite,
  WholeThread,
  WhyText,
} from './site-views.ts'

/** How a site is: `statusOf` in `site/status.ts` makes it. */
export interface SiteStatus {
  readonly state: string
  /** ISO, UTC: since when it is so. */
  readonly since: string
  readonly link: string
  readonly lastContact: string | null
  readonly oldest: string | null
  /** Since when InSched's database is put back to a backup (ISO), and what it lacks; null: it is not. */
  readonly putBack: ({ readonly since: string } & Differs) | null
  /** Whether it waits for more than five minutes outside a backup window. */
  readonly late: boolean
  readonly next: string
  readonly backup: { readonly now: string | null; readonly next: string | null }
  readonly problems: readonly string[]
  readonly notes: readonly string[]
  readonly queues: {
    readonly toPortal: number
    readonly toInSched: number
    readonly reviews: number
    readonly waiting: number
  }
}
/** A review as lists show it; ids of patient and event are InSched's, `eventKey` the event's own. */
export interface OpenReview {
  readonly id: string
  readonly kind: ReviewKind
  readonly why: string
  readonly todo: string
  /** ISO, UTC. */
  readonly openedAt: string
  readonly patient: number | null
  readonly event: number | null
  readonly eventKey: string | null
  /** It is a reply to a text: the inbox has it. */
  readonly isReply: boolean
  readonly resolved?: NonNullable<Review['resolved']>
  /** How many changes wait under it, the oldest since when (ISO, UTC); of those that wait at this site. */
  readonly changes?: number
  readonly since?: string
}
export interface FoundPatient {
  readonly patient_id: number
  readonly first_name: string | null
  readonly last_name: string | null
  readonly birth_date: string | null
  readonly portal_enabled: number | null
}

/** A setting that was changed, as the trail keeps it: secrets masked. */
export interface Changed {
  readonly key: string
  readonly old: string
  readonly new: string
}

/** What changes of the mirror would do: documents by collection that the portal would erase, and that would begin to go. */
export interface MirrorEffect {
  readonly changed: readonly Changed[]
  readonly settings: MirrorSettings
  readonly erased: Readonly<Record<string, number>>
  readonly begins: Readonly<Record<string, number>>
  /** Records that would lose a field, here and at the portal. */
  readonly withoutFields: number
  /** Documents of other sites that would no longer be here. */
  readonly letGo: Readonly<Record<string, number>>
  /** What follows from it beyond what was set, in sentences. */
  readonly says: readonly string[]
}

/** What a site shares with another, collection by collection. */
export interface SharedWithSite {
  readonly site: string
  readonly name: string | null
  readonly items: readonly {
    readonly collection: PatientCollection
    readonly key: string
    readonly value: string
    /** What the portal says; null where it leaves it to the site. */
    readonly portal: string | null
    /** What the other site says. */
    readonly gives: boolean
    readonly takes: boolean
    /** Documents of the other that are here, and of which this site let go. */
    readonly held: number
    readonly letGo: number
  }[]
}
/** A change of one setting of the mirror; `content`: what becomes of what the portal has, where a collection is turned off. */
export interface MirrorChange {
  readonly key: string
  readonly value: string
  readonly content?: 'keep' | 'erase' | undefined
}

/** What Send Secure Portal Message is given; patient and event by InSched's local ids. */
export interface MessageToSend {
  readonly patient: number
  readonly event?: number | undefined
  readonly subject: string
  readonly text: string
  readonly files?: AsyncIterable<IncomingFile> | undefined
  /** Of an answer, the thread that it belongs to: one of this patient's. */
  readonly thread?: string | undefined
  /** Its entry, where it may be sent again and must be said once. */
  readonly id?: string | undefined
}

/** Ids of patients and events are InSched's, local to the site. */
export interface ConsoleSite {
  readonly settings: { readonly practiceName: string; readonly siteName: string; readonly siteId: string }
  readonly bridge: { findPatients(text: string): Promise<readonly FoundPatient[]> }
  /** The IANA zone of the site. */
  zone(): Promise<string>
  /** Calls `run` with documents once the pages show their change. */
  onIndexed(run: (documents: readonly DocumentHead[]) => void): void
  upload(
    progress?: (line: string) => void,
    how?: { wait?: boolean | undefined },
  ): Promise<{ patients: number; plans: number; stages: number; events: number; documents: number; seconds: number }>
  download(how?: { wait?: boolean | undefined }): Promise<{
    messages: number
    confirmations: number
    payments: number
    communications: number
    seconds: number
  }>
  invite(patient: number, by?: By): Promise<{ url: string; expiresAt: string }>
  /** Who may act for a patient; what they may do and until when. */
  accessOf(patient: number): Promise<{
    signIns: number
    items: readonly {
      grant: string
      name: string
      relationship: Relationship
      scope: readonly Scope[]
      from: string
      to: string | null
      document: string | null
      takenUp: boolean
      grantedBy: string
    }[]
  }>
  grant(
    patient: number,
    grant: { name: string; relationship: Relationship; scope: readonly Scope[]; to?: string | undefined; document?: string | undefined }, // prettier-ignore
    by?: By,
  ): Promise<{ grantId: string; url: string; expiresAt: string }>
  endAccess(patient: number, grant: string, by?: By): Promise<{ grant: string }>
  message(message: MessageToSend, by?: By): Promise<{ entryId: string }>
  readonly chunks: Chunks
  /** The attachments of a message, by the entry of a communication. */
  attachmentsOf(entry: string): Promise<readonly Attachment[]>
  /** The newest first; `cut`: there are more. */
  recent(query?: CommunicationQuery): Promise<{ items: readonly object[]; cut: boolean }>
  communications(query?: CommunicationQuery): AsyncGenerator<Communication>
  /** Whether Recent Communications has such an entry. */
  isCommunication(entry: string): Promise<boolean>
  /** The events of patients on a day `YYYY-MM-DD`. */
  day(date: string): Promise<readonly EventOfDay[]>
  event(key: string): Promise<EventStory | undefined>
  /** The threads in which patients wrote, as a user has seen them. */
  threads(user: string): Promise<readonly InboxThread[]>
  thread(thread: string, user: string): Promise<WholeThread | undefined>
  /** The locations of the practice. */
  locations(): Promise<readonly { readonly id: string; readonly name: string }[]>
  readonly desk: Desk
  payments(box: Exclude<PaymentBox, 'requests'>): Promise<readonly PaymentOfSite[]>
  /** How many were paid and are not in InSched yet. */
  paymentsWaiting(): Promise<number>
  paymentRequests(): Promise<readonly RequestOfSite[]>
  payment(id: string): Promise<PaymentOfSite | undefined>
  allPayments(): AsyncGenerator<PaymentOfSite>
  requestPayment(patient: number, wanted: { amount: Money; due: string | null; words: string }, by?: By): Promise<{ request: string }> // prettier-ignore
  withdrawRequest(request: string, by?: By): Promise<{ request: string }>
  askRefund(payment: string, wanted: { amount: Money; reason: string }, by?: By): Promise<{ refund: string }>
  assignPayment(payment: string, patient: number, reason: string, by?: By): Promise<{ payment: string }>
  confirmations(query?: { event?: number | undefined }): Promise<{ items: readonly unknown[] }>
  reviews(state?: 'open' | 'resolved'): Promise<{ items: readonly OpenReview[] }>
  /** `each`: of a reply about several events, what it is taken for in each. */
  /** A patient confirmed to staff, for the start that they saw; throws a sentence where the event is gone or has moved. */
  confirm(spoken: { event: string; startsAt: string; type: SpokenType }, by?: By): Promise<void>
  resolve(
    id: string,
    note: string,
    by?: By,
    how?: Resolution,
    each?: ReadonlyMap<string, TakenFor>,
  ): Promise<{ id: string }>
  /** Replies to texts that a person must read, or has read. */
  replies(state: 'open' | 'resolved'): Promise<readonly ReplyInBox[]>
  reply(id: string): Promise<ReplyInBox | undefined>
  /** Answers what a patient asked, by its review. */
  answer(review: string, verdict: 'accepted' | 'refused', note?: string, by?: By): Promise<{ id: string }>
  /** Closes a thread with a patient; whoever writes in it opens it again. */
  closeThread(patient: number, thread: string, by?: By): Promise<{ thread: string }>
  /** Takes back a message of the practice that nobody has read yet; throws a sentence where it is too late. */
  retract(patient: number, entry: string, by?: By): Promise<{ entry: string }>
  /** How the practice has its patients' pages: what was set. */
  portalFields(): Promise<Partial<PortalFields>>
  setPortal(fields: Partial<PortalFields>): Promise<Partial<PortalFields>>
  erasePatient(patient: number): Promise<{ documents: number }>
  verify(): Promise<unknown>
  sync(
    progress?: (line: string) => void,
    how?: { wait?: boolean | undefined; full?: boolean | undefined },
  ): Promise<{ uploaded: object; downloaded: object }>
  readonly preferences: {
    get(key?: string): Readonly<Record<string, string>>
    set(key: string, value: string): Promise<Changed>
    /** Changes several at once; throws `WrongPreferences`, and changes none, where one would be wrong. */
    change(values: Readonly<Partial<Record<PreferenceKey, string>>>): Promise<readonly Changed[]>
    values(): Pick<Preferences, 'timing' | 'backup'>
  }
  coming(): Coming
  readonly texts: {
    get(): Promise<Readonly<Record<string, string>>>
    set(key: string, value: string): Promise<{ key: string; old: string; new: string }>
    whyOf(event: number): Promise<readonly WhyText[]>
  }
  readonly mirror: {
    show(): Promise<{
      readonly receipts: Readonly<Record<string, number>>
      readonly erasing: Readonly<Record<string, number>>
      readonly problem: string | null
      readonly sites: readonly SharedWithSite[]
    }>
    shareKey(other: string, collection: string): string
    set(change: MirrorChange): Promise<Changed>
    preview(of: { patient?: number | undefined; change?: MirrorChange | undefined }): Promise<{ patient: number }>
    standing(): { readonly own: MirrorTexts; readonly portals: MirrorTexts; readonly settings: MirrorSettings; readonly others: Others } // prettier-ignore
    effect(changes: readonly MirrorChange[]): Promise<MirrorEffect>
    /** Changes settings, all or none; throws a sentence where one would be wrong. */
    change(changes: readonly MirrorChange[]): Promise<{ readonly changed: readonly Changed[] }>
    /** What of a patient leaves now, and what would after changes; throws a sentence where it cannot be looked up. */
    sample(
      patient?: number,
      changes?: readonly MirrorChange[],
    ): Promise<{ patient: number; now: readonly Previewed[]; afterwards: readonly Previewed[] }>
  }
  readonly backup: {
    status(): { readonly until: string | null; readonly next: string | null; readonly open: boolean }
    begin(minutes?: number): Promise<object>
    end(): Promise<object>
  }
  /** Does what an admin chose for a database of InSched that was put back to a backup; throws a sentence where it was not (DOM-19). */
  settleRestored(choice: Choice): Promise<{ says: string }>
  testConnection(): Promise<{ failed: string | null }>
  readonly hl7: Hl7Face
  status(): Promise<SiteStatus>
}

const idNumber = v.pipe(v.number(), v.integer(), v.minValue(0))
const patientInput = v.object({ patient: idNumber })
const grantInput = v.object({ patient: idNumber, name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)), relationship: v.picklist(relationships, `--relationship is one of: ${relationships.join(', ')}`), scope: v.pipe(v.array(v.picklist(scopes, `--scope is some of: ${scopes.join(',')}`)), v.minLength(1)), to: v.optional(dateSchema), document: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))) }) // prettier-ignore
const messageInput = v.object({
  patient: idNumber,
  event: v.optional(idNumber),
  subject: v.string(),
  text: v.string(),
  /** Paths of files on this machine. */
  attach: v.optional(v.array(v.string()), []),
})
const recentInput = v.object({
  patient: v.optional(idNumber),
  channel: v.optional(v.string()),
  since: v.optional(v.number()),
})
const yesOrNo = v.pipe(
  v.picklist(['yes', 'no'], 'Write yes or no.'),
  v.transform((word) => word === 'yes'),
)
const ownWords = (most: number) => v.pipe(v.string(), v.trim(), v.maxLength(most, `Write at most ${most} characters.`), v.transform((text) => text || null)) // prettier-ignore
/** An amount as people write it, as cents; nothing is what is usual. */
const centsOf = (usual: number) => v.pipe(v.string(), v.transform((text) => (text.trim() === '' ? usual : amountIn(text, inSchedCurrency)?.minor)), v.number('Write an amount like 25.00.')) // prettier-ignore
/** What of the patients' pages can be set, by the key of the command line; an empty text is what is usual. */
const pageKeys = {
  guidelines: v.object({ guidelines: ownWords(300) }),
  answersWithinDays: v.object({ answersWithinDays: v.pipe(v.string(), v.regex(/^\d{0,2}$/, 'Write a number of working days.'), v.transform((text) => (text === '' ? null : Number(text)))) }), // prettier-ignore
  showsRead: v.object({ showsRead: yesOrNo }),
  patientsMayStart: v.object({ patientsMayStart: yesOrNo }),
  messagesEndAtAge: v.object({ messagesEndAtAge: v.pipe(v.string(), v.regex(/^(1[0-7])?$/, 'Write an age from 10 to 17, or nothing.'), v.transform((text) => (text === '' ? null : Number(text)))) }), // prettier-ignore
  calendarTitle: v.object({ calendarTitle: ownWords(60) }),
  payMinimum: v.pipe(v.object({ payMinimum: centsOf(100) }), v.transform(({ payMinimum }) => ({ payMinimumCents: payMinimum }))), // prettier-ignore
  payOver: v.pipe(
    v.object({ payOver: centsOf(0) }),
    v.transform(({ payOver }) => ({ payOverCents: payOver })),
  ),
} as const

/** The field that a key and a value set; throws a sentence that names what is wrong. */
function portalPreference({ key, value }: { key: string; value: string }): Partial<PortalFields> {
  if (!Object.hasOwn(pageKeys, key)) throw new Error(`There is nothing ${key} to set. There are: ${Object.keys(pageKeys).join(', ')}.`) // prettier-ignore
  const read = v.safeParse(pageKeys[key as keyof typeof pageKeys] as v.GenericSchema<unknown, Partial<PortalFields>>, { [key]: value }) // prettier-ignore
  if (!read.success) throw new Error(`${value} is no value of ${key}. ${read.issues[0].message}`)
  return read.output
}

const mirrorChange = v.object({
  key: v.string(),
  value: v.string(),
  content: v.optional(v.picklist(['keep', 'erase'])),
})
const preferenceInput = v.object({ key: v.optional(v.string()) })
const waitInput = v.object({ wait: v.optional(v.boolean()), full: v.optional(v.boolean()) })
/** Who acts in the trail, where it is whoever runs the commands of this machine. */
const by = 'command line'

/** Files of this machine; throws a sentence where one cannot be read. */
async function* filesAt(paths: readonly string[]): AsyncGenerator<IncomingFile> {
  for (const path of paths) {
    const file = await open(path).catch((cause: Error) => {
      throw new Error(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? cause.message}).`, { cause })
    })
    try {
      yield { name: basename(path), content: file.createReadStream({ autoClose: false }) }
    } finally {
      await file.close()
    }
  }
}

/** The operations of a site by name; what they do stands in the trail as what staff do in the console does. */
export function siteOperations(site: ConsoleSite, audit: AuditTrail, say: (line: string) => void): Operations {
  const answer = (verdict: 'accepted' | 'refused') => async (input: unknown) => {
    const { id, note } = v.parse(v.object({ id: v.string(), note: v.optional(v.string()) }), input)
    const done = await site.answer(id, verdict, note)
    audit.record({ did: 'request answered', by, of: id })
    return done
  }
  return {
    async upload(input) {
      const done = await site.upload(say, v.parse(waitInput, input))
      audit.record({ did: 'records uploaded', by })
      return done
    },
    async download(input) {
      const done = await site.download(v.parse(waitInput, input))
      audit.record({ did: 'communications downloaded', by })
      return done
    },
    async invite(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.invite(patient)
      audit.record({ did: 'patient invited', by, patient: String(patient) })
      return done
    },
    access(input) {
      const { patient } = v.parse(patientInput, input)
      audit.noted({ did: 'viewed', by, patient: String(patient), of: 'access' })
      return site.accessOf(patient)
    },
    async 'access grant'(input) {
      const { patient, ...grant } = v.parse(grantInput, input)
      const done = await site.grant(patient, grant)
      audit.record({ did: 'access granted', by, patient: String(patient), of: [done.grantId, ...grant.scope] })
      return done
    },
    async 'access end'(input) {
      const { patient, grant } = v.parse(v.object({ patient: idNumber, grant: v.string() }), input)
      const done = await site.endAccess(patient, grant)
      audit.record({ did: 'access ended', by, patient: String(patient), of: grant })
      return done
    },
    async message(input) {
      const { attach, ...message } = v.parse(messageInput, input)
      const done = await site.message({ ...message, files: attach.length > 0 ? filesAt(attach) : undefined })
      audit.record({ did: 'message sent', by, patient: String(message.patient), of: done.entryId })
      return done
    },
    recent(input) {
      audit.noted({ did: 'viewed', by, of: 'recent' })
      return site.recent(v.parse(recentInput, input))
    },
    confirmations(input) {
      audit.noted({ did: 'viewed', by, of: 'confirmations' })
      return site.confirmations(v.parse(v.object({ event: v.optional(idNumber) }), input))
    },
    reviews() {
      audit.noted({ did: 'viewed', by, of: 'reviews' })
      return site.reviews()
    },
    async 'reviews resolve'(input) {
      const { id, note } = v.parse(v.object({ id: v.string(), note: v.string() }), input)
      const done = await site.resolve(id, note)
      audit.record({ did: 'review resolved', by, of: id })
      return done
    },
    'reviews accept': answer('accepted'),
    'reviews refuse': answer('refused'),
    async 'thread close'(input) {
      const { patient, thread } = v.parse(v.object({ patient: idNumber, thread: v.string() }), input)
      const done = await site.closeThread(patient, thread)
      audit.record({ did: 'thread closed', by, patient: String(patient), of: thread })
      return done
    },
    'pages get': () => site.portalFields(),
    async 'pages set'(input) {
      const done = await site.setPortal(
        portalPreference(v.parse(v.object({ key: v.string(), value: v.string() }), input)),
      )
      audit.record({ did: 'portal set', by, of: Object.keys(done) })
      return done
    },
    async 'patient erase'(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.erasePatient(patient)
      audit.record({ did: 'patient erased', by, patient: String(patient) })
      return done
    },
    verify: () => site.verify(),
    async 'sync now'(input) {
      const done = await site.sync(say, v.parse(waitInput, input))
      audit.record({ did: 'synchronized', by })
      return done
    },
    'preferences get': async (input) => site.preferences.get(v.parse(preferenceInput, input).key),
    async 'preferences set'(input) {
      const { key, value } = v.parse(v.object({ key: v.string(), value: v.string() }), input)
      const done = await site.preferences.set(key, value)
      audit.record({ did: 'preference changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    'texts get': () => site.texts.get(),
    async 'texts set'(input) {
      const { key, value } = v.parse(v.object({ key: v.string(), value: v.string() }), input)
      const done = await site.texts.set(key, value)
      audit.record({ did: 'preference changed', by, of: [`texts ${done.key}`, done.old, done.new] })
      return done
    },
    async 'texts why'(input) {
      const { event } = v.parse(v.object({ event: idNumber }), input)
      audit.noted({ did: 'viewed', by, of: 'texts' })
      const [zone, why] = [await site.zone(), await site.texts.whyOf(event)]
      return { items: why.map((one) => ({ rule: one.rule, kind: one.what, state: one.is, words: whyInWords(speechIn('en'), one, zone) })) } // prettier-ignore
    },
    async 'mirror show'() {
      const { sites, ...shown } = await site.mirror.show()
      const changes = mirrorChanges(audit)
      const changedOf = (key: string) => {
        const last = changes.get(key)
        return last ? { at: new Date(last.at).toISOString(), by: last.event.by ?? '' } : null
      }
      return { ...shown, sites: sites.map((one) => ({ ...one, items: one.items.map((item) => ({ ...item, changed: changedOf(item.key) })) })) } // prettier-ignore
    },
    async 'mirror share'(input) {
      const { site: other, collection, value } = v.parse(v.object({ site: v.string(), collection: v.string(), value: v.string() }), input) // prettier-ignore
      const done = await site.mirror.set({ key: site.mirror.shareKey(other, collection), value })
      audit.record({ did: 'mirror changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    async 'mirror set'(input) {
      const done = await site.mirror.set(v.parse(mirrorChange, input))
      audit.record({ did: 'mirror changed', by, of: [done.key, done.old, done.new] })
      return done
    },
    async 'mirror preview'(input) {
      const done = await site.mirror.preview(
        v.parse(v.object({ patient: v.optional(idNumber), change: v.optional(mirrorChange) }), input),
      )
      audit.record({ did: 'mirror previewed', by, patient: String(done.patient) })
      return done
    },
    async 'backup begin'(input) {
      const done = await site.backup.begin(v.parse(v.object({ minutes: v.optional(idNumber) }), input).minutes)
      audit.record({ did: 'backup begun', by })
      return done
    },
    async 'backup end'() {
      const done = await site.backup.end()
      audit.record({ did: 'backup ended', by })
      return done
    },
    'backup status': async () => site.backup.status(),
    async 'insched restored'(input) {
      const { choice } = v.parse(v.object({ choice: v.picklist(choices) }), input)
      const done = await site.settleRestored(choice)
      audit.record({ did: 'restored database settled', by, of: choice })
      return done
    },
    async 'connection test'() {
      const done = await site.testConnection()
      audit.record({ did: 'connection tested', by, of: done.failed ?? undefined })
      return done
    },
    ...hl7Operations(site.hl7, audit),
    status: () => site.status(),
  }
}
