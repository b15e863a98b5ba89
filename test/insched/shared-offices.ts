/**
 * Two sites that share their records, each over an InSched database of its own, with the portal between them; each is an
 * agent that may die at any durable step and begins another life on the same files. The databases are backed up and put
 * back by real copies, and the portal can be out of reach.
 */
import Database from 'better-sqlite3'
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { bind } from '../../src/bridges/insched/binding.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { keepInSched, type InSchedKeeper } from '../../src/bridges/insched/keeper.ts'
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { fieldConflicts } from '../../src/mirror/field-conflicts.ts'
import type { Link } from '../../src/replica/connection.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { Follower } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { endByThemselves } from '../../src/site/by-itself.ts'
import { doubleBookings } from '../../src/site/double-bookings.ts'
import { clock, folder, linkTo, portalFor, ulid } from '../replica/world.ts'
import { Death, mortal, mortalInSched } from './death.ts'
import { closers, practice } from './office.ts'
import { databaseOf, differentMapping, staffOf, type Kind, type Staff, type StaffTable } from './offices.ts'
import { createDatabase, runOn } from './postgres.ts'

export type Name = 'mesa' | 'tempe'
export const names: readonly Name[] = ['mesa', 'tempe']
export const tables = ['patients', 'plans', 'events'] as const
export type Table = (typeof tables)[number]

/** A row that has a document, where it stands. */
export interface Placed {
  readonly table: Table
  readonly document: string
  readonly id: number
  /** Whether it is of the site whose database this is. */
  readonly own: boolean
}
interface Life {
  readonly replica: OpenReplica
  readonly keeper: InSchedKeeper
  readonly link: Link
  readonly followers: readonly Follower[]
}
export type SharedWorld = Awaited<ReturnType<typeof openSharedWorld>>

const ids: Readonly<Record<Table, string>> = { patients: 'patient_id', plans: 'plan_id', events: 'event_id' }

export async function openSharedWorld(kinds: Readonly<Record<Name, Kind>>) {
  const hub = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  closers.push(() => hub.close())
  const portal = await portalFor(() => hub)
  closers.push(() => portal.close())
  let isOffline = false
  const sites = { mesa: await openSite('mesa'), tempe: await openSite('tempe') }

  async function openSite(name: Name) {
    const kind = kinds[name]
    const url = await databaseOf(kind)
    const mapping = kind.schema === 'different' ? differentMapping : undefined
    const store = memoryStore()
    const site = { key: ulid() as string, name, store, kind, url, mapping, id: ulid(), staff: await staffOf(url, kind) }
    const insched = await openInSched(url, { mapping, clock })
    await bind(insched, { practice, site: site.key, replica: site.id })
    await insched.close()
    return { ...site, life: undefined as Life | undefined, death: new Death(Infinity), backups: 0 }
  }
  const nameOf = (site: string): string | null => names.find((name) => sites[name].key === site) ?? null

  /** Ends what is left of a life; nothing of a dead one reaches a file any more. */
  const end = async (name: Name): Promise<void> => {
    const { life } = sites[name]
    sites[name].life = undefined
    await life?.link.stop()
    for (const follower of life?.followers ?? []) await follower.stop()
    await life?.keeper.stop().catch((error: Error) => {
      if (!sites[name].death.dead) throw error
    })
    await life?.replica.close()
  }
  closers.push(async () => {
    for (const name of names) await end(name)
  })
  /** What an agent does before it dies; false where it died of it. */
  const lives = async (name: Name, work: () => Promise<void>): Promise<boolean> => {
    const { death } = sites[name]
    const outcome = await Promise.race([
      work().then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
      death.happened,
    ])
    if (!death.dead && outcome) throw outcome.error
    return !death.dead
  }
  /** Another life, which ends at its `left`-th durable step. */
  const begin = async (name: Name, left: number): Promise<boolean> => {
    const site = sites[name]
    const death = new Death(left)
    site.death = death
    let replica: OpenReplica | undefined
    let keeper: InSchedKeeper | undefined
    const isBegun = await lives(name, async () => {
      const kept = { ...site.store, close: async () => {} }
      replica = await openReplica({ store: mortal(kept, death), practice, id: site.id, clock, site: site.key })
      keeper = await keepInSched({ url: site.url, mapping: site.mapping, replica, practice, site, holder: 'here', station: 'TEST', clock, disconnectedUntil: undefined, say: String, others: { isShared: () => true, nameOf }, open: (...given) => mortalInSched(death, ...given) }) // prettier-ignore
      const agent = { role: 'site' as const, id: site.key, initials: 'PC' }
      const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, () => undefined, site.key) }) // prettier-ignore
      const others = [
        fieldConflicts(replica, site.key, clock),
        doubleBookings({ replica, index, agent, shares: () => true, nameOf, clock }),
        endByThemselves({ replica, index, agent, isOfMapping: () => true, clock }).follower,
      ].map((one) => replica!.follow(one))
      const link = linkTo(portal, replica, hub.id)
      if (isOffline) link.hold()
      site.life = { replica, keeper, link, followers: [index, ...others] }
    })
    if (isBegun) return true
    if (site.life) await end(name)
    else {
      await keeper?.stop().catch(() => {})
      await replica?.close()
    }
    return false
  }
  /** Lets the agent of a site do something, if it lives, and buries it where it dies of it. */
  const during = async (name: Name, work: (life: Life) => Promise<void>): Promise<void> => {
    const { life } = sites[name]
    if (life && !(await lives(name, () => work(life)))) await end(name)
  }
  const revive = async (name: Name): Promise<void> => {
    if (sites[name].life && !sites[name].death.dead) return void (sites[name].death.left = Infinity)
    await end(name)
    if (!(await begin(name, Infinity))) throw new Error(`${name} died of nothing`)
  }

  const rows = async (name: Name): Promise<Placed[]> => {
    const { staff, key } = sites[name]
    const owners = new Map((await staff.run('select document, site from pc_shared')).map((row) => [row['document'], row['site']])) // prettier-ignore
    const placed = await staff.run('select document, table_name, local_id from pc_identity where gone = 0') // prettier-ignore
    const found = placed.map((row) => ({ table: row['table_name'] as Table, document: String(row['document']), id: Number(row['local_id']), own: (owners.get(row['document']) ?? key) === key })) // prettier-ignore
    // In the order of their ids, so that the same seed makes the same choices.
    return found.toSorted((a, b) => tables.indexOf(a.table) - tables.indexOf(b.table) || a.id - b.id)
  }
  const byId = async (staff: Staff, table: StaffTable): Promise<Map<number, Record<string, unknown>>> =>
    new Map((await staff.rows(table)).map((row) => [Number(row[ids[table as Table]]), row]))

  /** What tells whether anything happened: logs, trails and effects. */
  const marks = async (): Promise<string> => {
    const of = await Promise.all(
      names.map(async (name) => {
        const { staff, life, kind } = sites[name]
        const [effects] = await staff.run('select count(*) as rows from pc_effects')
        const [trail] = kind.schema === 'reference' ? await staff.run('select count(*) as rows from audit_trail') : [{ rows: 0 }] // prettier-ignore
        return [Number(effects!['rows']), Number(trail!['rows']), life?.replica.replication.declared().head]
      }),
    )
    return JSON.stringify([hub.replication.declared().head, of])
  }
  const round = async (): Promise<void> => {
    for (const name of names)
      await during(name, async ({ keeper, link, followers }) => {
        await keeper.readNow()
        await link.caughtUp()
        await keeper.written()
        for (const follower of followers) await follower.caughtUp()
        await link.caughtUp()
      })
  }

  return {
    hub,
    sites,
    rows,
    byId,
    during,
    begin,
    revive,
    round,
    marks,
    /** Neither site reaches the portal, until it is set again. */
    setOffline(offline: boolean): void {
      isOffline = offline
      for (const name of names) {
        const link = sites[name].life?.link
        if (offline) link?.hold()
        else link?.resume()
      }
    },
    /** Waits until nothing is on its way any more. */
    async settled(): Promise<void> {
      for (let i = 0, before = ''; i < 25; i++) {
        await round()
        const now = await marks()
        if (now === before) return
        before = now
      }
      throw new Error('It never came to rest')
    },
    /** A copy as a backup program makes it. */
    async backUp(name: Name): Promise<string> {
      const site = sites[name]
      if (site.kind.engine === 'SQLite') {
        const copy = join(folder(), 'backup.db')
        const program = new Database(fileOf(site.url))
        program.prepare('begin immediate').run()
        copyFileSync(fileOf(site.url), copy)
        program.prepare('rollback').run()
        program.close()
        return copy
      }
      // It needs the database to itself, and what lives lets go of it.
      await during(name, ({ keeper }) => keeper.letGo(clock.now() + 60_000))
      await site.staff.close()
      const { pathname } = new URL(site.url)
      const copy = `${pathname.slice(1)}_backup_${++site.backups}`
      await end(name)
      await createDatabase(copy, pathname.slice(1))
      site.staff = await staffOf(site.url, site.kind)
      return copy
    },
    /**
     * Puts a copy in the place of the database, and lets an admin choose where that is asked for, also by an agent that
     * dies of it at its `left`-th step. Calls `before` when the copy is there and nothing of it was read.
     */
    async putBack(name: Name, copy: string, choice: Choice, left: number, before: () => Promise<void>): Promise<void> {
      const site = sites[name]
      await end(name)
      await site.staff.close()
      if (site.kind.engine === 'SQLite') {
        copyFileSync(copy, `${fileOf(site.url)}.new`)
        renameSync(`${fileOf(site.url)}.new`, fileOf(site.url))
      } else {
        const name = new URL(site.url).pathname.slice(1)
        await runOn(new URL('/postgres', site.url).href, [`drop database ${name} with (force)`])
        await createDatabase(name, copy)
      }
      site.staff = await staffOf(site.url, site.kind)
      await before()
      const choose = (): Promise<void> => during(name, async ({ keeper }) => {
        if (keeper.holding().at === 'put back') await keeper.settle(choice)
      }) // prettier-ignore
      if (await begin(name, left)) await choose()
      await revive(name)
      await choose()
    },
  }
}

const fileOf = (url: string): string => url.replace(/^sqlite:/, '')
