/** What was measured, as lines, as JSON and as the table in README; with the machine that it was measured on. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { factor, inWords, thousands, type Figures, type Measure } from './measures/measure.ts'
import type { Outcome, PeerFigures, PeerResult } from './peers/peers.ts'

export interface Measured {
  readonly measure: Measure
  readonly figures: Figures
}

export interface Machine {
  readonly processor: string
  readonly system: string
  readonly node: string
  readonly commit: string
  readonly date: string
  /** The load average of the last minute when the run began: above about 0.3, others had work on this machine too. */
  readonly load: number
}

export function thisMachine(documents: number): Machine {
  const git = (...args: string[]): string => {
    const { status, stdout } = spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' })
    return status === 0 ? stdout.trim() : ''
  }
  const changed = git('status', '--porcelain', '--', '../src', '.') === '' ? '' : ' with changes'
  const scale = documents === 30_000 ? '' : ` at ${thousands(documents)} documents`
  return {
    processor: `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`,
    system: `${type()} ${release()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    commit: `${git('rev-parse', '--short', 'HEAD') || 'unknown'}${changed}${scale}`,
    date: new Date().toISOString().slice(0, 10),
    load: Number(loadavg()[0]!.toFixed(2)),
  }
}

export function line({ measure, figures }: Measured, documents: number): string {
  const { ours, against, comesTo, met } = figures
  const found = [`ours ${ours}`, ...(against === '' ? [] : [against])].join('; ')
  return `${measure.id}  ${measure.job(documents)}\n    ${found}\n    ${comesTo}; target ${measure.target}: ${met ? 'met' : 'NOT MET'}`
}

export function peerLine({ id, documents, ours, results }: PeerFigures): string {
  const lines = results.map((result) => `\n    ${result.title}: ${peerWords(result, ours)}`)
  return `${id}  others with ${thousands(documents)} documents, ours ${inWords(ours)}${lines.join('')}`
}

function peerWords({ outcome, least }: PeerResult, ours: number): string {
  const finished = typeof outcome === 'number'
  const seconds = finished ? outcome : outcome.tried
  if (seconds === undefined) return (outcome as { why: string }).why
  const times = seconds / ours
  const words = finished
    ? `${inWords(seconds)}, ${factor(times)} x ours`
    : `${outcome.why}, more than ${factor(times)} x ours`
  if (least === undefined) return words
  return `${words}; target at least ${least} x: ${times >= least ? 'met' : finished ? 'NOT MET' : 'not known'}`
}

/** `{ "M1": { "ours", "floor", "ratio", "peers": { "hocuspocus": n } }, ... }`; a peer's n is its time over ours. */
export function jsonOf(measured: readonly Measured[], peers: readonly PeerFigures[], machine: Machine): object {
  const result: Record<string, unknown> = {}
  for (const { measure, figures } of measured)
    result[measure.id] = { ...figures.json, target: measure.target, met: figures.met, peers: {} }
  for (const { id, documents, full, ours, results } of peers) {
    const entry = (result[id] ??= {}) as Record<string, unknown>
    const ratios: Record<string, number> = {}
    const others: Record<string, Outcome> = {}
    for (const { peer, outcome } of results)
      if (typeof outcome === 'number') ratios[peer] = outcome / ours
      else others[peer] = outcome
    if (full) Object.assign(entry, { peers: ratios, peersUnfinished: others })
    else entry[`peersAt${documents}`] = { ours, peers: ratios, unfinished: others }
  }
  return { ...result, run: machine }
}

const begin = '<!-- bench -->'
const end = '<!-- /bench -->'

export interface Report {
  readonly measured: readonly Measured[]
  readonly peers: readonly PeerFigures[]
  readonly machine: Machine
  readonly documents: number
  readonly notRun: readonly string[]
}

/** Writes the part of README between the markers. */
export function writeReadme(report: Report): void {
  const file = new URL('../README.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has lost its markers ${begin} and ${end}. Put them back.`)
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n${tableOf(report)}\n${text.slice(to)}`)
}

export function tableOf({ measured, peers, machine, documents, notRun }: Report): string {
  const { processor, system, node, commit, date, load } = machine
  const left = [...notRun, ...(peers.length === 0 ? ['the other systems'] : [])]
  const busy = load > 0.5 ? ' The machine had other work then: times are too long and ratios uncertain.' : ''
  const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = measured.map(({ measure, figures: { ours, against, comesTo, met } }) =>
    row(measure.id, measure.job(documents), ours, against, comesTo, measure.target, met ? 'yes' : '**no**'),
  )
  return [
    `${date}, commit ${commit}: ${processor}, ${system}, Node ${node}, load ${load} at the start. Medians of three runs or more; of one for an upload of ${thousands(10 * documents)}.${busy}`,
    '',
    row('', 'Job', 'Ours', 'Against', 'Comes to', 'Target', 'Met'),
    row(...Array<string>(7).fill('---')),
    ...rows,
    '',
    ...(measured.some(({ measure }) => measure.id === 'M8') ? ['![Growth](docs/pictures/growth.svg)', ''] : []),
    ...peerTable(peers),
    left.length === 0 ? 'Everything was run.' : `Not run: ${left.join(', ')}.`,
  ].join('\n')
}

function peerTable(peers: readonly PeerFigures[]): string[] {
  if (peers.length === 0) return []
  const names = [...new Set(peers.flatMap(({ results }) => results.map(({ title }) => title)))]
  const cell = (results: readonly PeerResult[], ours: number, title: string): string => {
    const found = results.find((result) => result.title === title)
    return found ? peerWords(found, ours) : 'not run'
  }
  const header = ['', 'Documents', 'Ours', ...names]
  return [
    `| ${header.join(' | ')} |`,
    `| ${header.map(() => '---').join(' | ')} |`,
    ...peers.map(
      ({ id, documents, ours, results }) =>
        `| ${[id, thousands(documents), inWords(ours), ...names.map((name) => cell(results, ours, name))].join(' | ')} |`,
    ),
    '',
  ]
}
