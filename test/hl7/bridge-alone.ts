/** An HL7 bridge over a replica in a file, with one channel on which messages come in and no InSched behind it. */
import { join } from 'node:path'
import { openHl7, type Hl7Bridge, type Hl7Options } from '../../src/bridges/hl7/hl7-bridge.ts'
import { inboundApply } from '../../src/bridges/hl7/inbound.ts'
import type { PracticeId, ReplicaId } from '../../src/replica/ids.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { Sealer } from '../../src/replica/sealing.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'

/** An InSched that has no number for anything and takes what it is given. */
export const noInSched: Hl7Options['insched'] = {
  localOf: async () => undefined,
  documentOf: async () => undefined,
  billingOf: async () => ({ guarantor: undefined, insurances: [] }),
  writeRecord: async () => 'written',
}

/** Opens the folder, as it was left or new; resolves when the channel listens. */
export async function openBridgeAlone(options: {
  readonly dir: string
  /** The name of the replica's file. */
  readonly file: string
  readonly master: Sealer
  readonly practice: PracticeId
  readonly id: ReplicaId
  readonly site: string
  readonly port: number
  /** What else the channel is told. */
  readonly channel?: object
}): Promise<{ readonly bridge: Hl7Bridge; readonly replica: OpenReplica; readonly port: number }> {
  const { dir, file, master, practice, id, site, port, channel } = options
  const store = await openSqliteStore({ file: join(dir, file), master })
  const replica = await openReplica({ store, practice, id, clock })
  const bridge = openHl7({
    dir,
    master,
    replica,
    site,
    clock,
    say: () => {},
    insched: noInSched,
    apply: (queue, wakeWriter) => inboundApply({ queue, wakeWriter, replica, numbers: noInSched, site, zone: async () => 'UTC', mint: () => mintUlid(clock), clock }), // prettier-ignore
  })
  if (bridge.channels().length === 0) await bridge.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port }, ...channel }) // prettier-ignore
  bridge.start()
  const listens = (): number | null => bridge.status()[0]!.port
  while (listens() === null) await new Promise((resolve) => void setImmediate(resolve))
  return { bridge, replica, port: listens()! }
}
