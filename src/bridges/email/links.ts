/**
 * The links of a mail: what they do is named in them beside ids, under a MAC of the practice's key, so that nobody makes one
 * and no address or name is in it. Each only opens a page with a button: programs that look at mails follow links.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const linkPurposes = ['confirm', 'stop', 'pay'] as const
export type LinkPurpose = (typeof linkPurposes)[number]
/** The mail that a link stood in; of one to pay, the request that it is for. */
export interface LinkOf { readonly practice: string; readonly patient: string; readonly message: string } // prettier-ignore

const macOf = (key: Uint8Array, purpose: LinkPurpose, { practice, patient, message }: LinkOf): string =>
  createHmac('sha256', key).update(JSON.stringify(['mail link', purpose, practice, patient, message])).digest('base64url').slice(0, 27) // prettier-ignore

/** The path of a link. */
export function linkPath(key: Uint8Array, purpose: LinkPurpose, of: LinkOf): string {
  return `/email/${of.practice}/${purpose}/${of.patient}/${of.message}/${macOf(key, purpose, of)}`
}

/** Whether a link was made here. */
export function isOurLink(key: Uint8Array, purpose: LinkPurpose, of: LinkOf, mac: string): boolean {
  const [right, given] = [Buffer.from(macOf(key, purpose, of)), Buffer.from(mac)]
  return right.length === given.length && timingSafeEqual(right, given)
}
