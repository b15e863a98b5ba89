/** M3: reconnect with nothing changed; its cost must not know how many documents there are. */
import { factor, inWords, thousands, type Measure } from './measure.ts'

const most = 1.5
const mostRoundTrips = 2

export const reconnect: Measure = {
  id: 'M3',
  target: `ten times the documents cost at most ${most} x, in at most ${mostRoundTrips} round trips`,
  job: (documents) =>
    `reconnect with nothing changed, ${thousands(documents)} and ${thousands(10 * documents)} documents`,
  async run({ documents, transfers }) {
    const one = await transfers.reconnect(documents)
    const ten = await transfers.reconnect(10 * documents)
    const growth = ten.ours / one.ours
    const { bytes } = ten.traffic
    const roundTrips = Math.max(one.roundTrips, ten.roundTrips)
    return {
      ours: `${inWords(one.ours)} and ${inWords(ten.ours)}, ${thousands(one.traffic.bytes)} and ${thousands(bytes)} bytes, ${roundTrips.toFixed(1)} round trips`,
      against: `floor ${inWords(one.floor)} and ${inWords(ten.floor)}`,
      comesTo: `${factor(growth)} for ten times the documents`,
      met: growth <= most && Math.round(roundTrips) <= mostRoundTrips && bytes <= most * one.traffic.bytes,
      json: {
        ours: one.ours,
        floor: one.floor,
        ratio: one.ours / one.floor,
        bytes: one.traffic.bytes,
        roundTrips,
        tenTimes: { ours: ten.ours, floor: ten.floor, bytes, growth },
      },
    }
  },
}
