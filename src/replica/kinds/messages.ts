/**
 * Secure messages: one document per patient, threads by topic. What is internal to the staff is never in here.
 * A message is never changed; it may be read (per person) and retracted. A thread may be closed: who writes in it again opens it.
 */
import * as v from 'valibot'
import { attachmentsSchema } from './attachments.ts'
import { entryIdSchema, inOrder, isPatients, keySchema, saidSchema, ulidSchema, type Entry } from './kind.ts'

export const messageSchema = v.variant('kind', [
  v.object({
    kind: v.literal('message'),
    ...saidSchema,
    /** The thread: the same for a message and its answers. */
    thread: ulidSchema,
    subject: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    text: v.pipe(v.string(), v.minLength(1), v.maxLength(20_000)),
    /** The event that it is about, where it is about one. */
    event: v.optional(v.nullable(keySchema)),
    attachments: v.optional(attachmentsSchema),
  }),
  v.object({ kind: v.literal('read'), ...saidSchema, entry: entryIdSchema }),
  v.object({ kind: v.literal('retracted'), ...saidSchema, entry: entryIdSchema }),
  v.object({ kind: v.literal('closed'), ...saidSchema, thread: ulidSchema }),
])
export type MessageEntry = v.InferOutput<typeof messageSchema>
export type Message = Extract<MessageEntry, { kind: 'message' }>

export interface Thread {
  readonly thread: string
  readonly subject: string
  /** Nothing was said since it was closed. */
  readonly closed: boolean
  /** In order of time; a retracted message keeps its place and loses its text. `openedAt`: when the other side first read it. */
  readonly messages: readonly (Entry<Message> & {
    readonly retracted: boolean
    readonly readBy: readonly string[]
    readonly openedAt: number | null
  })[]
}

/** The threads of a patient, the one with the newest message first. */
export function foldMessages(entries: readonly Entry<MessageEntry>[]): Thread[] {
  const readBy = new Map<string, Set<string>>()
  const retracted = new Set<string>()
  const read = entries.filter((entry) => entry.kind === 'read').toSorted(inOrder)
  for (const entry of entries) {
    if (entry.kind === 'read') readBy.set(entry.entry, (readBy.get(entry.entry) ?? new Set()).add(entry.by.id))
    if (entry.kind === 'retracted') retracted.add(entry.entry)
  }
  const threads = new Map<string, Thread['messages'][number][]>()
  for (const entry of entries.toSorted(inOrder)) {
    if (entry.kind !== 'message') continue
    const gone = retracted.has(entry.id)
    const message = {
      ...entry,
      text: gone ? '' : entry.text,
      retracted: gone,
      readBy: [...(readBy.get(entry.id) ?? [])].toSorted(),
      openedAt: read.find((one) => one.entry === entry.id && isPatients(one.by) !== isPatients(entry.by))?.at ?? null,
    }
    threads.set(entry.thread, [...(threads.get(entry.thread) ?? []), message])
  }
  return [...threads]
    .map(([thread, messages]) => {
      const last = messages.at(-1)!
      const closed = entries.some(
        (entry) => entry.kind === 'closed' && entry.thread === thread && inOrder(last, entry) < 0,
      )
      return { thread, subject: messages[0]!.subject, closed, messages }
    })
    .toSorted((a, b) => inOrder(b.messages.at(-1)!, a.messages.at(-1)!))
}
