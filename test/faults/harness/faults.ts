/**
 * The faults themselves, at random moments while work is under way. The moments come from the seed; a timer lets them
 * pass, and this is the only place where one may: it is what makes a fault come at any time, no test waits by it.
 */
import type { Chance } from './chance.ts'
import type { Machine } from './machine.ts'
import type { Practice, Site } from './practice.ts'
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

/** What was done to a practice, by kind, and how long each dead connection was not noticed. */
export interface Done {
  kill: number
  delay: number
  drop: number
  'half open': number
  truncate: number
  /** Milliseconds from a connection going half open to the site's next one. */
  readonly foundAfter: number[]
}
type Cut = Exclude<keyof Done, 'foundAfter'>

export const noneDone = (): Done => ({ kill: 0, delay: 0, drop: 0, 'half open': 0, truncate: 0, foundAfter: [] })
export const faultsDone = (done: Done): number => done.kill + done.delay + done.drop + done['half open'] + done.truncate

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
  const next = (): Cut => chance.pick(['kill', 'delay', 'drop', 'drop', 'truncate', 'truncate', 'half open'])
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
