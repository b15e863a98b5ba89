/**
 * What may happen, as a table: its weight, and how it happens. What the product learns to do gets its line here.
 * An action that does not apply says so, and the next delivery takes its place.
 */
import { randomEdits } from './changes.ts'
import { collectionNumber, shapeOf, type RecordCollection } from '../../src/replica/collections.ts'
import { foldUpdates } from '../../src/replica/document.ts'
import { readDocument, readFolder } from './contents.ts'
import type { Machine } from './machine.ts'
import { switchable } from './modes.ts'
import { asTheSite, mirrorKey, shareKey, shareWays } from '../../src/mirror/mirror-settings.ts'
import { othersKey, shareable } from '../../src/mirror/sharing.ts'
import { coverages } from '../../src/mirror/policy.ts'
import { epochOfTime } from './time.ts'
import { running, type World } from './world.ts'

export interface Action {
  readonly name: string
  /** How often, of all weights together. */
  readonly weight: number
  /** False where there was nothing to do. */
  run(world: World): boolean | Promise<boolean>
}

/** What the simulator's disk says when it refuses. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

export const actions: readonly Action[] = [
  { name: 'deliver', weight: 400, run: deliver },
  { name: 'write', weight: 400, run: write },
  { name: 'change', weight: 70, run: change },
  { name: 'wait', weight: 12, run: wait },
  { name: 'start', weight: 30, run: start },
  { name: 'crash', weight: 11, run: crash },
  { name: 'crash after a commit', weight: 3, run: crashAfterCommit },
  { name: 'failed commit', weight: 4, run: failWrite },
  { name: 'cut', weight: 6, run: cut },
  { name: 'cut inside a frame', weight: 3, run: cutInside },
  { name: 'backup', weight: 5, run: backup },
  { name: 'restore', weight: 4, run: restore },
  { name: 'put back while running', weight: 1, run: putBackRunning },
  { name: 'clock jump', weight: 2, run: jump },
  { name: 'add site', weight: 0.5, run: addSite },
  { name: 'retire site', weight: 0.1, run: retire },
  { name: 'copy site', weight: 0.3, run: copySite },
  { name: 'erase', weight: 1, run: erase },
  { name: 'fold early', weight: 10, run: foldEarly },
  { name: 'prove equality', weight: 0.5, run: prove },
  { name: 'switch collection', weight: 2, run: switchCollection },
  { name: 'look what passes', weight: 1, run: look },
]

/** One action by weight; where it does not apply, something is delivered, written or waited for. */
export async function act(world: World, without: readonly string[] = []): Promise<void> {
  const possible = without.length === 0 ? actions : actions.filter(({ name }) => !without.includes(name))
  const total = possible.reduce((sum, action) => sum + action.weight, 0)
  if (world.sharing && !world.steady && world.chance.oneIn(30) && share(world)) return countEnd(world, 'share')
  if (world.narrowing && world.chance.oneIn(40) && narrow(world)) return countEnd(world, 'narrow')
  let at = (world.chance.below(1_000_000) / 1_000_000) * total
  const chosen = possible.find((action) => (at -= action.weight) < 0) ?? actions[0]!
  for (const action of [chosen, ...actions.slice(0, 2)])
    if (await action.run(world)) return (endsGuestEdits.has(action.name) ? countEnd : countOf)(world, action.name)
  wait(world)
  world.count('wait')
}

/** By what a site may let go of another's record, with what it had changed there. */
const endsGuestEdits: ReadonlySet<string> = new Set(['restore', 'put back while running', 'retire site', 'copy site', 'erase', 'switch collection']) // prettier-ignore
const countOf = (world: World, what: string): void => world.count(what)
function countEnd(world: World, what: string): void {
  world.guestEdits = undefined
  world.count(what)
}

function deliver(world: World): boolean {
  const busy = world.network.busy()
  if (busy.length === 0) return false
  world.network.deliver(world.chance.pick(busy))
  return true
}

function writing(world: World): Machine | undefined {
  const busy = running(world).filter(({ process }) => process.disk.writes.length > 0)
  return busy.length === 0 ? undefined : world.chance.pick(busy).machine
}

function write(world: World): boolean {
  const machine = writing(world)
  if (!machine) return false
  const next = machine.process!.disk.writes.shift()!
  world.trace.note(`${machine.name} commits ${next.name}`)
  if (next.name === 'fold') world.count('fold')
  next.commit()
  return true
}

function failWrite(world: World): boolean {
  const machine = writing(world)
  if (!machine) return false
  const next = machine.process!.disk.writes.shift()!
  world.trace.note(`${machine.name} fails to commit ${next.name}`)
  next.fail(new DiskFull('The disk is full'))
  return true
}

function change(world: World): boolean | Promise<boolean> {
  const able = running(world).filter(({ process }) => process.replica && !process.putBack)
  if (able.length === 0) return false
  const { machine, process } = world.chance.pick(able)
  const own = machine.place.site
  if (own && world.sharing && world.chance.oneIn(3)) return changeShared(world, machine)
  const everybody = world.sites.map((site) => site.place.site!)
  const sites = own && world.policed ? [own] : everybody
  if (sites.length === 0) return false
  const edits = randomEdits({
    chance: world.chance,
    sites,
    portal: !own,
    reach: world.policed,
    now: epochOfTime + world.time.now + machine.offset,
    name: world.name,
  })
  world.trace.note(
    `${machine.name} changes ${edits.map((edit) => `${edit.collection}/${edit.key.slice(-3)}`).join(' ')}`,
  )
  process.replica!.change(edits).then(
    () => (process.alive ? world.promises.acknowledged(machine.folder, edits) : undefined),
    (error: unknown) => {
      if (!(error instanceof DiskFull)) world.violated(`${machine.name} refused a change: ${String(error)}`)
    },
  ).catch((error: unknown) => world.violated(String(error))) // prettier-ignore
  return true
}

/** A site changes a record that another shares with it: it goes up, and to its owner (SHARE-4). */
async function changeShared(world: World, machine: Machine): Promise<boolean> {
  const { process, folder } = machine
  const held = [...(await readFolder(folder)).values()].filter(
    ({ head: { collection, facts }, content }) =>
      shareable.some((name) => name === collection) && shapeOf(collection) === 'record' && facts.site !== machine.place.site && !content.empty, // prettier-ignore
  )
  if (held.length === 0 || !process?.replica) return false
  const { collection, key, facts } = world.chance.pick(held).head
  const field = world.chance.pick(['a', 'b', 'c', 'd'])
  const place = `${collection}/${key}`
  const at = epochOfTime + world.time.now + machine.offset
  world.trace.note(`${machine.name} changes ${collection}/${key.slice(-3)} of another site`)
  world.count('change of a shared record')
  process.replica.change([{ collection: collection as RecordCollection, key, set: { [field]: world.name() }, at }]).then(
    async () => {
      const time = (await readDocument(folder, collection, key))?.content.times[field]
      if (process.alive && time !== undefined) world.guestEdits?.push({ by: machine.name, place, field, time, facts: facts.at }) // prettier-ignore
    },
    (error: unknown) => {
      if (!(error instanceof DiskFull)) world.violated(`${machine.name} refused a change: ${String(error)}`)
    },
  ).catch((error: unknown) => world.violated(String(error))) // prettier-ignore
  return true
}

async function erase(world: World): Promise<boolean> {
  const able = running(world).filter(({ process }) => process.replica && !process.putBack)
  if (able.length === 0) return false
  const { machine, process } = world.chance.pick(able)
  const held = [...(await readFolder(machine.folder)).values()].filter(({ head }) => {
    // Nobody erases what a site has chosen: it would follow its settings of before without a word.
    if (world.policed && [mirrorKey, othersKey].some((keyOf) => head.key === keyOf(head.facts.site ?? ''))) return false
    return !world.policed || machine === world.portal || head.facts.site === machine.place.site
  })
  if (held.length === 0) return false
  const { head, content } = world.chance.pick(held)
  const { collection, key } = head
  const place = `${collection}/${key}`
  world.trace.note(`${machine.name} erases ${place}`)
  // What others write without having seen it goes with it; from here on nothing of this document is promised.
  world.promises.erased(place)
  process.replica!.change([{ collection, key, erase: true }]).then(
    () => {
      if (process.alive) world.erased(place, Object.keys(content.entries))
    },
    (error: unknown) => {
      if (!(error instanceof DiskFull)) world.violated(`${machine.name} refused an erasure: ${String(error)}`)
    },
  ) // prettier-ignore
  return true
}

/** Folds the oldest rows of a document, acknowledged or not, as the replica does where there are very many. */
async function foldEarly(world: World): Promise<boolean> {
  const able = running(world).filter(({ process }) => process.replica)
  if (able.length === 0) return false
  const { machine, process } = world.chance.pick(able)
  const long = await machine.folder.longDocuments(2, Infinity)
  if (long.length === 0) return false
  const { collection, key, rows } = world.chance.pick(long)
  const number = collectionNumber(collection)
  const oldest = (await machine.folder.rowsOf(number, key)).slice(0, 2 + world.chance.below(rows - 1))
  const fold = foldUpdates(oldest.map(({ update }) => update), shapeOf(collection)) // prettier-ignore
  world.trace.note(`${machine.name} folds ${oldest.length} rows of ${collection}/${key.slice(-3)}`)
  // A fold that fails leaves the rows as they are.
  process.disk.store.fold(number, key, oldest.map(({ seq }) => seq), fold).catch(() => {}) // prettier-ignore
  return true
}

function prove(world: World): boolean {
  const able = running(world).filter(({ process }) => process.link)
  if (able.length === 0) return false
  const { machine, process } = world.chance.pick(able)
  world.trace.note(`${machine.name} proves equality`)
  // Whether both are equal now is anybody's guess; that a proof breaks nothing is what matters.
  process.link!.prove().catch(() => {})
  return true
}

/** A site chooses other settings for its mirror; they travel as any document does. */
function changeMirror(world: World): boolean {
  const able = world.sites.filter(({ process }) => process?.kept && process.replica && !process.putBack)
  if (able.length === 0) return false
  const machine = world.chance.pick(able)
  const [key, values] = world.chance.pick(mirrored)
  const value = world.chance.pick(values)
  world.trace.note(`${machine.name} sets ${key} to ${value}`)
  world.count('change the mirror')
  // A process that ends meanwhile leaves it undone.
  machine.process!.kept!.write({ [key]: value }).catch(() => {})
  return true
}

/** A site chooses what it shares with another, mostly so that both agree; now and then all of it. */
function share(world: World): boolean {
  const able = world.sites.filter(({ process }) => process?.kept && process.replica && !process.putBack)
  if (able.length === 0) return false
  const machine = world.chance.pick(able)
  const others = world.sites.filter(({ place }) => place.site !== machine.place.site)
  if (others.length === 0) return false
  const other = world.chance.pick(others)
  const names = world.chance.oneIn(2) ? shareable : [world.chance.pick(shareable)]
  const value = world.chance.oneIn(2) ? 'both' : world.chance.pick(shareWays)
  world.trace.note(`${machine.name} shares ${names.length === 1 ? names[0] : 'all'} with ${other.name}: ${value}`)
  machine.process!.kept!.write(Object.fromEntries(names.map((name) => [shareKey(other.place.site!, name), value]))).catch(() => {}) // prettier-ignore
  return true
}

/** The portal chooses less for a site than that has, or takes it back. */
function narrow(world: World): boolean {
  const { replica, mirrors, putBack } = world.portal.process ?? {}
  if (!replica || !mirrors || putBack || world.sites.length === 0) return false
  const { name, place } = world.chance.pick(world.sites)
  const [key, values] = world.chance.pick(mirrored)
  const value = world.chance.oneIn(2) ? asTheSite : world.chance.pick(values)
  world.trace.note(`the portal sets ${key} of ${name} to ${value}`)
  // A process that ends meanwhile leaves it undone.
  mirrors.narrow(replica, place.site!, [{ key, value }]).catch(() => {})
  return true
}

const mirrored: readonly (readonly [string, readonly string[]])[] = [
  ...['patients', 'plans', 'events', 'messages', 'requests'].map((name) => [`${name}.patients`, coverages] as const),
  ['events.direction', ['up', 'up', 'off', 'erased']],
  ['requests.direction', ['both', 'up', 'off', 'erased']],
]

/** A site chooses anew what becomes of one of its collections, and its link starts over. */
function switchCollection(world: World): boolean {
  if (world.policed && world.chance.oneIn(2)) return changeMirror(world)
  // Rows that were left out while it was off are another story than those that were never to go.
  if (world.harm.on) return false
  if (world.sites.length === 0) return false
  const machine = world.chance.pick(world.sites)
  const collection = world.chance.pick(switchable)
  const mode = world.chance.pick(['on', 'on', 'off', 'erased', 'erased'] as const)
  // Erased is mostly chosen by all, else it never comes to it.
  const all = mode === 'erased' && world.chance.oneIn(2)
  for (const site of all ? world.sites : [machine]) {
    world.trace.note(`${site.name} has ${collection} ${mode}`)
    world.modes.choose(site.place.site!, collection, mode)
  }
  for (const end of world.network.ends)
    if (world.sites.some(({ process }) => process === end.host)) world.network.cut(end, 'both')
  world.askErasures()
  return true
}

/** Time has passed, or settings have changed: the replica looks what passes by now. */
function look(world: World): boolean {
  const able = running(world).filter(({ process }) => process.replica)
  if (able.length === 0) return false
  const { machine, process } = world.chance.pick(able)
  world.trace.note(`${machine.name} looks what passes`)
  // What fails to be committed is looked for again.
  ;(process.kept ? process.kept.apply() : process.replica!.withdraw()).catch(() => {})
  return true
}

function wait(world: World): boolean {
  const next = world.time.next()
  world.time.pass(next === undefined ? 1_000 : Math.max(0, next - world.time.now))
  world.time.ring()
  return true
}

function start(world: World): boolean {
  const down = world.machines.filter((machine) => !machine.process)
  if (down.length === 0) return false
  const machine = world.chance.pick(down)
  world.trace.note(`${machine.name} starts`)
  world.start(machine)
  return true
}

function crash(world: World): boolean {
  const up = running(world)
  if (up.length === 0) return false
  const { machine } = world.chance.pick(up)
  world.trace.note(`${machine.name} crashes`)
  world.stop(machine, !world.chance.oneIn(3))
  return true
}

function crashAfterCommit(world: World): boolean {
  const machine = writing(world)
  if (!machine) return false
  const next = machine.process!.disk.writes.shift()!
  world.trace.note(`${machine.name} commits ${next.name} and crashes`)
  next.commitUnheard()
  world.stop(machine, !world.chance.oneIn(3))
  world.count('crash')
  return true
}

function cut(world: World): boolean {
  const { ends } = world.network
  if (ends.length === 0) return false
  world.trace.note('a connection breaks')
  world.network.cut(world.chance.pick(ends), world.chance.pick(['both', 'both', 'this', 'other'] as const))
  return true
}

function cutInside(world: World): boolean {
  const busy = world.network.busy()
  if (busy.length === 0) return false
  const done = world.network.cutInside(world.chance.pick(busy), world.chance.below(100) / 100)
  if (done) world.trace.note('a connection breaks inside a frame')
  return done
}

function backup(world: World): boolean {
  const machine = world.chance.pick(world.machines)
  world.trace.note(`${machine.name} is backed up`)
  const drawn = machine.process?.replica && !machine.process.resumed ? machine.process.drawn : undefined
  machine.backups.push({ folder: machine.folder.copy(), drawn })
  if (machine.backups.length > 4) machine.backups.splice(world.chance.below(4), 1)
  return true
}

async function restore(world: World): Promise<boolean> {
  const able = world.machines.filter((machine) => machine.backups.length > 0)
  if (able.length === 0) return false
  const machine = world.chance.pick(able)
  world.trace.note(`${machine.name} is restored`)
  await world.putBack(machine, world.chance.pick(machine.backups))
  world.start(machine)
  return true
}

/** A virtual machine goes back to a snapshot and runs on as it did then. */
async function putBackRunning(world: World): Promise<boolean> {
  // What a portal that was put back takes from one site before it has heard another cannot be told from what it lost.
  const able = world.sites.filter((machine) => machine.backups.some(({ drawn }) => drawn) && !world.isCopied(machine))
  if (able.length === 0) return false
  const machine = world.chance.pick(able)
  const chosen = world.chance.pick(machine.backups.filter(({ drawn }) => drawn))
  world.trace.note(`${machine.name} is put back while running`)
  // What was backed up since is of a line of the same epoch and client id that nobody else knows: no number tells them apart.
  machine.backups = machine.backups.slice(0, machine.backups.indexOf(chosen) + 1)
  await world.putBack(machine, chosen)
  world.start(machine, chosen.drawn)
  return true
}

function jump(world: World): boolean {
  const machine = world.chance.pick(world.machines)
  machine.offset = world.chance.below(7_200_000) - 3_600_000
  world.trace.note(`${machine.name}'s clock jumps`)
  return true
}

function addSite(world: World): boolean {
  world.addSite()
  return true
}

async function retire(world: World): Promise<boolean> {
  if (world.sites.length < 2) return false
  const machine = world.chance.pick(world.sites)
  if (world.isCopied(machine)) return false
  world.trace.note(`${machine.name} is retired`)
  world.retired.add(machine.place.site!)
  world.portal.process?.acceptor?.disconnect(machine.replica)
  await world.remove(machine)
  world.askErasures()
  return true
}

function copySite(world: World): boolean {
  const machine = world.chance.pick(world.sites)
  // A machine that was put back and then copied before it met anybody: its copy hides from the portal what it lost.
  // Nor where rows are left out: which of both copies is to prove what is nobody's to say.
  if (world.harm.on) return false
  if (machine.process?.putBack || world.sites.some((site) => world.isCopied(site))) return false
  world.trace.note(`${machine.name} is copied to a second machine`)
  world.addCopy(machine)
  return true
}
