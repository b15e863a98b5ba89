/** What a machine is: a practice site, or the portal, which has none. */
import type { SiteId } from '../../src/replica/ids.ts'

export interface Place {
  readonly site: SiteId | undefined
}
