/** Passwords: scrypt (RFC 7914) with a salt of their own; length is all that is asked of them (ASVS 6.2), and not being among the most used. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 128 * 1024 * 1024 }
const mostUsed = new Set([
  'password',
  '12345678',
  '123456789',
  '1234567890',
  'qwertyuiop',
  'password1',
  'iloveyou',
  'sunshine',
  'football',
  'princess',
  'baseball',
  '11111111',
])

/** Why a password will not do, as a sentence; undefined where it will. */
export function passwordFault(password: string): string | undefined {
  if (password.length < 10) return 'Use at least 10 characters. A few words in a row are easy to remember.'
  if (password.length > 128) return 'Use at most 128 characters.'
  return mostUsed.has(password.toLowerCase())
    ? 'This password is among the first that anybody would try. Choose another.'
    : undefined
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
