/** A folder for all that one run of the tests writes, gone at its end: what tests leave behind would fill the disk in time. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default function folderOfRun(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'patientconnection-run-'))
  // PostgreSQL runs under another user, and must come through to its own folder.
  chmodSync(dir, 0o755)
  process.env['TMPDIR'] = dir
  return () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
