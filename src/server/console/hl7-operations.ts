/** The operations of the HL7 bridge that the command line calls: channels, the queue, what is sent and done again by hand. Each stands in the audit trail by ids. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { messageStates, type MessageState } from '../../bridges/hl7/queue-sqlite.ts'
import { verboseMinutes } from '../../bridges/hl7/verbose.ts'
import type { AuditEvent, AuditTrail } from '../audit-sqlite.ts'
import type { Operations } from '../control.ts'

/** A message as lists show it; times are ISO, UTC, the patient InSched's number. */
export interface Hl7Message {
  readonly id: string
  readonly at: string
  readonly channel: string
  readonly direction: 'in' | 'out'
  readonly kind: string
  readonly control: string
  readonly state: MessageState
  readonly code: string | null
  readonly tries: number
  readonly patient: number | null
  readonly replaces: string | null
  /** Why it was not taken; for staff. */
  readonly why: string | null
}
interface Hl7Query {
  readonly channel?: string | undefined
  readonly state?: MessageState | undefined
  readonly kind?: string | undefined
  readonly patient?: number | undefined
  /** Milliseconds UTC. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}
/** How a channel is, as pages and commands show it. */
export interface Hl7Channel {
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly to: string
  readonly state: string
  readonly problem: string | null
  readonly connections: number
  /** At which it listens, while it does. */
  readonly port: number | null
  readonly states: Readonly<Record<string, number>>
  /** ISO, UTC. */
  readonly oldest: string | null
  /** ISO, UTC: until when the log is verbose about it; null where it is not. */
  readonly verboseUntil: string | null
}

/** What console and commands need of a site's HL7 bridge. */
export interface Hl7Face {
  channels(): readonly Hl7Channel[]
  add(given: unknown): Promise<{ readonly name: string }>
  remove(name: string): Promise<void>
  pause(name: string): Promise<void>
  resume(name: string): Promise<void>
  /** Verbose for so many minutes, with 0 not any more; resolves with the end, ISO. */
  verbose(name: string, minutes: number): Promise<string | null>
  /** The newest first; `cut`: there are more. */
  messages(query: Hl7Query): Promise<{ readonly items: readonly Hl7Message[]; readonly cut: boolean }>
  /** A message and its answer as text. */
  contents(
    id: string,
  ): Promise<{ readonly message: string; readonly answer: string | null; readonly patient: number | null }>
  send(channel: string, file: Uint8Array): Promise<readonly string[]>
  /** Says for whom a peer's id stands, by InSched's number. */
  link(channel: string, id: string, authority: string | undefined, patient: number): Promise<void>
  replay(id: string, edited?: Uint8Array): Promise<{ readonly id: string; readonly code: string | null }>
}

/** What is asked for of a channel's verbose log, by command or page. */
export const verboseInput = v.object({ name: v.string(), minutes: verboseMinutes })
const nameInput = v.object({ name: v.string() })
const queueInput = v.object({
  channel: v.optional(v.string()),
  state: v.optional(v.picklist(messageStates, `--state is one of: ${messageStates.join(', ')}.`)),
  kind: v.optional(v.string()),
  patient: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  since: v.optional(v.number()),
})
const linkInput = v.object({ name: v.string(), id: v.pipe(v.string(), v.minLength(1)), authority: v.optional(v.string()), patient: v.pipe(v.number(), v.integer(), v.minValue(0)) }) // prettier-ignore
/** Who acts in the trail, where it is whoever runs the commands of this machine. */
const by = 'command line'

/** That a channel's log was made verbose, and until when, as the trail holds it. */
export const verboseDeed = (who: string, name: string, until: string | null): AuditEvent =>
  ({ did: 'hl7 channel changed', by: who, of: [name, until === null ? 'not verbose' : `verbose until ${until}`] }) // prettier-ignore

/** The operations by name. Files are of this machine. */
export function hl7Operations(hl7: Hl7Face, audit: AuditTrail): Operations {
  const changed = (did: 'added' | 'removed' | 'paused' | 'resumed', name: string): { name: string } => {
    audit.record({ did: 'hl7 channel changed', by, of: [name, did] })
    return { name }
  }
  return {
    async 'hl7 channel add'(input) {
      const { name } = await hl7.add(v.parse(v.object({ channel: v.unknown() }), input).channel)
      return changed('added', name)
    },
    'hl7 channel list': async () => ({ items: hl7.channels() }),
    async 'hl7 channel remove'(input) {
      const { name } = v.parse(nameInput, input)
      await hl7.remove(name)
      return changed('removed', name)
    },
    async 'hl7 channel pause'(input) {
      const { name } = v.parse(nameInput, input)
      await hl7.pause(name)
      return changed('paused', name)
    },
    async 'hl7 channel resume'(input) {
      const { name } = v.parse(nameInput, input)
      await hl7.resume(name)
      return changed('resumed', name)
    },
    async 'hl7 verbose'(input) {
      const { name, minutes } = v.parse(verboseInput, input)
      const verboseUntil = await hl7.verbose(name, minutes)
      audit.record(verboseDeed(by, name, verboseUntil))
      return { name, verboseUntil: verboseUntil ?? 'off' }
    },
    async 'hl7 queue'(input) {
      const query = v.parse(queueInput, input)
      audit.noted({ did: 'viewed', by, of: 'hl7 queue' })
      return hl7.messages(query)
    },
    async 'hl7 show'(input) {
      const { id } = v.parse(v.object({ id: v.string() }), input)
      const { patient, ...contents } = await hl7.contents(id)
      audit.record({ did: 'hl7 message viewed', by, of: id, ...(patient === null ? {} : { patient: String(patient) }) })
      return contents
    },
    async 'hl7 send'(input) {
      const { name, file } = v.parse(v.object({ name: v.string(), file: v.string() }), input)
      const ids = await hl7.send(name, await contentOf(file))
      audit.record({ did: 'hl7 message sent', by, of: [name, ...ids] })
      return { ids }
    },
    async 'hl7 link'(input) {
      const { name, id, authority, patient } = v.parse(linkInput, input)
      await hl7.link(name, id, authority, patient)
      audit.record({ did: 'hl7 id linked', by, of: name, patient: String(patient) })
      return { name, patient }
    },
    async 'hl7 replay'(input) {
      const { id, file } = v.parse(v.object({ id: v.string(), file: v.optional(v.string()) }), input)
      const done = await hl7.replay(id, file === undefined ? undefined : await contentOf(file))
      audit.record({ did: 'hl7 message replayed', by, of: [...new Set([id, done.id])] })
      return done
    },
  }
}

function contentOf(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: Error) => {
    throw new Error(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? cause.message}).`, { cause })
  })
}
