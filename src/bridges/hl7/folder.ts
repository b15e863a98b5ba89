/**
 * A folder as the way of a channel. In: each file that has stopped growing is taken whole, its messages one after the
 * other, its answers are put into `answers`, and it goes to `done`, or to `errors` where one of its messages was not
 * taken. A file that was half done when the process ended is taken again, and its messages are known. Out: one file a message, whole or not there.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../replica/clock.ts'
import { writeWhole } from '../../replica/whole-file.ts'
import type { TakenBytes } from './intake.ts'

const taken = /\.(hl7|txt|xml)$/i

export interface FolderReader {
  problem(): string | null
  stop(): Promise<void>
}

export function readFolder(options: {
  readonly path: string
  readonly everyMs: number
  readonly mostBytes: number
  /** Takes what stands in a file; what is wrong with it as a whole is told by whoever takes it. */
  readonly take: (bytes: Uint8Array) => TakenBytes
  /** Told of a file that is not taken at all. */
  readonly fault: (sentence: string) => Promise<void>
  readonly clock: Clock
}): FolderReader {
  const { path, clock, mostBytes } = options
  const sizes = new Map<string, string>()
  let problem: string | null = null
  let stopped = false
  let cancel = (): void => {}

  const put = (folder: string, name: string): string => {
    mkdirSync(join(path, folder), { recursive: true })
    for (let n = 1; ; n++) {
      const to = join(path, folder, n === 1 ? name : `${n}-${name}`)
      if (!existsSync(to)) return to
    }
  }
  const takeFile = async (name: string): Promise<void> => {
    const file = join(path, name)
    if (statSync(file).size > mostBytes) {
      await options.fault(
        `A file is larger than the ${mostBytes.toLocaleString('en-US')} bytes that the channel takes.`,
      )
      return renameSync(file, put('errors', name))
    }
    const { each, problems } = options.take(await readFile(file))
    const answers: Uint8Array[] = []
    for (const { first, later } of each)
      for (const answer of await Promise.all([first, later])) if (answer) answers.push(answer)
    const answered = Buffer.concat(answers)
    if (answers.length > 0) writeWhole(put('answers', `${name}.ack`), answered)
    const refused = problems.length > 0 || /(?:[\r\n]MSA.|<MSA\.1>)[AC][ER]/.test(answered.toString('latin1'))
    renameSync(file, put(refused ? 'errors' : 'done', name))
  }
  const look = async (): Promise<void> => {
    try {
      const names = readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isFile() && taken.test(one.name) ? [one.name] : [])) // prettier-ignore
      for (const name of names.toSorted()) {
        if (stopped) return
        const { size, mtimeMs } = statSync(join(path, name))
        const stands = `${size} ${mtimeMs}`
        if (sizes.get(name) === stands) {
          await takeFile(name)
          sizes.delete(name)
        } else sizes.set(name, stands)
      }
      problem = null
    } catch (error) {
      problem = `The folder ${path} cannot be worked on (${(error as NodeJS.ErrnoException).code ?? (error as Error).name}). Check that it is there and may be read and written.` // prettier-ignore
    }
    if (!stopped) cancel = clock.after(options.everyMs, start)
  }
  let running: Promise<void> = Promise.resolve()
  const start = (): void => void (running = look())
  start()

  return {
    problem: () => problem,
    async stop() {
      stopped = true
      cancel()
      await running
    },
  }
}

/** Puts a message into a folder; it is there, whole, when this returns. */
export function writeMessage(path: string, name: string, bytes: Uint8Array): void {
  mkdirSync(path, { recursive: true })
  writeWhole(join(path, `${name}.hl7`), bytes)
}
