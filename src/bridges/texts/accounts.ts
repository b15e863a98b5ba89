/**
 * The accounts for texts of a portal as they are configured: one address for the only practice, or JSON with one for each
 * practice id. Two practices share none: what comes in could not be told apart.
 */
import * as v from 'valibot'
import { textAccount, type TextAccount } from './twilio.ts'

const schema = v.record(v.string(), v.string())

/** Which account a practice has; throws a sentence, without a secret, where the text is no such thing. */
export function textAccounts(text: string): (practice: string) => TextAccount | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{')) {
    const account = textAccount(trimmed)
    let only: string | undefined
    // The first practice that asks has it.
    return (practice) => ((only ??= practice) === practice ? account : undefined)
  }
  const found = v.safeParse(schema, jsonOf(trimmed))
  if (!found.success)
    throw new Error('The accounts for texts are JSON like { "<practice id>": "https://ACxxxx:AUTH_TOKEN@api.twilio.com/MGxxxx" }.') // prettier-ignore
  const accounts = new Map(Object.entries(found.output).map(([practice, address]) => [practice, textAccount(address)]))
  if (new Set([...accounts.values()].map((one) => one.messagingServiceSid)).size < accounts.size)
    throw new Error('Two practices have the same messaging service for texts. Give each its own: replies could not be told apart.') // prettier-ignore
  return (practice) => accounts.get(practice)
}

/** What stands in a text of JSON; undefined where it is none: its error would quote secrets. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Told by the caller, in words of its own.
    return undefined
  }
}
