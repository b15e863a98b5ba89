/** The practice's own virus scanner: a program that reads a file from its input and ends with 0 where it found nothing, with 1 where it did. */
import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../replica/clock.ts'

export type Scan = (content: AsyncIterable<Uint8Array>) => Promise<'clean' | 'unsafe' | 'unscanned'>

const patience = 120_000

/** A scanner from a command such as `clamdscan --no-summary -`; its parts are parted by blanks, no shell reads them. */
export function virusScan(command: string, clock: Clock): Scan {
  const [program, ...args] = command.split(/\s+/).filter(Boolean)
  if (program === undefined) throw new Error('The virus scanner is missing. Name a program, for example: clamdscan -')
  return (content) =>
    new Promise((resolve) => {
      const scanner = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], windowsHide: true })
      const cancel = clock.after(patience, () => scanner.kill('SIGKILL'))
      const settle = (found: 'clean' | 'unsafe' | 'unscanned'): void => {
        cancel()
        resolve(found)
      }
      let whole = false
      // A scanner that has seen enough closes its input before the end: what counts then is that it says unsafe.
      const fed = pipeline(Readable.from(content), scanner.stdin).then(
        () => void (whole = true),
        () => {},
      )
      scanner.on('error', () => settle('unscanned'))
      scanner.on('close', (code) => {
        void fed.then(() => settle(code === 1 ? 'unsafe' : code === 0 && whole ? 'clean' : 'unscanned'))
      })
    })
}
