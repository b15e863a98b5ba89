/**
 * Another system that does the same jobs, set up as its own documentation says. A server and a client, each in a
 * process of its own and fresh for each job; what they share is a folder, the server's files below it and the client's.
 */
export interface Peer {
  /** Starts the server on its files. */
  serve(dir: string): Promise<PeerServer>
  /** Makes `count` records at the client, offline. */
  write(dir: string, count: number): Promise<void>
  /** Changes a field of the first `count` records at the client, offline. */
  change(dir: string, count: number): Promise<void>
  /** Opens the client's records; they are loaded and the server can be reached when this resolves. */
  open(dir: string, port: number): Promise<PeerClient>
}

export interface PeerServer {
  readonly port: number
  /** Changes a field of the last `count` of `of` records where they are, and stores them; fails where one is missing. */
  change(count: number, of: number): Promise<void>
  stop(): Promise<void>
}

/** The jobs; each resolves with its seconds, and fails where a side has not got what it must have. */
export interface PeerClient {
  upload(documents: number): Promise<number>
  catchUp(documents: number, changed: number): Promise<number>
  reconnect(documents: number): Promise<number>
}

export type PeerName = 'hocuspocus' | 'y-websocket' | 'pouchdb' | 'automerge-repo'

export const nameOf = (n: number): string => `patient-${n}`

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

/** Runs `work` for each item, at most `width` at a time: as many as a system takes. */
export async function inWindow<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
