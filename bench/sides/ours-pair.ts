/** The two replicas of a measurement of ours, as both sides open them: the product's replica over its SQLite store. */
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintKeyPair, type KeyPair } from '../../src/replica/device.ts'
import { mintUlid, type Ulid } from '../../src/replica/ids.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { sealerOf } from '../../src/replica/sealing.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'

export interface Pair {
  readonly practice: Ulid
  readonly site: Ulid
  readonly portal: Ulid
  readonly keys: { readonly device: KeyPair; readonly portal: KeyPair }
}
export type Role = 'site' | 'portal'

/** The master key of all files of the bench. */
export const master = sealerOf(new Uint8Array(32))

export function newPair(): Pair {
  return {
    practice: mintUlid(clock),
    site: mintUlid(clock),
    portal: mintUlid(clock),
    keys: { device: mintKeyPair(), portal: mintKeyPair() },
  }
}

export async function openRole(pair: Pair, role: Role, file: string): Promise<OpenReplica> {
  return openReplica({ store: await openSqliteStore({ file, master }), practice: pair.practice, id: pair[role], clock })
}
