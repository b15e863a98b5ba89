/**
 * The faults themselves, at random moments while work is under way. The moments come from the seed; a timer lets them
 * pass, and this is the only place where one may: it is what makes a fault come at any time, no test waits by it.
 */
import type { Chance } from './chance.ts'
import { expect } from 'vitest'
import { disagreements } from './disagreements.ts'
import { noRoom, type Machine } from './machine.ts'
import type { Practice, Site } from './practice.ts'
import { copyPlace, putBack, startTwice } from './restores.ts'
import type { Work } from './work.ts'

const moment = (ms: number): Promise<void> => new Promise((pass) => setTimeout(pass, ms))

/** How long a process takes to start here, about: a second kill within it finds it at any point of its start. */
const starting = 600

/** Kills with signal 9: one of the processes, sometimes two at once, sometimes again while they start. */
async function kill(victims: readonly Machine[], chance: Chance): Promise<void> {
  await Promise.all(victims.map((machine) => machine.kill9()))
  for (const machine of victims) machine.start()
  if (chance.once(3)) {
    await moment(chance.below(starting))
    await Promise.all(victims.map((machine) => machine.kill9()))
    for (const machine of victims) machine.start()
  }
}

export const kills = (practice: Practice): number =>
  [practice.portal, ...practice.sites.map((site) => site.machine)].reduce((sum, machine) => sum + machine.kills, 0)

/** At least `count` kills of portal and sites; resolves when all processes run and all work has ended. */
export async function killAtRandom(practice: Practice, work: Work, chance: Chance, count: number): Promise<void> {
  const { portal, sites } = practice
  const goal = kills(practice) + count
  while (kills(practice) < goal) {
    work.begin()
    await moment(chance.below(350))
    const site = chance.pick(sites).machine
    await kill(chance.pick([[portal], [site], [portal, site]]), chance)
    // Now and then the next one comes before this one is over.
    if (!chance.once(4)) await Promise.all([portal.up(), site.up()])
  }
  await Promise.all([portal, ...sites.map((one) => one.machine)].map((machine) => machine.up()))
  await work.done()
}

/** A place is started without room on its disk and refuses what is said there, while the others work; then it has room again. */
export async function fillDisk(work: Work, chance: Chance, place: Machine): Promise<void> {
  await place.kill9()
  place.start(...noRoom)
  await place.up()
  work.begin()
  await work.fill(place)
  await moment(chance.below(400))
  await place.kill9()
  place.start()
  await place.up()
}

/** What a restore came to. */
export interface Restored {
  /** Acknowledged by the place since the copy, and known to no peer when its disk was lost. */
  readonly lost: number
  /** Copies that were started beside the original, and stood by. */
  readonly twins: number
}

/**
 * A place is copied, works on, and is put back to the copy. `spread`: only when everything said is everywhere, so that
 * nothing may be lost; else at any moment. A copy of a site is started beside it too.
 */
export async function restore(
  practice: Practice,
  work: Work,
  chance: Chance,
  place: Machine,
  spread: boolean,
): Promise<Restored> {
  const copy = await copyPlace(practice, work, place)
  await place.up()
  work.begin()
  await moment(chance.below(600))
  if (spread) await allSpread(practice, work)
  const lost = await putBack(practice, work, copy)
  await place.up()
  if (spread && lost > 0) work.faults.push(`${place.name} lost ${lost} acknowledged changes that were everywhere`)
  if (place === practice.portal) return { lost, twins: 0 }
  const said = await startTwice(copy.dir)
  if (!/^Standby: .*Another agent works on the InSched database .*takes over when that one is gone\./s.test(said))
    work.faults.push(`A copy of ${place.name} was started beside it: ${said.slice(0, 300)}`)
  return { lost, twins: 1 }
}

/** Resolves when all that was begun is done and is everywhere. */
async function allSpread(practice: Practice, work: Work): Promise<void> {
  await work.done()
  expect(work.faults).toEqual([])
  await expect.poll(() => disagreements(practice, work), { timeout: 90_000, interval: 250 }).toEqual([])
}

/** What was done to a practice, by kind, and how long each dead connection was not noticed. */
export interface Done {
  kill: number
  delay: number
  drop: number
  'half open': number
  truncate: number
  'full disk': number
  restore: number
  'changes lost with a disk that no peer had': number
  'copies refused': number
  /** Milliseconds from a connection going half open to the site's next one. */
  readonly foundAfter: number[]
}
type Fault = 'kill' | 'delay' | 'drop' | 'half open' | 'truncate' | 'full disk' | 'restore'

export const noneDone = (): Done => ({
  kill: 0,
  delay: 0,
  drop: 0,
  'half open': 0,
  truncate: 0,
  'full disk': 0,
  restore: 0,
  'changes lost with a disk that no peer had': 0,
  'copies refused': 0,
  foundAfter: [],
})
export const faultsDone = (done: Done): number =>
  done.kill + done.delay + done.drop + done['half open'] + done.truncate + done['full disk'] + done.restore

const longestLatency = 1_500

/** At least `count` faults of every kind; one counts only where there was a connection or a process that it hit. */
export async function faultAtRandom(practice: Practice, work: Work, chance: Chance, count: number): Promise<Done> {
  const { portal, sites } = practice
  const done = noneDone()
  /** Sites whose connection is half open and not found to be dead yet: nothing else happens to their connection. */
  const dead = new Map<Site, { since: number; accepted: number }>()
  const notice = (): void => {
    for (const [site, { since, accepted }] of dead) {
      const next = site.proxy.accepted[accepted]
      if (!next) continue
      done.foundAfter.push(next.at - since)
      dead.delete(site)
    }
  }
  const next = (): Fault =>
    chance.pick(['kill', 'delay', 'drop', 'drop', 'truncate', 'truncate', 'half open', 'full disk', 'restore'])
  let what = next()
  while (faultsDone(done) < count || dead.size > 0) {
    await moment(50 + chance.below(400))
    notice()
    if (faultsDone(done) >= count) continue
    const connected = sites.filter((one) => one.proxy.open > 0 && !dead.has(one))
    if (what === 'kill') {
      work.begin()
      const before = kills(practice)
      await kill(chance.pick([[portal], ...connected.map((one) => [one.machine])]), chance)
      done.kill += kills(practice) - before
      what = next()
      continue
    }
    if (what === 'full disk' || what === 'restore') {
      const place = chance.pick([portal, ...connected.map((one) => one.machine)])
      await Promise.all([portal, ...sites.map((one) => one.machine)].map((machine) => machine.up()))
      if (what === 'full disk') await fillDisk(work, chance, place)
      else {
        const { lost, twins } = await restore(practice, work, chance, place, chance.once(2))
        done['changes lost with a disk that no peer had'] += lost
        done['copies refused'] += twins
      }
      done[what]++
      what = next()
      continue
    }
    // A connection can be cut only where there is one: the fault waits for it, or kills would be all that happens.
    if (connected.length === 0) continue
    const site = chance.pick(connected)
    const { proxy } = site
    // The latency of one fault lasts until the next at this site.
    proxy.delay(0)
    work.begin()
    await moment(chance.below(100))
    if (proxy.open === 0) continue
    if (what === 'delay') proxy.delay(chance.below(longestLatency))
    else if (what === 'drop') proxy.drop()
    else if (what === 'truncate') proxy.truncate()
    else {
      dead.set(site, { since: Date.now(), accepted: proxy.accepted.length })
      proxy.halfOpen()
    }
    done[what]++
    what = next()
  }
  for (const site of sites) site.proxy.delay(0)
  await Promise.all([portal, ...sites.map((site) => site.machine)].map((machine) => machine.up()))
  await work.done()
  return done
}
