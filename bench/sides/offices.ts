/** Many practice sites in one process, each a replica with its link to the product's portal; without InSched. */
import { join } from 'node:path'
import * as v from 'valibot'
import { WebSocket } from 'ws'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { keepLink, type Link } from '../../src/replica/connection.ts'
import { mintKeyPair, type KeyPair } from '../../src/replica/device.ts'
import { mintUlid, type Ulid } from '../../src/replica/ids.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { changeSome, writeRecords } from '../documents.ts'
import { answer } from '../processes.ts'
import { master } from './ours-pair.ts'
import type { Enrolment, IndexedRow } from './portal.ts'

/** A site that the portal knows. */
export interface Office {
  readonly file: string
  readonly practice: Ulid
  readonly replica: Ulid
  readonly portalReplica: string
  readonly certificate: string
  readonly keys: KeyPair
}
const enrolled = v.object({ site: v.string(), portalReplica: v.string(), certificate: v.string() })
const all = (): boolean => true
const open: { office: Office; replica: OpenReplica; link?: Link }[] = []

const openOffice = async ({ file, practice, replica }: Office): Promise<OpenReplica> =>
  openReplica({ store: await openSqliteStore({ file, master }), practice, id: replica, clock })

const linkOf = (office: Office, replica: OpenReplica, portal: string): Link =>
  keepLink({
    replica,
    peer: office.portalReplica,
    url: `${portal.replace(/^http/, 'ws')}/link`,
    dial: (url) => new WebSocket(url, { maxPayload: 8 * 1024 * 1024 }),
    device: { privateKey: office.keys.privateKey, certificate: office.certificate },
    passesIn: all,
    passesOut: all,
    clock,
  })

export type Offices = typeof handlers
const handlers = {
  /**
   * Enrolls a site per code, with `documents` records that the portal has, all of them changed since. Resolves with the
   * sites, and per site the index row that the portal makes last.
   */
  async prepare(dir: string, portal: string, enrolments: readonly Enrolment[], documents: number) {
    const sites: Office[] = []
    const newest: IndexedRow[] = []
    for (const [number, { practice, code }] of enrolments.entries()) {
      const keys = mintKeyPair()
      const replicaId = mintUlid(clock)
      const answered = await fetch(new URL('/enroll', portal), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code, replica: replicaId, publicKey: keys.publicKey }),
      })
      if (!answered.ok) throw new Error(`The portal enrolled no site: ${await answered.text()}`)
      const { site, portalReplica, certificate } = v.parse(enrolled, await answered.json())
      const office: Office = {
        file: join(dir, `site-${number}.sqlite`),
        practice: practice as Ulid,
        replica: replicaId,
        portalReplica,
        certificate,
        keys,
      }
      const replica = await openOffice(office)
      await writeRecords(replica, site, documents)
      const heads = await replica.list('patients', undefined, documents)
      newest.push(['patient', heads.reduce((newer, head) => (head.seq > newer.seq ? head : newer)).key])
      const link = linkOf(office, replica, portal)
      await link.caughtUp()
      await link.stop()
      await changeSome(replica, documents, 'site')
      await replica.close()
      sites.push(office)
    }
    return { sites, newest }
  },
  async open(sites: readonly Office[]): Promise<void> {
    for (const office of sites) open.push({ office, replica: await openOffice(office) })
  },
  /** Seconds until all of them and the portal have what the other had. */
  async reconnect(portal: string): Promise<number> {
    const began = performance.now()
    for (const one of open) one.link = linkOf(one.office, one.replica, portal)
    await Promise.all(open.map((one) => one.link!.caughtUp()))
    return (performance.now() - began) / 1000
  },
  async close(): Promise<void> {
    for (const { link, replica } of open.splice(0)) {
      await link?.stop()
      await replica.close()
    }
  },
}
answer(handlers)
