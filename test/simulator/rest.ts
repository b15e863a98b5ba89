/**
 * What must hold when nothing more happens: everything is connected and delivered, and then everybody holds the same,
 * every promise is kept, every effect happened, and a new connection has nothing to say.
 */
import { readFrame } from '../../src/replica/codec.ts'
import type { Collection } from '../../src/replica/collections.ts'
import type { Machine } from './machine.ts'
import { readFolder, type Read } from './contents.ts'
import { switchable } from './modes.ts'
import { effectsOf } from './outside.ts'
import {
  defaultSettings,
  isAlways,
  isErased,
  isSent,
  isUpAlone,
  passesByFacts,
  type MirrorSettings,
} from '../../src/mirror/policy.ts'
import { givenTo, isShared, sharedBy } from '../../src/mirror/sharing.ts'
import { epochOfTime } from './time.ts'
import { running, turn, type World } from './world.ts'

/** How many rounds of deliveries a world may need until nothing is under way. */
const mostRounds = 5_000
/** How many rows may be logged until then: what goes round and round becomes more with each round. */
const mostRows = 5_000

/** Lets everything come to rest and checks it; what does not hold is in `violations`. */
export async function rest(world: World): Promise<void> {
  world.count('rest')
  world.trace.note('everything comes to rest')
  world.harm.calm = true
  if (world.chance.oneIn(2)) switchAllOn(world)
  await settle(world)
  if (world.harm.on) await proveHarmed(world)
  const copies = world.sites.filter((site) => world.isCopied(site))
  if (copies.length > 0) await settleCopies(world, copies)
  if (world.violations.length > 0) return
  await check(world)
  if (world.violations.length > 0) return
  if (!world.policed && world.chance.oneIn(4)) await proveAll(world)
  for (const restart of world.chance.oneIn(3) ? [false, true] : [false]) await nothingToSay(world, restart)
  world.harm.calm = false
  world.guestEdits = []
  world.steady = world.sharing && world.chance.oneIn(2)
}

/** What was left out or damaged is found by proofs: a second round tells every site what the first brought of another. */
async function proveHarmed(world: World): Promise<void> {
  await world.harm.damage(world)
  for (let round = 1; round <= 2; round++)
    for (const { process } of world.sites) {
      const proof = process!.link!.prove()
      await settle(world)
      if (world.violations.length > 0) return
      await proof
    }
}

/** What was switched off or erased is on again at every site. */
function switchAllOn(world: World): void {
  world.guestEdits = undefined
  for (const { place } of world.sites)
    for (const collection of switchable) world.modes.choose(place.site!, collection, 'on')
  for (const end of world.network.ends) world.network.cut(end, 'both')
}

async function settle(world: World): Promise<void> {
  const { network, time } = world
  for (const machine of world.machines) if (!machine.process && !world.isCopied(machine)) world.start(machine)
  let quiet = 0
  const before = rowsOf(world)
  world.askErasures()
  for (let round = 0; quiet < 5; round++) {
    if (round > mostRounds || rowsOf(world) - before > mostRows) return world.violated('messages do not stop')
    let moved = false
    for (const { process } of running(world)) {
      const write = process.disk.writes.shift()
      write?.commit()
      moved ||= write !== undefined
    }
    for (const end of network.busy()) {
      network.deliver(end)
      moved = true
    }
    await turn()
    if (moved) continue
    // The followers and the queue of commits go on in a later turn.
    await turn()
    if (running(world).some(({ process }) => process.disk.writes.length > 0) || network.busy().length > 0) continue
    // What was written since it was asked is to be erased too.
    world.askErasures()
    // What could not be committed is tried again, as a site does every hour.
    for (const { process } of running(world))
      if (process.kept && process.kept.problem() !== null) process.kept.apply().catch(() => {})
    const connected = await allConnected(world)
    if (world.violations.length > 0) return
    // Once all are connected, the timers of what was closed before run out too.
    quiet = connected ? quiet + 1 : 0
    if (quiet === 5) break
    const next = connected ? time.now + 8_000 : time.next()
    if (next === undefined) return world.violated('nothing is under way and no timer runs, yet not all are connected')
    time.pass(Math.max(0, next - time.now))
    while (time.ring());
  }
}

function rowsOf(world: World): number {
  return running(world).reduce((sum, { process }) => sum + (process.replica?.replication.declared().head ?? 0), 0)
}

async function allConnected(world: World): Promise<boolean> {
  for (const machine of world.machines) {
    const { process } = machine
    if (!process) {
      if (world.isCopied(machine)) continue
      return false
    }
    if (!process.replica || process.followers.some(({ problem }) => problem)) return false
    if (!process.link) continue
    const { state, problem } = await process.link.status()
    if (state === 'refused' && !world.isCopied(machine)) world.violated(`${machine.name} is refused: ${problem}`)
    if (state !== 'connected' && state !== 'refused') return false
  }
  return true
}

/** A folder that runs twice: each copy has its turn, until both have met the portal after the other; then one is given up. */
async function settleCopies(world: World, copies: readonly Machine[]): Promise<void> {
  for (let i = 0; i < 3; i++)
    for (const machine of copies) {
      for (const copy of copies) world.stop(copy, true)
      world.start(machine)
      await settle(world)
      if (world.violations.length > 0) return
    }
  await check(world)
  if (world.violations.length === 0) await world.remove(copies.at(-1)!)
  await settle(world)
}

async function check(world: World): Promise<void> {
  const folders = new Map<Machine, Map<string, Read>>()
  for (const machine of world.machines) folders.set(machine, await readFolder(machine.folder))
  const places = new Set([...world.promises.places, ...[...folders.values()].flatMap((folder) => [...folder.keys()])])
  for (const place of places) checkDocument(world, place, folders)
  checkGuestEdits(world, folders.get(world.portal)!)
  for (const collection of switchable) checkErased(world, collection, folders.get(world.portal)!)
  for (const [machine, folder] of folders) {
    checkEffects(world, machine, folder)
    await checkIndex(world, machine, folder)
    if (!mayWait(world)) await checkWaiting(world, machine)
  }
  for (const { machine, process } of running(world)) {
    const behind = (await process.link?.status())?.behind ?? 0
    if (behind > 0 && !world.isCopied(machine)) world.violated(`${machine.name} counts ${behind} documents that wait`)
  }
  checkGrowth(world)
}

function checkDocument(world: World, place: string, folders: ReadonlyMap<Machine, ReadonlyMap<string, Read>>): void {
  const copies = [...folders].map(([machine, folder]) => ({ machine, read: folder.get(place) }))
  for (const { machine, read } of copies)
    if (read?.content.broken) world.violated(`${machine.name} cannot read ${place}: ${read.content.broken}`)
  const group = groupOf(world, place, copies)
  for (const { machine, read } of copies) {
    if (!read || group.length === 0 || group.some((one) => one.machine === machine) || !world.policed) continue
    if (machine.place.site && read.head.facts.site !== machine.place.site && !world.sharing)
      world.violated(`${machine.name} holds ${place} of another site`)
  }
  if (world.sharing) for (const copy of copies) checkShared(world, place, copy, copies)
  const [first, ...others] = group
  for (const other of others)
    if (first!.read?.content.said !== other.read?.content.said)
      world.violated(
        `${first!.machine.name} and ${other.machine.name} differ in ${place}: ${difference(first!.read?.content.said, other.read?.content.said)}`,
      )
  checkUpAlone(world, place, copies)
  // What does not pass to the others is kept by its owner alone.
  const everywhere = world.sites.every((site) => isOnAt(world, site, collectionIn(place)))
  const held = group.length > 0 && everywhere ? group : copies
  for (const missing of world.promises.missing(place, undefined))
    if (!held.some(({ read }) => !world.promises.missing(place, read?.content).includes(missing)))
      world.violated(`${missing} of ${place} was acknowledged and is lost`)
  const portals = copies.find(({ machine }) => machine === world.portal)!.read
  if (isWithheld(world, place, copies) && portals && !portals.content.empty)
    world.violated(`the portal still holds ${place}, which does not pass`)
  // What a site that mirrors nothing has erased is not heard elsewhere.
  for (const { machine, read } of everywhere ? group : [])
    for (const entry of world.gone.get(place) ?? [])
      if (read && entry in read.content.entries)
        world.violated(`${entry} of ${place} was erased and is back at ${machine.name}`)
  const review = copies.find(({ read }) => read && 'opened' in read.content.entries && !isReviewDue(world, read))
  if (review) world.violated(`a row of an honest peer was refused: ${JSON.stringify(review.read!.content.entries)}`)
}

/** What a site changed in a record of another is at the portal, where nothing ended that the record was there (SHARE-4). */
function checkGuestEdits(world: World, portal: ReadonlyMap<string, Read>): void {
  for (const { by, place, field, time, facts } of world.guestEdits ?? []) {
    const read = portal.get(place)
    if (!read || read.content.empty || read.head.facts.at !== facts) continue
    if ((read.content.times[field] ?? 0) < time) world.violated(`${field} of ${place} was changed at ${by}, another site, and is lost`) // prettier-ignore
    world.count('change of a shared record kept')
  }
}

/** A site holds of another's documents exactly what both share, as the portal has it. */
function checkShared(world: World, place: string, { machine, read }: Copy, copies: readonly Copy[]): void {
  const owner = ownerOf(world, copies)
  const { site } = machine.place
  if (!site || !owner || owner.place.site === site || world.isCopied(machine) || world.isCopied(owner)) return
  const collection = collectionIn(place)
  // What was switched at both ends at once is no matter of the settings that are shared by.
  if (!world.sites.every((one) => world.modes.of(one.place.site!, collection) === 'on')) return
  const gives = { name: null, gives: givenTo(settingsOf(world, owner), site), takes: [], holds: {} }
  const shared = sharedBy(settingsOf(world, machine), new Map([[owner.place.site!, gives]]))
  const portal = copies.find((copy) => copy.machine === world.portal)!.read
  const isHeld = read !== undefined && !read.content.empty
  const isDue =
    isShared(shared, collection, { site: owner.place.site! }) && portal !== undefined && !portal.content.empty
  if (isHeld) world.count('shared document held')
  if (isHeld !== isDue) return world.violated(isHeld ? `${machine.name} holds ${place}, which is not shared with it` : `${machine.name} lacks ${place}, which is shared with it`) // prettier-ignore
  if (isHeld && read.content.said !== portal!.content.said)
    world.violated(`${machine.name} has ${place} of another site otherwise than the portal: ${difference(read.content.said, portal!.content.said)}`) // prettier-ignore
}

/**
 * Whether a review is due: it tells of rows that waited, which they do only where rows were left out, or of settings in
 * conflict.
 */
function isReviewDue(world: World, { content }: Read): boolean {
  const { about } = content.entries['opened'] as { about: string }
  // The site and the portal chose at the same time.
  if (world.narrowing && about === 'mirror conflict') return true
  const waited = about === 'changes wait'
  if (waited && world.harm.on && !mayWait(world) && !('settled' in content.entries))
    world.violated('a review of what waited stays open')
  if (waited) world.count('review of what waited')
  return waited && world.harm.on
}

/** Of a machine that was put back after a row of it was left out, nobody has that row any more: what builds on it waits for people. */
function mayWait({ harm, counts }: World): boolean {
  return harm.on && ['restore', 'put back while running', 'retire site'].some((name) => counts.has(name))
}

async function checkWaiting(world: World, machine: Machine): Promise<void> {
  for (const { rows, peer } of await machine.folder.asideTotals())
    world.violated(`${rows} rows of ${peer} still wait at ${machine.name}`)
}

interface Copy {
  readonly machine: Machine
  readonly read: Read | undefined
}

/** The site that owns a document; undefined where it is in use no more. */
function ownerOf(world: World, copies: readonly Copy[]): Machine | undefined {
  const known = copies.filter(({ read }) => read && siteOf(world, read))
  const own = known.find(({ machine, read }) => machine.place.site === read!.head.facts.site) ?? known[0]
  return own && siteOf(world, own.read!)
}

/** The machines that must hold the same of a document. */
function groupOf(world: World, place: string, copies: readonly Copy[]): readonly Copy[] {
  const collection = collectionIn(place)
  const isOn = ({ machine }: Copy): boolean => isOnAt(world, machine, collection)
  const portal = copies.find(({ machine }) => machine === world.portal)!
  if (!world.policed) {
    const sites = copies.filter((copy) => copy !== portal && isOn(copy))
    return sites.length > 0 ? [portal, ...sites] : []
  }
  const owner = ownerOf(world, copies)
  const owners = copies.filter((copy) => owner && copy.machine.place.site === owner.place.site && isOn(copy))
  return owners.length === 0 || isWithheld(world, place, copies) || isUpAloneAt(world, owner!, collection) ? [] : [portal, ...owners] // prettier-ignore
}

/** What goes up alone is at the portal; what patients say there need not be at the site. */
function checkUpAlone(world: World, place: string, copies: readonly Copy[]): void {
  const owner = world.policed ? ownerOf(world, copies) : undefined
  const collection = collectionIn(place)
  if (!owner || world.isCopied(owner) || !isOnAt(world, owner, collection) || isWithheld(world, place, copies)) return
  if (!isUpAloneAt(world, owner, collection)) return
  world.count('document that goes up alone')
  const [own, portals] = [owner, world.portal].map((one) => copies.find(({ machine }) => machine === one)?.read)
  for (const entry of Object.keys(own?.content.entries ?? {}))
    if (!portals || !(entry in portals.content.entries))
      world.violated(`the portal lacks ${entry} of ${place}, which goes up alone`)
}

function isUpAloneAt(world: World, site: Machine, collection: Collection): boolean {
  return isUpAlone(settingsOf(world, site), collection)
}

/** Whether the owner of a document, which mirrors its collection, withholds it from the portal. */
function isWithheld(world: World, place: string, copies: readonly Copy[]): boolean {
  const owner = world.policed ? ownerOf(world, copies) : undefined
  if (!owner || world.modes.of(owner.place.site!, collectionIn(place)) !== 'on') return false
  const known = copies.filter(({ read }) => read)
  const { head } = (known.find(({ machine }) => machine.place.site === owner.place.site) ?? known[0]!).read!
  const settings = settingsOf(world, owner)
  const { collection, facts } = head
  if (!isAlways(collection) && isErased(settings, collection)) return true
  const question = { collection, facts, site: owner.place.site!, now: epochOfTime + world.time.now }
  return isSent(settings, collection, 'up') && !passesByFacts(settings, question)
}

/** The mirror settings of a site as its process has them, or of a folder that waits its turn that of its copy. */
function settingsOf(world: World, { place, process }: Machine): MirrorSettings {
  const other = world.sites.find((site) => site.place.site === place.site && site.process?.mirror)
  return (process ?? other?.process)?.mirror?.settings() ?? defaultSettings
}

/** Whether a site mirrors a collection, as was chosen at both ends at once and as its own settings say. */
function isOnAt(world: World, site: Machine, collection: Collection): boolean {
  return world.modes.of(site.place.site!, collection) === 'on' && isSent(settingsOf(world, site), collection, 'up')
}

function siteOf(world: World, { head }: Read): Machine | undefined {
  return world.sites.find((site) => site.place.site === head.facts.site)
}

function collectionIn(place: string): Collection {
  return place.split('/')[0] as Collection
}

/** Of a collection that every site has erased the portal has nothing left but what is of a retired site. */
function checkErased(world: World, collection: Collection, portal: ReadonlyMap<string, Read>): void {
  if (!world.erasedEverywhere(collection)) return
  // Where a site's mirror has it off, and keeps what is there, nothing tells the portal that the site has all of it.
  if (world.sites.some((site) => !isSent(settingsOf(world, site), collection, 'down'))) return
  const held = [...portal.values()].filter(
    ({ head, content }) => head.collection === collection && !content.empty && world.isOwned(head.facts),
  )
  if (held.length === 0) return
  world.violated(`the portal still holds ${held.length} documents of ${collection}, which every site has erased`)
}

function checkEffects(world: World, machine: Machine, folder: ReadonlyMap<string, Read>): void {
  if (!machine.place.site) return
  for (const { head, content } of folder.values()) {
    if (head.facts.site !== machine.place.site) continue
    for (const effect of effectsOf(head.collection, head.key, content.entries)) {
      const done = machine.outside.done.get(effect) ?? 0
      if (done !== 1) world.violated(`${machine.name} did ${effect} ${done} times`)
    }
  }
}

async function checkIndex(world: World, machine: Machine, folder: ReadonlyMap<string, Read>): Promise<void> {
  if (!machine.process) return
  const rows = await machine.folder.index({ view: 'documents' })
  const indexed = new Map(rows.map(({ id, state }) => [id, state]))
  for (const [place, { head }] of folder)
    if (indexed.get(place) !== String(head.seq)) world.violated(`the pages of ${machine.name} are behind in ${place}`)
  if (indexed.size !== folder.size) world.violated(`the pages of ${machine.name} show what is not there`)
}

function checkGrowth(world: World): void {
  const linked = world.sites.filter((site) => site.process && !world.isCopied(site)).length
  const copied = world.sites.some((site) => world.isCopied(site)) ? 1 : 0
  const most = linked + copied
  const { ends } = world.network
  if (ends.length > 2 * most)
    world.violated(
      `${ends.length / 2} connections are kept for ${most} sites: ${ends.map((end) => `${end.host?.name} ${end.readyState}`).join(', ')}`,
    )
  for (const end of ends)
    for (const name of end.eventNames())
      if (end.listenerCount(name) > 3)
        world.violated(`a socket has ${end.listenerCount(name)} listeners for ${String(name)}`)
  for (const { machine, process } of running(world)) {
    const connections = machine === world.portal ? most : 1
    if (process.listeners > connections)
      world.violated(`${machine.name} has ${process.listeners} listeners for ${connections} connections`)
    const timers = world.time.waiting(process)
    if (timers > connections) world.violated(`${machine.name} has ${timers} timers for ${connections} connections`)
  }
}

/** What is equal proves to be equal, and nothing is sent for it but digests. */
async function proveAll(world: World): Promise<void> {
  const proofs = world.sites.flatMap(({ name, process }) => {
    return process?.link ? [{ name, proof: process.link.prove() }] : []
  })
  await settle(world)
  for (const { name, proof } of proofs) {
    const { equal, collections } = await proof
    const differing = collections.filter((one) => one.differing > 0).map((one) => one.name)
    if (!equal || differing.length > 0)
      world.violated(`${name} and the portal are equal, but the proof says ${differing.join(', ')} differ`)
  }
}

/** All connect anew, after a cut or after new starts: with nothing changed, no row goes. */
async function nothingToSay(world: World, restart: boolean): Promise<void> {
  let rows = 0
  world.network.watch((data) => {
    const frame = readFrame(data)
    if (frame.kind === 'batch') rows += frame.rows.length
  })
  if (restart) for (const { machine } of running(world)) world.stop(machine, true)
  else for (const end of world.network.ends) world.network.cut(end, 'both')
  await settle(world)
  world.network.watch(undefined)
  if (rows > 0)
    world.violated(`a reconnect${restart ? ' after new starts' : ''} with nothing changed sent ${rows} rows`)
}

/** Two texts from where they begin to differ. */
function difference(a = 'nothing', b = 'nothing'): string {
  let from = 0
  while (from < a.length && a[from] === b[from]) from++
  return `…${a.slice(Math.max(0, from - 20), from + 120)} and …${b.slice(Math.max(0, from - 20), from + 120)}`
}
