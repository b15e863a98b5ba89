/** The second factor of staff: codes of an authenticator app (TOTP, RFC 6238), 30 s each; a code is good once. */
import { Secret, TOTP } from 'otpauth'

const period = 30

function generator(secret: Uint8Array, issuer: string, label: string): TOTP {
  return new TOTP({ issuer, label, secret: new Secret({ buffer: new Uint8Array(secret).buffer }), algorithm: 'SHA1', digits: 6, period }) // prettier-ignore
}

/** What an authenticator app is given: the address that a picture holds, and the secret as it is typed. */
export function forAuthenticator(secret: Uint8Array, practice: string, name: string): { address: string; typed: string } {
  const made = generator(secret, practice, name)
  return { address: made.toString(), typed: made.secret.base32.replaceAll(/(.{4})(?=.)/g, '$1 ') }
} // prettier-ignore

/**
 * The step (30 s each, since 1970) that a code is of; undefined where it is none of now. A clock may be wrong by one
 * step. A step that is not newer than `after` was used already (RFC 6238, 5.2).
 */
export function stepOf(code: unknown, secret: Uint8Array, now: number, after = 0): number | undefined {
  const digits = typeof code === 'string' ? code.replaceAll(/\s/g, '') : ''
  if (!/^\d{6}$/.test(digits)) return undefined
  const delta = generator(secret, '', 'x').validate({ token: digits, window: 1, timestamp: now })
  if (delta === null) return undefined
  const step = Math.floor(now / 1_000 / period) + delta
  return step > after ? step : undefined
}
