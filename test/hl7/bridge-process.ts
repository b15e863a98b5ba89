/** A process to be killed: an HL7 bridge over a replica in a file, with one channel; says its port when it listens. Arguments: folder, practice, replica, site, port. */
import { parseUlid } from '../../src/replica/ids.ts'
import { sealerOf } from '../../src/replica/sealing.ts'
import { openBridgeAlone } from './bridge-alone.ts'

const [dir, practice, id, site, port] = process.argv.slice(2) as [string, string, string, string, string]
const master = sealerOf(new Uint8Array(32).fill(7))
await openBridgeAlone({ dir, file: 'replica.sqlite', master, practice: parseUlid(practice), id: parseUlid(id), site, port: Number(port) }) // prettier-ignore
process.stdout.write('listening\n')
