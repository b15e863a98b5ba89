/**
 * Which errors of a database pass by themselves, in words. What is named here is tried again with back-off and nothing of
 * it was half written: a transaction either committed or did not, and whatever is tried again asks first what was done.
 */

/** By SQLite's name of an error, by PostgreSQL's SQLSTATE or its class, or by the system's name: sentences without their end. */
const faults: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_(BUSY|LOCKED)|^55P03$/, 'InSched’s database is locked by another program'],
  [/^40001$|^40P01$/, 'Another program changed the same rows of InSched’s database at the same time'],
  [/^SQLITE_READONLY|^25006$/, 'InSched’s database can only be read at present, so nothing can be written into it'],
  [/^SQLITE_FULL$|^53100$/, 'There is no room left on the disk of InSched’s database'],
  [/^SQLITE_(IOERR|CANTOPEN)/, 'The file of InSched’s database cannot be read at present'],
  [/^53300$/, 'The server of InSched’s database has too many connections'],
  [/^(57P0[1-3]|08...)$|^57014$|^25P0[34]$/, 'The server of InSched’s database ended the connection'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)$/, 'The server of InSched’s database cannot be reached'], // prettier-ignore
  [/^(ECONNRESET|EPIPE)$/, 'The connection to the server of InSched’s database was lost'],
]
/** pg gives these no code. */
const lost = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed)/ // prettier-ignore

/** What is the matter, where it passes by itself; undefined for any other error. */
export function passing(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') {
    const found = faults.find(([pattern]) => pattern.test(code))
    if (found) return found[1]
  }
  if (lost.test(error.message)) return 'The connection to the server of InSched’s database was lost'
  // An address that has several attempts fails with all of their errors at once.
  if (error instanceof AggregateError) return passing(error.errors[0])
  return undefined
}

/** Whether an error passes by itself: it is to be tried again. */
export function passes(error: unknown): boolean {
  return passing(error) !== undefined
}
