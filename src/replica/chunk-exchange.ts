/**
 * Chunks over one connection. Asks the peer for what is wanted here, a few at a time, each time that something may be
 * wanted; keeps what is what its name says; and gives what the peer may have: a chunk that a document uses which passes
 * to it. What the peer has not is asked for again a while later. Tells and asks when all that messages name has arrived
 * (BLOB-8). When to send is the state machine's to say.
 */
import { chunkBytes } from './chunk-store.ts'
import { mostChunksAsked, mostChunksDue, type ChunksDue, type ChunkWanted } from './chunk-codec.ts'
import { holderOf, patientOfHolder, readable, type Chunks } from './chunks.ts'
import type { Clock } from './clock.ts'
import type { Passes } from './collections.ts'
import type { Replica } from './replica-face.ts'
import { StoreFull } from './store.ts'

export interface ChunkExchange {
  /** The peer can be asked: looks for what is wanted, now and whenever there may be more. */
  begin(): void
  /** The content of a chunk for the peer; empty where it is not here or the peer may not have it. */
  read(wanted: ChunkWanted): Promise<Uint8Array>
  /** Takes the answer to what was asked; what is not what its name says is not kept. */
  take(name: string, content: Uint8Array): Promise<void>
  /** The peer asks to be told when these are here. */
  await(due: ChunksDue): void
  /**
   * Whether the peer has all that is here of what the messages of a patient name, as far as it said; where that is not
   * known it is asked, and `whole` is called when it may be known.
   */
  isWhole(patient: string): Promise<boolean>
  /** The peer has what it was asked about. */
  kept(): void
  end(): void
}

const askAgainAfter = 30_000
const atOnce = 16

export function chunkExchange(options: {
  readonly chunks: Chunks
  readonly replica: Replica
  readonly passesIn: Passes
  readonly passesOut: Passes
  readonly clock: Clock
  readonly ask: (wanted: ChunkWanted) => void
  readonly askAfter: (due: ChunksDue) => void
  readonly arrived: () => void
  readonly whole: () => void
  readonly failed: (error: unknown) => void
}): ChunkExchange {
  const { chunks, replica, passesIn, passesOut, clock, ask, failed } = options
  const { store } = chunks
  const asked = new Map<string, () => void>()
  const absent = new Set<string>()
  let walking = false
  let again = false
  let ended = false
  let cancelAgain: (() => void) | undefined
  /** What the peer waits for, and what it was asked about last; and all that it has said to have. */
  let due: ChunksDue | undefined
  let askedAfter: ChunksDue | undefined
  const atPeer = new Set<string>()

  const passesFor = async (passes: Passes, patient: string): Promise<boolean> => {
    const head = await replica.head('messages', patient)
    return head !== undefined && passes('messages', head.facts)
  }
  /** The patient whose messages use a chunk and come from this peer. */
  const patientFrom = async (name: string): Promise<string | undefined> => {
    for (const holder of await store.usersOf(name)) {
      const patient = patientOfHolder(holder)
      if (patient !== undefined && (await passesFor(passesIn, patient))) return patient
    }
    return undefined
  }
  const askFor = (name: string, patient: string): Promise<void> =>
    new Promise((resolve) => {
      asked.set(name, resolve)
      ask({ kind: 'chunk wanted', name, patient })
    })
  const walk = async (): Promise<void> => {
    const underWay = new Set<Promise<void>>()
    for (let after = ''; !ended;) {
      const names = await store.wanted(after, atOnce)
      if (names.length === 0) break
      for (const name of names) {
        after = name
        if (absent.has(name) || asked.has(name)) continue
        const patient = await patientFrom(name)
        if (patient === undefined || ended) continue
        const answered = askFor(name, patient).then(() => void underWay.delete(answered))
        underWay.add(answered)
        if (underWay.size >= mostChunksAsked) await Promise.race(underWay)
      }
    }
    await Promise.all(underWay)
  }
  const wake = (): void => {
    again = true
    if (walking || ended) return
    walking = true
    const run = async (): Promise<void> => {
      try {
        while (again && !ended) {
          again = false
          await walk()
        }
      } finally {
        walking = false
      }
    }
    run().catch(failed)
  }
  const missed = (name: string): void => {
    absent.add(name)
    cancelAgain ??= clock.after(askAgainAfter, () => {
      cancelAgain = undefined
      absent.clear()
      wake()
    })
  }
  /** Tells the peer when what it waits for is here. What a message that was retracted here named comes no more. */
  const lookForDue = async (): Promise<void> => {
    await chunks.caughtUp()
    const asked = due
    if (!asked || ended) return
    const used = new Set(await store.usedBy(holderOf(asked.patient)))
    const missing = await store.missing(asked.names.filter((name) => used.has(name)))
    if (missing.length > 0 || due !== asked || ended) return
    due = undefined
    options.arrived()
  }
  const progressed = (): void => {
    if (due) lookForDue().catch(failed)
    options.whole()
  }
  let stopListening = (): void => {}

  return {
    begin() {
      stopListening = chunks.onWanted(() => {
        wake()
        progressed()
      })
      wake()
    },
    async read({ name, patient }) {
      const none = new Uint8Array()
      if (!(await store.usersOf(name)).includes(holderOf(patient))) return none
      return (await passesFor(passesOut, patient)) ? ((await readable(store, name)) ?? none) : none
    },
    async take(name, content) {
      try {
        const isIt = content.length > 0 && content.length <= chunkBytes && chunks.nameOf(content) === name
        if (isIt) await store.fill(name, content)
        else missed(name)
      } catch (error) {
        // Messages are smaller, and go on: what there is no room for now is asked for again.
        if (!(error instanceof StoreFull)) throw error
        missed(name)
      } finally {
        asked.get(name)?.()
        asked.delete(name)
      }
      if (due) await lookForDue()
    },
    await(asked) {
      due = asked
      lookForDue().catch(failed)
    },
    async isWhole(patient) {
      if (!(await chunks.isCaughtUp())) return false
      const names = await store.usedBy(holderOf(patient))
      const missing = new Set(await store.missing(names))
      const unknown = names.filter((name) => !missing.has(name) && !atPeer.has(name))
      if (unknown.length === 0) return true
      if (askedAfter || ended) return false
      askedAfter = { kind: 'chunks due', patient, names: unknown.slice(0, mostChunksDue) }
      options.askAfter(askedAfter)
      return false
    },
    kept() {
      for (const name of askedAfter?.names ?? []) atPeer.add(name)
      askedAfter = undefined
      options.whole()
    },
    end() {
      ended = true
      stopListening()
      cancelAgain?.()
      for (const answered of asked.values()) answered()
    },
  }
}
