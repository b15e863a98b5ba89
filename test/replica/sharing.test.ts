/**
 * Documents of one site that go down to another, over real sockets and real files: a portal that may hold what is
 * reachable, Mesa whose documents they are, and Tempe, to whom they go while they are shared.
 */
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { LinkSettings, Passes } from '../../src/replica/collections.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { clock, factsOf, folder, linkTo, master, portalFor, ulid } from './world.ts'

const reachable: Passes = (_, facts, erasure = false) => erasure || facts.reachable
const all: Passes = () => true
const none: Passes = () => false
const owned =
  (site: string): Passes =>
  (...asked) =>
    asked[1].site === site && reachable(...asked)

/** `changes`: whether Tempe may change what is shared with it. */
async function practice({ changes = false } = {}) {
  const id = ulid()
  const dir = folder()
  const ids = { portal: ulid(), mesa: ulid(), tempe: ulid() }
  const open = async (name: keyof typeof ids): Promise<OpenReplica> => {
    const store = await openSqliteStore({ file: join(dir, `${name}.sqlite`), master })
    const own = name === 'portal' ? { holds: reachable } : { site: name, passes: owned(name) }
    return openReplica({ store, practice: id, id: ids[name], clock, ...own })
  }
  const replicas = { portal: await open('portal'), mesa: await open('mesa'), tempe: await open('tempe') }
  let isShared = false
  let version = 1
  const changed = new Set<() => void>()
  const settings: LinkSettings = {
    version: () => version,
    sends: () => true,
    onChange(run) {
      changed.add(run)
      return () => void changed.delete(run)
    },
  }
  const share = (is: boolean): void => {
    isShared = is
    version++
    for (const run of [...changed]) run()
  }
  const shared: Passes = () => isShared
  const [toMesa, toTempe] = [
    await portalFor(() => replicas.portal, { passesIn: all, passesOut: (_, facts) => facts.site === 'mesa' }),
    await portalFor(() => replicas.portal, {
      passesIn: changes ? shared : none,
      passesOut: shared,
      keeps: none,
      settings,
    }),
  ]
  const links = {
    mesa: () => linkTo(toMesa, replicas.mesa, ids.portal, { passesOut: owned('mesa') }),
    tempe: () =>
      linkTo(toTempe, replicas.tempe, ids.portal, {
        passesOut: changes ? shared : none,
        passesIn: () => isShared,
        settings,
      }),
  }
  onTestFinished(async () => {
    await toMesa.close()
    await toTempe.close()
    for (const replica of Object.values(replicas)) await replica.close()
  })
  const key = ulid()
  const patient = ulid()
  const facts = (isReachable = true) => ({ ...factsOf(patient, 'mesa'), reachable: isReachable })
  const say = (text: string, isReachable = true): Promise<void> =>
    replicas.mesa.change([
      { collection: 'messages', key, facts: facts(isReachable), add: { [text]: { kind: 'message', at: 1, by: { role: 'staff', id: 'x' }, thread: patient, subject: 's', text } } },
    ]) // prettier-ignore
  const texts = async (name: keyof typeof ids): Promise<string[]> =>
    (await replicas[name].entries('messages', key)).map((entry) => entry.id).toSorted()
  /** As a site does when what is shared with it changes. */
  const follow = async (): Promise<number> => {
    await replicas.tempe.replication.readAnew(ids.portal, ['messages'])
    return replicas.tempe.letGo(['messages'], () => isShared)
  }
  return { replicas, ids, dir, links, share, follow, say, texts, key, facts, open }
}

it('[SHARE-2] what is shared from now on comes whole, also what was read over before; what is here already is not logged again', async () => {
  const { replicas, links, share, follow, say, texts } = await practice()
  const [mesa, tempe] = [links.mesa(), links.tempe()]
  await say('a')
  await mesa.caughtUp()
  await tempe.caughtUp()
  await say('b')
  await mesa.caughtUp()
  await tempe.caughtUp()
  expect(await texts('tempe')).toEqual([])
  expect(await replicas.tempe.count('messages')).toBe(0)
  share(true)
  await follow()
  await tempe.caughtUp()
  expect(await texts('tempe')).toEqual(['a', 'b'])
  const { head } = replicas.tempe.replication.declared()
  share(true)
  await follow()
  await tempe.caughtUp()
  expect(replicas.tempe.replication.declared().head).toBe(head)
  await say('c')
  await mesa.caughtUp()
  await tempe.caughtUp()
  expect(await texts('tempe')).toEqual(['a', 'b', 'c'])
  await mesa.stop()
  await tempe.stop()
})

it('[SHARE-3] what is shared no more is in no file of the other site, and its owner and the portal keep it; shared again, all of it is back', async () => {
  const { replicas, dir, links, share, follow, say, texts, key } = await practice()
  const [mesa, tempe] = [links.mesa(), links.tempe()]
  share(true)
  await say('x'.repeat(300))
  await mesa.caughtUp()
  await tempe.caughtUp()
  const copies = folder()
  for (const end of ['', '-wal']) copyFileSync(join(dir, `tempe.sqlite${end}`), join(copies, `tempe.sqlite${end}`))
  const copy = new Database(join(copies, 'tempe.sqlite'))
  const sealed = copy.prepare('select sealed from segments').pluck().all() as Buffer[]
  copy.close()
  const inFiles = (): boolean[] => {
    const bytes = readdirSync(dir).filter((name) => name.startsWith('tempe')).map((name) => readFileSync(join(dir, name))) // prettier-ignore
    return sealed.map((one) => bytes.some((file) => file.includes(one.subarray(0, 64))))
  }
  expect(inFiles()).toContain(true)
  share(false)
  expect(await follow()).toBe(1)
  expect(await texts('tempe')).toEqual([])
  await expect.poll(inFiles).not.toContain(true)
  expect((await replicas.tempe.receipts('messages')).map((head) => head.key)).toEqual([key])
  expect(await replicas.tempe.head('messages', key)).toMatchObject({ generation: 1, erased: 0 })
  await say('meanwhile')
  await mesa.caughtUp()
  await tempe.caughtUp()
  for (const name of ['mesa', 'portal'] as const) expect((await texts(name)).length).toBe(2)
  share(true)
  await follow()
  await tempe.caughtUp()
  expect((await texts('tempe')).length).toBe(2)
  expect(await replicas.tempe.receipts('messages')).toEqual([])
  await mesa.stop()
  await tempe.stop()
})

it('[SHARE-3] [R9] what the portal withdraws goes at the other site too, and comes back whole when it passes again', async () => {
  const { replicas, links, share, follow, say, texts, key, facts } = await practice()
  const [mesa, tempe] = [links.mesa(), links.tempe()]
  share(true)
  await say('a')
  await mesa.caughtUp()
  await tempe.caughtUp()
  await replicas.mesa.change([{ collection: 'messages', key, become: facts(false) }])
  await mesa.caughtUp()
  for (const name of ['portal', 'tempe'] as const) await expect.poll(() => texts(name)).toEqual([])
  // What is kept of it is that it is gone, also where it is read again.
  await follow()
  await tempe.caughtUp()
  expect(await texts('tempe')).toEqual([])
  await say('b', false)
  await replicas.mesa.change([{ collection: 'messages', key, become: facts() }])
  await mesa.caughtUp()
  await tempe.caughtUp()
  await expect.poll(() => texts('tempe')).toEqual(['a', 'b'])
  expect(await replicas.tempe.receipts('messages')).toEqual([])
  expect((await replicas.tempe.waiting()).length).toBe(0)
  await mesa.stop()
  await tempe.stop()
})

it('[SHARE-3] of what was never here a receipt leaves nothing, and an erasure by the owner is one here too', async () => {
  const { replicas, links, share, follow, say, texts, key, facts } = await practice()
  const mesa = links.mesa()
  await say('a')
  await mesa.caughtUp()
  await replicas.mesa.change([{ collection: 'messages', key, become: facts(false) }])
  await mesa.caughtUp()
  await expect.poll(() => texts('portal')).toEqual([])
  const tempe = links.tempe()
  share(true)
  await follow()
  await tempe.caughtUp()
  expect(await replicas.tempe.count('messages')).toBe(0)
  await replicas.mesa.change([{ collection: 'messages', key, become: facts() }])
  await mesa.caughtUp()
  await tempe.caughtUp()
  await expect.poll(() => texts('tempe')).toEqual(['a'])
  await replicas.mesa.change([{ collection: 'messages', key, erase: true }])
  await mesa.caughtUp()
  await tempe.caughtUp()
  await expect.poll(() => texts('tempe')).toEqual([])
  expect(await replicas.tempe.head('messages', key)).toMatchObject({ generation: 2, erased: 2 })
  await mesa.stop()
  await tempe.stop()
})

it('[SHARE-3] [R9] the portal withdraws nothing because another site has it: its owner, put back, may have it from nowhere else', async () => {
  const { replicas, links, share, say, texts, key, facts } = await practice()
  const [mesa, tempe] = [links.mesa(), links.tempe()]
  share(true)
  await say('a')
  await mesa.caughtUp()
  await tempe.caughtUp()
  expect(await texts('tempe')).toEqual(['a'])
  await mesa.stop()
  // A patient's word and new facts at the portal, while the owner is away and the other site has acknowledged all.
  await replicas.portal.change([{ collection: 'messages', key, become: facts(false) }])
  await tempe.caughtUp()
  await replicas.portal.withdraw()
  // Whoever was asked has answered by now.
  await tempe.caughtUp()
  await replicas.portal.withdraw()
  expect(await texts('portal')).toEqual(['a'])
  const again = links.mesa()
  await again.caughtUp()
  await expect.poll(() => texts('portal')).toEqual([])
  await expect.poll(() => texts('tempe')).toEqual([])
  expect(await texts('mesa')).toEqual(['a'])
  await again.stop()
  await tempe.stop()
})

it('[SHARE-3] what the owner and the portal have both lost, put back to before it, stays nowhere else', async () => {
  const { replicas, dir, links, open, share, say, texts } = await practice()
  share(true)
  const both = ['portal', 'mesa'] as const
  const files = (move: (file: string, copy: string) => void): void => both.forEach((name) => move(join(dir, `${name}.sqlite`), join(dir, `${name} before`))) // prettier-ignore
  const linked = async (work: () => Promise<void>): Promise<void> => {
    const [mesa, tempe] = [links.mesa(), links.tempe()]
    await work()
    await mesa.caughtUp()
    await tempe.caughtUp()
    await mesa.stop()
    await tempe.stop()
  }
  const reopened = async (between: () => void): Promise<void> => {
    for (const name of both) await replicas[name].close()
    between()
    for (const name of both) replicas[name] = await open(name)
  }
  await linked(() => say('a'))
  await reopened(() => files((file, copy) => copyFileSync(file, copy)))
  await linked(() => say('lost'))
  expect(await texts('tempe')).toEqual(['a', 'lost'])
  await reopened(() => files((file, copy) => copyFileSync(copy, file)))
  await linked(() => say('b'))
  for (const name of ['mesa', 'portal', 'tempe'] as const) expect(await texts(name)).toEqual(['a', 'b'])
})

it('[SHARE-3] what waits of a document of another site goes with it', async () => {
  const { replicas, ids, share, follow, say, key } = await practice()
  const { mesa, tempe, portal } = replicas
  await say('a')
  await say('b')
  await mesa.replication.meet(portal.replication.declared())
  await tempe.replication.meet(portal.replication.declared())
  const { rows } = await mesa.replication.outgoing(ids.portal, 'messages', { from: 0, complete: 0, maxBytes: 1e6 }, all)
  share(true)
  const epoch = portal.replication.declared().epochs[0]!.id
  const batch = (from: number, some: typeof rows) => tempe.replication.receive(ids.portal, { collection: 'messages', from, to: some.at(-1)!.seq, tail: true, epoch, rows: some }, all) // prettier-ignore
  await batch(0, [rows[1]!])
  expect((await tempe.waiting()).map(({ changes }) => changes)).toEqual([1])
  // A receipt: of what waits nothing is to be had any more either.
  await batch(rows[1]!.seq, [{ ...rows[1]!, seq: rows[1]!.seq + 1, receipt: true, update: new Uint8Array([0, 0]) }])
  expect(await tempe.waiting()).toEqual([])
  await follow()
  expect(await tempe.head('messages', key)).toBeUndefined()
})

it('[SHARE-4] a record that is shared may be changed at either site; both keep it, and who let go of it and has it again goes on under other numbers', async () => {
  const { replicas, links, share, ids } = await practice({ changes: true })
  const { mesa, tempe, portal } = replicas
  const key = ulid()
  const facts = factsOf(key, 'mesa')
  share(true)
  await mesa.change([{ collection: 'patients', key, facts, set: { phone: '1', email: 'a' }, at: 10 }])
  const [toMesa, toTempe] = [links.mesa(), links.tempe()]
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) for (const link of [toMesa, toTempe]) await link.caughtUp()
  }
  const fields = () => Promise.all([mesa, tempe, portal].map(async (one) => (await one.record('patients', key))?.fields)) // prettier-ignore
  const all = (one: object) => [one, one, one]
  await settled()
  await tempe.change([{ collection: 'patients', key, set: { phone: '2' }, at: 20 }])
  await settled()
  expect(await fields()).toEqual(all({ phone: '2', email: 'a' }))
  expect((await mesa.head('patients', key))!.facts).toMatchObject({ site: 'mesa', patient: key })
  // It lets go, and has it again: what it writes then is by other numbers than what it wrote before.
  share(false)
  await tempe.replication.readAnew(ids.portal, ['patients'])
  expect(await tempe.letGo(['patients'], () => false)).toBe(1)
  await settled()
  share(true)
  await tempe.replication.readAnew(ids.portal, ['patients'])
  await settled()
  await tempe.change([{ collection: 'patients', key, set: { email: 'b' }, at: 30 }])
  await settled()
  expect(await fields()).toEqual(all({ phone: '2', email: 'b' }))
  expect(await portal.written('patients', key, tempe.id)).toEqual({ phone: '2', email: 'b' })
  // Who had seen only the first phone loses to who wrote the second, and it is known which was lost.
  await mesa.change([{ collection: 'patients', key, set: { phone: '3' }, at: 15, seen: { phone: 10 } }])
  await settled()
  expect(await fields()).toEqual(all({ phone: '2', email: 'b' }))
  expect((await mesa.record('patients', key))!.conflicts).toMatchObject([{ field: 'phone', value: '3', replica: mesa.id, winner: tempe.id }]) // prettier-ignore
  await toMesa.stop()
  await toTempe.stop()
})
