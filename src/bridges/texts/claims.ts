/**
 * Claims of texts in `communications`: made before the provider is asked, settled by what it says. A text that tells of
 * several events is claimed for each of them in one change, under the id of each (event, start, kind, rule and receiver), and
 * whatever becomes of it is said of each.
 */
import type { CommunicationEntry, Listed, MessageState, OutMessage } from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { tellingId } from './judging.ts'
import { linesOf, type Part } from './told-together.ts'

type Add = Record<string, CommunicationEntry>
export interface StateSaid { readonly at: number; readonly by: By; readonly state: MessageState; readonly sid?: string; readonly code?: string } // prettier-ignore
/** A text by whoever of its patients it is kept for. */
export interface Claimed { readonly patient: string; readonly message: Pick<OutMessage & { kind: 'text' }, 'id' | 'lists'> } // prettier-ignore

/** The edits that say what became of a text, of each event that it tells. The documents are there: the claims are in them. */
export function stateEdits({ patient, message }: Claimed, { at, by, state, ...more }: StateSaid, codes: Readonly<Record<string, string>> = {}): Edit[] {
  const claims = [{ patient, entry: message.id }, ...(message.lists ?? []).filter((one): one is Listed & { entry: string } => one.entry !== undefined && one.entry !== message.id)]
  return [...Map.groupBy(claims, (one) => one.patient)].map(([key, some]): Edit => ({
    collection: 'communications',
    key,
    add: Object.fromEntries(some.map(({ entry }) => [`state:${entry}:${state}`, { kind: 'state', at, by, message: entry, state, ...more, ...(codes[entry] === undefined ? {} : { code: codes[entry] }) }])),
  }))
} // prettier-ignore

/** The facts of a patient's communications. */
export async function communicationFacts(replica: Replica, patient: string, site: string | null) {
  const facts = (await replica.head('patients', patient))?.facts
  return { patient, site: facts?.site ?? site, shown: false, reachable: facts?.reachable ?? true, startsAt: null }
}

export interface NewText {
  readonly at: number
  readonly by: By
  readonly to: string
  readonly recipient: string
  readonly body: string
  readonly saysStop: boolean
}

/** What claims a text for its parts: the entries of each patient, and the text itself, which is kept for the first part's patient. */
export function claimOf(parts: readonly [Part, ...Part[]], text: NewText): Claimed & { readonly entries: ReadonlyMap<string, Add> } {
  const { at, by, to, recipient, body, saysStop } = text
  const lines = linesOf(parts)
  const idOf = ({ rule, of }: Part): string => tellingId(rule, of)
  const [first] = parts
  const lead = idOf(first)
  const lists = parts.map((part): Listed => ({
    event: part.of.event.key,
    patient: part.of.patient,
    startsAt: part.of.event.startsAt,
    line: lines.findIndex((line) => line.parts.includes(part)) + 1,
    entry: idOf(part),
  }))
  const entryOf = (part: Part): CommunicationEntry => ({
    kind: 'text',
    at,
    by,
    what: part.rule.what,
    to,
    recipient,
    body,
    event: part.of.event.key,
    startsAt: part.of.event.startsAt,
    rule: part.rule.id,
    ...(part === first ? { ...(saysStop ? { saysStop } : {}), ...(parts.length > 1 ? { lists } : {}) } : { with: lead }),
  })
  const entries = new Map<string, Add>()
  for (const part of parts) entries.set(part.of.patient, { ...entries.get(part.of.patient), [idOf(part)]: entryOf(part) })
  return { patient: first.of.patient, message: { id: lead, ...(parts.length > 1 ? { lists } : {}) }, entries }
} // prettier-ignore
