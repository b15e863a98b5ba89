/** M1: upload of new documents, until they are durable at the peer. */
import { factor, inWords, thousands, type Measure } from './measure.ts'

const most = 2

export const upload: Measure = {
  id: 'M1',
  target: `at most ${most} x the floor`,
  job: (documents) => `upload of ${thousands(documents)} new documents, durable at the peer`,
  async run({ documents, transfers }) {
    const { ours, floor } = await transfers.upload(documents)
    const ratio = ours / floor
    return {
      ours: inWords(ours),
      against: `floor ${inWords(floor)}`,
      comesTo: factor(ratio),
      met: ratio <= most,
      json: { ours, floor, ratio },
    }
  },
}
