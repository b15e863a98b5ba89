/**
 * Two state machines of the link with nothing but numbers behind them: logs of rows that are only ids and sizes, frames
 * in two queues, and a scheduler that is asked what happens next. For properties of the link alone.
 */
import type { Frame, Hello } from '../../src/replica/codec.ts'
import { collectionNumber, collections, type Collection } from '../../src/replica/collections.ts'
import { batchBytes, begin, step, type LinkEffect, type LinkEvent, type LinkState, type Step } from '../../src/replica/link-state.ts' // prettier-ignore
import { strangerOf, type PeerKnowledge } from '../../src/replica/store.ts'

interface Logged {
  readonly seq: number
  readonly collection: Collection
  readonly id: string
  readonly size: number
  /** Whether the peer sent it: it is not sent back. */
  readonly fromPeer: boolean
}

const facts = { patient: null, site: null, shown: true, reachable: true, startsAt: null, at: 0 }
// Rows of any size without taking memory for each.
const zeros = new Uint8Array(1024 * 1024)

export class End {
  state: LinkState
  readonly log: Logged[] = []
  readonly outbox: Frame[] = []
  /** All that it was told to do, and in between each time that its log had grown. */
  readonly story: (LinkEffect | { readonly kind: 'changed' })[] = []
  /** Per collection the bytes of the batches that the peer has not acknowledged. */
  readonly underWay = new Map<Collection, number[]>()
  /** What waits to be carried out: a hello to take in, a read, batches to commit in order. */
  readonly jobs: (LinkEffect & { kind: 'meet' | 'read' | 'receive' })[] = []
  private known: PeerKnowledge = strangerOf('peer', collections.length)

  private readonly onCaughtUp: (number: number) => void

  constructor(name: string, onCaughtUp: (number: number) => void) {
    this.onCaughtUp = onCaughtUp
    const own: Hello = {
      kind: 'hello',
      versions: { oldest: 1, newest: 1 },
      practice: 'P',
      replica: name,
      epochs: [{ id: 1, first: 1 }],
      head: 0,
      clock: 0,
      incarnations: collections.map(() => ''),
      yours: { chain: [], seen: 0, positions: collections.map(() => 0) },
      settingsVersion: 0,
    }
    this.state = { at: 'closed' }
    this.take(begin(own))
  }

  happen(event: LinkEvent): void {
    if (event.kind === 'frame' && event.frame.kind === 'ack') this.underWay.get(event.frame.collection)?.shift()
    if (event.kind === 'changed' && this.state.at === 'live') this.story.push(event)
    this.take(step(this.state, event))
  }

  private take([next, effects]: Step): void {
    this.state = next
    for (const effect of effects) {
      this.story.push(effect)
      if (effect.kind === 'send') this.send(effect.frame)
      if (effect.kind === 'meet' || effect.kind === 'read' || effect.kind === 'receive') this.jobs.push(effect)
      if (effect.kind === 'caught up') this.onCaughtUp(effect.number)
    }
  }

  private send(frame: Frame): void {
    this.outbox.push(frame)
    if (frame.kind !== 'batch') return
    const bytes = frame.rows.reduce((sum, row) => sum + row.update.length, 0)
    this.underWay.set(frame.collection, [...(this.underWay.get(frame.collection) ?? []), bytes])
  }

  write(collection: Collection, id: string, size: number, fromPeer = false): void {
    this.log.push({ seq: this.log.length + 1, collection, id, size, fromPeer })
    if (!fromPeer) this.happen({ kind: 'changed' })
  }

  ids(): string[] {
    return this.log.map((row) => row.id).toSorted()
  }

  /** Carries out the `at`-th waiting job; batches only in the order in which they came. */
  work(at: number): void {
    const first = this.jobs.findIndex((job) => job.kind === 'receive')
    const possible = this.jobs.filter((job, i) => job.kind !== 'receive' || i === first)
    const job = possible[at % possible.length]
    if (!job) return
    this.jobs.splice(this.jobs.indexOf(job), 1)
    if (job.kind === 'meet') this.happen({ kind: 'met', known: this.known, restored: false })
    if (job.kind === 'read') this.read(job.collection, job.from)
    if (job.kind === 'receive') this.receive(job.batch)
  }

  private read(collection: Collection, from: number): void {
    const all = this.log.filter((row) => row.collection === collection && row.seq > from)
    const part: Logged[] = []
    for (let bytes = 0; part.length < all.length && bytes < batchBytes; bytes += part.at(-1)!.size)
      part.push(all[part.length]!)
    const rows = part
      .filter((row) => !row.fromPeer)
      .map(({ seq, id, size }) => ({ seq, key: id, generation: 1, erased: 0, facts, update: zeros.subarray(0, size), receipt: false })) // prettier-ignore
    const outgoing = { rows, to: part.at(-1)?.seq ?? from, tail: part.length === all.length }
    this.happen({ kind: 'read', collection, outgoing })
  }

  private receive(batch: Extract<LinkEffect, { kind: 'receive' }>['batch']): void {
    const number = collectionNumber(batch.collection)
    const cursor = { ...this.known.cursors[number]!, position: batch.to }
    this.known = { ...this.known, cursors: this.known.cursors.with(number, cursor) }
    const news = batch.rows.filter((row) => !this.log.some((held) => held.id === row.key))
    for (const row of news) this.write(batch.collection, row.key, row.update.length, true)
    if (news.length > 0) this.happen({ kind: 'changed' })
    this.happen({ kind: 'received', batch, received: { refused: [], logged: news.length, dropped: 0 } })
  }
}

/** What may happen next between two ends. */
export type Move =
  | { readonly kind: 'write'; readonly who: number; readonly collection: Collection; readonly size: number }
  | { readonly kind: 'deliver' | 'work' | 'mark'; readonly who: number; readonly at: number }
  /** Both go on for a while. */
  | { readonly kind: 'rest'; readonly rounds: number }

export class Link {
  readonly ends: readonly [End, End] = [
    new End('a', (number) => this.reached(`0/${number}`)),
    new End('b', (number) => this.reached(`1/${number}`)),
  ]
  /** By mark: what the two sides had when it was asked for, and what each had when it was reached. */
  readonly marksAsked = new Map<string, readonly string[]>()
  readonly marksReached = new Map<string, readonly (readonly string[])[]>()
  private written = 0
  private marks = 0

  private reached(mark: string): void {
    this.marksReached.set(mark, this.ends.map((end) => end.ids())) // prettier-ignore
  }

  move(move: Move): void {
    if (move.kind === 'rest') {
      for (let i = 0; i < move.rounds; i++)
        for (const who of [0, 1]) for (const kind of ['work', 'deliver'] as const) this.move({ kind, who, at: i })
      return
    }
    const own = this.ends[move.who]!
    const peer = this.ends[1 - move.who]!
    if (move.kind === 'write') own.write(move.collection, `row ${this.written++}`, move.size)
    if (move.kind === 'work') own.work(move.at)
    if (move.kind === 'deliver') {
      const frame = peer.outbox.shift()
      if (frame) own.happen({ kind: 'frame', frame })
    }
    if (move.kind === 'mark') {
      const number = ++this.marks
      this.marksAsked.set(`${move.who}/${number}`, [...new Set([...own.ids(), ...peer.ids()])])
      own.happen({ kind: 'mark', number })
    }
  }

  /** Lets everything happen that is still to happen; throws where that never ends. */
  settle(): void {
    for (let i = 0; i < 100_000; i++) {
      const busy = this.ends.findIndex((end, who) => end.jobs.length > 0 || this.ends[1 - who]!.outbox.length > 0)
      if (busy < 0) return
      this.move({ kind: this.ends[busy]!.jobs.length > 0 ? 'work' : 'deliver', who: busy, at: 0 })
    }
    throw new Error('The two never stop talking')
  }
}
