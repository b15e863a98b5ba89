/** What people and programs change: at the practice sites in every known collection, at the portal what patients say. */
import type { Facts, RecordCollection } from '../../src/replica/collections.ts'
import type { SiteId } from '../../src/replica/ids.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import type { Chance } from './chance.ts'
import { epochOfTime } from './time.ts'

const documentsPerSite = 3
const records: readonly RecordCollection[] = ['practice', 'patients', 'plans', 'events', 'preferences']
const entries = ['access', 'confirmations', 'requests', 'messages', 'reviews'] as const
const portalEntries = ['access', 'confirmations', 'requests', 'messages'] as const
const fields = ['a', 'b', 'c', 'd']

export interface Author {
  readonly chance: Chance
  /** Whose documents may be changed. */
  readonly sites: readonly SiteId[]
  readonly portal: boolean
  /** Whether documents may cease to pass and pass again. */
  readonly reach: boolean
  readonly now: number
  /** A name that was never given before. */
  name(): string
}

const keys = new Map<string, string>()
function keyOf(collection: string, site: SiteId, number: number): string {
  const place = `${collection}/${site}/${number}`
  let key = keys.get(place)
  if (!key) keys.set(place, (key = derivedUlid(place)))
  return key
}

/** The edits of one change: mostly one, now and then several, also of one document. */
export function randomEdits(author: Author): Edit[] {
  const count = author.chance.oneIn(5) ? 2 + author.chance.below(2) : 1
  return Array.from({ length: count }, () => randomEdit(author))
}

function randomEdit(author: Author): Edit {
  const { chance, portal } = author
  const site = chance.pick(author.sites)
  const number = chance.below(documentsPerSite)
  if (portal ? chance.oneIn(6) : chance.oneIn(2)) {
    const collection = portal ? 'preferences' : chance.pick(records)
    const set = Object.fromEntries(
      Array.from({ length: 1 + chance.below(2) }, () => [chance.pick(fields), author.name()]),
    )
    return { collection, key: keyOf(collection, site, number), ...factsOf(author, site, number), set, at: author.now }
  }
  const collection = chance.pick(portal ? portalEntries : entries)
  const add = { [author.name()]: entryOf(author, collection, site, number) }
  return { collection, key: keyOf(collection, site, number), ...factsOf(author, site, number), add } as Edit
}

function factsOf(author: Author, site: SiteId, number: number): { facts?: Omit<Facts, 'at'> } {
  // Whoever changes a document for the first time says what it is about; saying the same again changes nothing.
  const patient = keyOf('patients', site, number)
  const reachable = !author.reach || author.portal || !author.chance.oneIn(8)
  return { facts: { patient, site, shown: true, reachable, startsAt: epochOfTime + number * 3_600_000 } }
}

function entryOf(author: Author, collection: (typeof entries)[number], site: SiteId, number: number): object {
  const { chance, portal, now: at } = author
  const said = { at, by: { role: portal ? 'patient' : 'staff', id: 'x' } }
  const patient = keyOf('patients', site, number)
  const startsAt = '2027-01-05T10:00'
  switch (collection) {
    case 'access':
      return portal
        ? { kind: 'accepted', ...said, invitation: 'i', account: author.name() }
        : { kind: 'invited', ...said, tokenHash: 'a'.repeat(64), until: at + 1000 }
    case 'confirmations':
      return { kind: 'answered', ...said, channel: portal ? 'portal' : 'console', patient, startsAt }
    case 'requests':
      return portal || chance.oneIn(2)
        ? { kind: 'declined', ...said, event: patient, startsAt }
        : { kind: 'accepted', ...said, request: 'r' }
    case 'messages':
      return { kind: 'message', ...said, thread: patient, subject: 's', text: 'x'.repeat(1 + chance.below(40)) }
    case 'reviews':
      return { kind: 'resolved', ...said, note: author.name() }
  }
}
