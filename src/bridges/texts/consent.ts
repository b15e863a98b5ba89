/**
 * Consent of numbers, at a site and at a portal alike: reading it and writing it down, nothing else. A STOP is an entry of
 * this replica, so it holds from the moment it is durable, whether or not the other side or the provider can be reached.
 */
import type { By } from '../../replica/kinds/kind.ts'
import { foldConsent, type Consent, type ConsentEntry, type Proof } from '../../replica/kinds/consents.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import type { ConsentKeys } from './consent-number.ts'

export type ConsentChannel = ConsentEntry['channel']
type HowOut = Extract<ConsentEntry, { kind: 'opted out' }>['how']

/** Who said it, through what, with what to show for it. */
export interface Said<How> {
  readonly by: By
  readonly how: How
  readonly at: number
  readonly channel?: ConsentChannel
  readonly proof?: Proof
}

/** Why a patient is not written to by text. */
export type WhyNoText = 'no number' | 'opted out' | 'consent unknown' | 'no consent'

/** Consents belong to no patient and no site: they pass everywhere. */
const facts = { patient: null, site: null, shown: false, reachable: false, startsAt: null }

/** The edit that opts a number or address out; said twice (the provider's message again) it is there once. */
export function optedOut(key: string, { by, how, at, proof, channel = 'text' }: Said<HowOut>): Edit {
  const entry: ConsentEntry = { kind: 'opted out', at, by, channel, how, ...(proof ? { proof } : {}) }
  return { collection: 'consents', key, facts, add: { [`out:${proof?.message ?? at}`]: entry } }
}

/** The edit that opts a number in; it ends what `standing` names and no opt-out that it did not know (DOM-9). `id`: by default made of the message, or of the time. */
export function optedIn(
  key: string,
  consent: Consent,
  { by, how, at, proof, channel = 'text' }: Said<'reply' | 'staff'>,
  id: string = proof?.message ?? String(at),
): Edit {
  const ends = [...consent.standing]
  const entry: ConsentEntry = { kind: 'opted in', at, by, channel, how, ends, ...(proof ? { proof } : {}) }
  return { collection: 'consents', key, facts, add: { [`in:${id}`]: entry } }
}

export type Consents = ReturnType<typeof consentsOf>

/** Consent as this replica knows it now. */
export function consentsOf({ replica, keys }: { readonly replica: Replica; readonly keys: ConsentKeys }) {
  const of = async (key: string): Promise<Consent> => foldConsent(await replica.entries('consents', key))
  return {
    /** What is known of a document of `consents`. */
    of,
    /** What is known of a number in E.164. */
    ofNumber: (number: string): Promise<Consent> => of(keys.ofNumber(number)),
    /**
     * Why a patient may not be written to by text now; null where nothing stands against it. The number's STOP comes before
     * whatever InSched says of the patient, and without a yes there it is no (DOM-20).
     */
    async whyNoText(patient: {
      readonly cellPhone: string | null
      readonly textConsent: boolean | null
    }): Promise<WhyNoText | null> {
      const key = keys.ofPhone(patient.cellPhone)
      if (key === undefined) return 'no number'
      if ((await of(key)).state === 'out') return 'opted out'
      return patient.textConsent === true ? null : patient.textConsent === false ? 'no consent' : 'consent unknown'
    },
  }
}
