/** The face of a site: what the console and the commands need of it. `site/` makes it. Ids of patients and events are InSched's, local to the site. */
import type { Choice, Differs } from '../../bridges/insched/put-back.ts'
import type { Rule } from '../../bridges/texts/rules.ts'
import type { MirrorTexts } from '../../mirror/mirror-settings.ts'
import type { MirrorSettings, PatientCollection } from '../../mirror/policy.ts'
import type { Others } from '../../mirror/sharing.ts'
import type { PreferenceKey, Preferences } from '../../mirror/preferences.ts'
import type { Previewed } from '../../mirror/preview.ts'
import type { Coming } from '../../mirror/runs.ts'
import type { Chunks } from '../../replica/chunks.ts'
import type { Relationship, Scope } from '../../replica/kinds/access.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import type { PortalFields } from '../../replica/kinds/fields.ts'
import type { SpokenType } from '../../replica/kinds/confirmations.ts'
import type { ChannelChoice } from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { TakenFor } from '../../replica/kinds/replies.ts'
import type { Money } from '../../replica/kinds/money.ts'
import type { Resolution, Review, ReviewKind } from '../../replica/kinds/reviews.ts'
import type { IncomingFile } from '../attachments/taking.ts'
import type { DocumentHead } from '../../replica/replica-face.ts'
import type { Desk } from './desk-sqlite.ts'
import type { Hl7Face } from './hl7-operations.ts'
import type { DryRun, Sample, SampleEvent, TemplateOfSite, TriedTemplate } from './texts-views.ts'
import type {
  Communication,
  CommunicationQuery,
  EventOfDay,
  EventStory,
  InboxThread,
  ReplyInBox,
  PaymentBox,
  PaymentOfSite,
  PlanOfPatient,
  RequestOfSite,
  SharedPatient,
  SharedRecord,
  SentByHand,
  WholeThread,
  Reached,
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
  /** Of a double booking both events, as they stand now: the own one first. */
  readonly events?: readonly BookedEvent[]
  /** It is a reply to a text: the inbox has it. */
  readonly isReply: boolean
  readonly resolved?: NonNullable<Review['resolved']>
  /** How many changes wait under it, the oldest since when (ISO, UTC); of those that wait at this site. */
  readonly changes?: number
  readonly since?: string
}
export interface BookedEvent {
  readonly key: string
  /** Wall clock of its location. */
  readonly startsAt: string
  readonly minutes: number
  readonly status: string
  readonly words: string | null
  /** The name of the site whose it is. */
  readonly site: string | null
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

/** A site, as the console and the commands call it. */
export interface ConsoleSite {
  /** The exchange XML, from files and into files. */
  readonly exchange: {
    /** Takes the patients and events of an upload by the rules of a channel; numbers are InSched's, or `from` another system. */
    importRecords(
      file: string,
      by: { readonly channel?: string | undefined; readonly from?: string | undefined },
    ): Promise<{
      readonly patients: number
      readonly events: number
      readonly removed: number
      readonly refused: number
      readonly left: number
    }>
    exportRecords(file: string): Promise<{ readonly records: number }>
    exportItems(file: string, since?: number): Promise<{ readonly items: number; readonly to: number }>
  }
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
  /** Wishes that the portal mails an invitation; throws a sentence where the patient may not be mailed to. */
  inviteByMail(patient: number, by?: By): Promise<{ asked: string }>
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
  /** Whether Recent Communications has such an entry; `clinical`: for somebody who sees messages of clinical systems. */
  isCommunication(entry: string, clinical: boolean): Promise<boolean>
  /** The events of patients on a day `YYYY-MM-DD`. */
  day(date: string): Promise<readonly EventOfDay[]>
  event(key: string): Promise<EventStory | undefined>
  /** The threads in which patients wrote, as a user has seen them. */
  threads(user: string): Promise<readonly InboxThread[]>
  thread(thread: string, user: string): Promise<WholeThread | undefined>
  /** Whether any other site shares records with this one. */
  isSharedWith(): boolean
  /** Patients whom other sites share with this one, by words of their names. */
  findShared(text: string): Promise<readonly SharedPatient[]>
  /** One of them with what is shared; undefined where none is. */
  sharedPatient(key: string): Promise<SharedRecord | undefined>
  /** The locations of the practice. */
  locations(): Promise<readonly { readonly id: string; readonly name: string }[]>
  readonly desk: Desk
  payments(box: Exclude<PaymentBox, 'requests'>): Promise<readonly PaymentOfSite[]>
  /** How many were paid and are not in InSched yet. */
  paymentsWaiting(): Promise<number>
  paymentRequests(): Promise<readonly RequestOfSite[]>
  payment(id: string): Promise<PaymentOfSite | undefined>
  allPayments(): AsyncGenerator<PaymentOfSite>
  plansOf(patient: number): Promise<readonly PlanOfPatient[]>
  requestPayment(patient: number, wanted: { amount: Money; due: string | null; words: string; plan?: string | undefined }, by?: By): Promise<{ request: string }> // prettier-ignore
  withdrawRequest(request: string, by?: By): Promise<{ request: string }>
  askRefund(payment: string, wanted: { amount: Money; reason: string }, by?: By): Promise<{ refund: string }>
  assignPayment(payment: string, patient: number, reason: string, by?: By): Promise<{ payment: string }>
  confirmations(query?: { event?: number | undefined }): Promise<{ items: readonly unknown[] }>
  reviews(state?: 'open' | 'resolved'): Promise<{ items: readonly OpenReview[] }>
  /** A patient confirmed to staff, for the start that they saw; throws a sentence where the event is gone or has moved. */
  confirm(spoken: { event: string; startsAt: string; type: SpokenType }, by?: By): Promise<void>
  /** `each`: of a reply about several events, what it is taken for in each. */
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
    set(key: string, value: string): Promise<Changed>
    /** Sets several at once; throws `WrongTexts`, and changes none, where one would be wrong. */
    change(values: Readonly<Record<string, string>>): Promise<readonly Changed[]>
    rules(): Promise<readonly Rule[]>
    /** Who would get what when, by the rules as they are or with changes; throws `WrongTexts` where one would be wrong. */
    dryRun(of: {
      readonly changes?: Readonly<Record<string, string>> | undefined
      readonly days: number
    }): Promise<DryRun>
    /** What a made-up appointment would bring, by the rules as they are or with changes. */
    sample(event: SampleEvent, changes?: Readonly<Record<string, string>>): Promise<Sample>
    /** The event types that rules may be for; while InSched cannot be asked, those that it had, and why. */
    eventTypes(): Promise<{ readonly types: readonly { readonly key: string; readonly name: string }[]; readonly why: string | null }> // prettier-ignore
    templates(): Promise<readonly TemplateOfSite[]>
    /** What a template would say; throws TemplateFault, or a sentence, where it may not be used. */
    tryTemplate(key: string, source: string): Promise<TriedTemplate>
    whyOf(event: number): Promise<readonly WhyText[]>
    /** Holds all that would be told of an event by itself, or lets it go; throws a sentence where the event is gone. */
    hold(event: string, holds: boolean, by?: By): Promise<void>
    /** Wants a text to go out now; throws a sentence where the event is gone or has moved, or no rule tells it. */
    sendNow(text: SentByHand, by?: By): Promise<void>
  }
  readonly reached: {
    /** Throws a sentence where there is no such patient. */
    of(patient: number): Promise<Reached>
    /** Says what of a choice is new; resolves with that, as words of the trail. */
    choose(patient: number, choice: ChannelChoice, by?: By): Promise<readonly string[]>
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
