/**
 * What hangs on a patient besides plans and events: messages, requests, payments, confirmations and access. It has no row in
 * InSched; its facts follow those of the patient, and when the portal ends for the patient, access ends.
 */
import { derivedUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import { donorsOf, standsFor } from './combined.ts'
import { factsOf, type Context } from './documents.ts'
import type { InSched, Reads } from './insched.ts'

export function reachEdits(options: {
  insched: InSched
  replica: Replica
  context: (now: Reads) => Promise<Context>
  site: string
}) {
  const { insched, replica } = options

  /** Ends all access to a patient that stands. */
  const accessEnds = async (key: string, at: number): Promise<Edit[]> => {
    const { standing } = foldAccess(await replica.entries('access', key))
    if (standing.length === 0) return []
    const by = { role: 'site' as const, id: options.site, initials: 'PC' }
    const id = derivedUlid('portal access ended', ...standing)
    const revoked = { kind: 'revoked' as const, at, by, revokes: [...standing], why: 'portal access ended' as const }
    return [{ collection: 'access', key, add: { [id]: revoked } }]
  }

  return {
    accessEnds,
    /** The facts that follow the patient's row as it is now; without the portal, access ends. */
    async changed(localId: number, key: string, at: number): Promise<Edit[]> {
      const patient = (await insched.patients([localId]))[0]
      if (!patient) return []
      const edits: Edit[] = []
      const context = await options.context(insched)
      const facts = factsOf(context, patient, key, true)
      // What a Donor said is seen where the Survivor's is; who may see it is not handed on, nor is money.
      const said = factsOf(context, (await standsFor(insched, patient)) ?? patient, key, true)
      for (const collection of ['payments', 'access'] as const)
        if (await replica.head(collection, key)) edits.push({ collection, key, facts, add: {} })
      for (const collection of ['messages', 'requests'] as const)
        if (await replica.head(collection, key)) edits.push({ collection, key, facts: said, add: {} })
      for (const { document } of await insched.identities('events', await insched.eventsOfPatients([localId]))) {
        const held = await replica.head('confirmations', document)
        if (!held) continue
        // Whose event it is writes what is answered of it: of a patient of this site, that may be another.
        const { startsAt, site } = held.facts
        edits.push({ collection: 'confirmations', key: document, facts: { ...facts, startsAt, site }, add: {} })
      }
      if (patient.portal_enabled !== 1) edits.push(...(await accessEnds(key, at)))
      return edits
    },
    /** What is to be written of a patient and of who was combined into them: the documents that the writer follows. */
    async inboundOf(key: string): Promise<DocumentHead[]> {
      const identity = await insched.identity(key)
      if (!identity) return []
      const patients = [identity.local_id, ...(await donorsOf(insched, identity.local_id))]
      const people = [key, ...(await insched.identities('patients', patients.slice(1))).map((one) => one.document)]
      const events = await insched.identities('events', await insched.eventsOfPatients(patients))
      const wanted = [
        ...(['messages', 'requests', 'communications', 'payments'] as const).flatMap((collection) =>
          people.map((document) => [collection, document] as const),
        ),
        ...events.map((event) => ['confirmations', event.document] as const),
      ]
      const heads = await Promise.all(wanted.map(([collection, document]) => replica.head(collection, document)))
      return heads.filter((head) => head !== undefined)
    },
  }
}
