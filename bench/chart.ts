/**
 * The picture of growth, docs/pictures/growth.svg: M1, M2 and the portal's memory over the number of documents, for ours
 * and the floor, on logarithmic axes, where a straight line that rises one decade per decade is linear and a level one is
 * flat. Plain SVG that reads on light and on dark ground.
 */
import { writeFileSync } from 'node:fs'
import type { Point } from './measures/growth.ts'
import { thousands } from './measures/measure.ts'

interface Panel {
  readonly title: string
  readonly unit: string
  readonly of: (point: Point) => { readonly ours: number; readonly floor: number }
}
const panels: readonly Panel[] = [
  { title: 'M1, upload', unit: 'seconds', of: ({ upload }) => upload },
  { title: 'M2, catch-up', unit: 'seconds', of: ({ catchUp }) => catchUp },
  {
    title: 'Memory of the portal after M2',
    unit: 'MiB resident',
    of: ({ memory }) => ({ ours: memory.ours / 2 ** 20, floor: memory.floor / 2 ** 20 }),
  },
]
const width = 310
const height = 240
const left = 52
const top = 44
const plot = { width: width - left - 70, height: height - top - 48 }

export function writeChart(points: readonly Point[]): void {
  writeFileSync(new URL('../docs/pictures/growth.svg', import.meta.url), chartOf(points))
}

export function chartOf(points: readonly Point[]): string {
  const drawn = panels.map((panel, i) => `<g transform="translate(${i * width} 0)">${draw(panel, points)}</g>`)
  const words = panels.map(({ title, unit, of }) => {
    const each = points.map(
      (point) => `${thousands(point.documents)}: ${short(of(point).ours)} and ${short(of(point).floor)}`,
    )
    return `${title} (${unit}, ours and the floor): ${each.join('; ')}.`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width * panels.length} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-labelledby="t d">
<title id="t">Growth with the number of documents, ours and the floor</title>
<desc id="d">${words.join(' ')}</desc>
<style>
text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #8b949e; stroke-opacity: .35 }
.ours { stroke: #0969da; fill: #0969da } .floor { stroke: #8a5a00; fill: #8a5a00 } path.ours, path.floor { fill: none; stroke-width: 2 } text.ours, text.floor { stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .quiet { fill: #9198a1 }
.ours { stroke: #58a6ff; fill: #58a6ff } .floor { stroke: #d29922; fill: #d29922 } path.ours, path.floor { fill: none } text.ours, text.floor { stroke: none }
}
</style>
${drawn.join('\n')}
</svg>
`
}

function draw({ title, unit, of }: Panel, points: readonly Point[]): string {
  const values = points.flatMap((point) => [of(point).ours, of(point).floor])
  const [lowest, highest] = decades(Math.min(...values), Math.max(...values))
  const sizes = points.map(({ documents }) => documents)
  const along = (value: number, from: number, to: number): number =>
    (Math.log10(value) - Math.log10(from)) / (Math.log10(to) - Math.log10(from))
  const x = (documents: number): number => left + plot.width * along(documents, sizes[0]!, sizes.at(-1)!)
  const y = (value: number): number => top + plot.height * (1 - along(value, lowest, highest))
  const bottom = top + plot.height
  const grid = []
  for (let value = lowest; value <= highest * 1.001; value *= 10)
    grid.push(
      `<line class="grid" x1="${left}" x2="${left + plot.width}" y1="${at(y(value))}" y2="${at(y(value))}"/>`,
      `<text class="quiet" x="${left - 6}" y="${at(y(value) + 4)}" text-anchor="end">${short(value)}</text>`,
    )
  const ticks = sizes.map(
    (size) =>
      `<text class="quiet" x="${at(x(size))}" y="${bottom + 16}" text-anchor="middle">${thousands(size)}</text>`,
  )
  const last = points.at(-1)!
  // Names stand at the ends of their lines, and never on each other.
  const apart = Math.max(0, 13 - Math.abs(y(of(last).ours) - y(of(last).floor))) / 2
  const upper = of(last).ours >= of(last).floor ? 'ours' : 'floor'
  const lines = (['ours', 'floor'] as const).map((who) => {
    const way = points.map((point) => `${at(x(point.documents))} ${at(y(of(point)[who]))}`)
    const dots = points.map(
      (point) => `<circle class="${who}" cx="${at(x(point.documents))}" cy="${at(y(of(point)[who]))}" r="3"/>`,
    )
    const nameAt = y(of(last)[who]) + 4 + (who === upper ? -apart : apart)
    return `<path class="${who}" d="M${way.join('L')}"/>${dots.join('')}<text class="${who}" x="${left + plot.width + 8}" y="${at(nameAt)}">${who} ${short(of(last)[who])}</text>`
  })
  return `<text x="${left}" y="16" font-weight="600">${title}</text><text class="quiet" x="${left}" y="32">${unit}</text>${grid.join('')}${ticks.join('')}<text class="quiet" x="${left + plot.width / 2}" y="${bottom + 34}" text-anchor="middle">documents</text>${lines.join('')}`
}

/** The powers of ten around a range. */
function decades(least: number, most: number): [number, number] {
  const from = Math.floor(Math.log10(least))
  const to = Math.ceil(Math.log10(most))
  return [10 ** from, 10 ** (to === from ? from + 1 : to)]
}

const at = (coordinate: number): string => coordinate.toFixed(1)
const short = (value: number): string => String(Number(value.toPrecision(2)))
