/** The thread of a large fold: the updates in, one update out. */
import { parentPort, workerData } from 'node:worker_threads'
import { foldUpdates } from './document.ts'
import type { FoldTask } from './fold-in-worker.ts'

const { updates, shape } = workerData as FoldTask
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort!.postMessage(foldUpdates(updates, shape))
