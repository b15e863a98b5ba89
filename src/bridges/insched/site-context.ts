/** What InSched says of the site as a whole: its practice, and the zones in which its times are (DOM-14). */
import type { Context } from './documents.ts'
import type { Reads } from './insched.ts'
import { InSchedRefused } from './refused.ts'
import type { PracticeRow } from './rows.ts'

/** The practice; throws InSchedRefused where InSched has none. */
export async function practiceOf(now: Reads): Promise<PracticeRow> {
  const row = await now.practice()
  if (!row)
    throw new InSchedRefused('The practice table of InSched is empty: it must hold one row with name and time zone.')
  return row
}

/** What the rows of a site have in common, as they are now. */
export async function contextOf(now: Reads, site: string): Promise<Context> {
  const { time_zone: zone } = await practiceOf(now)
  return {
    site,
    zone,
    zones: new Map((await now.locations()).map((location) => [location.location_id, location.time_zone])),
  }
}
