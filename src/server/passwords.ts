/**
 * Passwords: scrypt (RFC 7914) with a salt of their own. What is asked of them is length, not being among the most used
 * (the list of zxcvbn), and not being made of what anybody knows of the account: its name, the practice (ASVS 6.2).
 */
import { dictionary } from '@zxcvbn-ts/language-common'
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import type { Words } from './words/en.ts'

const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 128 * 1024 * 1024 }
export const shortestPassword = 10
export const longestPassword = 128
const mostUsed: ReadonlySet<string> = new Set(dictionary['passwords-common'])

/**
 * Why a password will not do, as a sentence in these words; undefined where it will. `known` are the words of its context: names of the
 * practice, the person and the account, the birth date; they count for nothing in it.
 */
export function passwordFault(
  password: string,
  { signIn: { faults } }: Words,
  known: readonly (string | null | undefined)[] = [],
): string | undefined {
  if (password.length < shortestPassword) return faults.passwordShort(shortestPassword)
  if (password.length > longestPassword) return faults.passwordLong(longestPassword)
  if (isMostUsed(password.toLowerCase())) return faults.passwordMostUsed
  const bare = letters(password)
  const rest = contextOf(known).reduce((left, word) => left.replaceAll(word, ''), bare)
  return rest.length < bare.length && rest.length < 8 ? faults.passwordKnown : undefined
}

/** On the list, or a word of it with figures behind, or one short piece over and over. */
function isMostUsed(password: string): boolean {
  const word = password.replace(/[^\p{L}]+$/u, '')
  const piece = /^(.+?)\1+$/.exec(password)?.[1]
  return (
    mostUsed.has(password) || mostUsed.has(word) || (piece !== undefined && (piece.length < 4 || mostUsed.has(piece)))
  )
}

/** The words of a context, whole first, then their parts; the longest first, so that none hides another. */
function contextOf(known: readonly (string | null | undefined)[]): string[] {
  const texts = ['InSched', 'PatientConnection', ...known].filter((text) => typeof text === 'string')
  const words = texts.flatMap((text) => {
    const [year, month, day] = /^\d{4}-\d{2}-\d{2}$/.test(text) ? text.split('-') : []
    return year === undefined ? [letters(text), ...text.split(/[\s@.,'’-]+/).map(letters)] : [`${year}${month}${day}`, `${month}${day}${year}`, year] // prettier-ignore
  })
  return [...new Set(words)].filter((word) => word.length >= 3).toSorted((a, b) => b.length - a.length)
}

/** Letters and figures alone, without case and accents. */
function letters(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `scrypt:${salt.toString('base64url')}:${(await derive(password, salt)).toString('base64url')}`
}

/** Whether `password` is the one that `held` was made of; takes as long where there is none. */
export async function isPassword(password: string, held: string | null | undefined): Promise<boolean> {
  const [, salt, hash] = (held ?? `scrypt:${'A'.repeat(22)}:${'A'.repeat(43)}`).split(':')
  const derived = await derive(password, Buffer.from(salt!, 'base64url'))
  return timingSafeEqual(derived, Buffer.from(hash!, 'base64url')) && typeof held === 'string'
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  )
}
