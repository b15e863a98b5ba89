/**
 * Sealing at rest: AES-256-GCM with the key's id in front and the place of the sealed bytes as associated data, so that
 * a row moved to another place does not open. A practice's data key is itself sealed by the master key, which comes
 * from the environment or from a file that only its owner reads and that is not in the data folder.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomFillSync,
  type KeyObject,
} from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { makeWhole } from './whole-file.ts'

export interface Sealer {
  /** Sealed bytes that open only with the same key and the same `context`. */
  seal(plain: Uint8Array, context: string | Uint8Array): Uint8Array
  /** The plain bytes; throws a SealError where key, context or bytes are not the ones that were sealed. */
  open(sealed: Uint8Array, context: string | Uint8Array): Uint8Array
}

/** What was sealed does not open: another key, another place, or damaged bytes. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

// Layout: 4 bytes key id, 12 bytes IV, 16 bytes tag, ciphertext.
const ivAt = 4
const tagAt = 16
const textAt = 32

/** A sealer from 32 bytes of key. */
export function sealerOf(key: Uint8Array): Sealer {
  if (key.length !== 32) throw new TypeError('A key has 32 bytes')
  const secret: KeyObject = createSecretKey(key)
  const keyId = createHash('sha256').update('key id').update(key).digest().subarray(0, 4)
  // Random IVs drawn from a pool: asking the kernel for each costs more than the encryption.
  const pool = Buffer.alloc(12 * 1024)
  let next = pool.length
  const freshIv = (): Buffer => {
    if (next === pool.length) {
      randomFillSync(pool)
      next = 0
    }
    return pool.subarray(next, (next += 12))
  }
  return {
    seal(plain, context) {
      const sealed = Buffer.allocUnsafe(textAt + plain.length)
      const iv = freshIv()
      const cipher = createCipheriv('aes-256-gcm', secret, iv)
      cipher.setAAD(bytesOf(context))
      const text = cipher.update(plain)
      cipher.final()
      sealed.set(keyId, 0)
      sealed.set(iv, ivAt)
      sealed.set(cipher.getAuthTag(), tagAt)
      sealed.set(text, textAt)
      return sealed
    },
    open(sealed, context) {
      if (sealed.length < textAt || Buffer.compare(sealed.subarray(0, ivAt), keyId) !== 0)
        throw new SealError('This was sealed with another key. Start with the key file that belongs to this folder.')
      try {
        const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(ivAt, tagAt), { authTagLength: 16 })
        decipher.setAAD(bytesOf(context))
        decipher.setAuthTag(sealed.subarray(tagAt, textAt))
        const plain = decipher.update(sealed.subarray(textAt))
        decipher.final()
        return plain
      } catch (cause) {
        throw new SealError('Sealed bytes are damaged or stand in the wrong place.', { cause })
      }
    },
  }
}

function bytesOf(context: string | Uint8Array): Uint8Array {
  return typeof context === 'string' ? Buffer.from(context) : context
}

/** A sealer from a key written as base 64 of 32 bytes; throws a TypeError that says so where it is not. */
export function masterKeyFromText(text: string): Sealer {
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== 32)
    throw new TypeError('The master key must be 32 bytes in base 64 (make one with: openssl rand -base64 32)')
  return sealerOf(key)
}

/**
 * The master key in `file`, which is made with mode 0600 where it is missing. Throws where others than the owner
 * may read it (not asked on Windows, whose modes say nothing).
 */
export function readMasterKey(file: string): Sealer {
  if (!existsSync(file)) makeWhole(file, randomFillSync(Buffer.alloc(32)).toString('base64') + '\n')
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new Error(`The key file ${file} can be read by others. Run: chmod 600 ${file}`)
  return masterKeyFromText(readFileSync(file, 'utf8'))
}

/** A new data key, sealed by `master`; `unwrapKey` opens it. */
export function wrapNewKey(master: Sealer, context: string): Uint8Array {
  return master.seal(randomFillSync(Buffer.alloc(32)), context)
}

/** The sealer of a data key that `wrapNewKey` made; throws a SealError where `master` is not its master key. */
export function unwrapKey(master: Sealer, wrapped: Uint8Array, context: string): Sealer {
  return sealerOf(master.open(wrapped, context))
}
