/**
 * Withdrawal over real sockets and real files (R9, R11), and the version of the settings (R6): a portal that may hold
 * what is reachable, and a site that owns all of it.
 */
import Database from 'better-sqlite3'
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Batch } from '../../src/replica/admission.ts'
import { collections, type Collection, type LinkSettings, type Passes } from '../../src/replica/collections.ts'
import { emptyUpdate, readEntries } from '../../src/replica/document.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { clock, factsOf, folder, linkTo, master, portalFor, ulid } from './world.ts'

const reachable: Passes = (_, facts, erasure = false) => erasure || facts.reachable
const all: Passes = () => true
/** What a site takes of a collection that goes up alone: what the portal is to let go of. */
const withheld: Passes = (_, facts, erasure = false) => erasure || !facts.reachable

/** A portal and a site of one practice in files, and a link between them that comes and goes. */
async function practice(settings?: { portal: LinkSettings; site: LinkSettings }, takes = reachable, upAlone = false) {
  const [id, key, patient] = [ulid(), ulid(), ulid()]
  const dir = folder()
  const open = (
    name: string,
    other: { holds?: Passes; comesDown?: Passes; passes?: Passes; site?: string },
  ): Promise<OpenReplica> =>
    openSqliteStore({ file: join(dir, `${name}.sqlite`), master }).then((store) =>
      openReplica({ store, practice: id, id: name === 'portal' ? portalId : siteId, clock, ...other }),
    )
  const [portalId, siteId] = [ulid(), ulid()]
  const portal = await open('portal', { holds: reachable, comesDown: () => !upAlone })
  const site = await open('site', { passes: reachable, site: 'mesa' })
  const server = await portalFor(() => portal, { passesIn: takes, passesOut: upAlone ? withheld : all, tells: () => upAlone, ...(settings ? { settings: settings.portal } : {}) }) // prettier-ignore
  const connected = () => linkTo(server, site, portal.id, { passesOut: reachable, passesIn: upAlone ? withheld : all, ...(settings ? { settings: settings.site } : {}) }) // prettier-ignore
  onTestFinished(async () => {
    await server.close()
    await portal.close()
    await site.close()
  })
  const say = (replica: OpenReplica, text: string, isReachable = true): Promise<void> =>
    replica.change([
      {
        collection: 'messages',
        key,
        facts: { ...factsOf(patient, 'mesa'), reachable: isReachable },
        add: {
          [text]: { kind: 'message', at: 1, by: { role: 'staff', id: 'x' }, thread: patient, subject: 's', text },
        },
      },
    ])
  const become = (isReachable: boolean): Promise<void> =>
    site.change([{ collection: 'messages', key, become: { ...factsOf(patient, 'mesa'), reachable: isReachable } }])
  const texts = async (replica: OpenReplica): Promise<string[]> =>
    (await replica.entries('messages', key)).map((entry) => entry.id).toSorted()
  const receipts = async (replica: OpenReplica): Promise<string[]> =>
    (await replica.receipts('messages')).map((head) => head.key)
  return { portal, site, key, dir, connected, say, become, texts, receipts, server }
}

it('[R9] what ceases to pass is erased at the portal when its site has acknowledged all of it, and stays at the site', async () => {
  const { portal, site, key, connected, say, become, texts, receipts } = await practice()
  await say(site, 'from the site')
  const link = connected()
  await link.caughtUp()
  await link.stop()
  await say(portal, 'what the patient said')
  await become(false)
  // The site is away: what only the portal has stays there, however often it is looked.
  await portal.withdraw()
  expect((await texts(portal)).length).toBe(2)
  const again = connected()
  await again.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  expect(await texts(site)).toEqual(['from the site', 'what the patient said'])
  await expect.poll(() => receipts(site)).toEqual([key])
  expect(await receipts(portal)).toEqual([key])
  expect(await portal.head('messages', key)).toMatchObject({ generation: 1, erased: 0, facts: { reachable: false } })
  await again.stop()
})

it('[R9] content that was withdrawn is in no file of the portal afterwards: not the sealed bytes either', async () => {
  const { portal, site, dir, connected, say, become, texts } = await practice()
  await say(site, 'x'.repeat(300))
  const link = connected()
  await link.caughtUp()
  // The store keeps its file to itself: a copy of what is on disk tells how the content stands there.
  const copies = folder()
  for (const end of ['', '-wal']) copyFileSync(join(dir, `portal.sqlite${end}`), join(copies, `portal.sqlite${end}`))
  const copy = new Database(join(copies, 'portal.sqlite'))
  const sealed = copy.prepare('select sealed from segments').pluck().all() as Buffer[]
  copy.close()
  expect(sealed.length).toBeGreaterThan(0)
  const inFiles = (): boolean[] => {
    const files = readdirSync(dir).filter((name) => name.startsWith('portal'))
    const bytes = files.map((name) => readFileSync(join(dir, name)))
    return sealed.map((one) => bytes.some((file) => file.includes(one.subarray(0, 64))))
  }
  expect(inFiles()).toContain(true)
  await become(false)
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  await link.stop()
  await expect.poll(inFiles).not.toContain(true)
})

it('[R9] a document that passes again is whole at the portal again, with what both sides said meanwhile', async () => {
  const { portal, site, connected, say, become, texts, receipts } = await practice()
  await say(site, 'a')
  const link = connected()
  await link.caughtUp()
  await become(false)
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  await say(site, 'b', false)
  await become(true)
  await link.caughtUp()
  expect(await texts(portal)).toEqual(['a', 'b'])
  await say(portal, 'c')
  await link.caughtUp()
  expect(await texts(site)).toEqual(['a', 'b', 'c'])
  expect(await receipts(site)).toEqual([])
  await link.stop()
})

it('[R9] what its site takes only when it is to go has gone by unread: the portal says all of it anew, and erases it when that is acknowledged', async () => {
  const { portal, site, connected, say, become, texts } = await practice(undefined, reachable, true)
  await say(site, 'from the site')
  const link = connected()
  await link.caughtUp()
  await say(portal, 'what only the portal has')
  await link.caughtUp()
  expect(await texts(site)).toEqual(['from the site'])
  expect(await portal.replication.behind(site.id)).toBe(0)
  await become(false)
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  expect(await texts(site)).toEqual(['from the site', 'what only the portal has'])
  await become(true)
  await link.caughtUp()
  expect(await texts(portal)).toEqual(['from the site', 'what only the portal has'])
  // The link goes on quietly: nothing is said twice.
  const { head } = portal.replication.declared()
  await link.caughtUp()
  expect(portal.replication.declared().head).toBe(head)
  await link.stop()
})

it('[R9] of what only the portal wrote in a collection that goes up alone its site knows, without what it says, and can so tell when it is to go', async () => {
  const { portal, site, key, connected, say, become, texts } = await practice(undefined, reachable, true)
  await say(portal, 'what only the portal has')
  const link = connected()
  await link.caughtUp()
  expect(await site.head('messages', key)).toMatchObject({ generation: 1, erased: 0, facts: { reachable: true } })
  expect(await texts(site)).toEqual([])
  const heads = [portal, site].map((one) => one.replication.declared().head)
  await link.caughtUp()
  expect([portal, site].map((one) => one.replication.declared().head)).toEqual(heads)
  await become(false)
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  expect(await texts(site)).toEqual(['what only the portal has'])
  await link.stop()
})

it('[R9] the portal writes on under another client id where it withdrew what it had written: nothing is taken for it', async () => {
  const { portal, site, connected, say, become, texts } = await practice()
  await say(portal, 'first')
  const link = connected()
  await link.caughtUp()
  await become(false)
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual([])
  await become(true)
  await say(portal, 'second')
  await link.caughtUp()
  for (const replica of [site, portal]) await expect.poll(() => texts(replica)).toEqual(['first', 'second'])
  await link.stop()
})

it('[R9] content goes only when the site has answered since it was to go: one that was put back no longer does, while its connection still stands', async () => {
  const { portal, site, say, texts } = await practice()
  await portal.replication.meet(site.replication.declared())
  const asked: PromiseWithResolvers<boolean>[] = []
  const stand = () => {
    const isThere = () => (asked.push(Promise.withResolvers<boolean>()), asked.at(-1)!.promise)
    const connection = portal.replication.attach({
      peer: site.id,
      passes: all,
      isThere,
      isWhole: async () => true,
      startOver() {},
    })
    connection.stands()
    return connection
  }
  const dead = stand()
  await say(portal, 'a')
  await say(portal, 'b', false)
  await portal.replication.acknowledged(site.id, 'messages', 2)
  await portal.withdraw()
  // It acknowledged both, but whether it still has them is not known.
  expect([await texts(portal), asked.length]).toEqual([['a', 'b'], 1])
  asked[0]!.resolve(false)
  await portal.withdraw()
  expect([await texts(portal), asked.length]).toEqual([['a', 'b'], 1])
  dead.end()
  // Where a connection that begins now stands is told by who is there now.
  stand()
  await portal.withdraw()
  expect([await texts(portal), asked.length]).toEqual([[], 1])
})

it('[R9] the portal takes no content of what it withholds, and its receipt makes the site say all of it when it passes', async () => {
  const { portal, site, key } = await practice()
  const declared = (replica: OpenReplica) => replica.replication.declared()
  await portal.replication.meet(declared(site))
  await site.replication.meet(declared(portal))
  await site.change([
    { collection: 'patients', key, facts: factsOf(key, 'mesa'), set: { a: 1 }, at: 1 },
    { collection: 'patients', key, set: { b: 2 }, at: 2 },
  ])
  const range = { from: 0, complete: 0, maxBytes: 1e6 }
  const { rows } = await site.replication.outgoing(portal.id, 'patients', range, reachable)
  // The portal has heard by newer facts, of a line of this site that was put back since, that it ceased to pass.
  const newer = { ...rows[0]!.facts, reachable: false, at: rows[0]!.facts.at + 5 }
  const batch = (from: number, some: Batch['rows']): Batch => ({ collection: 'patients', from, to: some.at(-1)!.seq, tail: true, epoch: declared(site).epochs[0]!.id, rows: some }) // prettier-ignore
  const notice = { ...rows[0]!, facts: newer, update: emptyUpdate, receipt: true }
  await portal.replication.receive(site.id, batch(0, [notice]), reachable)
  await portal.replication.receive(site.id, batch(1, [rows[1]!]), reachable)
  expect(await portal.record('patients', key)).toBeUndefined()
  expect((await portal.receipts('patients')).map((head) => head.key)).toEqual([key])
  const said = await portal.replication.outgoing(site.id, 'patients', { ...range, complete: 1 }, all)
  expect(said.rows.map(({ receipt, facts }) => [receipt, facts.reachable])).toEqual([[true, false]])
  const own = said.rows.map((row) => ({ ...row, facts: rows[0]!.facts }))
  const epoch = declared(portal).epochs[0]!.id
  const received = await site.replication.receive(portal.id, { collection: 'patients', from: 0, to: said.to, tail: true, epoch, rows: own }, all) // prettier-ignore
  // By the site's own facts it passes: it is logged anew, whole.
  expect(received.logged).toBe(1)
  const anew = await site.replication.outgoing(portal.id, 'patients', { ...range, from: 2, complete: 2 }, reachable)
  expect(anew.rows.map((row) => row.key)).toEqual([key])
  expect(site.replication.peer(portal.id)!.cursors[collections.indexOf('patients')]!.erasedAt).toBe(said.to)
})

/** What one replica has for another in messages, and what becomes of rows that the other gets; a link without its wire. */
function wireOf({ portal, site }: { portal: OpenReplica; site: OpenReplica }) {
  const declared = (replica: OpenReplica) => replica.replication.declared()
  return {
    async meet() {
      await portal.replication.meet(declared(site))
      await site.replication.meet(declared(portal))
    },
    async rows(from: OpenReplica, after = 0) {
      const [to, passes] = from === portal ? [site, all] : [portal, reachable]
      const range = { from: after, complete: after, maxBytes: 1e6 }
      return (await from.replication.outgoing(to.id, 'messages', range, passes)).rows
    },
    send: (from: OpenReplica, rows: Batch['rows'], after = 0) => {
      const [to, passes] = from === portal ? [site, all] : [portal, reachable]
      const epoch = declared(from).epochs.at(-1)!.id
      const batch: Batch = { collection: 'messages', from: after, to: rows.at(-1)!.seq, tail: true, epoch, rows }
      return to.replication.receive(from.id, batch, passes)
    },
  }
}

it('[R9] a site that hears of the portal that a document of its own passes no more says it itself: a portal that is put back hears it', async () => {
  const { portal, site, say } = await practice()
  const { meet, rows, send } = wireOf({ portal, site })
  await meet()
  await say(site, 'a')
  const [own] = await rows(site)
  // The site said so before it was put back, and the portal gives it back.
  const ceased = { ...own!, facts: { ...own!.facts, reachable: false, at: own!.facts.at + 5 }, update: emptyUpdate, receipt: true } // prettier-ignore
  await send(portal, [ceased])
  const said = await rows(site)
  expect(said.map(({ facts, receipt, update }) => [facts.reachable, receipt, update.length])).toEqual([[false, true, emptyUpdate.length]]) // prettier-ignore
})

it('[R9] a notice of what the portal does not hold is answered by a receipt: a site that is put back says all of it again', async () => {
  const { portal, site, say, texts, receipts, key } = await practice()
  const { meet, rows, send } = wireOf({ portal, site })
  await meet()
  await say(site, 'a')
  const [own] = await rows(site)
  const notice = { ...own!, facts: { ...own!.facts, reachable: false, at: own!.facts.at + 5 }, update: emptyUpdate, receipt: true } // prettier-ignore
  await send(site, [notice])
  expect(await receipts(portal)).toEqual([key])
  // It passes again by what is said at the portal, and the site was put back to before it had ceased.
  await say(portal, 'b')
  await send(portal, await rows(portal))
  await send(site, await rows(site, own!.seq), own!.seq)
  expect([await texts(portal), await texts(site)]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
})

it('[R9] [LINK-11] what the portal still holds of a document that passes no more, a proof finds, and the site says so', async () => {
  const { portal, site, say, become } = await practice()
  const { meet, rows } = wireOf({ portal, site })
  await meet()
  await say(site, 'a')
  const [own] = await rows(site)
  await become(false)
  const before = site.replication.declared().head
  await site.replication.heal('messages', [own!], all)
  const said = await rows(site, before)
  expect(said.map(({ facts, receipt, update }) => [facts.reachable, receipt, update.length])).toEqual([[false, true, emptyUpdate.length]]) // prettier-ignore
})

it('[R10] [LINK-11] a document that begins to pass by what a proof brings is logged anew, whole', async () => {
  const { portal, site, say, key } = await practice()
  const { meet, rows } = wireOf({ portal, site })
  await meet()
  await say(site, 'a', false)
  expect(await rows(site)).toEqual([])
  const own = (await site.head('messages', key))!
  const facts = { ...own.facts, reachable: true, at: own.facts.at + 5 }
  const theirs = { seq: 1, key, generation: 1, erased: 0, facts, update: emptyUpdate, receipt: false }
  // The portal has read up to here, and has had nothing of it.
  const before = site.replication.declared().head
  await site.replication.heal('messages', [theirs], all)
  const [anew, ...others] = await rows(site, before)
  expect(Object.keys(readEntries([anew!.update]))).toEqual(['a'])
  expect(others).toEqual([])
})

it('[R11] a collection is erased at the portal once every site has erased it, and comes back whole when it is switched on', async () => {
  let version = 1
  let mode: 'on' | 'erased' = 'on'
  const site: LinkSettings = { version: () => version, sends: (name: Collection) => name !== 'messages' || mode === 'on' } // prettier-ignore
  const portalSettings: LinkSettings = { version: () => version, sends: () => true }
  const { portal, site: replica, connected, say, texts } = await practice({ portal: portalSettings, site })
  await say(replica, 'a')
  await say(portal, 'b')
  let isDone = false
  void portal.eraseCollection('messages', () => mode === 'erased').then(() => (isDone = true))
  const link = connected()
  await link.caughtUp()
  expect(await texts(portal)).toEqual(['a', 'b'])
  const before = portal.replication.declared().incarnations[6]
  ;[mode, version] = ['erased', 2]
  await say(portal, 'c')
  await link.caughtUp()
  await expect.poll(() => isDone).toBe(true)
  expect(await texts(portal)).toEqual([])
  expect(await texts(replica)).toEqual(['a', 'b', 'c'])
  const incarnation = portal.replication.declared().incarnations[6]
  expect(incarnation).not.toBe(before)
  // Asked again where nothing is held, it begins no other.
  await portal.eraseCollection('messages', () => true)
  expect(portal.replication.declared().incarnations[6]).toBe(incarnation)
  ;[mode, version] = ['on', 3]
  await say(replica, 'd')
  await link.caughtUp()
  await expect.poll(() => texts(portal)).toEqual(['a', 'b', 'c', 'd'])
  await link.stop()
})

it('[R11] what is of a site in use no more stays when the others erase the collection, holds up nothing, and is whole for who takes it over', async () => {
  const { portal, site, say, texts } = await practice()
  const [old, patient] = [ulid(), ulid()]
  const by = { role: 'staff', id: 'x' } as const
  const kept = { kind: 'message', at: 1, by, thread: patient, subject: 's', text: 'kept' } as const
  await say(portal, 'a')
  await portal.change([{ collection: 'messages', key: old, facts: factsOf(patient, 'closed'), add: { kept } }])
  await portal.replication.meet(site.replication.declared())
  const own: Passes = (_, facts) => facts.site === 'mesa'
  portal.replication
    .attach({ peer: site.id, passes: own, isThere: async () => true, isWhole: async () => true, startOver() {} })
    .stands()
  await portal.replication.acknowledged(site.id, 'messages', 2)
  await portal.eraseCollection(
    'messages',
    () => true,
    (facts) => facts.site !== 'closed',
  )
  expect(await texts(portal)).toEqual([])
  expect((await portal.entries('messages', old)).map(({ id }) => id)).toEqual(['kept'])
  await portal.change([{ collection: 'messages', key: old, become: factsOf(patient, 'mesa') }])
  const { rows, to } = await portal.replication.outgoing(site.id, 'messages', { from: 0, complete: 0, maxBytes: 1e6 }, own) // prettier-ignore
  await site.replication.meet(portal.replication.declared())
  const epoch = portal.replication.declared().epochs[0]!.id
  await site.replication.receive(portal.id, { collection: 'messages', from: 0, to, tail: true, epoch, rows }, own)
  expect((await site.entries('messages', old)).map(({ id }) => id)).toEqual(['kept'])
})

it('[R6] a change of the settings starts the link over, and what is under way by the old ones is not taken', async () => {
  let version = 1
  const settings: LinkSettings = { version: () => version, sends: (name) => name !== 'messages' || version > 1 }
  const seen: number[] = []
  const { portal, site, connected, say, texts } = await practice({ portal: settings, site: settings })
  await say(site, 'a')
  const link = connected()
  await link.caughtUp()
  // Off: nothing of it has gone, and nothing counts as gone.
  expect(await texts(portal)).toEqual([])
  expect((await link.status()).behind).toBe(0)
  expect(portal.replication.peer(site.id)!.cursors[6]!.position).toBe(0)
  const ended = link.onChange(() => void link.status().then(({ state }) => seen.push(state === 'connected' ? 1 : 0)))
  version = 2
  await say(site, 'b')
  await expect.poll(() => texts(portal)).toEqual(['a', 'b'])
  expect(seen).toContain(0)
  ended()
  await link.stop()
})

it('[R6] what goes under settings that the other end has not got is held until they have travelled: it would be refused there, and counted as read', async () => {
  let atPortal = 1
  const always = (name: Collection): boolean => name === 'preferences' || name === 'consents'
  const settingsOf = (version: () => number): LinkSettings => ({ version, sends: (name) => name !== 'messages' || version() === 2, always }) // prettier-ignore
  // The site has switched messages on; the portal does not know it yet, and takes none.
  const takes: Passes = (name, facts, erasure) => reachable(name, facts, erasure) && (name !== 'messages' || atPortal === 2) // prettier-ignore
  const { portal, site, connected, say, texts } = await practice({ portal: settingsOf(() => atPortal), site: settingsOf(() => 2) }, takes) // prettier-ignore
  const facts = factsOf(ulid(), 'mesa')
  const preference = ulid()
  await say(site, 'a')
  await site.change([
    { collection: 'preferences', key: preference, facts, at: 1, set: { messages: 'on' } },
    { collection: 'patients', key: ulid(), facts, at: 1, set: { firstName: 'A' } },
  ])
  const link = connected()
  onTestFinished(() => link.stop())
  let caughtUp = false
  const done = link.caughtUp().then(() => (caughtUp = true))
  // Settings travel; nothing else does, and neither side has caught up.
  await expect.poll(async () => (await portal.record('preferences', preference))?.fields).toEqual({ messages: 'on' })
  await say(site, 'b')
  await site.change([{ collection: 'preferences', key: preference, at: 2, set: { messages: 'still on' } }])
  await expect.poll(async () => (await portal.record('preferences', preference))?.fields).toEqual({ messages: 'still on' }) // prettier-ignore
  expect(await texts(portal)).toEqual([])
  expect(await portal.count('patients')).toBe(0)
  expect(portal.replication.peer(site.id)!.cursors[collections.indexOf('messages')]!.position).toBe(0)
  expect(caughtUp).toBe(false)
  // The portal has read them: the link starts over by itself, and all of it comes.
  atPortal = 2
  await site.change([{ collection: 'preferences', key: preference, at: 3, set: { messages: 'on' } }])
  await done
  expect(await texts(portal)).toEqual(['a', 'b'])
  expect(await portal.count('patients')).toBe(1)
})
