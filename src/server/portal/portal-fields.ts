/** How the practice of a patient has its pages: what the site has set in its preferences, and else what is usual. */
import { portalFieldsKey, type PortalFields } from '../../replica/kinds/fields.ts'
import type { Member } from './viewer.ts'

const usual: PortalFields = { guidelines: null, answersWithinDays: null, showsRead: false, patientsMayStart: true, calendarTitle: null } // prettier-ignore

export async function portalFields({ replica, site }: Member): Promise<PortalFields> {
  const set = (await replica.record('preferences', portalFieldsKey(site)))?.fields as Partial<PortalFields> | undefined
  return { ...usual, ...set }
}
