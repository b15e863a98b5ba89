/**
 * What a site does for one patient: invite, Send Secure Portal Message, erase. Patients and events are named by InSched's
 * local ids; a patient for whom nothing may be done is refused with a sentence that says what to do.
 */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import { isReachable } from '../bridges/insched/documents.ts'
import type { PatientRow } from '../bridges/insched/rows.ts'
import { erasePatient } from '../mirror/erasing.ts'
import type { MirrorSettings } from '../mirror/policy.ts'
import type { Clock } from '../replica/clock.ts'
import type { Chunks } from '../replica/chunks.ts'
import { mintUlid } from '../replica/ids.ts'
import { consentsOf } from '../bridges/texts/consent.ts'
import type { ConsentKeys } from '../bridges/texts/consent-number.ts'
import { invitationLasts, newInvitation } from '../replica/kinds/access.ts'
import type { Attachment } from '../replica/kinds/attachments.ts'
import type { By } from '../replica/kinds/kind.ts'
import { foldMessages } from '../replica/kinds/messages.ts'
import type { Follower, Replica } from '../replica/replica-face.ts'
import { donorsOf } from '../server/combined.ts'
import { withFiles } from '../server/attachments/taking.ts'
import type { Scan } from '../server/attachments/virus-scan.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import type { MessageToSend } from '../server/console/console-site.ts'
import { hashOf } from '../server/control-store-sqlite.ts'
import { answering, type Verdict } from './answering.ts'
import { granting, type Grant } from './granting.ts'

export function patientsOf(site: {
  readonly replica: Replica
  readonly bridge: InSchedBridge
  /** The follower behind the pages. */
  readonly index: Follower
  readonly chunks: Chunks
  readonly scan: Scan | undefined
  readonly desk: Desk
  readonly zone: () => Promise<string>
  /** The address in invitations, without the token. */
  readonly invitations: string
  readonly keys: ConsentKeys
  /** Of the mirror, as they hold now. */
  readonly settings: () => MirrorSettings
  /** Who acts where no member of staff does. */
  readonly agent: By
  readonly clock: Clock
}) {
  const { replica, bridge, index, chunks, scan, desk, keys, agent, clock } = site
  const consents = consentsOf({ replica, keys })
  const found = async (localId: number): Promise<{ row: PatientRow; key: string }> => {
    const row = await bridge.patient(localId)
    const key = row && (await bridge.documentOf('patients', localId))
    if (!row || key === undefined)
      throw new Error(`There is no patient ${localId} in InSched. Look the number up in InSched; it is the patient_id.`)
    return { row, key }
  }
  const patientKey = async (localId: number): Promise<string> => {
    const { row, key } = await found(localId)
    if (row.survivor_id !== null)
      throw new Error(`Patient ${localId} was combined into patient ${row.survivor_id}. Use that number.`)
    if (row.portal_enabled !== 1)
      throw new Error(`Patient ${localId} has no portal access. Enable the portal for this patient in InSched first.`)
    if (await bridge.isHeld(key))
      throw new Error(
        `Name and birth date of patient ${localId} were both changed, so this may be another person. Resolve the review first; list them with: patientconnection reviews`,
      )
    return key
  }
  const factsOfPatient = async (key: string) => {
    const head = await replica.head('patients', key)
    if (!head) throw new Error('This patient was not read from InSched yet. Try again in a moment.')
    const { at: _, ...facts } = head.facts
    return facts
  }

  /** The threads of a patient, with those of who was combined into it (DOM-10). */
  const threadsOf = async (key: string) =>
    (await Promise.all([key, ...(await donorsOf(replica, key))].map(async (one) => foldMessages(await replica.entries('messages', one))))).flat() // prettier-ignore
  const linkOf = (token: string): string => `${site.invitations}.${token}`
  const access = granting({
    replica,
    clock,
    async patientKey(patient) {
      await bridge.readNow()
      return patientKey(patient)
    },
    factsOf: factsOfPatient,
    zone: site.zone,
    linkOf,
  })

  const staff = answering({ replica, clock, site: agent.id, factsOf: factsOfPatient })

  return {
    answer: (review: string, verdict: Verdict, note = '', by: By = agent) => staff.answer(review, verdict, note, by),
    closeThread: async (patient: number, thread: string, by: By = agent) => staff.closeThread(await patientKey(patient), thread, by), // prettier-ignore
    retract: async (patient: number, entry: string, by: By = agent) =>
      staff.retract(await patientKey(patient), entry, by),
    portalFields: staff.portalFields,
    setPortal: staff.setPortal,
    accessOf: access.accessOf,
    grant: (patient: number, grant: Grant, by: By = agent) => access.grant(patient, grant, by),
    endAccess: (patient: number, grant: string, by: By = agent) => access.endAccess(patient, grant, by),
    /** A sign-in invitation; an earlier one that is open ends. */
    async invite(patient: number, by: By = agent) {
      await bridge.readNow()
      const key = await patientKey(patient)
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const at = clock.now()
      const add = newInvitation(await replica.entries('access', key), { at, by, tokenHash: hashOf(token), mint: () => mintUlid(clock) }) // prettier-ignore
      await replica.change([{ collection: 'access', key, facts: await factsOfPatient(key), add }])
      return { url: linkOf(token), expiresAt: new Date(at + invitationLasts).toISOString() }
    },
    /** Wishes that the portal mails an invitation; throws a sentence where the patient may not be mailed to. */
    async inviteByMail(patient: number, by: By = agent): Promise<{ asked: string }> {
      await bridge.readNow()
      const key = await patientKey(patient)
      const { email, email_consent } = (await found(patient)).row
      if (!email || email_consent !== 1 || (await consents.of(keys.ofAddress(email))).state === 'out')
        throw new Error(`Patient ${patient} has no address that may be mailed to, or does not consent to email. Give the link of an invitation by hand.`) // prettier-ignore
      const asked = mintUlid(clock)
      await replica.change([{ collection: 'access', key, facts: await factsOfPatient(key), add: { [asked]: { kind: 'invitation asked', at: clock.now(), by } } }]) // prettier-ignore
      return { asked }
    },
    /** Send Secure Portal Message; `files` become its attachments. Rejects with FileRefused where one is not taken. */
    async message(message: MessageToSend, by: By = agent) {
      await bridge.readNow()
      const key = await patientKey(message.patient)
      const event = message.event === undefined ? null : await bridge.documentOf('events', message.event)
      if (event === undefined)
        throw new Error(
          `There is no event ${message.event} with a patient in InSched's horizon. Look the number up in InSched; it is the event_id.`,
        )
      if (message.subject.trim() === '' || message.text.trim() === '')
        throw new Error('A message needs a subject and a text.')
      const { subject, text, files, thread = mintUlid(clock), id: entryId = mintUlid(clock) } = message
      const entries = await replica.entries('messages', key)
      if (entries.some((one) => one.id === entryId)) return { entryId }
      if (message.thread !== undefined && !(await threadsOf(key)).some((one) => one.thread === thread))
        throw new Error('There is no such thread of this patient. Write a new message instead.') // prettier-ignore
      const say = async (attachments: Attachment[]): Promise<void> =>
        replica.change([
          {
            collection: 'messages',
            key,
            facts: await factsOfPatient(key),
            add: {
              [entryId]: {
                kind: 'message',
                at: clock.now(),
                by,
                thread,
                subject,
                text,
                event,
                ...(attachments.length > 0 ? { attachments } : {}),
              },
            },
          },
        ])
      await (files ? withFiles({ chunks, scan }, files, key, say) : say([]))
      return { entryId }
    },
    /** Erases all that is about a patient here and at the portal; what InSched has is InSched's. */
    async erasePatient(patient: number) {
      await bridge.readNow()
      const { row, key } = await found(patient)
      if (isReachable(row))
        throw new Error(
          `Patient ${patient} has portal access, or consent to text or email, so the records would come back. End these in InSched first, then erase.`,
        )
      const documents = await erasePatient(replica, key, site.settings())
      desk.forget(key)
      // What was made of them goes too, also where this process ends right after.
      await Promise.all([index.caughtUp(), chunks.caughtUp()])
      return { documents }
    },
  }
}
