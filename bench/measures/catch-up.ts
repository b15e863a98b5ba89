/** M2: catch-up in fresh processes, some documents changed at each side. */
import { changedOf } from '../documents.ts'
import { factor, inWords, thousands, type Measure } from './measure.ts'

const most = 2

export const catchUp: Measure = {
  id: 'M2',
  target: `at most ${most} x the floor`,
  job: (documents) => `catch-up, ${thousands(changedOf(documents))} changed at each side of ${thousands(documents)}`,
  async run({ documents, transfers }) {
    const { ours, floor } = await transfers.catchUp(documents)
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
