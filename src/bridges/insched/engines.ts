/** Which engine an address of InSched's database names. */
import type { Engine } from './engine.ts'
import { postgresEngine } from './engine-postgres.ts'
import { sqliteEngine } from './engine-sqlite.ts'
import { InSchedRefused } from './refused.ts'

/** Opens the engine of `sqlite:FILE` or `postgres://...`; throws InSchedRefused where the address is none, or the file is missing. */
export function openEngine(url: string, options?: { readonly readonly?: boolean }): Engine {
  const file = /^sqlite:(.+)$/.exec(url)?.[1]
  if (file !== undefined) return sqliteEngine(file, options)
  if (/^postgres(ql)?:/.test(url)) return postgresEngine(url, options)
  // It is not repeated: what was meant for an address may hold a password.
  throw new InSchedRefused(
    'This names no InSched database. Write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE.',
  )
}
