/** How the practice of a patient has its pages: what the site has set in its preferences, and else what is usual. */
import { portalFieldsKey, type PortalFields } from '../../replica/kinds/fields.ts'
import type { Replica } from '../../replica/replica-face.ts'

const usual: PortalFields = { guidelines: null, answersWithinDays: null, showsRead: false, patientsMayStart: true, messagesEndAtAge: null, calendarTitle: null, payMinimumCents: 100, payOverCents: 0 } // prettier-ignore

export async function portalFields({
  replica,
  site,
}: {
  readonly replica: Replica
  readonly site: string
}): Promise<PortalFields> {
  const set = (await replica.record('preferences', portalFieldsKey(site)))?.fields as Partial<PortalFields> | undefined
  return { ...usual, ...set }
}
