/**
 * M12 and M13: what the bridge to InSched costs at rest, how soon it has what staff changed, and how many answers a second it
 * writes, each in databases of a tenth, of one and of ten times the events; in SQLite and in PostgreSQL.
 */
import { join } from 'node:path'
import type { InSchedSide } from '../sides/insched-bridge.ts'
import { factor, inWords, thousands, type Bench, type Figures, type Measure } from './measure.ts'

/** How far from flat still counts as flat, over a hundred times the events. */
const most = 1.5
/** Changed rows, and how soon they must be there: seconds. */
const changedRows = 2_000
const soon = 2
/** What counts as nothing measurable: this share of one processor. */
const atRestMost = 0.01
const answers = 500
const restFor = 10
const rounds = 3

interface Point {
  readonly events: number
  readonly fullRead: number
  readonly atRest: number
  readonly capture: number
  readonly writeBack: number
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

async function pointOf({ dir, processes }: Bench, engine: 'SQLite' | 'PostgreSQL', events: number): Promise<Point> {
  // A small bench tries itself out with fewer.
  const [rows, count] = [Math.min(changedRows, events), Math.min(answers, Math.floor(events / rounds))]
  const side = processes.start<InSchedSide>('sides/insched-bridge.ts', `insched-${engine}-${events}`)
  const fullRead = await side.call('open', join(dir, `insched-${engine}-${events}`), engine, events)
  const atRest = await side.call('atRest', events < changedRows ? 1 : restFor)
  const [capture, writeBack]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    capture.push(await side.call('capture', rows, 40 + round))
    writeBack.push((await side.call('writeBack', count, round * count)) / count)
  }
  await side.call('close')
  await side.end()
  return { events, fullRead, atRest, capture: median(capture), writeBack: median(writeBack) }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const pointInWords = ({ events, fullRead, atRest, capture, writeBack }: Point): string =>
  `${thousands(events)}: first read ${thousands(events / fullRead)} a second, at rest ${percent(atRest)}, changes ${inWords(capture)}, ${thousands(1 / writeBack)} answers a second`

function measureOf(id: string, engine: 'SQLite' | 'PostgreSQL'): Measure {
  return {
    id,
    target: `changes within ${soon} s; from a tenth to ten times the events at most ${most} x, and at rest at most ${percent(atRestMost)} of a processor`,
    job: (documents) =>
      `${thousands(changedRows)} rows that staff changed and answers of patients written back, InSched in ${engine} with ${[0.1, 1, 10].map((part) => thousands(part * documents)).join(', ')} events`,
    async run(bench): Promise<Figures> {
      const points: Point[] = []
      for (const part of [0.1, 1, 10]) points.push(await pointOf(bench, engine, part * bench.documents))
      const [first, , last] = points as [Point, Point, Point]
      const [capture, writeBack] = [last.capture / first.capture, last.writeBack / first.writeBack]
      const atRest = Math.max(...points.map((point) => point.atRest))
      const slowest = Math.max(...points.map((point) => point.capture))
      return {
        ours: points.map(pointInWords).join('; '),
        against: '',
        comesTo: `changes ${inWords(slowest)}, ${factor(capture)} x; answers ${factor(writeBack)} x; at rest ${percent(atRest)}`,
        met: slowest <= soon && capture <= most && writeBack <= most && atRest <= atRestMost,
        json: { capture, writeBack, atRest, slowest, points },
      }
    },
  }
}

export const captureInSqlite = measureOf('M12', 'SQLite')
export const captureInPostgres = measureOf('M13', 'PostgreSQL')
