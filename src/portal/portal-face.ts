/** What a portal does for who runs it: the words that `openPortal` keeps. */
import type { MirrorTexts, Narrowed, Narrowing } from '../mirror/mirror-settings.ts'
import type { Chunks } from '../replica/chunks.ts'
import type { OpenReplica } from '../replica/replica.ts'
import type { ListenOptions } from '../server/listen.ts'
import type { Outward } from '../server/outward.ts'
import type { Reconciled } from './reconciling.ts'
import type { Silence } from './silence.ts'
import type { SiteStatus } from './site-states.ts'
import type { Stations } from './stations.ts'

export interface Portal {
  addPractice(practice: { name: string; zone: string }): Promise<{ practiceId: string }>
  addSite(site: { practice: string; name: string }): { siteId: string; enrollmentCode: string }
  /** Makes a site without an agent, which speaks the exchange XML; its token is shown this once. */
  addStation(station: { practice: string; name: string }): Promise<{ siteId: string; token: string }>
  /** Makes another token for a station; the one before is worth nothing from then on. */
  renewToken(site: string): { siteId: string; token: string }
  stations: Pick<Stations, 'of'>
  /** Refuses a site's device from now on; a new enrolment needs a new site. */
  revokeDevice(site: string): Promise<{ siteId: string; revokedAt: string }>
  /** Ends a site: its device is refused, and its records go to the site `to`, or nobody is shown them any more. */
  retireSite(site: string, to?: string): Promise<{ siteId: string; documents: number }>
  /** What the portal serves, how its sites are, and for whom nothing goes outward yet. */
  status(): Promise<PortalStatus>
  /** Lets a practice's texts, emails and payments go out though not every site was heard since the start. */
  release(practice: string): Promise<PortalStatus>
  /** Whether anything may go outward for a practice. */
  outward(practice: string): Outward
  /** Compares the card processor, the portal and InSched's deposits now; throws a sentence where a practice takes no cards. */
  reconcilePayments(practice: string, days?: number): Promise<Reconciled>
  /** What a site mirrors: what it has set, and how this portal has narrowed it. */
  mirrorOf(site: string): Promise<{ readonly own: MirrorTexts; readonly portals: MirrorTexts }>
  /** Narrows what a site mirrors, all of it or none; what the site allows not, nobody can allow here. `by` stands in the trail. */
  narrow(site: string, changes: readonly Narrowing[], by: string): Promise<readonly Narrowed[]>
  replicaOf(practice: string): OpenReplica | undefined
  /** The files of a practice's messages. */
  chunksOf(practice: string): Chunks | undefined
  /** Serves pages and links, and the commands of this machine apart from them; resolves with the address. `publicUrl` is the origin that people see. */
  listen(
    options: ListenOptions & {
      readonly publicUrl?: string | undefined
      /** The command of a virus scanner for files of messages. */
      readonly scan?: string | undefined
      /** Where a server of mail passes on what comes back. */
      readonly bounces?: { readonly host: string; readonly port: number } | undefined
    },
  ): Promise<string>
  close(): Promise<void>
}

export interface PortalStatus {
  readonly practices: readonly {
    readonly practiceId: string
    readonly name: string
    readonly outward: 'open' | 'waits'
    readonly waitsFor: readonly string[]
    /** Why no text goes out at present, where that is so. */
    readonly textsProblem?: string
    /** Why saved cards of who was erased are still at the card processor, where that is so; it is tried again until they are not. */
    readonly cardsNotRemoved?: { readonly count: number; readonly problem: string }
    /** The sites of which texts do not go out that should, where there are any. */
    readonly textsSilent?: readonly Silence[]
    /** Records of which the rows behind the pages are being made anew after an update; no texts go out until then. */
    readonly toRemake?: number
    readonly sites: readonly SiteStatus[]
  }[]
}
