/** A large fold in a thread of its own. The thread ends with it: large documents are rare. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Shape } from './collections.ts'

/** What a fold thread is told. */
export interface FoldTask {
  readonly updates: readonly Uint8Array[]
  readonly shape: Shape
}

/** `foldUpdates` beside the event loop; rejects with its error. */
export function foldInWorker(updates: readonly Uint8Array[], shape: Shape): Promise<Uint8Array> {
  // The sources run as they are, and what is published is JavaScript: the thread's file ends like this one.
  const file = new URL(`./fold-thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url)
  return new Promise((resolve, reject) => {
    const thread = new Worker(file, { workerData: { updates, shape } satisfies FoldTask })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`A fold ended with code ${code} before it was done`)))
  })
}
