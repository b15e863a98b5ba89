/** M8: how M1, M2 and the portal's memory grow with the number of documents, for ours and for the floor. */
import { inWords, thousands, type Bench, type Figures, type Measure } from './measure.ts'

/** How far from a straight line, and from flat, still counts as one. */
const most = 1.5

/** One point of the curves; seconds, and bytes resident at the portal after M2. */
export interface Point {
  readonly documents: number
  readonly upload: { readonly ours: number; readonly floor: number }
  readonly catchUp: { readonly ours: number; readonly floor: number }
  readonly memory: { readonly ours: number; readonly floor: number }
}

export interface Growth extends Figures {
  readonly points: readonly Point[]
}

const pointInWords = ({ documents, upload, catchUp, memory }: Point): string =>
  `${thousands(documents)}: ${inWords(upload.ours)}, ${inWords(catchUp.ours)}, ${Math.round(memory.ours / 2 ** 20)} MiB`

export const growth: Measure & { run(bench: Bench): Promise<Growth> } = {
  id: 'M8',
  target: `ten times the documents: M1 at most ${10 * most} x, M2 and memory at most ${most} x`,
  job: (documents) =>
    `growth of M1, M2 and the portal's memory: ${[0.1, 1, 10].map((part) => thousands(part * documents)).join(', ')} documents`,
  async run({ documents, transfers }) {
    const points: Point[] = []
    for (const size of [documents / 10, documents, 10 * documents]) {
      const upload = await transfers.upload(size)
      const { ours, floor, memory } = await transfers.catchUp(size)
      points.push({
        documents: size,
        upload,
        catchUp: { ours, floor },
        memory: { ours: memory.ours.resident, floor: memory.floor.resident },
      })
    }
    const [, middle, last] = points as [Point, Point, Point]
    const times = {
      upload: last.upload.ours / middle.upload.ours,
      catchUp: last.catchUp.ours / middle.catchUp.ours,
      memory: last.memory.ours / middle.memory.ours,
    }
    const floors = {
      upload: last.upload.floor / middle.upload.floor,
      catchUp: last.catchUp.floor / middle.catchUp.floor,
      memory: last.memory.floor / middle.memory.floor,
    }
    const words = ({ upload, catchUp, memory }: typeof times): string =>
      `M1 ${upload.toFixed(1)} x, M2 ${catchUp.toFixed(1)} x, memory ${memory.toFixed(1)} x`
    return {
      points,
      ours: points.map(pointInWords).join('; '),
      against: `floor ${words(floors)}`,
      comesTo: words(times),
      met: times.upload <= 10 * most && times.catchUp <= most && times.memory <= most,
      json: { ours: times, floor: floors, points },
    }
  },
}
