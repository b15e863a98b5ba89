/**
 * Passkeys (WebAuthn): a challenge is made for one browser and one purpose, stands for five minutes and is used up by the
 * first answer. A passkey is known again by its id; the account is never asked for, so nothing is told about who has one.
 */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server'
import * as v from 'valibot'
import type { Clock } from '../replica/clock.ts'
import type { Accounts } from './accounts-sqlite.ts'

const bytes = v.pipe(v.string(), v.maxLength(20_000), v.regex(/^[\w-]*$/))
const credentialSchema = v.looseObject({ id: bytes, rawId: bytes, type: v.literal('public-key') })
const answerSchema = v.looseObject({
  ...credentialSchema.entries,
  response: v.looseObject({ clientDataJSON: bytes, authenticatorData: bytes, signature: bytes }),
})
const makingSchema = v.looseObject({
  ...credentialSchema.entries,
  response: v.looseObject({ clientDataJSON: bytes, attestationObject: bytes }),
})

type Store = Pick<Accounts, 'passkey' | 'passkeys' | 'addPasskey' | 'usedPasskey'>
export type Passkeys = ReturnType<typeof passkeysOf>
const lasts = 5 * 60_000
const mostWaiting = 10_000

/** `origin`: of the page, as the browser has it. Its host is what a passkey is bound to. */
export function passkeysOf(store: Store, clock: Clock) {
  const waiting = new Map<string, { challenge: string; until: number }>()
  const challengeFor = (key: string): Uint8Array<ArrayBuffer> => {
    const challenge = Buffer.from(clock.bytes(32))
    waiting.delete(key)
    waiting.set(key, { challenge: challenge.toString('base64url'), until: clock.now() + lasts })
    if (waiting.size > mostWaiting) waiting.delete(waiting.keys().next().value!)
    return new Uint8Array(challenge)
  }
  const take = (key: string): string | undefined => {
    const found = waiting.get(key)
    waiting.delete(key)
    return found && found.until >= clock.now() ? found.challenge : undefined
  }
  const hostOf = (origin: string): string => new URL(origin).hostname

  return {
    /** What a browser asks its device with, to sign in. */
    ask: (browser: string, origin: string) =>
      generateAuthenticationOptions({ rpID: hostOf(origin), challenge: challengeFor(`in ${browser}`), userVerification: 'required' }), // prettier-ignore
    /** The account whose passkey answered; undefined where it is none of ours, or answers another question. */
    async answered(browser: string, origin: string, text: unknown): Promise<string | undefined> {
      const expectedChallenge = take(`in ${browser}`)
      const answer = parsed(answerSchema, text)
      const held = answer && store.passkey(answer.id)
      if (expectedChallenge === undefined || !held) return undefined
      try {
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: answer as unknown as AuthenticationResponseJSON,
          expectedChallenge,
          expectedOrigin: origin,
          expectedRPID: hostOf(origin),
          credential: { id: held.id, publicKey: new Uint8Array(Buffer.from(held.public_key, 'base64url')), counter: held.counter }, // prettier-ignore
          requireUserVerification: true,
        })
        if (!verified) return undefined
        store.usedPasskey(held.id, authenticationInfo.newCounter)
        return held.account
      } catch {
        // An answer that does not hold is answered as a wrong password is; why is of no use to who sent it.
        return undefined
      }
    },
    /** What a browser makes a passkey with. `name` is shown by the device where passkeys are chosen. */
    make: (browser: string, origin: string, account: string, name: string, practice: string) =>
      generateRegistrationOptions({
        rpName: practice,
        rpID: hostOf(origin),
        userName: name,
        userDisplayName: name,
        userID: new Uint8Array(Buffer.from(account)),
        challenge: challengeFor(`new ${account} ${browser}`),
        excludeCredentials: store.passkeys(account).map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      }),
    /** Keeps the passkey that was made; false where it does not answer what was asked, or is known already. */
    async made(browser: string, origin: string, account: string, agent: string, text: unknown): Promise<boolean> {
      const expectedChallenge = take(`new ${account} ${browser}`)
      const answer = parsed(makingSchema, text)
      if (expectedChallenge === undefined || !answer || store.passkey(answer.id)) return false
      try {
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          response: answer as unknown as RegistrationResponseJSON,
          expectedChallenge,
          expectedOrigin: origin,
          expectedRPID: hostOf(origin),
          requireUserVerification: true,
        })
        if (!verified) return false
        const { id, publicKey, counter } = registrationInfo.credential
        store.addPasskey({ id, account, public_key: Buffer.from(publicKey).toString('base64url'), counter, agent })
        return true
      } catch {
        return false
      }
    },
  }
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, text: unknown): T | undefined {
  try {
    return v.parse(schema, JSON.parse(String(text)))
  } catch {
    return undefined
  }
}
