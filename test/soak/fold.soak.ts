/**
 * `npm run soak -- fold`: five years of edits. A field of one document is changed 100,000 times (or as often as asked
 * for) by writers that start again 2,000 times, linked to a portal; then disk, transactions and waiting are measured.
 */
import { closeSync, fdatasyncSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import type { Store } from '../../src/replica/store.ts'
import { seedOfRun } from '../faults/harness/chance.ts'
import { clock, factsOf, fileReplica, folder, linkTo, master, portalFor, ulid } from '../replica/world.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const changesOfWriter = 50
const others = 200
/** Every so many writers one works without the portal, as an office does on a bad day: its rows wait unfolded. */
const offlineEach = 7

/** Milliseconds that something took: by the clock, and of this thread's own work, which no other program and no disk makes longer. */
interface Took {
  readonly wall: number
  readonly own: number
}
const ownNow = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
async function timed<T>(into: Took[], run: () => Promise<T>, until: 'begun' | 'done'): Promise<T> {
  const [wall, own] = [performance.now(), ownNow()]
  const running = run()
  if (until === 'done') await running
  into.push({ wall: performance.now() - wall, own: ownNow() - own })
  return running
}

/** A store that tells how long each transaction takes: a call of SQLite ends before its promise is given. */
function timedStore(store: Store, took: { readonly append: Took[]; readonly fold: Took[] }): Store {
  return {
    ...store,
    append: (rows, progress) => timed(took.append, () => store.append(rows, progress), 'begun'),
    fold: (...of) => timed(took.fold, () => store.fold(...of), 'begun'),
  }
}

/** The disk alone: a page written and synced, which is the least that a durable change costs here and now. */
function disk(dir: string): { sync(): void; readonly took: number[]; close(): void } {
  const file = openSync(join(dir, 'disk'), 'w')
  const page = Buffer.alloc(4_096, 1)
  const took: number[] = []
  return {
    took,
    sync() {
      const began = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      took.push(performance.now() - began)
    },
    close: () => closeSync(file),
  }
}

/** p50, p99 and the greatest, rounded up to hundredths of a millisecond. */
function spread(list: readonly number[], name: string): Record<string, number> {
  const sorted = list.toSorted((a, b) => a - b)
  const at = (part: number): number => hundredths(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) // prettier-ignore
  return { [`${name} p50`]: at(0.5), [`${name} p99`]: at(0.99), [`${name} max`]: at(1) }
}
const hundredths = (ms: number): number => Math.ceil(ms * 100) / 100
const walls = (list: readonly Took[]): number[] => list.map(({ wall }) => wall)
const owns = (list: readonly Took[]): number[] => list.map(({ own }) => own)

it('a field that is changed for five years costs what it is, on disk and in time', async () => {
  const count = countOfRun(100_000)
  const dir = folder()
  const [practice, site, id, patient] = [ulid(), ulid(), ulid(), ulid()]
  const file = join(dir, 'site.sqlite')
  const hub = await fileReplica(join(dir, 'hub.sqlite'), practice, ulid())
  const portal = await portalFor(() => hub)
  const took = { append: [] as Took[], fold: [] as Took[], wait: [] as Took[] }
  const floor = disk(dir)
  let [done, writers, at] = [0, 0, 1_000]
  let faults = ['The run broke off']
  const size = (name: string): number => statSync(join(dir, name)).size
  const fields = (i: number) => ({ firstName: `First ${i}`, lastName: `Last ${i}`, email: `p${i}@example.org` })
  const sizes: Record<'live' | 'site' | 'hub', number> = { live: 0, site: 0, hub: 0 }
  try {
    while (done < count) {
      const replica = await openReplica({ store: timedStore(await openSqliteStore({ file, master }), took), practice, id, clock, site }) // prettier-ignore
      if (writers === 0) {
        const edit = (key: string, i: number) => ({ collection: 'patients' as const, key, facts: factsOf(key, site), set: fields(i), at }) // prettier-ignore
        await replica.change([edit(patient, 0), ...Array.from({ length: others }, (_, i) => edit(ulid(), i + 1))])
      }
      const link = writers % offlineEach === 0 ? undefined : linkTo(portal, replica, hub.id)
      for (let i = 0; i < changesOfWriter && done < count; i++, done++) {
        const set = { cellPhone: `+1 480 ${String(done).padStart(7, '0')}` }
        const edit = { collection: 'patients' as const, key: patient, facts: factsOf(patient, site), set, at: ++at }
        await timed(took.wait, () => replica.change([edit]), 'done')
      }
      floor.sync()
      await link?.caughtUp()
      await link?.stop()
      await replica.close()
      writers++
    }
    const replica = await openReplica({ store: await openSqliteStore({ file, master }), practice, id, clock, site })
    const link = linkTo(portal, replica, hub.id)
    await link.caughtUp()
    await replica.folding.idle()
    await hub.folding.idle()
    expect((await replica.record('patients', patient))!.fields['cellPhone']).toMatch(String(count - 1))
    expect(await hub.record('patients', patient)).toEqual(await replica.record('patients', patient))
    expect(await link.prove()).toMatchObject({ equal: true })
    // What lives: the same fields written once, at once, in a replica that was never changed.
    const fresh = await fileReplica(join(dir, 'live.sqlite'), practice, ulid())
    const edits = (await replica.list('patients')).map(async ({ key }) => {
      const { fields: set } = (await replica.record('patients', key))!
      return { collection: 'patients' as const, key, facts: factsOf(key, site), set, at: 1 }
    })
    await fresh.change(await Promise.all(edits))
    await link.stop()
    await Promise.all([fresh.close(), replica.close(), portal.close()])
    await hub.close()
    Object.assign(sizes, { live: size('live.sqlite'), site: size('site.sqlite'), hub: size('hub.sqlite') })
    faults = []
  } finally {
    floor.close()
    const own = { append: spread(owns(took.append), 'own ms of a transaction'), fold: spread(owns(took.fold), 'own ms of a fold’s transaction'), wait: spread(owns(took.wait), 'own ms while a change waits') } // prettier-ignore
    const worst = {
      ...spread(walls(took.append), 'ms of a transaction'),
      ...spread(walls(took.fold), 'ms of a fold’s transaction'),
      ...spread(walls(took.wait), 'ms that a change waits'),
      ...spread(floor.took, 'ms of a page synced by the disk alone'),
      ...Object.assign({}, ...Object.values(own)),
      'times the live content on the site’s disk': hundredths(sizes.site / sizes.live),
      'times the live content on the portal’s disk': hundredths(sizes.hub / sizes.live),
    }
    if (faults.length === 0) {
      if (Math.max(sizes.site, sizes.hub) > 3 * sizes.live) faults.push('The disk holds more than 3 times what lives')
      // The clock of a machine that others use says what they do too, and what its disk does: the engine's own work is judged.
      if (own.append['own ms of a transaction p50']! > 1) faults.push('A transaction takes over 1 ms')
      if (worst['own ms while a change waits max']! > 50) faults.push('A change waited for over 50 ms')
    }
    record({
      soak: 'fold',
      seed: seedOfRun(),
      counts: { changes: done, writers, folds: took.fold.length },
      worst,
      faults,
    })
  }
  expect(faults).toEqual([])
})
