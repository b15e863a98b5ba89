/**
 * A practice with its sites and its portal, as one object that nothing moves but the simulator: machines, network, time,
 * chance, what was promised to whom, and what went wrong.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { certify } from '../../src/replica/device.ts'
import { readFrame, type Ack } from '../../src/replica/codec.ts'
import { collectionNumber, type Collection, type Facts } from '../../src/replica/collections.ts'
import type { MemoryStore } from '../../src/replica/memory-store.ts'
import { readDocument } from './contents.ts'
import { derivedUlid, type PracticeId, type ReplicaId, type SiteId } from '../../src/replica/ids.ts'
import { chanceOf, traceOf, type Chance, type Trace } from './chance.ts'
import { harmOf, type Harm } from './harm.ts'
import { startProcess, machineOf, type Backup, type Machine, type Process, type Surroundings } from './machine.ts'
import { modesChosen, switchable, type Modes } from './modes.ts'
import { simulatedNetwork, type Network } from './network.ts'
import { promisesMade, type Promises } from './promises.ts'
import { simulatedTime, type Time } from './time.ts'

export interface World {
  readonly chance: Chance
  readonly trace: Trace
  readonly time: Time
  readonly network: Network
  readonly promises: Promises
  /** Whether the product's own policy decides what passes; else everything passes everywhere. */
  readonly policed: boolean
  /** Whether sites share records with each other, in a world with a policy. */
  readonly sharing: boolean
  /** Whether the portal narrows what the sites have chosen, in a world with a policy. */
  readonly narrowing: boolean
  readonly harm: Harm
  readonly portal: Machine
  /** In use: retired ones and copies that were stopped for good are gone from here. */
  sites: Machine[]
  readonly retired: Set<string>
  /** What the sites have chosen for their collections. */
  readonly modes: Modes
  readonly counts: Map<string, number>
  readonly violations: string[]
  readonly machines: readonly Machine[]
  /** Entries that were erased and may not come back, by document. */
  readonly gone: Map<string, Set<string>>
  /**
   * What sites changed in records of others since the last rest (SHARE-4); undefined once anything happened since by which
   * a site lets go of such a record, with what it had changed there.
   */
  guestEdits: GuestEdit[] | undefined
  /** Whether sites leave it at what they share until the next rest. */
  steady: boolean
  erased(place: string, entries: readonly string[]): void
  count(what: string): void
  violated(sentence: string): void
  name(): string
  start(machine: Machine, drawn?: Uint8Array[]): void
  /** Ends a machine's process at once; `told`: its peers learn of it. */
  stop(machine: Machine, told: boolean): void
  /** Puts an older folder in the place of a machine's own. */
  putBack(machine: Machine, backup: Backup): Promise<void>
  addSite(): void
  /** A second machine that starts from a copy of a site's folder. */
  addCopy(of: Machine): void
  /** Takes a machine out of use. */
  remove(machine: Machine): Promise<void>
  isCopied(machine: Machine): boolean
  /** Whether every site has chosen that a collection be erased at the portal. */
  erasedEverywhere(collection: Collection): boolean
  /** Whether a document is of a site in use; where everything passes everywhere, all are of all. */
  isOwned(facts: Facts): boolean
  /** Has the portal look for collections that are to be erased. */
  askErasures(): void
}

/** A field of another site's record, as of when it was set. */
export interface GuestEdit {
  readonly by: string
  readonly place: string
  readonly field: string
  readonly time: number
  /** By which facts the record was there: others may be the end of it. */
  readonly facts: number
}

const mostSites = 4

/** Fixed keys, so that every run signs the same; Ed25519 is deterministic. */
function keyPair(fill: number): { privateKey: string; publicKey: string } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, fill)])
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return {
    privateKey: der.toString('base64'),
    publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}
const portalKeys = keyPair(1)
const deviceKeys = keyPair(2)
const practice = derivedUlid('practice') as PracticeId
const siteIds = Array.from({ length: 64 }, (_, i) => derivedUlid('site', String(i)) as SiteId)
const certificates = new Map<string, string>()

/** The world of a seed. */
export function worldOf(seed: number, keepTrace = false): World {
  const chance = chanceOf(seed)
  const trace = traceOf(keepTrace)
  const time = simulatedTime()
  const policed = chance.oneIn(3)
  // Told by the seed and not drawn: a world without it is the one that it was.
  const sharing = policed && seed % 4 === 1
  const narrowing = policed && [0, 3].includes(seed % 16)
  const harm = harmOf(seed, !policed)
  const slowReads = chance.oneIn(4)
  const foldFrom = chance.pick([3, 3, 8, Infinity])
  const mostRead = chance.pick([200, 1_000, Infinity])
  const portal = machineOf('portal', { site: undefined }, derivedUlid('portal') as ReplicaId)
  const network = simulatedNetwork(() => {
    const process = portal.process
    return process?.acceptor && { host: process, take: (socket) => process.acceptor!.accept(socket) }
  }, trace)
  network.watchSent((host, peer, data) => {
    const frame = acknowledgement(data)
    const machine = world.machines.find(({ process }) => process === host)
    const other = world.machines.find(({ process }) => process === peer)
    if (!frame || !machine || !other) return
    // A refused row counts as acknowledged. Between honest peers there is none.
    for (const { seq, reason } of frame.refused)
      world.violated(`${machine.name} refuses row ${seq} of ${frame.collection} of ${other.name}: ${reason}`)
    void checkAcknowledged(world, machine, other.replica, frame)
  })
  const modes = modesChosen()
  /** Whether a folder is of a site with which another shares its documents: it gives nothing back. */
  const isGuest = (folder: MemoryStore, { site }: Facts): boolean => policed && world.sites.some((one) => one.folder === folder && one.place.site !== site) // prettier-ignore
  let names = 0
  let enrolled = 0

  const around: Surroundings = {
    practice,
    portal: portal.replica,
    portalPublicKey: portalKeys.publicKey,
    disk: { slow: () => slowReads && chance.oneIn(3), mostRead, lose: (rows) => harm.lose(rows), foldFrom },
    policed,
    sites: () => world.sites,
    modes,
    askErasures(process) {
      for (const collection of switchable) {
        // It ends with its process; whether it happened is seen in the folder.
        const everywhere = (): boolean => world.erasedEverywhere(collection)
        process.replica!.eraseCollection(collection, everywhere, (facts) => world.isOwned(facts)).catch(() => {})
      }
    },
    deviceKey: deviceKeys.privateKey,
    dial: (process) => network.dial(process),
    isRetired: (site) => world.retired.has(site),
    certificateOf({ place: { site }, replica }) {
      let certificate = certificates.get(replica)
      if (!certificate) {
        const certified = { practice, site: site!, replica, publicKey: deviceKeys.publicKey, issuedAt: 1 }
        certificates.set(replica, (certificate = certify(portalKeys.privateKey, certified)))
      }
      return certificate
    },
    clockFor(process, machine, drawn) {
      const clock = time.clockFor(process, () => machine.offset, chance)
      const bytes = (length: number): Uint8Array => {
        const fresh = drawn?.shift() ?? clock.bytes(length)
        if (!process.replica) process.drawn.push(fresh)
        return fresh
      }
      return { ...clock, bytes }
    },
    died(machine, process, error) {
      if (!process.alive) return
      world.count('starts that failed')
      trace.note(`${machine.name} does not start: ${String(error)}`)
      world.stop(machine, true)
    },
  }

  const world: World = {
    chance, trace, time, network, policed, sharing, narrowing, harm, portal,
    promises: promisesMade(),
    sites: [],
    retired: new Set(),
    modes,
    counts: new Map(),
    violations: [],
    get machines() {
      return [portal, ...world.sites]
    },
    gone: new Map(),
    guestEdits: [],
    steady: false,
    erased(place, entries) {
      world.gone.set(place, new Set([...(world.gone.get(place) ?? []), ...entries]))
    },
    count: (what) => void world.counts.set(what, (world.counts.get(what) ?? 0) + 1),
    violated(sentence) {
      trace.note(`VIOLATION ${sentence}`)
      world.violations.push(sentence)
    },
    name: () => `n${++names}`,
    start(machine, drawn) {
      machine.process = startProcess(machine, around, drawn)
    },
    stop(machine, told) {
      const process = machine.process
      if (!process) return
      machine.process = undefined
      process.alive = false
      process.disk.freeze()
      time.forget(process)
      network.gone(process, told)
    },
    async putBack(machine, backup) {
      await forgetErasures(world, machine, backup.folder)
      world.stop(machine, chance.oneIn(2))
      const after = backup.folder.copy()
      const others = world.machines.filter((other) => other !== machine).map((other) => other.folder)
      // What a portal that runs was to erase by now, the site may have acknowledged and answered for until a moment ago.
      await world.promises.withdrawn(machine.folder, after, others, (folder, collection, facts) => {
        if (isGuest(folder, facts)) return false
        if (folder !== portal.folder || !portal.process) return true
        return portal.process.holds(collection, facts) && !world.erasedEverywhere(collection)
      })
      machine.folder = after
      // A snapshot of a running machine from before this is beyond what a peer can tell it: its epoch is forgotten there.
      // So is a machine that runs on from one and has not met its peer yet: it goes on when it is started anew.
      for (const other of machine === portal ? world.machines : [machine]) {
        other.backups = other.backups.map(({ folder }) => ({ folder, drawn: undefined }))
        if (other.process?.putBack) world.stop(other, true)
      }
    },
    addSite() {
      if (world.sites.length >= mostSites || enrolled >= siteIds.length) return
      const number = enrolled++
      const replica = derivedUlid('replica', String(number)) as ReplicaId
      const machine = machineOf(`site${number + 1}`, { site: siteIds[number] }, replica)
      world.sites = [...world.sites, machine]
      world.start(machine)
    },
    addCopy(of) {
      const machine = machineOf(`${of.name} copy`, of.place, of.replica, of.outside)
      machine.folder = of.folder.copy()
      world.sites = [...world.sites, machine]
      world.start(machine)
    },
    async remove(machine) {
      world.stop(machine, true)
      await forgetErasures(world, machine, undefined)
      world.sites = world.sites.filter((other) => other !== machine)
      const others = world.machines.map((other) => other.folder)
      await world.promises.withdrawn(machine.folder, undefined, others, (folder, _, facts) => !isGuest(folder, facts))
    },
    erasedEverywhere: (collection) =>
      world.sites.length > 0 && world.sites.every(({ place }) => modes.of(place.site!, collection) === 'erased'),
    isOwned: ({ site }) => !policed || world.sites.some(({ place }) => place.site === site),
    askErasures() {
      if (portal.process?.replica) around.askErasures(portal.process)
    },
    isCopied: (machine) => world.sites.some((other) => other !== machine && other.replica === machine.replica),
  } // prettier-ignore

  world.start(portal)
  for (let i = 1 + chance.below(3); i > 0; i--) world.addSite()
  return world
}

/** All that waits on promises has its turn; what waits for the disk, the network or time still waits. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The processes that run, with their machines. */
export function running(world: World): { machine: Machine; process: Process }[] {
  return world.machines.flatMap((machine) => (machine.process ? [{ machine, process: machine.process }] : []))
}

/** A frame that acknowledges; undefined where it is another. */
function acknowledgement(data: Uint8Array): Ack | undefined {
  if (data[0] !== 5) return undefined
  const frame = readFrame(data)
  return frame.kind === 'ack' ? frame : undefined
}

/** What a machine acknowledges stands in its folder when it says so. */
async function checkAcknowledged(world: World, machine: Machine, peer: ReplicaId, ack: Ack): Promise<void> {
  const { peers } = await machine.folder.open({ practice, replica: machine.replica })
  const position =
    peers.find(({ replica }) => replica === peer)?.cursors[collectionNumber(ack.collection)]?.position ?? 0
  if (position < ack.to)
    world.violated(`${machine.name} acknowledges ${ack.collection} up to ${ack.to}, and has it up to ${position}`)
}

/** An erasure that only this machine knew is undone with it: what it erased may come back. */
async function forgetErasures(world: World, machine: Machine, after: MemoryStore | undefined): Promise<void> {
  const kept = [...world.machines.filter((other) => other !== machine), { folder: after, place: machine.place }]
  for (const place of world.gone.keys()) {
    const [collection, key] = place.split('/') as [Collection, string]
    const erased = await Promise.all(
      kept.map(async ({ folder, place: { site } }) => {
        const head = folder && (await readDocument(folder, collection, key))?.head
        // A site with which the document is shared gives nothing back.
        return !head || (world.policed && site && head.facts.site !== site) ? 0 : head.erased
      }),
    )
    const here = (await readDocument(machine.folder, collection, key))?.head.erased ?? 0
    if (here > Math.max(...erased)) world.gone.delete(place)
  }
}
