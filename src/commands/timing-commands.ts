/** The commands of Preferences > Synchronization, of backups, and of the connection. */
import { readFileSync } from 'node:fs'
import { choices } from '../bridges/insched/put-back.ts'
import { optional, Usage, wholeNumber } from './command.ts'
import { operation, waitOf, waitOption, type Result } from './operation.ts'

const string = { type: 'string' } as const

export const syncNow = operation(
  'sync now',
  'Upload Records and Download Online Communications in one run; --full also compares all that both sides hold',
  'sync now [--full] [--wait]',
  { ...waitOption, full: { type: 'boolean' } },
  (given) => ({ ...waitOf(given), full: given.values['full'] === true }),
)
export const preferencesGet = operation(
  'preferences get',
  'Preferences > Synchronization: all of them, or one',
  'preferences get [KEY]',
  {},
  (given) => ({ key: given.positionals[0] }),
  (result) =>
    Object.entries(result)
      .map(([key, value]) => `${key}: ${String(value)}`)
      .join('\n'),
)
export const preferencesSet = operation(
  'preferences set',
  'change one preference; @FILE takes the value from a file, so that a password is not in the list of commands',
  'preferences set KEY VALUE',
  {},
  (given) => {
    const [key, value] = given.positionals
    if (key === undefined || value === undefined)
      throw new Usage('Name a key and its value; nothing is written as two quotation marks.')
    return { key, value: value.startsWith('@') ? contentsOf(value.slice(1)) : value }
  },
  (result) => `${String(result['key'])} was ${said(result['old'])} and is ${said(result['new'])} now.`,
)

const said = (value: unknown): string => (value === '' ? 'nothing' : String(value))
const says = (result: Result): string => String(result['says'])

function contentsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new Error(`The file ${file} cannot be read. Nothing was changed.`, { cause })
  }
}

export const backupBegin = operation(
  'backup begin',
  'let go of InSched’s database for a backup, at most so many minutes; ends when no handle of it is open',
  'backup begin [--minutes N]',
  { minutes: string },
  (given) => ({ minutes: wholeNumber(optional(given, 'minutes'), 'minutes') }),
  says,
)
export const backupEnd = operation('backup end', 'take InSched’s database back', 'backup end', {}, () => ({}), says)
export const inschedRestored = operation(
  'insched restored',
  'InSched’s database was put back to a backup: write back what it lacks, or trust it as it is',
  'insched restored write-back|trust',
  {},
  (given) => {
    const choice = choices.find((one) => one === given.positionals[0])
    if (choice === undefined) throw new Usage('Choose write-back or trust.')
    return { choice }
  },
  says,
)
export const backupStatus = operation(
  'backup status',
  'whether InSched’s database is let go of, and when it will be',
  'backup status',
  {},
  () => ({}),
  says,
)
export const connectionTest = operation(
  'connection test',
  'walk to the portal hop by hop, and name the one that fails',
  'connection test',
  {},
  () => ({}),
  (result) =>
    (result['hops'] as { hop: string; state: string; says: string }[])
      .map(({ hop, state, says: why }) => `${hop.padEnd(8)} ${state.padEnd(12)} ${why}`)
      .join('\n'),
)
