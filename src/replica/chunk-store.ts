/**
 * What a store keeps of attachments: chunks of at most 256 KiB by name, and who uses each. A chunk is there while
 * something uses it, a document or an upload under way, and goes from the files with its last use. One that is used and
 * not here is wanted: it is on its way from a peer. Nothing here knows what a chunk says or what its name is made of.
 */

/** The size of every chunk of a file but its last, in bytes before sealing. */
export const chunkBytes = 256 * 1024

export interface ChunkStore {
  /**
   * Makes `holder` use these chunks and no others, in one transaction: those that are not here become wanted, and those
   * that nobody uses any more are gone from the files when it resolves.
   */
  use(holder: string, names: readonly string[]): Promise<void>
  /** Keeps a chunk, durably, for an upload that began at `since` (milliseconds UTC), beside what that holds already. */
  hold(holder: string, since: number, name: string, content: Uint8Array): Promise<void>
  /** Keeps a chunk that is wanted; resolves with false, and keeps nothing, where nobody uses it (any more). */
  fill(name: string, content: Uint8Array): Promise<boolean>
  /** The content of a chunk; undefined where it is not here. Rejects with a SealError where it is damaged. */
  chunk(name: string): Promise<Uint8Array | undefined>
  /** Takes a chunk that cannot be read away, so that it is wanted again. */
  lose(name: string): Promise<void>
  /** Those of the names that are not here. */
  missing(names: readonly string[]): Promise<string[]>
  /** Names of chunks that are wanted, in order, after `after`. */
  wanted(after: string, limit: number): Promise<string[]>
  countWanted(): Promise<number>
  /** The chunks that a holder uses. */
  usedBy(holder: string): Promise<string[]>
  /** Who uses a chunk. */
  usersOf(name: string): Promise<string[]>
  /** Ends the uploads that began before `since` and never became a message; resolves with their number. */
  sweep(since: number): Promise<number>
}
