/** What the console and the commands need of a site, and the operations by name that the command line calls. */
import * as v from 'valibot'
import type { By } from '../../replica/kinds/kind.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import type { Operations } from '../control.ts'

export interface Communication {
  /** ISO, UTC. */
  readonly at: string
  readonly channel: string
  readonly direction: string
  readonly patient: number | null
  readonly event: number | null
  readonly subject: string
  readonly state: string
}
export interface FoundPatient {
  readonly patient_id: number
  readonly first_name: string | null
  readonly last_name: string | null
  readonly birth_date: string | null
  readonly portal_enabled: number | null
}

/** Ids of patients and events are InSched's, local to the site. */
export interface ConsoleSite {
  readonly settings: { readonly practiceName: string; readonly siteName: string; readonly siteId: string }
  readonly bridge: { findPatients(text: string): readonly FoundPatient[] }
  /** The IANA zone of the site. */
  zone(): Promise<string>
  upload(
    progress?: (line: string) => void,
  ): Promise<{ patients: number; plans: number; stages: number; events: number; documents: number; seconds: number }>
  download(): Promise<{
    messages: number
    confirmations: number
    payments: number
    communications: number
    seconds: number
  }>
  invite(patient: number, by?: By): Promise<{ url: string; expiresAt: string }>
  message(
    message: { patient: number; event?: number | undefined; subject: string; text: string },
    by?: By,
  ): Promise<{ entryId: string }>
  /** The newest first; `cut`: there are more. */
  recent(query?: {
    patient?: number | undefined
    channel?: string | undefined
    since?: number | undefined
  }): Promise<{ items: readonly Communication[]; cut: boolean }>
  confirmations(query?: { event?: number | undefined }): Promise<{ items: readonly unknown[] }>
  reviews(): Promise<{
    items: readonly {
      id: string
      kind: string
      why: string
      todo: string
      openedAt: string
      patient: number | null
      /** How many changes wait under it, the oldest since when (ISO, UTC); of those that wait at this site. */
      changes?: number
      since?: string
    }[]
  }>
  resolve(id: string, note: string, by?: By): Promise<{ id: string }>
  erasePatient(patient: number): Promise<{ documents: number }>
  verify(): Promise<unknown>
  status(): Promise<{
    state: string
    /** ISO, UTC: since when it is so. */
    since: string
    link: string
    lastContact: string | null
    problems: readonly string[]
    notes: readonly string[]
    queues: { toPortal: number; reviews: number; waiting: number }
  }>
}

const idNumber = v.pipe(v.number(), v.integer(), v.minValue(0))
const patientInput = v.object({ patient: idNumber })
const messageInput = v.object({ patient: idNumber, event: v.optional(idNumber), subject: v.string(), text: v.string() })
const recentInput = v.object({
  patient: v.optional(idNumber),
  channel: v.optional(v.string()),
  since: v.optional(v.number()),
})
/** Who acts in the trail, where it is whoever runs the commands of this machine. */
const by = 'command line'

/** The operations of a site by name; what they do stands in the trail as what staff do in the console does. */
export function siteOperations(site: ConsoleSite, audit: AuditTrail, say: (line: string) => void): Operations {
  return {
    async upload() {
      const done = await site.upload(say)
      audit.record({ did: 'records uploaded', by })
      return done
    },
    async download() {
      const done = await site.download()
      audit.record({ did: 'communications downloaded', by })
      return done
    },
    async invite(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.invite(patient)
      audit.record({ did: 'patient invited', by, patient: String(patient) })
      return done
    },
    async message(input) {
      const message = v.parse(messageInput, input)
      const done = await site.message(message)
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
    async 'patient erase'(input) {
      const { patient } = v.parse(patientInput, input)
      const done = await site.erasePatient(patient)
      audit.record({ did: 'patient erased', by, patient: String(patient) })
      return done
    },
    verify: () => site.verify(),
    status: () => site.status(),
  }
}
