/** What a practice's pages show, as a site would have sent it: the site itself, and patients with appointment, plan and messages. */
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { Edit, Replica } from '../../src/replica/replica-face.ts'
import { hashOf } from '../../src/server/control-store-sqlite.ts'
import { fieldsOf } from '../documents.ts'

/** An invitation that was not taken up yet. */
export interface Invitation {
  readonly path: string
  readonly birthDate: string
}

const days = 86_400_000
const zone = 'America/Phoenix'
/** The wall clock of a practice that keeps no daylight saving. */
const wallOf = (at: number): string => new Date(at - 7 * 3_600_000).toISOString().slice(0, 16)

/** Writes `count` patients of `site`, and invites the last `invited` of them. */
export async function writePatients(
  replica: Replica,
  of: { readonly practice: string; readonly site: string; readonly count: number; readonly invited: number },
): Promise<Invitation[]> {
  const { practice, site, count, invited } = of
  const at = clock.now()
  const by = { role: 'site' as const, id: site }
  const seen = { site, shown: true, reachable: true, startsAt: null }
  const set = { siteName: 'Mesa', practiceName: 'Desert Bloom', phone: '+1 480 555 0100', address: null, zone }
  await replica.change([{ collection: 'practice', key: site, at, facts: { patient: null, ...seen }, set }])
  const invitations: Invitation[] = []
  for (let from = 0; from < count; from += 1_000) {
    const edits: Edit[] = []
    for (let n = from; n < Math.min(from + 1_000, count); n++) {
      const [patient, event, plan] = [mintUlid(clock), mintUlid(clock), mintUlid(clock)]
      const facts = { patient, ...seen }
      const startsAt = at + (1 + (n % 60)) * days
      const visit = { words: 'Follow-up visit', startsAt: wallOf(startsAt), minutes: 30, location: null, status: 'None', lastConfirmed: null, confirmationType: null, deleted: false } // prettier-ignore
      const stages = { 'stage/1/words': 'Consultation', 'stage/1/position': 0, 'stage/1/completed': false }
      const message = { kind: 'message', at, by, thread: mintUlid(clock), subject: 'Before your visit', text: 'Come ten minutes early.' } as const // prettier-ignore
      edits.push(
        { collection: 'patients', key: patient, at, facts, set: { ...fieldsOf(n), deleted: false } },
        { collection: 'events', key: event, at, facts: { ...facts, startsAt }, set: visit },
        { collection: 'plans', key: plan, at, facts, set: { words: 'Rhinoplasty', status: 'Active', deleted: false, ...stages } },
        { collection: 'messages', key: patient, facts, add: { [mintUlid(clock)]: message } },
      ) // prettier-ignore
      if (n < count - invited) continue
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const tokenHash = hashOf(token)
      const entry = { kind: 'invited', at, by, tokenHash, until: at + days } as const
      edits.push({ collection: 'access', key: patient, facts, add: { [mintUlid(clock)]: entry } })
      invitations.push({ path: `/invitation/${practice}.${token}`, birthDate: fieldsOf(n).birthDate })
    }
    await replica.change(edits)
  }
  return invitations
}
