/**
 * Who may act for a patient at the portal, as a site gives it: a link by which a guardian or representative begins, with
 * what they may do and until when; what stands; and its end. The portal enforces it on every page.
 */
import type { Clock } from '../replica/clock.ts'
import type { Facts } from '../replica/collections.ts'
import { mintUlid } from '../replica/ids.ts'
import { foldAccess, type Relationship, type Scope } from '../replica/kinds/access.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Replica } from '../replica/replica-face.ts'
import { hashOf } from '../server/control-store-sqlite.ts'
import { dayIn } from '../server/day-in.ts'

export interface Grant {
  /** The representative's name, as others see it. */
  readonly name: string
  readonly relationship: Relationship
  readonly scope: readonly Scope[]
  /** The last day, `YYYY-MM-DD`; none: until it is ended. */
  readonly to?: string | undefined
  /** What the practice has on file that allows it; a representative and a guardian need it. */
  readonly document?: string | undefined
}

const linkLasts = 72 * 3_600_000

export function granting(parts: {
  readonly replica: Replica
  readonly clock: Clock
  /** The key of a patient who has portal access, by the local id; throws a sentence otherwise. */
  readonly patientKey: (localId: number) => Promise<string>
  readonly factsOf: (key: string) => Promise<Omit<Facts, 'at'>>
  readonly zone: () => Promise<string>
  /** The link of a token. */
  readonly linkOf: (token: string) => string
}) {
  const { replica, clock, patientKey, factsOf, zone, linkOf } = parts
  return {
    /** Gives access; throws a sentence where it would end before it begins, or a parent's child has no birth date. */
    async grant(patient: number, { name, relationship, scope, to, document }: Grant, by: By) {
      const key = await patientKey(patient)
      const from = dayIn(clock.now(), await zone())
      if (to !== undefined && to < from) throw new Error(`The last day ${to} is past. Write one from today on.`)
      if (document === undefined && (relationship === 'guardian' || relationship === 'representative'))
        throw new Error(`A ${relationship} needs a document that allows it. Name what the practice has on file, such as a power of attorney and its date.`) // prettier-ignore
      const birthDate = (await replica.record('patients', key))?.fields['birthDate']
      if (relationship === 'parent' && !birthDate)
        throw new Error(`Patient ${patient} has no birth date, so it is not known when a parent’s access ends. Write it into InSched first.`) // prettier-ignore
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const grantId = mintUlid(clock)
      const until = clock.now() + linkLasts
      await replica.change([
        {
          collection: 'access',
          key,
          facts: await factsOf(key),
          add: {
            [grantId]: { kind: 'granted', at: clock.now(), by, name, relationship, scope: [...scope], from, to: to ?? null, ...(document === undefined ? {} : { document }), tokenHash: hashOf(token), until }, // prettier-ignore
          },
        },
      ])
      return { grantId, url: linkOf(token), expiresAt: new Date(until).toISOString() }
    },
    /** How many accounts sign in as the patient, and who may act for them; what was ended is not there. */
    async accessOf(patient: number) {
      const { accounts, representatives } = foldAccess(await replica.entries('access', await patientKey(patient)))
      return {
        signIns: accounts.length,
        items: representatives.map(({ grant, name, relationship, scope, from, to, document, account, grantedBy }) => ({
          grant,
          name,
          relationship,
          scope: [...scope],
          from,
          to,
          document,
          takenUp: account !== null,
          grantedBy: grantedBy.name ?? grantedBy.initials ?? grantedBy.role,
        })),
      }
    },
    /** Ends what was granted; throws a sentence where there is no such grant. */
    async endAccess(patient: number, grant: string, by: By) {
      const key = await patientKey(patient)
      const { representatives } = foldAccess(await replica.entries('access', key))
      if (!representatives.some((one) => one.grant === grant))
        throw new Error(`Patient ${patient} has no such access. List it with: patientconnection access --patient ${patient}`) // prettier-ignore
      await replica.change([
        {
          collection: 'access',
          key,
          facts: await factsOf(key),
          add: { [mintUlid(clock)]: { kind: 'revoked', at: clock.now(), by, revokes: [grant], why: 'by staff' } },
        },
      ])
      return { grant }
    },
  }
}
