/** A site with a console, a signed-in admin, and patients who wrote and answered at the portal: what the pages of the day are asked about. */
import type { Replica } from '../../src/replica/replica-face.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { setUpFactor, type Authenticator } from './authenticator.ts'
import { openSiteWorld, type SiteWorld } from './site-world.ts'
import { browserOf, type Browser } from './world.ts'

export const deskPassword = 'seven violet kettles'

/** An event of a patient as InSched has it, with its document. */
export interface DeskEvent { readonly event: number; readonly patient: number; readonly startsAt: string; readonly key: string; readonly patientKey: string } // prettier-ignore

export interface DeskWorld extends SiteWorld {
  readonly admin: Browser
  readonly authenticator: Authenticator
  /** The practice's replica at the portal. */
  readonly atPortal: Replica
  /** Events to come of patients with portal access, the soonest first. */
  readonly events: readonly DeskEvent[]
  /** A patient writes at the portal; the thread. */
  writes(patient: number, subject: string, text: string, thread?: string): Promise<string>
  /** A patient confirms at the portal, for the start that is given. */
  confirms(event: DeskEvent, startsAt?: string): Promise<string>
  declines(event: DeskEvent): Promise<string>
  /** Signs in at the portal by an invitation, so that messages reach somebody. */
  signsIn(patient: number): Promise<void>
  /** Waits until the site has all of it and InSched too. */
  settled(): Promise<void>
}

export async function openDeskWorld(): Promise<DeskWorld> {
  const world = await openSiteWorld()
  const { site, portal, insched, clock } = world
  const admin = browserOf(world.app, '127.0.0.1', '127.0.0.1:8090')
  await admin.post('/first-user', { code: world.setupCode, name: 'Jo Desk', initials: 'JD', password: deskPassword })
  const authenticator = await setUpFactor(admin, clock)
  const atPortal = portal.replicaOf((await portal.status()).practices[0]!.practiceId)!
  const rows = insched
    .prepare(`select e.event_id as event, e.patient_id as patient, e.starts_at as startsAt from events e join patients p on p.patient_id = e.patient_id
      where p.portal_enabled = 1 and e.status = 'None' and e.last_confirmed_date is null and e.starts_at > ? order by e.starts_at`)
    .all(new Date(clock.now() + 86_400_000).toISOString().slice(0, 16)) as { event: number; patient: number; startsAt: string }[] // prettier-ignore
  const found = rows.map(async (row): Promise<DeskEvent[]> => {
    const key = await site.bridge.documentOf('events', row.event)
    const patientKey = await site.bridge.documentOf('patients', row.patient)
    return key === undefined || patientKey === undefined ? [] : [{ ...row, key, patientKey }]
  })
  const events = (await Promise.all(found)).flat()
  const factsOf = async (collection: 'events' | 'patients', key: string) => {
    const { at: _, ...facts } = (await site.replica.head(collection, key))!.facts
    return facts
  }
  const by = (patient: string) => ({ role: 'patient' as const, id: patient, name: 'The patient' })
  return {
    ...world,
    admin,
    authenticator,
    atPortal,
    events,
    async writes(patient, subject, text, thread = mintUlid(clock)) {
      const key = (await site.bridge.documentOf('patients', patient))!
      const message = { kind: 'message' as const, at: Date.now(), by: by(key), thread, subject, text }
      await atPortal.change([{ collection: 'messages', key, facts: await factsOf('patients', key), add: { [mintUlid(clock)]: message } }]) // prettier-ignore
      return thread
    },
    async confirms({ key, patientKey, startsAt }, at = startsAt) {
      const id = mintUlid(clock)
      const answered = { kind: 'answered' as const, at: Date.now(), by: by(patientKey), channel: 'portal' as const, patient: patientKey, startsAt: at } // prettier-ignore
      await atPortal.change([{ collection: 'confirmations', key, facts: await factsOf('events', key), add: { [id]: answered } }]) // prettier-ignore
      return id
    },
    async declines({ key, patientKey, startsAt }) {
      const id = mintUlid(clock)
      const declined = { kind: 'declined' as const, at: Date.now(), by: by(patientKey), event: key, startsAt }
      await atPortal.change([{ collection: 'requests', key: patientKey, facts: await factsOf('patients', patientKey), add: { [id]: declined } }]) // prettier-ignore
      return id
    },
    async signsIn(patient) {
      const key = (await site.bridge.documentOf('patients', patient))!
      const [invitation, accepted] = [mintUlid(clock), mintUlid(clock)]
      const at = Date.now()
      await site.replica.change([{ collection: 'access', key, facts: await factsOf('patients', key), add: { [invitation]: { kind: 'invited', at, by: by(key), tokenHash: 'a'.repeat(64), until: at + 1_000 }, [accepted]: { kind: 'accepted', at, by: by(key), invitation, account: mintUlid(clock) } } }]) // prettier-ignore
    },
    async settled() {
      await site.download()
    },
  }
}
