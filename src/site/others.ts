/**
 * What other sites of the practice share with this one, for its people: to be found by name, and read as far as it is
 * shared. From the replica alone, with the name of the site whose it is; nothing of it is this site's to change here.
 */
import { shareable } from '../mirror/sharing.ts'
import type { Mirror } from '../mirror/site-mirror.ts'
import type { Answer } from '../replica/kinds/confirmations.ts'
import type { EventFields, PatientFields, Stage } from '../replica/kinds/fields.ts'
import type { Request } from '../replica/kinds/requests.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { SharedPatient, SharedRecord } from '../server/console/site-views.ts'
import { viewOfOthers } from '../server/page-index.ts'

/** The most that a search shows. */
const mostFound = 50

export function othersOfSite(site: {
  readonly replica: Replica
  readonly mirror: Mirror
  /** The follower behind the pages. */
  readonly index: Follower
}) {
  const { replica, mirror, index } = site
  const fieldsOf = (row: IndexRow) => row.body as unknown as Partial<PatientFields> & { site: string | null }
  const patientOf = (row: IndexRow): SharedPatient => {
    const { firstName = '', lastName = '', birthDate = null, site: owner } = fieldsOf(row)
    const id = owner ?? ''
    return { key: row.id, name: `${firstName} ${lastName}`.trim(), birthDate, site: { id, name: mirror.others().get(id)?.name ?? null } } // prettier-ignore
  }
  /** Whoever is shared now: what is let go of leaves the index a moment later. */
  const isShared = (row: IndexRow): boolean =>
    fieldsOf(row).deleted !== true &&
    mirror
      .shared()
      .get(fieldsOf(row).site ?? '')
      ?.has('patients') === true
  /** The rows of a patient, of the other site and of this one. */
  const rowsOf = async (view: string, patient: string): Promise<IndexRow[]> =>
    [...(await replica.index({ view: viewOfOthers(view), patient })), ...(await replica.index({ view, patient }))].toSorted((a, b) => b.at - a.at) // prettier-ignore

  return {
    /** Whether any other site shares records with this one. */
    isSharedWith: (): boolean => mirror.shared().size > 0,
    /** Patients of other sites by words of their names, in order of name. */
    async findShared(text: string): Promise<readonly SharedPatient[]> {
      await index.caughtUp()
      const words = text.toLowerCase().split(/\s+/).filter(Boolean)
      if (words.length === 0) return []
      const rows = await replica.index({ view: viewOfOthers('patient') })
      return rows
        .filter(isShared)
        .map(patientOf)
        .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
        .toSorted((a, b) => a.name.localeCompare(b.name) || (a.key < b.key ? -1 : 1))
        .slice(0, mostFound)
    },
    /** A patient of another site with what that shares; undefined where none is shared. */
    async sharedPatient(key: string): Promise<SharedRecord | undefined> {
      await index.caughtUp()
      const row = await replica.indexed(viewOfOthers('patient'), key)
      if (!row || !isShared(row)) return undefined
      const { cellPhone = null, homePhone = null, email = null, language = null, textConsent = null, portalEnabled = false } = fieldsOf(row) // prettier-ignore
      const events = await rowsOf('event', key)
      const answers = new Map([...(await rowsOf('confirmation', key))].map((one) => [one.id, one.body as unknown as Answer[]])) // prettier-ignore
      return {
        ...patientOf(row),
        shares: shareable.filter(
          (name) =>
            mirror
              .shared()
              .get(fieldsOf(row).site ?? '')
              ?.has(name) === true,
        ),
        fields: { cellPhone, homePhone, email, language, textConsent, portalEnabled },
        events: events
          .filter((one) => one.state !== 'deleted')
          .map((one) => {
            const { startsAt, minutes, words, type, status, lastConfirmed, confirmationType, site: owner } = one.body as unknown as EventFields & { site: string | null } // prettier-ignore
            const isOwn = !mirror.others().has(owner ?? '')
            return { key: one.id, isOwn, startsAt, minutes, words, type, status, lastConfirmed, confirmationType, answers: answers.get(one.id) ?? [] } // prettier-ignore
          }),
        plans: (await rowsOf('plan', key))
          .filter((one) => one.state === 'shown')
          .map((one) => one.body as unknown as { words: string | null; stages: Stage[] }),
        messages: (await rowsOf('message', key)).map((one) => {
          const { subject, text, retracted } = one.body as unknown as { subject: string; text: string; retracted: boolean } // prettier-ignore
          return { at: one.at, isIn: one.state === 'in', subject, text: retracted ? null : text }
        }),
        requests: (await rowsOf('request', key)).map((one) => one.body as unknown as Request),
      }
    },
  }
}
