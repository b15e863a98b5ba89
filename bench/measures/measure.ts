/** What a measurement is: a job, its target, and a run that says what was measured and whether the target is met. */
import type { Processes } from '../processes.ts'
import type { Transfers } from '../transfers.ts'

export interface Bench {
  /** The number that stands for a practice: 30,000. */
  readonly documents: number
  /** For the files of this run. */
  readonly dir: string
  readonly processes: Processes
  readonly transfers: Transfers
}

export interface Figures {
  /** As words, for the line and the table. */
  readonly ours: string
  /** What ours is measured against; '' where that is the target alone. */
  readonly against: string
  /** What is compared with the target. */
  readonly comesTo: string
  readonly met: boolean
  /** For --json: numbers in seconds, bytes, or without unit. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface Measure {
  readonly id: string
  readonly target: string
  job(documents: number): string
  run(bench: Bench): Promise<Figures>
}

/** Seconds as words, with three figures that mean something. */
export function inWords(seconds: number): string {
  return seconds < 0.0995 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`
}

export const thousands = (count: number): string => Math.round(count).toLocaleString('en-GB')
export const factor = (value: number): string => value.toFixed(value < 10 ? 2 : 1)
