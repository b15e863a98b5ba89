/**
 * Numbers and addresses as consents know them: a number in E.164 by libphonenumber, a mail address in lower case, and the
 * key of the document, an HMAC under the practice's key. Site and portal have that key, so both come to the same document;
 * from the key nobody comes back to the number.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max'

/** Where numbers without a country code are: InSched writes them as people do, and its practices are in the United States. */
const home: CountryCode = 'US'

/** The E.164 number of what stands in a field or comes from a provider; undefined where it is none that can exist. */
export function numberOf(text: string | null | undefined, country: CountryCode = home): string | undefined {
  const parsed = text ? parsePhoneNumberFromString(text, country) : undefined
  return parsed?.isPossible() === true ? parsed.number : undefined
}

export type ConsentKeys = ReturnType<typeof consentKeys>

/** Keys of documents in `consents` under the practice's HMAC key. */
export function consentKeys(hmacKey: Uint8Array) {
  // Made once: it is asked for with every event and person.
  const secret = createSecretKey(hmacKey)
  const keyOf = (channel: string, whom: string): string =>
    createHmac('sha256', secret).update(`consent\0${channel}\0${whom}`).digest('base64url')
  return {
    /** The key of a number in E.164. */
    ofNumber: (number: string): string => keyOf('text', number),
    /** The key of a phone number as people write it; undefined where it is none. */
    ofPhone(phone: string | null | undefined): string | undefined {
      const number = numberOf(phone)
      return number === undefined ? undefined : keyOf('text', number)
    },
    /** The key of a mail address, whatever its case. */
    ofAddress: (address: string): string => keyOf('email', address.trim().toLowerCase()),
  }
}
