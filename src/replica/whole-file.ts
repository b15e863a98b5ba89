/**
 * Small files that are whole or not there, whenever the process is killed: written beside, synced, then put in place.
 * Readable by their owner only.
 */
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Writes `file`, in place of what was there. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const beside = writeBeside(file, content)
  renameSync(beside, file)
}

/** Makes `file`; throws EEXIST where there is one already, also where another process made it meanwhile. */
export function makeWhole(file: string, text: string): void {
  const beside = writeBeside(file, text)
  try {
    linkSync(beside, file)
  } finally {
    rmSync(beside)
  }
}

function writeBeside(file: string, content: string | Uint8Array): string {
  const beside = `${file}.${process.pid}.new`
  writeFileSync(beside, content, { mode: 0o600, flush: true })
  return beside
}
