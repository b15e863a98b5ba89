/** M6: bytes on the wire in the catch-up of M2, against the bytes of the updates that changed. */
import { factor, thousands, type Measure } from './measure.ts'

const mostBefore = 1.1
const mostOnWire = 0.3

export const wire: Measure = {
  id: 'M6',
  target: `before compression at most ${mostBefore} x the update bytes that changed, on the wire at most ${mostOnWire} x`,
  job: () => 'bytes on the wire in M2, before compression and as sent',
  async run({ documents, transfers }) {
    const { traffic, changedBytes } = await transfers.catchUp(documents)
    const [before, onWire] = [traffic.uncompressed / changedBytes, traffic.bytes / changedBytes]
    return {
      ours: `${thousands(traffic.uncompressed)} and ${thousands(traffic.bytes)} bytes`,
      against: `${thousands(changedBytes)} bytes changed`,
      comesTo: `${factor(before)} and ${factor(onWire)}`,
      met: before <= mostBefore && onWire <= mostOnWire,
      json: {
        ours: traffic.bytes,
        floor: changedBytes,
        ratio: onWire,
        uncompressed: traffic.uncompressed,
        uncompressedRatio: before,
        unit: 'bytes',
      },
    }
  },
}
