/**
 * Whether the portal's replica and each site's say the same of every document that both are to have, read from their
 * files after the processes have ended.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { defaultSettings, passes } from '../../../src/mirror/policy.ts'
import { systemClock } from '../../../src/replica/clock.ts'
import {
  collections,
  recordCollections,
  type Collection,
  type RecordCollection,
} from '../../../src/replica/collections.ts'
import type { PracticeId, ReplicaId } from '../../../src/replica/ids.ts'
import type { DocumentHead, Kinds } from '../../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../../src/replica/replica.ts'
import { readMasterKey } from '../../../src/replica/sealing.ts'
import { openSqliteStore } from '../../../src/replica/sqlite-store.ts'
import type { Practice } from './practice.ts'

const known: readonly (keyof Kinds)[] = ['access', 'confirmations', 'requests', 'messages', 'reviews']

/** A sentence for each site whose own proof of equality found something that differed from the portal, though all is at rest. */
export async function unproven(practice: Practice): Promise<string[]> {
  const proofs = practice.sites.map(async ({ name, control }) => {
    const proof = (await control('verify')) as { equal: boolean; collections: { differing: number }[] } | undefined
    const differing = proof?.collections.reduce((sum, one) => sum + one.differing, 0) ?? 0
    return proof?.equal && differing === 0 ? [] : [`verify at ${name}: ${differing} documents differed from the portal`]
  })
  return (await Promise.all(proofs)).flat()
}

/** A sentence for each document that differs, or that one has and the other lacks; ids only. */
export async function differences(practice: Practice): Promise<string[]> {
  const found: string[] = []
  for (const { dir, name } of practice.sites) {
    const settings = JSON.parse(readFileSync(join(dir, 'site.json'), 'utf8')) as {
      practice: PracticeId
      site: string
      replica: ReplicaId
      portalReplica: ReplicaId
    }
    const open = async (file: string, folder: string, id: ReplicaId): Promise<OpenReplica> => {
      const store = await openSqliteStore({ file, master: readMasterKey(`${folder}.key`) })
      return openReplica({ store, practice: settings.practice, id, clock: systemClock })
    }
    const { portalDir } = practice
    const file = join(portalDir, 'practices', `${settings.practice}.sqlite`)
    const portal = await open(file, portalDir, settings.portalReplica)
    const site = await open(join(dir, 'replica.sqlite'), dir, settings.replica)
    try {
      for (const collection of collections) {
        const there = await heads(portal, collection)
        const here = await heads(site, collection)
        const shared = [...new Set([...here.keys(), ...there.keys()])].filter((key) => {
          const { facts } = (here.get(key) ?? there.get(key))!
          const question = { collection, facts, site: settings.site, now: systemClock.now() }
          return facts.site === settings.site && passes(defaultSettings, { ...question, direction: 'up' }).passes
        })
        for (const key of shared) {
          const [a, b] = [await said(portal, collection, key), await said(site, collection, key)]
          const same = isDeepStrictEqual(a, b) && isDeepStrictEqual(there.get(key)?.facts, here.get(key)?.facts)
          if (!same) found.push(`${collection}/${key} differs between the portal and ${name}`)
        }
      }
    } finally {
      await Promise.all([portal.close(), site.close()])
    }
  }
  return found
}

async function heads(replica: OpenReplica, collection: Collection): Promise<Map<string, DocumentHead>> {
  return new Map((await replica.list(collection, undefined, 1_000_000)).map((head) => [head.key, head]))
}

async function said(replica: OpenReplica, collection: Collection, key: string): Promise<unknown> {
  const record = recordCollections.find((name) => name === collection) as RecordCollection | undefined
  if (record) return replica.record(record, key)
  const entries = known.find((name) => name === collection)
  const list = entries ? await replica.entries(entries, key) : []
  return list.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
