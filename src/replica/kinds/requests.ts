/**
 * What a patient asks of the practice: "I can't make it", "ask to move", changed contact details. Wishes only:
 * the portal never cancels or moves an event (DOM-6); staff accept or refuse.
 */
import * as v from 'valibot'
import { entryIdSchema, inOrder, keySchema, saidSchema, wallClockSchema, type Entry } from './kind.ts'

const aboutEvent = {
  ...saidSchema,
  event: keySchema,
  startsAt: wallClockSchema,
  note: v.optional(v.pipe(v.string(), v.maxLength(2_000))),
}
const answer = { ...saidSchema, request: entryIdSchema, note: v.optional(v.pipe(v.string(), v.maxLength(2_000))) }

/** What a patient may ask to be changed of what is on file. */
export const contactFields = ['homePhone', 'cellPhone', 'email', 'language'] as const
export type ContactField = (typeof contactFields)[number]
const changesSchema = v.record(v.picklist(contactFields), v.pipe(v.string(), v.maxLength(200)))

export const requestSchema = v.variant('kind', [
  v.object({ kind: v.literal('declined'), ...aboutEvent }),
  v.object({ kind: v.literal('wants to move'), ...aboutEvent }),
  v.object({
    kind: v.literal('contact change'),
    ...saidSchema,
    fields: changesSchema,
    /** What was on file when it was asked, for whoever decides: empty where there was nothing. */
    was: v.optional(changesSchema),
  }),
  v.object({ kind: v.literal('accepted'), ...answer }),
  v.object({ kind: v.literal('refused'), ...answer }),
])
export type RequestEntry = v.InferOutput<typeof requestSchema>
type Asked = Entry<Extract<RequestEntry, { kind: 'declined' | 'wants to move' | 'contact change' }>>

/** A request with its state; refused and accepted at once (two members of staff, offline) counts as refused. */
export type Request = Asked & { readonly state: 'open' | 'accepted' | 'refused' }

/** The requests of a patient, newest first. */
export function foldRequests(entries: readonly Entry<RequestEntry>[]): Request[] {
  const says = (kind: 'accepted' | 'refused', id: string): boolean =>
    entries.some((e) => e.kind === kind && e.request === id)
  return entries
    .toSorted((a, b) => inOrder(b, a))
    .flatMap((entry): Request[] => {
      if (entry.kind === 'accepted' || entry.kind === 'refused') return []
      return [
        { ...entry, state: says('refused', entry.id) ? 'refused' : says('accepted', entry.id) ? 'accepted' : 'open' },
      ]
    })
}
