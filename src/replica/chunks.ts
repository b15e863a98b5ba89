/**
 * The content of attachments at one replica: written in chunks before the message that names them, read again whole, and
 * gone with the last message that names it. Which chunks a document uses is a function of its entries, kept up by a
 * follower; what is used and not here is wanted, and comes over a link (`chunk-exchange.ts`).
 *
 * A chunk's name is an HMAC of its content under a key of the practice: equal content is kept once, what comes is checked
 * against its name, and nobody without the key learns from a name whether a file that they have is here (BLOB-1).
 */
import { createHmac } from 'node:crypto'
import { chunkBytes, type ChunkStore } from './chunk-store.ts'
import type { Clock } from './clock.ts'
import { mintUlid } from './ids.ts'
import type { Attachment } from './kinds/attachments.ts'
import type { OpenReplica } from './replica.ts'
import { SealError } from './sealing.ts'

/** An upload under way: what it has kept stays until it is settled or given up. */
export interface Upload {
  /** Writes content, durably, in chunks; resolves with its size and their names. Rejects with what `content` throws. */
  write(content: AsyncIterable<Uint8Array>): Promise<Pick<Attachment, 'size' | 'chunks'>>
  /** What was written, as it was. */
  read(attachment: Pick<Attachment, 'chunks'>): AsyncGenerator<Uint8Array>
  /** To be called when the message of `patient` that names what was written is durable. */
  settle(patient: string): Promise<void>
  /** Nothing of it is used: what was written goes. */
  giveUp(): Promise<void>
}

export interface Chunks {
  upload(): Upload
  /** The content of an attachment, chunk by chunk; throws NotHere where one is missing. */
  read(attachment: Pick<Attachment, 'chunks'>): AsyncGenerator<Uint8Array>
  /** Whether all of an attachment is here. */
  isHere(attachment: Pick<Attachment, 'chunks'>): Promise<boolean>
  /** How many chunks are on their way. */
  waiting(): Promise<number>
  nameOf(content: Uint8Array): string
  /** What a link's exchange of chunks asks. */
  readonly store: ChunkStore
  /** Calls `run` when chunks may be wanted that were not; returns what ends it. */
  onWanted(run: () => void): () => void
  /** Resolves when the chunks of all messages that are durable now are known. */
  caughtUp(): Promise<void>
  /** Whether they are known now. */
  isCaughtUp(): Promise<boolean>
  stop(): Promise<void>
}

/** A chunk of an attachment did not come yet. */
export class NotHere extends Error {
  override readonly name = 'NotHere'
}

/** How long an upload may take before what it left behind is taken away, and how often that is looked for. */
const uploadLasts = 24 * 3_600_000
const sweepEvery = 3_600_000

/** The documents that use chunks are the messages of a patient. */
export const holderOf = (patient: string): string => `messages/${patient}`
export const patientOfHolder = (holder: string): string | undefined =>
  holder.startsWith('messages/') ? holder.slice('messages/'.length) : undefined

/** Keeps the chunks of a replica's messages; `key` is the practice's own, the same at all its replicas. */
export function keepChunks(options: {
  readonly replica: OpenReplica
  readonly store: ChunkStore
  readonly key: Uint8Array
  readonly clock: Clock
}): Chunks {
  const { replica, store, key, clock } = options
  const listeners = new Set<() => void>()
  let last: Promise<unknown> = Promise.resolve()

  const nameOf = (content: Uint8Array): string =>
    createHmac('sha256', key).update('chunk\0').update(content).digest('base64url')

  /** One at a time, so that what is read later is also written later. */
  const refresh = (patient: string): Promise<void> => {
    const next = last.then(async () => {
      const entries = await replica.entries('messages', patient)
      const retracted = new Set(entries.flatMap((entry) => (entry.kind === 'retracted' ? [entry.entry] : [])))
      const standing = entries.filter((entry) => entry.kind === 'message').filter((entry) => !retracted.has(entry.id))
      const names = standing.flatMap(({ attachments = [] }) => attachments.flatMap(({ chunks }) => chunks))
      await store.use(holderOf(patient), names)
    })
    last = next.catch(() => {})
    return next
  }
  const follower = replica.follow({
    name: 'chunks',
    collections: ['messages'],
    async handle(documents) {
      for (const { key: patient } of documents) await refresh(patient)
      return []
    },
    advanced: () => listeners.forEach((run) => run()),
  })

  let cancelSweep = (): void => {}
  let sweeping: Promise<unknown> = Promise.resolve()
  const sweep = (): void => {
    // What fails now (a full disk) is swept the next time.
    sweeping = store.sweep(clock.now() - uploadLasts).catch(() => {})
    cancelSweep = clock.after(sweepEvery, sweep)
  }
  sweep()

  const read = async function* ({ chunks }: Pick<Attachment, 'chunks'>): AsyncGenerator<Uint8Array> {
    for (const name of chunks) {
      const content = await readable(store, name)
      if (!content) throw new NotHere('A part of this file is still on its way.')
      yield content
    }
  }

  return {
    upload() {
      const hold = `upload/${mintUlid(clock)}`
      const since = clock.now()
      return {
        async write(content) {
          const chunks: string[] = []
          let size = 0
          for await (const chunk of inChunks(content)) {
            const name = nameOf(chunk)
            await store.hold(hold, since, name, chunk)
            chunks.push(name)
            size += chunk.length
          }
          return { size, chunks }
        },
        read,
        async settle(patient) {
          await refresh(patient)
          await store.use(hold, [])
        },
        giveUp: () => store.use(hold, []),
      }
    },
    read,
    isHere: async ({ chunks }) => (await store.missing(chunks)).length === 0,
    waiting: () => store.countWanted(),
    nameOf,
    store,
    onWanted(run) {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
    caughtUp: () => follower.caughtUp(),
    isCaughtUp: async () => (await replica.unhandled('chunks', ['messages'])) === 0,
    async stop() {
      cancelSweep()
      await Promise.all([follower.stop(), sweeping, last])
    },
  }
}

/** A chunk of a store; one that is damaged is lost, so that it is fetched again. */
export async function readable(store: ChunkStore, name: string): Promise<Uint8Array | undefined> {
  try {
    return await store.chunk(name)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    await store.lose(name)
    return undefined
  }
}

/** Bytes in pieces of any size as chunks: all of `chunkBytes`, but the last. */
export async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(chunkBytes)
  let filled = 0
  for await (const piece of content)
    for (let from = 0; from < piece.length;) {
      const taken = Math.min(piece.length - from, chunkBytes - filled)
      chunk.set(piece.subarray(from, from + taken), filled)
      filled += taken
      from += taken
      if (filled < chunkBytes) continue
      yield chunk
      chunk = new Uint8Array(chunkBytes)
      filled = 0
    }
  if (filled > 0) yield chunk.subarray(0, filled)
}
