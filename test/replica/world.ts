/** Replicas, keys and a real link over a real WebSocket, for the tests. */
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { acceptLinks, type Acceptor, type Admitted } from '../../src/replica/acceptor.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { certify, mintKeyPair } from '../../src/replica/device.ts'
import { keepLink, type Link, type LinkOptions } from '../../src/replica/connection.ts'
import { mintUlid, type PracticeId, type ReplicaId } from '../../src/replica/ids.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { sealerOf } from '../../src/replica/sealing.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import type { Store } from '../../src/replica/store.ts'
import type { Facts, Passes } from '../../src/replica/collections.ts'

export const clock = systemClock
export const ulid = () => mintUlid(clock)
export const master = sealerOf(new Uint8Array(32).fill(7))
export const folder = () => mkdtempSync(join(tmpdir(), 'patientconnection-'))

export function factsOf(patient: string, site: string): Omit<Facts, 'at'> {
  return { patient, site, shown: true, reachable: true, startsAt: null }
}

/** A replica in a SQLite file; `reopen` closes it and opens the same file again. */
export async function fileReplica(file: string, practice: PracticeId, id: ReplicaId): Promise<OpenReplica> {
  return openReplica({ store: await openSqliteStore({ file, master }), practice, id, clock })
}

/**
 * A hub and a site's replica, linked over a real socket; closed when the test ends. Each is in a file of `dir`,
 * `hub.sqlite` and `site.sqlite`, where the test brings no store.
 */
export async function linkedPair(given: { readonly practice: PracticeId; readonly hub?: Store; readonly own?: Store }) {
  const { practice } = given
  const dir = folder()
  const opened = async (name: string, store: Store | undefined): Promise<OpenReplica> => {
    const held = store ?? (await openSqliteStore({ file: join(dir, name), master }))
    const replica = await openReplica({ store: held, practice, id: ulid(), clock })
    onTestFinished(() => replica.close())
    return replica
  }
  const hub = await opened('hub.sqlite', given.hub)
  const own = await opened('site.sqlite', given.own)
  const portal = await portalFor(() => hub)
  onTestFinished(() => portal.close())
  const link = linkTo(portal, own, hub.id)
  onTestFinished(() => link.stop())
  return { dir, hub, own, portal, link }
}

/** A portal that accepts one site over a real socket. */
export async function portalFor(
  replica: () => OpenReplica,
  other: Partial<Admitted> | (() => Partial<Admitted>) = {},
): Promise<{ url: string; acceptor: Acceptor; privateKey: string; close(): Promise<void> }> {
  const keys = mintKeyPair()
  const all: Passes = () => true
  const acceptor = acceptLinks({
    portalPublicKey: keys.publicKey,
    admit: async () => ({
      replica: replica(),
      passesIn: all,
      passesOut: all,
      ...(typeof other === 'function' ? other() : other),
    }),
    clock,
  })
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  server.on('connection', (socket) => acceptor.accept(socket))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    acceptor,
    privateKey: keys.privateKey,
    async close() {
      acceptor.disconnect()
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Links a site to such a portal, by another way of dialing or another clock where a test wants one. */
export function linkTo(
  portal: { url: string; privateKey: string },
  site: OpenReplica,
  peer: string,
  other: Partial<Pick<LinkOptions, 'dial' | 'clock' | 'chunks' | 'passesIn' | 'passesOut' | 'settings'>> = {},
): Link {
  const keys = mintKeyPair()
  const certificate = certify(portal.privateKey, {
    practice: site.practice,
    site: ulid(),
    replica: site.id,
    publicKey: keys.publicKey,
    issuedAt: 1,
  })
  const all: Passes = () => true
  return keepLink({
    replica: site,
    peer,
    url: portal.url,
    dial: (url) => new WebSocket(url),
    device: { privateKey: keys.privateKey, certificate },
    passesIn: all,
    passesOut: all,
    clock,
    ...other,
  })
}
