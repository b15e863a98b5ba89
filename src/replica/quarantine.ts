/**
 * Quarantine (LINK-12): a row of a peer that builds on what is not here may heal by itself, so it is kept aside with the
 * cursor that acknowledges it, and tried again with each change of its document. While anything of a peer waits, one
 * review item says so; it resolves itself when nothing waits, and who resolves it before gives up what waits.
 */
import type { WireRow } from './admission.ts'
import type { AsideDraft, Incident } from './aside.ts'
import type { Clock } from './clock.ts'
import { collectionNumber, collectionOf, type Collection, type Passes } from './collections.ts'
import type { Draft } from './commits.ts'
import type { Writer } from './document.ts'
import { entriesOf, openDocument } from './document.ts'
import { rowOfEdit } from './edits.ts'
import { mintUlid } from './ids.ts'
import type { By } from './kinds/kind.ts'
import { foldReview, type Review, type ReviewEntry } from './kinds/reviews.ts'
import { intoLog, takenRows } from './receiving.ts'
import { refusedReceipt } from './withdrawal.ts'
import type { Edit } from './replica-face.ts'
import { packRows, unpackRows } from './row-codec.ts'
import type { AsideRow, AsideTotal, NewRow, Renewal, StoredDocument } from './store.ts'

/** How much of one peer is kept aside by default, in bytes; then its link takes nothing more of that collection. */
export const mostAside = 64 * 1024 * 1024
/** What a row counts for beside its bytes. */
const rowOverhead = 200
/** Of a document so many rows that still do not fit are tried in one go, and so many bytes of them; the rest waits behind. */
const mostMisses = 32
const mostMissedBytes = 1024 * 1024

/** What waits of one peer. */
export interface Waiting {
  readonly peer: string
  readonly changes: number
  readonly bytes: number
  /** Since when the oldest waits, milliseconds UTC. */
  readonly since: number
  /** The review item that tells of it. */
  readonly review: string
}

/** There is no room for more rows of a peer that wait; the message is for people. */
export class QuarantineFull extends Error {
  override readonly name = 'QuarantineFull'
  constructor() {
    super(
      'The link pauses: no more changes from the other side can wait here for others that did not arrive. Compare both sides, or give them up by resolving the review; it goes on by itself when there is room.',
    )
  }
}

export interface QuarantineContext {
  readonly id: string
  /** The site that the replica is of; none at a portal. */
  readonly site: string | undefined
  readonly writer: () => Writer
  readonly clock: Clock
  readonly passes: Passes
  /** Whether it would by what was chosen here alone. */
  readonly chosen: Passes
  /** Of a portal: what its settings withhold it takes no content of (rule 9). */
  readonly holds: Passes | undefined
  /** Whether a document is to be logged anew with a row. */
  readonly isAnew: (row: NewRow, held: StoredDocument | undefined) => boolean
  /** How much of one peer is kept aside at most, in bytes. */
  readonly mostAside: number
  /** What of a peer's may come in here. */
  readonly passesFrom: (peer: string) => Passes
}

/**
 * Keeps a row aside. False for a consent where there is no room: consents never pause a link. Throws QuarantineFull for
 * any other.
 */
export async function setAside(
  aside: AsideDraft,
  collection: Collection,
  row: WireRow,
  from: { readonly peer: string; readonly epoch: number },
  { clock, mostAside }: Pick<QuarantineContext, 'clock' | 'mostAside'>,
): Promise<boolean> {
  const number = collectionNumber(collection)
  const packed = packed1(row)
  // A peer that starts anew sends what stands beyond its last complete point once more.
  for await (const held of aside.rows(number, row.key, row.seq)) {
    if (held.seq > row.seq) break
    if (held.seq === row.seq && held.peer === from.peer && Buffer.compare(held.packed, packed) === 0) return true
  }
  const incident = aside.incidentOf(from.peer)
  const size = packed.length + row.key.length + rowOverhead
  if ((incident?.bytes ?? 0) + size > mostAside) {
    if (collection === 'consents') return false
    throw new QuarantineFull()
  }
  const review = incident?.review ?? mintUlid(clock)
  aside.put(
    { ...from, seq: row.seq, collection: number, key: row.key, since: clock.now(), review, size, packed },
    row.facts.site,
  )
  return true
}

/**
 * What follows from the rows of a job for what waits: the rows of it that fit now, and the review items that open and
 * resolve. They belong to the same commit.
 */
export async function settled(
  draft: Draft,
  rows: readonly NewRow[],
  context: QuarantineContext,
  renewal?: Renewal,
): Promise<NewRow[]> {
  if (renewal) await draft.aside.dropCollection(renewal.collection)
  const documents = new Map(rows.map(({ collection, key }) => [`${collection}/${key}`, { collection, key }]))
  const added: NewRow[] = []
  for (const { collection, key } of documents.values()) {
    const name = collectionOf(collection)!
    if (name === 'reviews') added.push(...(await decided(draft, key, context)))
    added.push(...(await released(draft, name, key, context)))
  }
  for (const { review } of draft.aside.ended())
    if (!(await reviewIn(draft, review))?.resolved)
      added.push(...(await edited(draft, resolution(review, context), context)))
  for (const incident of draft.aside.begun()) added.push(...(await edited(draft, opening(incident, context), context)))
  return added
}

/** What follows from what a review says now: who resolved it gave up what waited; one of which nothing waits here resolves. */
async function decided(draft: Draft, key: string, context: QuarantineContext): Promise<NewRow[]> {
  const review = await reviewIn(draft, key)
  if (draft.aside.incident(key)) {
    // Resolved by this replica itself, before it was put back to where rows wait: nobody gave them up.
    if (review?.resolved) draft.aside.skip(key, review.settled ? -1 : review.resolved.at, mintUlid(context.clock))
    return []
  }
  // Opened here before this replica was put back to where nothing waits.
  const orphan = review?.about === 'changes wait' && review.openedBy === byOf(context.id, context.site).id
  return orphan && !review.resolved ? edited(draft, resolution(key, context), context) : []
}

/** The rows of a document that wait and fit now, in order, as rows of this log. */
export async function released(
  draft: Draft,
  collection: Collection,
  key: string,
  context: QuarantineContext,
): Promise<NewRow[]> {
  const { aside } = draft
  const added: NewRow[] = []
  for (let again = true; again;) {
    again = false
    let [misses, missed] = [0, 0]
    for await (const held of aside.rows(collectionNumber(collection), key)) {
      const to = {
        draft,
        collection,
        passes: context.passesFrom(held.peer),
        holds: context.holds,
        writer: context.writer(),
        site: context.site,
      }
      // As if written here: the peer may have been put back to before it, and gets it again.
      const row = unpacked(held)
      const taken = await takenRows(to, row, null)
      if (taken === 'gap') {
        missed += held.size
        if (++misses >= mostMisses || missed >= mostMissedBytes) break
        continue
      }
      aside.drop(held)
      if (taken === 'dropped' || 'refused' in taken) continue
      added.push(...(await intoLog(draft, collection, taken.rows, context)))
      // What is withheld by now: with the receipt the peer sends all of it where it passes again (rule 9).
      if (taken.withheld) {
        const receipt = refusedReceipt(collection, row, draft.document(collection, key))
        draft.add(receipt)
        added.push(receipt)
      }
      again ||= taken.rows.length > 0
    }
  }
  return added
}

/** What waits, for status. */
export function waitingOf(totals: Iterable<AsideTotal>): Waiting[] {
  return [...totals].map(({ review, peer, rows, bytes, since }) => ({ review, peer, changes: rows, bytes, since }))
}

function packed1(row: WireRow): Uint8Array {
  const { bytes, compressed } = packRows([row], row.seq - 1)
  return Buffer.concat([Uint8Array.of(compressed ? 1 : 0), bytes])
}

function unpacked({ packed, seq }: AsideRow): WireRow {
  return unpackRows(packed.subarray(1), packed[0] === 1, seq - 1).rows[0]!
}

async function edited(draft: Draft, edit: Edit, context: QuarantineContext): Promise<NewRow[]> {
  await draft.load('reviews', [edit.key])
  const row = await rowOfEdit(edit, draft, {
    writer: context.writer(),
    now: context.clock.now(),
    passes: context.passes,
    chosen: context.chosen,
    begins: context.isAnew,
  })
  if (!row) return []
  draft.add(row)
  return [row]
}

interface Told extends Review {
  readonly openedBy: string | undefined
  /** Resolved by a replica, because nothing waited, and by nobody else. */
  readonly settled: boolean
}

async function reviewIn(draft: Draft, key: string): Promise<Told | undefined> {
  await draft.load('reviews', [key])
  const entries = Object.entries(entriesOf(openDocument(await draft.updates('reviews', key)))).map(([id, value]) => {
    return { ...(value as ReviewEntry), id }
  })
  const review = foldReview(entries)
  return (
    review && {
      ...review,
      openedBy: entries.find(({ kind }) => kind === 'opened')?.by.id,
      settled: entries.every(({ kind, id }) => kind !== 'resolved' || id === 'settled'),
    }
  )
}

function opening({ review, site: rowsSite }: Incident, { id, site, clock }: QuarantineContext): Edit {
  const from = site === undefined ? 'the site' : 'the portal'
  return {
    collection: 'reviews',
    key: review,
    facts: { patient: null, site: site ?? rowsSite ?? null, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: clock.now(),
        by: byOf(id, site),
        about: 'changes wait',
        why: `Changes that ${site === undefined ? 'the portal' : 'this site'} got from ${from} build on others that did not arrive. They are kept aside whole, and tried again with whatever arrives of their documents. How many and since when: see the status.`,
        todo: 'Compare both sides: patientconnection verify. To give these changes up, resolve this with the reason.',
      },
    },
  }
}

function resolution(review: string, { id, site, clock }: QuarantineContext): Edit {
  const note = 'Nothing of it waits any more.'
  return {
    collection: 'reviews',
    key: review,
    add: { settled: { kind: 'resolved', at: clock.now(), by: byOf(id, site), note, how: 'by itself' } },
  }
}

function byOf(id: string, site: string | undefined): By {
  return site === undefined ? { role: 'portal', id } : { role: 'site', id: site }
}
