/**
 * The link as a pure state machine: an event in, the next state and the effects to carry out. No socket, no clock, no
 * store. Events only set facts; `evaluate` alone decides what to read next. Rule numbers are those of `SPEC.md`.
 *
 *   greeting --hello--> meeting --met--> wanting --want--> live --> closed
 */
import { largestUpdate, type RowName, type WireRow } from './admission.ts'
import type { Ack, BatchFrame, CloseReason, Frame, Hello, Want } from './codec.ts'
import type { ReconcileFrame } from './reconcile-codec.ts'
import { mostChunksAsked, type Chunk, type ChunksDue, type ChunkWanted } from './chunk-codec.ts'
import { chunksDueFrom, chunksFrom, newestFrom, reconcileFrom, versions } from './codec.ts'
import { collectionNumber, collections, type Collection } from './collections.ts'
import type { Outgoing } from './outgoing.ts'
import type { Declared, KnownOfUs } from './peers.ts'
import type { Received } from './replication-face.ts'
import type { PeerKnowledge } from './store.ts'

/** The size of a batch, and how much may be under way without an acknowledgement, in bytes of updates. */
export const batchBytes = 256 * 1024
export const windowBytes = 1024 * 1024
/**
 * What a peer may have sent without this side having taken it, in bytes of updates: its window, one batch more, and the
 * row that filled it. Who sends more pays no heed to acknowledgements, and would fill the memory.
 */
export const mostUntaken = windowBytes + batchBytes + largestUpdate
/** How many questions a peer may have open. */
const mostMarks = 1_000

export type LinkEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The hello of the peer is taken in: rule 6 is done and durable. */
  | { readonly kind: 'met'; readonly known: PeerKnowledge; readonly restored: boolean }
  | { readonly kind: 'read'; readonly collection: Collection; readonly outgoing: Outgoing }
  | { readonly kind: 'received'; readonly batch: BatchFrame; readonly received: Received }
  /** There is no room for what of a batch would have to wait: its collection is not taken before a new connection. */
  | { readonly kind: 'paused'; readonly batch: BatchFrame }
  /** Something was committed to this replica's log. */
  | { readonly kind: 'changed' }
  /** Somebody here wants to know when both sides have what the other had. */
  | { readonly kind: 'mark'; readonly number: number }
  /** A chunk of an attachment is wanted of the peer. */
  | { readonly kind: 'want chunk'; readonly wanted: ChunkWanted }
  /** A chunk for the peer was read; then, it left this machine. */
  | { readonly kind: 'chunk read'; readonly chunk: Chunk }
  | { readonly kind: 'chunk left' }
  /** It is to be known when chunks are at the peer; and those that the peer asked about are here. */
  | { readonly kind: 'ask after chunks'; readonly due: ChunksDue }
  | { readonly kind: 'chunks arrived' }

export type LinkEffect =
  | { readonly kind: 'send'; readonly frame: Frame }
  | {
      readonly kind: 'meet'
      readonly declared: Declared
      readonly yours: KnownOfUs
      readonly clock: number
      readonly settingsVersion: number
    }
  | { readonly kind: 'read'; readonly collection: Collection; readonly from: number; readonly complete: number }
  | { readonly kind: 'receive'; readonly batch: BatchFrame }
  | { readonly kind: 'acknowledged'; readonly collection: Collection; readonly position: number }
  /** From where the peer reads on. */
  | { readonly kind: 'stands'; readonly positions: readonly number[] }
  | { readonly kind: 'refused rows'; readonly ack: Ack; readonly rows: readonly RowName[] }
  /** The peer has no room for what would wait of a collection, and takes nothing more of it in this connection. */
  | { readonly kind: 'held'; readonly collection: Collection }
  | { readonly kind: 'caught up'; readonly number: number }
  /** Both sides know where the other stands, and which version of the protocol they speak. */
  | { readonly kind: 'live'; readonly version: number }
  | { readonly kind: 'reconcile'; readonly frame: ReconcileFrame }
  | { readonly kind: 'read chunk'; readonly wanted: ChunkWanted }
  | { readonly kind: 'take chunk'; readonly chunk: Chunk }
  /** The peer asks when chunks are here; and has all that it was asked about. */
  | { readonly kind: 'await chunks'; readonly due: ChunksDue }
  | { readonly kind: 'chunks kept' }
  /** The peer refused the connection. */
  | { readonly kind: 'refused'; readonly reason: CloseReason }
  /** Starts over with a new connection (rule 3), or for good where there is a reason. */
  | { readonly kind: 'close'; readonly reason: CloseReason | 'start over' }

/** What was sent and not acknowledged yet. */
interface UnderWay {
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly rows: readonly RowName[]
}

/** How far the sending of one collection is. */
interface Sending {
  readonly position: number
  readonly complete: number
  /** The position up to which the peer was told that it reached the tail; -1 for never. */
  readonly told: number
  readonly underWay: readonly UnderWay[]
  /** There may be rows beyond `position`. */
  readonly stale: boolean
  /** The peer takes nothing more of it in this connection (LINK-12). */
  readonly held: boolean
}

interface Live {
  readonly at: 'live'
  /** The newest version that both speak. */
  readonly version: number
  readonly epoch: number
  /** The version of the settings that the rows are chosen under; another begins another connection (rule 6). */
  readonly settingsVersion: number
  readonly sending: readonly Sending[]
  /** Bytes of the peer's batches that are being taken. */
  readonly untaken: number
  /** Up to where each collection of the peer is taken or being taken (rule 3). */
  readonly taking: readonly number[]
  /** Collections of the peer that are not taken (LINK-12). */
  readonly paused: readonly number[]
  readonly reading: boolean
  readonly turn: number
  /** Marks of the peer that are answered when all is sent and acknowledged. */
  readonly marks: readonly number[]
  readonly marked: readonly number[]
  /** Marks of our own that wait for the peer's word and for our own sending. */
  readonly waiting: readonly number[]
  /** Chunks that the peer wants, in order; what is being done of one; and those that were asked of the peer. */
  readonly owed: readonly ChunkWanted[]
  readonly giving: 'nothing' | 'being read' | 'being sent'
  readonly asked: readonly string[]
  /** The patient about whose chunks the peer was asked, and the one about whose it asked, while there is no answer. */
  readonly askedAfter: string | undefined
  readonly due: string | undefined
}
export type LinkState =
  | { readonly at: 'greeting'; readonly own: Hello; readonly marks: readonly number[] }
  | {
      readonly at: 'meeting'
      readonly own: Hello
      readonly version: number
      readonly marks: readonly number[]
      readonly want: Want | undefined
    }
  | {
      readonly at: 'wanting'
      readonly own: Hello
      readonly version: number
      readonly marks: readonly number[]
      readonly taking: readonly number[]
    }
  | Live
  | { readonly at: 'closed' }
export type Step = readonly [LinkState, readonly LinkEffect[]]

/** The first state, and the hello to send. */
export function begin(own: Hello): Step {
  return [{ at: 'greeting', own, marks: [] }, [{ kind: 'send', frame: own }]]
}

/** The next state and what to do; total: an event that does not belong to a state closes the connection. */
export function step(state: LinkState, event: LinkEvent): Step {
  if (state.at === 'closed') return [state, []]
  if (event.kind === 'frame' && event.frame.kind === 'refuse')
    return [{ at: 'closed' }, [{ kind: 'refused', reason: event.frame.reason }]]
  if (event.kind === 'changed')
    return state.at === 'live'
      ? evaluate({ ...state, sending: state.sending.map((one) => ({ ...one, stale: true })) })
      : [state, []]
  if (event.kind === 'mark') {
    if (state.at !== 'live') return [{ ...state, marks: [...state.marks, event.number] }, []]
    return evaluate(ask(state, [event.number]), [{ kind: 'send', frame: { kind: 'mark', number: event.number } }])
  }
  // Asked for while the connection was ending or not yet there: the next one asks again.
  if (event.kind === 'want chunk' && (state.at !== 'live' || state.version < chunksFrom)) return [state, []]
  if (event.kind === 'ask after chunks' && (state.at !== 'live' || state.version < chunksDueFrom)) return [state, []]
  switch (state.at) {
    case 'greeting':
      if (event.kind !== 'frame' || event.frame.kind !== 'hello') return closed('malformed frame')
      return greeted(state, event.frame)
    case 'meeting':
      if (event.kind === 'frame' && event.frame.kind === 'want' && !state.want)
        return [{ ...state, want: event.frame }, []]
      if (event.kind !== 'met') return closed('malformed frame')
      return met(state, event.known)
    case 'wanting':
      if (event.kind !== 'frame' || event.frame.kind !== 'want') return closed('malformed frame')
      return wanted(state, event.frame)
    case 'live':
      return live(state, event)
  }
}

function closed(reason: CloseReason | 'start over'): Step {
  return [{ at: 'closed' }, [{ kind: 'close', reason }]]
}

function greeted(state: Extract<LinkState, { at: 'greeting' }>, hello: Hello): Step {
  if (hello.versions.newest < versions.oldest || hello.versions.oldest > versions.newest)
    return closed('no common version')
  if (hello.practice !== state.own.practice) return closed('other practice')
  const { replica, epochs, head, incarnations } = hello
  const declared: Declared = { replica, epochs, head, incarnations }
  const version = Math.min(versions.newest, hello.versions.newest)
  const { yours, clock, settingsVersion } = hello
  const meet: LinkEffect = { kind: 'meet', declared, yours, clock, settingsVersion }
  return [{ ...state, at: 'meeting', version, want: undefined }, [meet]]
}

function met(state: Extract<LinkState, { at: 'meeting' }>, known: PeerKnowledge): Step {
  const cursors = known.cursors.map(({ position, complete }) => ({ position, complete }))
  const wanting: Extract<LinkState, { at: 'wanting' }> = {
    at: 'wanting',
    own: state.own,
    version: state.version,
    marks: state.marks,
    taking: cursors.map((cursor) => cursor.position),
  }
  const send: LinkEffect = { kind: 'send', frame: { kind: 'want', cursors } }
  if (!state.want) return [wanting, [send]]
  const [next, effects] = wanted(wanting, state.want)
  return [next, [send, ...effects]]
}

function wanted(state: Extract<LinkState, { at: 'wanting' }>, want: Want): Step {
  const next: Live = {
    at: 'live',
    version: state.version,
    epoch: state.own.epochs.at(-1)!.id,
    settingsVersion: state.own.settingsVersion,
    sending: want.cursors.map(({ position, complete }) => ({
      position,
      complete,
      told: complete === position ? position : -1,
      underWay: [],
      stale: true,
      held: false,
    })),
    untaken: 0,
    taking: state.taking,
    paused: [],
    reading: false,
    turn: 0,
    marks: [],
    marked: [],
    waiting: [],
    owed: [],
    giving: 'nothing',
    asked: [],
    askedAfter: undefined,
    due: undefined,
  }
  const marks = state.marks.map((number): LinkEffect => ({ kind: 'send', frame: { kind: 'mark', number } }))
  const stands: LinkEffect = { kind: 'stands', positions: want.cursors.map(({ position }) => position) }
  return evaluate(ask(next, state.marks), [{ kind: 'live', version: next.version }, stands, ...marks])
}

function ask(state: Live, numbers: readonly number[]): Live {
  return { ...state, waiting: [...state.waiting, ...numbers] }
}

function live(state: Live, event: Exclude<LinkEvent, { kind: 'changed' | 'mark' }>): Step {
  switch (event.kind) {
    case 'met':
      return closed('malformed frame')
    case 'read':
      if (!state.reading) return closed('malformed frame')
      return evaluate(...sent(state, event.collection, event.outgoing))
    case 'received': {
      const { collection, to } = event.batch
      const ack: Ack = { kind: 'ack', collection, to, refused: event.received.refused }
      return [{ ...state, untaken: state.untaken - bytesOf(event.batch.rows) }, [{ kind: 'send', frame: ack }]]
    }
    case 'paused': {
      const { collection, from, rows } = event.batch
      const number = collectionNumber(collection)
      const next = { ...state, untaken: state.untaken - bytesOf(rows) }
      if (state.paused.includes(number)) return [next, []]
      const ack: Ack = { kind: 'ack', collection, to: from, refused: [] }
      return [{ ...next, paused: [...state.paused, number] }, [{ kind: 'send', frame: ack }]]
    }
    case 'frame':
      return taken(state, event.frame)
    case 'want chunk': {
      const { wanted } = event
      return [{ ...state, asked: [...state.asked, wanted.name] }, [{ kind: 'send', frame: wanted }]]
    }
    case 'chunk read':
      if (state.giving !== 'being read') return closed('malformed frame')
      return [{ ...state, giving: 'being sent', owed: state.owed.slice(1) }, [{ kind: 'send', frame: event.chunk }]]
    case 'chunk left':
      if (state.giving !== 'being sent') return closed('malformed frame')
      return evaluate({ ...state, giving: 'nothing' })
    case 'ask after chunks':
      if (state.askedAfter !== undefined) return closed('malformed frame')
      return [{ ...state, askedAfter: event.due.patient }, [{ kind: 'send', frame: event.due }]]
    case 'chunks arrived':
      if (state.due === undefined) return closed('malformed frame')
      return [{ ...state, due: undefined }, [{ kind: 'send', frame: { kind: 'chunks kept', patient: state.due } }]]
  }
}

function taken(state: Live, frame: Frame): Step {
  switch (frame.kind) {
    case 'batch': {
      const number = collectionNumber(frame.collection)
      if (state.paused.includes(number)) return [state, []]
      // Rule 3: a batch that does not begin where the cursor stands means that something is missing between.
      if (frame.from !== state.taking[number]) return closed('start over')
      const untaken = state.untaken + bytesOf(frame.rows)
      if (untaken > mostUntaken) return closed('malformed frame')
      return [{ ...state, untaken, taking: state.taking.with(number, frame.to) }, [{ kind: 'receive', batch: frame }]]
    }
    case 'ack': {
      const number = collectionNumber(frame.collection)
      const sending = state.sending[number]!
      const [first, ...rest] = sending.underWay
      if (first && frame.to === first.from && frame.to !== first.to)
        return evaluate({ ...state, sending: state.sending.with(number, { ...sending, underWay: [], held: true }) }, [
          { kind: 'held', collection: frame.collection },
        ])
      if (!first || first.to !== frame.to) return closed('malformed frame')
      const effects: LinkEffect[] = []
      // Before the acknowledgement: who counts it must know what the peer has not taken.
      if (frame.refused.length > 0) {
        const seqs = new Set(frame.refused.map(({ seq }) => seq))
        effects.push({ kind: 'refused rows', ack: frame, rows: first.rows.filter(({ seq }) => seqs.has(seq)) })
      }
      // Only the last of a burst is worth a write of its own.
      if (rest.length === 0) effects.push({ kind: 'acknowledged', collection: frame.collection, position: frame.to })
      return evaluate({ ...state, sending: state.sending.with(number, { ...sending, underWay: rest }) }, effects)
    }
    case 'mark':
      if (state.marks.length >= mostMarks) return closed('malformed frame')
      return evaluate({
        ...state,
        marks: [...state.marks, frame.number],
        sending: state.sending.map((one) => ({ ...one, stale: true })),
      })
    case 'marked':
      // An answer to what was not asked would be kept, and answer a later mark too early.
      if (!state.waiting.includes(frame.number) || state.marked.includes(frame.number)) return closed('malformed frame')
      return evaluate({ ...state, marked: [...state.marked, frame.number] })
    case 'summary':
    case 'differing':
    case 'documents':
      return state.version < reconcileFrom ? closed('malformed frame') : [state, [{ kind: 'reconcile', frame }]]
    case 'chunk wanted':
      // Each that waits is a chunk in memory: who asks for more does not wait for answers.
      if (state.version < chunksFrom || state.owed.length >= mostChunksAsked) return closed('malformed frame')
      return evaluate({ ...state, owed: [...state.owed, frame] })
    case 'chunk': {
      const at = state.asked.indexOf(frame.name)
      if (at < 0) return closed('malformed frame')
      return [{ ...state, asked: state.asked.toSpliced(at, 1) }, [{ kind: 'take chunk', chunk: frame }]]
    }
    case 'chunks due':
      if (state.version < chunksDueFrom || state.due !== undefined) return closed('malformed frame')
      return [{ ...state, due: frame.patient }, [{ kind: 'await chunks', due: frame }]]
    case 'chunks kept':
      if (state.askedAfter === undefined || state.askedAfter !== frame.patient) return closed('malformed frame')
      return [{ ...state, askedAfter: undefined }, [{ kind: 'chunks kept' }]]
    case 'refuse':
    case 'hello':
    case 'want':
    case 'challenge':
    case 'sign in':
      return closed('malformed frame')
  }
}

/** What a batch counts for: its updates, and something for what stands around them. */
function bytesOf(rows: readonly WireRow[]): number {
  return rows.reduce((sum, row) => sum + row.update.length + 64, 64)
}

function nameOf({ seq, key, generation }: WireRow): RowName {
  return { seq, key, generation }
}

/** What was read goes out as a batch, unless it would say nothing that the peer does not know. */
function sent(state: Live, collection: Collection, outgoing: Outgoing): [Live, LinkEffect[]] {
  const number = collectionNumber(collection)
  const sending = state.sending[number]!
  const { rows, to, tail, newest } = outgoing
  const next = { ...state, reading: false }
  if (outgoing.off) return [next, []]
  if (to === sending.position && (!tail || sending.told >= to))
    return [{ ...next, sending: state.sending.with(number, { ...sending, stale: sending.stale || !tail }) }, []]
  const bytes = bytesOf(rows)
  const after: Sending = {
    ...sending,
    position: to,
    complete: tail ? to : sending.complete,
    told: tail ? to : sending.told,
    underWay: [...sending.underWay, { from: sending.position, to, bytes, rows: rows.map(nameOf) }],
    stale: sending.stale || !tail,
  }
  const batch: BatchFrame = {
    kind: 'batch',
    collection,
    from: sending.position,
    to,
    tail,
    epoch: state.epoch,
    settingsVersion: state.settingsVersion,
    rows,
    ...(newest !== undefined && state.version >= newestFrom && { newest }),
  }
  return [{ ...next, sending: state.sending.with(number, after) }, [{ kind: 'send', frame: batch }]]
}

/** The one place that decides what happens next: the next read, the answer to a mark, or nothing. */
function evaluate(state: Live, before: readonly LinkEffect[] = []): Step {
  const effects = [...before]
  let next = state
  const underWay = state.sending.flatMap((one) => one.underWay).reduce((bytes, batch) => bytes + batch.bytes, 0)
  if (!state.reading && underWay < windowBytes) {
    const number = turnOf(state)
    if (number !== undefined) {
      const { position, complete } = state.sending[number]!
      // Stale ends with this read; a change that comes meanwhile sets it again.
      next = {
        ...next,
        reading: true,
        // Settings go out of turn: were the turn to begin anew after them, what comes late in it would starve.
        turn: number === 0 ? next.turn : number + 1,
        sending: state.sending.with(number, { ...state.sending[number]!, stale: false }),
      }
      effects.push({ kind: 'read', collection: collections[number]!, from: position, complete })
    }
  }
  // Chunks come after all that the collections have to send, one at a time (BLOB-3).
  const [owed] = next.owed
  if (owed && next.giving === 'nothing' && !next.reading && next.sending.every((one) => !one.stale || one.held)) {
    next = { ...next, giving: 'being read' }
    effects.push({ kind: 'read chunk', wanted: owed })
  }
  const quiet = !next.reading && next.sending.every((one) => !one.stale && !one.held && one.underWay.length === 0)
  if (quiet && next.marks.length > 0) {
    for (const number of next.marks) effects.push({ kind: 'send', frame: { kind: 'marked', number } })
    next = { ...next, marks: [] }
  }
  if (quiet) {
    const done = next.waiting.filter((number) => next.marked.includes(number))
    for (const number of done) effects.push({ kind: 'caught up', number })
    if (done.length > 0) {
      const left = (list: readonly number[]): number[] => list.filter((number) => !done.includes(number))
      next = { ...next, waiting: left(next.waiting), marked: left(next.marked) }
    }
  }
  return [next, effects]
}

/** Whose turn it is: settings before all (rule 12), then round robin, so that no collection waits behind a large one. */
function turnOf(state: Live): number | undefined {
  const waits = ({ stale, held }: Sending): boolean => stale && !held
  if (waits(state.sending[0]!)) return 0
  for (let i = 0; i < collections.length; i++) {
    const number = (state.turn + i) % collections.length
    if (waits(state.sending[number]!)) return number
  }
  return undefined
}
