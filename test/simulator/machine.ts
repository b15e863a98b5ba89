/**
 * One machine: a folder that outlives processes, its backups, and the process that runs on it, made of the real replica,
 * link or acceptor, and followers. A process that ends is dropped whole; what it left undone never reaches the folder.
 */
import { acceptLinks, type Acceptor } from '../../src/replica/acceptor.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { isAlways, isSent } from '../../src/mirror/policy.ts'
import { keepSiteMirror, mirrorOf, type Mirror, type SiteMirror } from '../../src/mirror/site-mirror.ts'
import { siteMirrors, type SiteMirrors } from '../../src/portal/site-mirrors.ts'
import { collections, type LinkSettings, type Passes } from '../../src/replica/collections.ts'
import { keepLink, type Link } from '../../src/replica/connection.ts'
import type { PracticeId, ReplicaId, SiteId } from '../../src/replica/ids.ts'
import { memoryStore, type MemoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { WebSocket } from 'ws'
import { diskOver, type Disk, type DiskOptions } from './disk.ts'
import { followOutside, indexRowOf, outsideWorld, type Outside } from './outside.ts'
import type { Modes } from './modes.ts'
import type { Place } from './policy.ts'

export interface Backup {
  readonly folder: MemoryStore
  /** What the process of then had drawn for its epoch and its client id; none where none was running. */
  readonly drawn: Uint8Array[] | undefined
}

export interface Process {
  readonly name: string
  alive: boolean
  readonly disk: Disk
  readonly clock: Clock
  /** What it drew while it started, for a machine that is put back while it runs. */
  readonly drawn: Uint8Array[]
  /** It goes on as it was when its machine was put back. */
  readonly resumed: boolean
  /** It was put back while running and has met nobody since. */
  putBack: boolean
  replica: OpenReplica | undefined
  /** Those who listen to commits. */
  listeners: number
  followers: readonly { readonly problem: unknown }[]
  link: Link | undefined
  acceptor: Acceptor | undefined
  /** Of a portal: what it may hold by the settings that it knows. */
  readonly holds: Passes
  /** In a world with a policy: the mirror settings of a site, and what keeps its documents to them. */
  mirror: Mirror | undefined
  kept: SiteMirror | undefined
  /** In a world with a policy: the mirror settings of all sites at the portal. */
  mirrors: SiteMirrors | undefined
}

export interface Machine {
  readonly name: string
  readonly place: Place
  readonly replica: ReplicaId
  readonly outside: Outside
  folder: MemoryStore
  backups: Backup[]
  process: Process | undefined
  /** How far its wall clock is ahead, milliseconds. */
  offset: number
}

export function machineOf(name: string, place: Place, replica: ReplicaId, outside = outsideWorld()): Machine {
  return {
    name, place, replica, outside, folder: memoryStore(), backups: [], process: undefined, offset: 0,
  } // prettier-ignore
}

/** What a process needs of the world around it. */
export interface Surroundings {
  readonly practice: PracticeId
  readonly portal: ReplicaId
  readonly portalPublicKey: string
  /** Whether the product's own policy holds, by settings that travel; else everything passes. */
  readonly policed: boolean
  /** The sites in use, and their replicas. */
  readonly sites: () => readonly Machine[]
  readonly modes: Modes
  /** Asks a portal to erase the collections that every site has erased. */
  askErasures(process: Process): void
  readonly disk: Omit<DiskOptions, 'resumed'>
  clockFor(process: Process, machine: Machine, drawn: Uint8Array[] | undefined): Clock
  dial(process: Process): WebSocket
  certificateOf(machine: Machine): string
  readonly deviceKey: string
  isRetired(site: SiteId): boolean
  /** The process could not go on: it ends as after a crash. */
  died(machine: Machine, process: Process, error: unknown): void
}

/** Starts a process on the machine's folder; `drawn` makes it the one that a backup was taken of. */
export function startProcess(machine: Machine, around: Surroundings, drawn?: Uint8Array[]): Process {
  const process: Process = {
    name: machine.name,
    alive: true,
    disk: diskOver(machine.folder, { ...around.disk, resumed: drawn !== undefined }),
    clock: undefined as never,
    drawn: [],
    resumed: drawn !== undefined,
    putBack: drawn !== undefined,
    replica: undefined,
    listeners: 0,
    followers: [],
    link: undefined,
    acceptor: undefined,
    holds: all,
    mirror: undefined,
    kept: undefined,
    mirrors: undefined,
  }
  Object.assign(process, { clock: around.clockFor(process, machine, drawn && [...drawn]) })
  const { clock } = process
  const site = machine.place.site
  const options = { store: process.disk.store, practice: around.practice, id: machine.replica, clock }
  const mirror = site && around.policed ? mirrorOf(site, clock) : undefined
  const mirrors = !site && around.policed ? siteMirrors({ clock, device: (id) => replicaOf(around, id), sites: () => around.sites().flatMap(({ place }) => place.site ?? []), nameOf: () => null }) : undefined // prettier-ignore
  if (mirrors) Object.assign(process, { holds: mirrors.holds })
  const passes = mirror ? { ...mirror.replicaPasses, site: site! } : site ? {} : { holds: process.holds, ...(mirrors && { comesDown: mirrors.comesDown }) } // prettier-ignore
  process.mirror = mirror
  process.mirrors = mirrors
  openReplica({ ...options, ...passes })
    .then(async (replica) => {
      if (!process.alive) return
      if (mirror) process.kept = await keepSiteMirror({ mirror, replica: silentUntilMet(process, replica), site: site!, portal: around.portal, clock, sayAgain: async () => {} }) // prettier-ignore
      await mirrors?.follow(replica)
      // As a portal does: what cannot be written now is told at the next connection.
      await mirrors?.introduce(replica).catch(() => {})
      if (!process.alive) return
      process.replica = { ...replica, onCommit: (run) => listening(process, replica.onCommit(run)) }
      const pages = replica.follow({
        name: 'pages',
        collections: [...collections],
        handle: async (documents) => documents.map(indexRowOf),
      })
      process.followers = [pages]
      if (site) runSite(machine, process, site, around)
      else runPortal(process, around, mirrors)
    })
    .catch((error: unknown) => around.died(machine, process, error))
  return process
}

const all: Passes = () => true

/** A machine that was put back while running changes nothing before it has met its peer: what fails until then is tried again. */
function silentUntilMet(process: Process, replica: OpenReplica): OpenReplica {
  const change: OpenReplica['change'] = async (edits) => {
    if (process.putBack) throw new Error('What this machine did before it was put back is not known yet')
    await replica.change(edits)
  }
  return { ...replica, change }
}

function replicaOf(around: Surroundings, site: string): string | undefined {
  return around.sites().find(({ place }) => place.site === site)?.replica
}

function linkSettingsOf(mirror: Mirror): LinkSettings {
  const { onChange } = mirror
  return { version: mirror.version, sends: (name) => isSent(mirror.settings(), name, 'up'), always: isAlways, onChange }
}

/** What was chosen at both ends at once, and what travels. */
function both(modes: LinkSettings, mirror: LinkSettings): LinkSettings {
  return {
    ...mirror,
    version: () => (mirror.version() % 2 ** 40) * 4_096 + modes.version(),
    sends: (name) => modes.sends(name) && mirror.sends(name),
  }
}

function listening(process: Process, end: () => void): () => void {
  process.listeners++
  let ended = false
  return () => {
    if (!ended) process.listeners--
    ended = true
    end()
  }
}

function runSite(machine: Machine, process: Process, site: SiteId, around: Surroundings): void {
  const replica = process.replica!
  const { modes } = around
  const { mirror } = process
  process.followers = [
    ...process.followers,
    followOutside(replica, machine.outside, (head) => {
      if (process.putBack) throw new Error('What this machine did before it was put back is not known yet')
      return head.facts.site === site
    }),
  ]
  process.link = keepLink({
    replica,
    peer: around.portal,
    url: 'wss://portal.example',
    dial: () => around.dial(process),
    device: { privateKey: around.deviceKey, certificate: around.certificateOf(machine) },
    passesOut: modes.within('up', site, mirror?.goesUp ?? all),
    passesIn: modes.within('down', site, mirror?.passes('down') ?? all),
    shared: modes.within('up', site, mirror?.atBoth ?? all),
    settings: mirror ? both(modes.settings('up', site), linkSettingsOf(mirror)) : modes.settings('up', site),
    clock: process.clock,
  })
  const { link } = process
  const met = link.onChange(() => {
    if (!process.putBack) return met()
    void link.status().then(({ state }) => {
      if (state === 'connected') process.putBack = false
    })
  })
}

function runPortal(process: Process, around: Surroundings, mirrors: SiteMirrors | undefined): void {
  process.acceptor = acceptLinks({
    portalPublicKey: around.portalPublicKey,
    clock: process.clock,
    async admit(device) {
      const site = device.site as SiteId
      if (around.isRetired(site)) return 'revoked device'
      const { modes } = around
      const own = modes.settings('down', site)
      const settings = mirrors ? both(own, mirrors.link(site)) : own
      await mirrors?.introduce(process.replica!).catch(() => {})
      const keeps = modes.within('down', site, mirrors?.keeps(site) ?? all)
      return {
        replica: process.replica!,
        passesIn: modes.within('up', site, mirrors?.comesUp(site) ?? all),
        passesOut: modes.within('down', site, mirrors?.passes(site, 'down') ?? all),
        keeps,
        ...(mirrors && { tells: mirrors.tells(site) }),
        shared: modes.within('up', site, mirrors?.atBoth(site) ?? all),
        settings,
      }
    },
  })
  around.askErasures(process)
}
