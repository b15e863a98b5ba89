/** Whether a patient may be mailed by a rule, and why not: from what is on file, what the address said, and what came back. Pure. */
import type { MessageState, OutMessage } from '../../replica/kinds/communications.ts'
import type { Consent } from '../../replica/kinds/consents.ts'
import type { PatientFields } from '../../replica/kinds/fields.ts'

/** Why a patient is not written to by email. */
export type WhyNoEmail =
  | 'no address'
  | 'no address of the guarantor'
  | 'unsubscribed'
  | 'email consent unknown'
  | 'no email consent'
  | 'address bounced'
  | 'no mail server'

/** Statuses that say that an address is none, or was given up (RFC 3463, 3.2 and 3.3). */
export const isAddressAtFault = (status: string): boolean => /^5\.(1\.|2\.1$)/.test(status)

const arrivedOrNot: ReadonlySet<MessageState> = new Set(['undelivered', 'delivered', 'opened'])

/** Whether the last mail to an address of which it is known came back because of the address. */
export function isBounced(recipient: string, out: readonly OutMessage[]): boolean {
  const known = out.filter((one) => one.kind === 'email' && one.recipient === recipient && arrivedOrNot.has(one.state))
  const last = known.reduce<OutMessage | undefined>((newest, one) => (newest && newest.stateAt > one.stateAt ? newest : one), undefined) // prettier-ignore
  return last?.state === 'undelivered' && isAddressAtFault(last.code ?? '')
}

/** Null where nothing stands against it. An address that unsubscribed comes before whatever InSched says of the patient. */
export function whyNoEmail(of: {
  /** Whose address it is. */
  readonly person: Pick<Partial<PatientFields>, 'email' | 'emailConsent'>
  readonly state: Consent['state']
  readonly isBounced: boolean
}): WhyNoEmail | null {
  if (!of.person.email) return 'no address'
  if (of.state === 'out') return 'unsubscribed'
  if (of.person.emailConsent !== true) return of.person.emailConsent === false ? 'no email consent' : 'email consent unknown' // prettier-ignore
  return of.isBounced ? 'address bounced' : null
}
