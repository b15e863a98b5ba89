/**
 * Who is at the other end of a link. A device makes its key pair at enrolment; the portal signs a certificate of it, so
 * that a portal put back to an older copy still knows its devices. A device proves itself by signing the portal's
 * challenge, fresh for each connection. Ed25519 (RFC 8032).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import * as v from 'valibot'
import { ulidSchema } from './kinds/kind.ts'

export interface KeyPair {
  /** Base 64 of the SPKI DER. */
  readonly publicKey: string
  /** Base 64 of the PKCS 8 DER: a secret. */
  readonly privateKey: string
}

/** What a portal says of a device. */
export interface Certified {
  readonly practice: string
  readonly site: string
  readonly replica: string
  readonly publicKey: string
  /** Milliseconds UTC. */
  readonly issuedAt: number
}

const certifiedSchema = v.object({
  practice: ulidSchema,
  site: ulidSchema,
  replica: ulidSchema,
  publicKey: v.pipe(v.string(), v.base64(), v.maxLength(200)),
  issuedAt: v.number(),
})

/** A new key pair, for a device or for a portal. */
export function mintKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  }
}

/** The certificate of a device, as text without spaces. */
export function certify(portalPrivateKey: string, certified: Certified): string {
  const body = Buffer.from(JSON.stringify(certified))
  return `${body.toString('base64url')}.${signed(portalPrivateKey, 'certificate', body).toString('base64url')}`
}

/** What a certificate says; undefined where this portal did not sign it. */
export function readCertificate(portalPublicKey: string, certificate: string): Certified | undefined {
  const [body, signature, ...rest] = certificate.split('.')
  if (body === undefined || signature === undefined || rest.length > 0) return undefined
  const bytes = Buffer.from(body, 'base64url')
  if (!verified(portalPublicKey, 'certificate', bytes, Buffer.from(signature, 'base64url'))) return undefined
  const parsed = v.safeParse(certifiedSchema, JSON.parse(bytes.toString()))
  return parsed.success ? parsed.output : undefined
}

/** A device's answer to a challenge. */
export function answerChallenge(privateKey: string, nonce: Uint8Array): Uint8Array {
  return signed(privateKey, 'challenge', nonce)
}

/** Whether `signature` is the answer of the device with this public key. */
export function isAnswer(publicKey: string, nonce: Uint8Array, signature: Uint8Array): boolean {
  return verified(publicKey, 'challenge', nonce, signature)
}

// What a signature is for stands in front of what it signs, so that a challenge can never be made to read as a certificate.
function signed(privateKey: string, purpose: string, bytes: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), type: 'pkcs8', format: 'der' })
  return sign(null, Buffer.concat([Buffer.from(`patientconnection ${purpose}\n`), bytes]), key)
}

function verified(publicKey: string, purpose: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' })
  return verify(null, Buffer.concat([Buffer.from(`patientconnection ${purpose}\n`), bytes]), key, signature)
}
