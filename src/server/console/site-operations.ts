/** What the console and the commands need of a site, and the operations by name that the command line calls. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import type { Chunks } from '../../replica/chunks.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { IncomingFile } from '../attachments/taking.ts'
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
  /** Of a message with attachments, what `attachmentsOf` knows it by. */
  readonly entry?: string
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
    message: {
      patient: number
      event?: number | undefined
      subject: string
      text: string
      files?: AsyncIterable<IncomingFile> | undefined
    },
    by?: By,
  ): Promise<{ entryId: string }>
  readonly chunks: Chunks
  /** The attachments of a message, by the entry of a communication. */
  attachmentsOf(entry: string): Promise<readonly Attachment[]>
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
