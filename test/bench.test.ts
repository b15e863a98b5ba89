/** The bench measures what it says: real sides over real sockets, small here; and its table hides nothing. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { chartOf } from '../bench/chart.ts'
import { upload } from '../bench/measures/upload.ts'
import { jsonOf, tableOf, type Machine } from '../bench/report.ts'

const bench = new URL('../bench/bench.ts', import.meta.url).pathname
const run = promisify(execFile)
const machine: Machine = {
  processor: '2 cores of a test',
  system: 'none',
  node: 'v24',
  commit: 'abc',
  date: '2026-11-24',
  load: 0.1,
}
const figures = {
  ours: '3 s',
  against: 'floor 1 s',
  comesTo: '3.00',
  met: false,
  json: { ours: 3, floor: 1, ratio: 3 },
}

it('ours and the floor move the same changes over the wire and are measured in one run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bench-test-'))
  try {
    const file = join(dir, 'bench.json')
    await run(process.execPath, [bench, '--documents', '100', '--only', 'M1,M2,M6', '--json', file])
    const { M1, M2, M6 } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, number>>
    for (const measured of [M1!, M2!]) {
      expect(measured['ours']).toBeGreaterThan(0)
      expect(measured['floor']).toBeGreaterThan(0)
      expect(measured['ratio']).toBe(measured['ours']! / measured['floor']!)
    }
    // 50 records changed at each side, of each one field: what went over the wire holds them all, and was compressed.
    expect(M6!['floor']).toBeGreaterThan(100 * 40)
    expect(M6!['uncompressed']).toBeGreaterThan(M6!['floor']!)
    expect(M6!['ours']).toBeLessThan(M6!['uncompressed']!)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

it('patients sign in and load their home pages, ours and the bare page in one run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bench-test-'))
  try {
    const file = join(dir, 'bench.json')
    await run(process.execPath, [bench, '--documents', '100', '--only', 'M10', '--json', file])
    const { M10 } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, number>>
    expect(M10!['floor']).toBeGreaterThan(0)
    expect(M10!['ratio']).toBe(M10!['ours']! / M10!['floor']!)
    // A whole page, with appointment, menu and messages: no redirect and no notice of a fault.
    expect(M10!['bytes']).toBeGreaterThan(5_000)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

it('clinical messages are stored, acknowledged and counted, ours, the floor and reading alone in one run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bench-test-'))
  try {
    const file = join(dir, 'bench.json')
    await run(process.execPath, [bench, '--documents', '200', '--only', 'M11', '--json', file])
    const { M11 } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, number>>
    for (const part of ['ours', 'floor', 'applied', 'parse']) expect(M11![part]).toBeGreaterThan(0)
    expect(M11!['ratio']).toBe(M11!['ours']! / M11!['floor']!)
    expect(M11!['overParse']).toBe(M11!['ours']! / M11!['parse']!)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

it.each([
  [['--only', 'M12'], 'M12 is no measure.'],
  [['--documents', 'many'], '--documents takes a whole number'],
])('the bench refuses %j with a sentence', async (options, sentence) => {
  await expect(run(process.execPath, [bench, ...options])).rejects.toThrow(sentence)
})

it('a target that is missed and a measure that was not run stand in the table', () => {
  const table = tableOf({
    measured: [{ measure: upload, figures }],
    peers: [],
    machine,
    documents: 30_000,
    notRun: ['M2', 'M9'],
  })
  expect(table).toContain(
    '| M1 | upload of 30,000 new documents, durable at the peer | 3 s | floor 1 s | 3.00 | at most 2 x the floor | **no** |',
  )
  expect(table).toContain('Not run: M2, M9, the other systems.')
  expect(table).toContain('2026-11-24, commit abc: 2 cores of a test')
  expect(table).not.toContain('had other work')
  const onBusyMachine = tableOf({
    measured: [],
    peers: [],
    machine: { ...machine, load: 3 },
    documents: 30_000,
    notRun: [],
  })
  expect(onBusyMachine).toContain('The machine had other work then')
})

it('another system stands as its time over ours; one that did not finish has no figure', () => {
  const results = [
    { peer: 'pouchdb', title: 'PouchDB 9', outcome: 24, least: 8 },
    { peer: 'y-websocket', title: 'y-websocket 3', outcome: { why: 'did not finish in 300 s', tried: 300 } },
    { peer: 'hocuspocus', title: 'Hocuspocus 4', outcome: { why: 'failed: no disk' }, least: 15 },
  ] as const
  const peers = [{ id: 'M1', documents: 30_000, full: true, ours: 3, results }] as const
  const json = jsonOf([{ measure: upload, figures }], peers, machine) as Record<string, unknown>
  expect(json['M1']).toMatchObject({ ours: 3, floor: 1, ratio: 3, met: false, peers: { pouchdb: 8 } })
  expect(Object.keys((json['M1'] as { peersUnfinished: object }).peersUnfinished)).toEqual([
    'y-websocket',
    'hocuspocus',
  ])
  const table = tableOf({
    measured: [{ measure: upload, figures }],
    peers,
    machine,
    documents: 30_000,
    notRun: [],
  })
  expect(table).toContain(
    '| 24 s, 8.00 x ours; target at least 8 x: met | did not finish in 300 s, more than 100.0 x ours | failed: no disk |',
  )
})

it('the chart names its axes and the end of each curve', () => {
  const point = (documents: number) => ({
    documents,
    upload: { ours: documents / 10_000, floor: documents / 20_000 },
    catchUp: { ours: 0.05, floor: 0.05 },
    memory: { ours: 120 * 2 ** 20, floor: 90 * 2 ** 20 },
  })
  const chart = chartOf([3_000, 30_000, 300_000].map(point))
  for (const words of ['M1, upload', 'seconds', 'MiB resident', 'documents', '300,000', 'ours 30', 'floor 15'])
    expect(chart).toContain(`>${words}<`)
  expect(chart).not.toContain('NaN')
})
