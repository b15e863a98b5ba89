/**
 * `npm run bench [-- --json FILE]`: M1, M2 and M7 against the floor, each ratio measured in one run on this machine.
 * The floor: the same bytes read from SQLite, shipped in 256 KiB frames over one WebSocket, inserted in SQLite with
 * synchronous=FULL, acknowledged after the commit. Median of three.
 */
import Database from 'better-sqlite3'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { createReferenceDatabase } from '../src/bridges/insched/create-sqlite.ts'
import { openPortal } from '../src/portal.ts'
import { systemClock as clock } from '../src/replica/clock.ts'
import { keepLink } from '../src/replica/connection.ts'
import { certify, mintKeyPair } from '../src/replica/device.ts'
import { mintUlid } from '../src/replica/ids.ts'
import { openReplica, type OpenReplica } from '../src/replica/replica.ts'
import { sealerOf } from '../src/replica/sealing.ts'
import { openSqliteStore } from '../src/replica/sqlite-store.ts'
import { enroll, openSite } from '../src/site.ts'
import { changeSome, writeRecords } from './documents.ts'

const documents = 30_000
const changed = 2_000
const dir = mkdtempSync(join(tmpdir(), 'patientconnection-bench-'))
const master = sealerOf(new Uint8Array(32))
const [practice, siteId, portalId] = [mintUlid(clock), mintUlid(clock), mintUlid(clock)]
const keys = { portal: mintKeyPair(), device: mintKeyPair() }
const median = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
const seconds = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
const file = (name: string): string => join(dir, name)
const openSide = async (name: string): Promise<OpenReplica> =>
  openReplica({ store: await openSqliteStore({ file: file(name), master }), practice, id: siteId, clock })

async function peer(kind: 'floor' | 'ours', name: string, changes = 0): Promise<{ port: number; child: ChildProcess }> {
  const child = fork(new URL('peer.ts', import.meta.url), [
    kind,
    file(name),
    practice,
    portalId,
    keys.portal.publicKey,
    String(changes),
  ])
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return { ...message, child }
}
async function end(child: ChildProcess, kindly: boolean): Promise<void> {
  const gone = once(child, 'exit')
  if (kindly) child.send('end')
  else child.kill()
  await gone
}

async function ours(replica: OpenReplica, port: number): Promise<number> {
  const certificate = certify(keys.portal.privateKey, {
    practice,
    site: siteId,
    replica: siteId,
    publicKey: keys.device.publicKey,
    issuedAt: 1,
  })
  const all = (): boolean => true
  let link!: ReturnType<typeof keepLink>
  const time = await seconds(async () => {
    link = keepLink({
      replica,
      peer: portalId,
      url: `ws://127.0.0.1:${port}`,
      dial: (url) => new WebSocket(url),
      device: { privateKey: keys.device.privateKey, certificate },
      passesIn: all,
      passesOut: all,
      clock,
    })
    await link.caughtUp()
  })
  await link.stop()
  return time
}

/** Ships `limit` rows of the site's own bytes by the floor. */
async function floor(source: string, limit: number): Promise<number> {
  const { port, child } = await peer('floor', `floor-${mintUlid(clock)}.sqlite`)
  const db = new Database(file(source), { readonly: true })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const time = await seconds(async () => {
    let frame: Buffer[] = []
    let size = 0
    let acknowledged = 0
    let sent = 0
    const done = Promise.withResolvers<void>()
    let finished = false
    socket.on('message', () => {
      if (++acknowledged === sent && finished) done.resolve()
    })
    const flush = (): void => {
      if (size === 0) return
      socket.send(Buffer.concat(frame))
      sent++
      frame = []
      size = 0
    }
    for (const { bytes } of db.prepare('select bytes from rows limit ?').iterate(limit) as Iterable<{
      bytes: Buffer
    }>) {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      frame.push(length, bytes)
      size += bytes.length + 4
      if (size >= 256 * 1024) flush()
    }
    flush()
    finished = true
    await done.promise
  })
  socket.close()
  db.close()
  await end(child, false)
  return time
}

/** The updates of the site's log as plain rows, for the floor to read. */
async function plainCopy(replica: OpenReplica, name: string): Promise<void> {
  const db = new Database(file(name))
  db.exec('create table rows(id integer primary key, bytes blob)')
  const stranger = mintUlid(clock)
  await replica.replication.meet({ replica: stranger, epochs: [{ id: 1, first: 1 }], head: 0, incarnations: [] })
  const insert = db.prepare('insert into rows(bytes) values (?)')
  for (let from = 0, tail = false; !tail;) {
    const part = await replica.replication.outgoing(
      stranger,
      'patients',
      { from, complete: 0, maxBytes: 4 * 1024 * 1024 },
      () => true,
    )
    db.transaction(() => part.rows.forEach((row) => insert.run(row.update)))()
    from = part.to
    tail = part.tail
  }
  db.close()
}

interface Measure {
  readonly ours: number
  readonly floor: number
  readonly ratio: number
  readonly peers: Readonly<Record<string, number>>
}
const measure = (mine: number[], floors: number[]): Measure => ({
  ours: median(mine),
  floor: median(floors),
  ratio: median(mine) / median(floors),
  peers: {},
})

async function uploads(): Promise<{ M1: Measure; M2: Measure }> {
  const [m1, m1Floor, m2, m2Floor]: [number[], number[], number[], number[]] = [[], [], [], []]
  const base = await openSide('base.sqlite')
  await writeRecords(base, documents)
  await plainCopy(base, 'plain.sqlite')
  await base.close()
  for (let run = 0; run < 3; run++) {
    copyFileSync(file('base.sqlite'), file(`site${run}.sqlite`))
    m1Floor.push(await floor('plain.sqlite', documents))
    const first = await peer('ours', `portal${run}.sqlite`)
    const site = await openSide(`site${run}.sqlite`)
    m1.push(await ours(site, first.port))
    await site.close()
    await end(first.child, true)
    m2Floor.push(await floor('plain.sqlite', 2 * changed))
    const again = await openSide(`site${run}.sqlite`)
    await changeSome(again, changed, 'site')
    await again.close()
    const second = await peer('ours', `portal${run}.sqlite`, changed)
    const fresh = await openSide(`site${run}.sqlite`)
    m2.push(await ours(fresh, second.port))
    await fresh.close()
    await end(second.child, true)
  }
  return { M1: measure(m1, m1Floor), M2: measure(m2, m2Floor) }
}

/** From InSched's database to the portal's index; both in this process, where the product has two. */
async function wholeJob(): Promise<{ records: number; seconds: number; perSecond: number }> {
  const database = file('insched.db')
  await createReferenceDatabase(database, { patients: documents, now: clock.now() })
  const portal = await openPortal({ dir: file('portal'), master, clock, log: () => {} })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Bench', zone: 'America/Phoenix' })
  const { enrollmentCode } = portal.addSite({ practice: practiceId, name: 'Bench' })
  await enroll({ dir: file('site'), master, clock, portal: url, code: enrollmentCode, insched: `sqlite:${database}` })
  let uploaded = { patients: 0, plans: 0, stages: 0, events: 0 }
  const time = await seconds(async () => {
    const site = await openSite({ dir: file('site'), master, clock })
    uploaded = await site.upload()
    const replica = portal.replicaOf(practiceId)!
    for (let rows = -1; ;) {
      const now = (await replica.index({ view: 'patient' })).length
      if (now === rows && now > 0) break
      rows = now
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await site.close()
  })
  await portal.close()
  const records = uploaded.patients + uploaded.plans + uploaded.stages + uploaded.events
  return { records, seconds: time, perSecond: records / time }
}

const { values } = parseArgs({ options: { json: { type: 'string' } } })
try {
  const results = { ...(await uploads()), M7: await wholeJob() }
  if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 2))
  console.log(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`)
  for (const id of ['M1', 'M2'] as const) {
    const { ours: mine, floor: least, ratio } = results[id]
    console.log(`${id}  ours ${mine.toFixed(3)} s  floor ${least.toFixed(3)} s  ratio ${ratio.toFixed(2)}`)
  }
  console.log(
    `M7  ${results.M7.records} records in ${results.M7.seconds.toFixed(1)} s: ${Math.round(results.M7.perSecond)} a second`,
  )
} finally {
  rmSync(dir, { recursive: true })
}
process.exit(0)
