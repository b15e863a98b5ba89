/** A process to be killed: an HL7 bridge over a replica in a file, with one channel; says its port when it listens. Arguments: folder, practice, replica, site, port. */
import { join } from 'node:path'
import { openHl7 } from '../../src/bridges/hl7/hl7-bridge.ts'
import { inboundApply } from '../../src/bridges/hl7/inbound.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintUlid, parseUlid } from '../../src/replica/ids.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { sealerOf } from '../../src/replica/sealing.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'

const [dir, practice, id, site, port] = process.argv.slice(2) as [string, string, string, string, string]
const master = sealerOf(new Uint8Array(32).fill(7))
const store = await openSqliteStore({ file: join(dir, 'replica.sqlite'), master })
const replica = await openReplica({ store, practice: parseUlid(practice), id: parseUlid(id), clock })
const numbers = {
  localOf: async () => undefined,
  documentOf: async () => undefined,
  billingOf: async () => ({ guarantor: undefined, insurances: [] }),
}
const bridge = openHl7({
  dir,
  master,
  replica,
  site,
  clock,
  say: () => {},
  insched: { ...numbers, writeRecord: async () => 'written' },
  apply: (queue, wakeWriter) =>
    inboundApply({
      queue,
      wakeWriter,
      replica,
      numbers,
      site,
      zone: async () => 'UTC',
      mint: () => mintUlid(clock),
      clock,
    }),
})
if (bridge.channels().length === 0) await bridge.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port: Number(port) } }) // prettier-ignore
bridge.start()
while (bridge.status()[0]!.port === null) await new Promise((resolve) => void setImmediate(resolve))
process.stdout.write('listening\n')
