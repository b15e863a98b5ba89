/** What people are told of a refusal: a sentence for each reason that ends a link, a review item for each refused row. */
import type { Ack, CloseReason } from './codec.ts'
import { derivedUlid } from './ids.ts'
import type { Replica } from './replica-face.ts'

/** Why the link does not connect, and what to do: for the status page and the command line. */
export const closeSentences: Readonly<Record<CloseReason, string>> = {
  'unknown device':
    'The portal does not know this site’s device. Ask the operator for a new enrolment code and enroll again.',
  'revoked device': 'The portal has revoked this site’s device. Ask the operator whether this site was retired.',
  'copied folder':
    'Another copy of this site’s folder is connected. Stop one of the two: a folder must never run twice.',
  'no common version':
    'This program and the portal speak no common version of the protocol. Update the older of the two.',
  'other practice': 'The portal answered for another practice. Check the address of the portal.',
  'malformed frame':
    'The other side sent or received bytes that are no message of this protocol. Check that the address is the portal’s and no proxy changes what passes.',
}

/** Opens a review item for each row that the peer refused; saying it again opens no second one. */
export async function openRefusalReviews(replica: Replica, peer: string, ack: Ack, now: number): Promise<void> {
  await replica.change(
    ack.refused.map(({ seq, reason }) => ({
      collection: 'reviews' as const,
      key: derivedUlid('row refused', replica.id, peer, String(seq)),
      add: {
        opened: {
          kind: 'opened' as const,
          at: now,
          by: { role: 'site' as const, id: replica.id },
          about: 'row refused' as const,
          why: `The other side refused change ${seq} of ${ack.collection}: ${reason}.`,
          todo: 'Nothing is lost here. Tell support the number of the change.',
        },
      },
    })),
  )
}
