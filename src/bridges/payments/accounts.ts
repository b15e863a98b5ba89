/**
 * The practices' accounts at the card processor: secrets, so they come from the environment or from a file that only its
 * owner can read, and are written nowhere. Each practice has an account of its own: whose money it is, is never mixed.
 */
import { readFileSync, statSync } from 'node:fs'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { StripeAccount } from './stripe-gateway.ts'

const accountSchema = v.strictObject({
  secretKey: v.pipe(v.string(), v.regex(/^(sk|rk)_\w+$/, 'is no secret key')),
  webhookSecrets: v.pipe(v.array(v.pipe(v.string(), v.regex(/^whsec_\w+$/, 'is no secret of a webhook'))), v.minLength(1), v.maxLength(5)), // prettier-ignore
  apiBase: v.optional(v.string()),
})
const accountsSchema = v.record(ulidSchema, accountSchema)

export type Accounts = ReadonlyMap<string, StripeAccount>

/** The accounts in a text, by practice; throws a sentence that repeats nothing of it. */
export function accountsIn(text: string): Accounts {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new Error(wanted, { cause })
  }
  const read = v.safeParse(accountsSchema, json)
  if (!read.success) throw new Error(`${wanted} Look at: ${v.getDotPath(read.issues[0])?.replace(/^.*\.(?=secretKey|webhookSecrets|apiBase)/, '') ?? 'the whole'}`) // prettier-ignore
  return new Map(Object.entries(read.output))
}

/** The accounts in a file that only its owner can read; throws a sentence. */
export function accountsAt(file: string): Accounts {
  // Windows keeps rights elsewhere: there the folder's count.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new Error(`${file} holds secrets and can be read by others. Make it the owner's alone: chmod 600 ${file}`)
  return accountsIn(readFileSync(file, 'utf8'))
}

const wanted =
  'The accounts for payments are JSON by practice: { "PRACTICE_ID": { "secretKey": "sk_...", "webhookSecrets": ["whsec_..."] } }.'
