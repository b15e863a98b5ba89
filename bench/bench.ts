/**
 * `npm run bench`: measures the product against the floor and, with --peers, others against the product, in one run on
 * this machine; prints a line each with its target. `usage` says the rest.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeChart } from './chart.ts'
import { catchUp } from './measures/catch-up.ts'
import { growth, type Growth } from './measures/growth.ts'
import { homePage } from './measures/home-page.ts'
import { idleSite } from './measures/idle-site.ts'
import { liveEdit } from './measures/live-edit.ts'
import { manyPractices } from './measures/many-practices.ts'
import type { Bench, Measure } from './measures/measure.ts'
import { messages } from './measures/messages.ts'
import { reconnect } from './measures/reconnect.ts'
import { upload } from './measures/upload.ts'
import { wholeJob } from './measures/whole-job.ts'
import { wire } from './measures/wire.ts'
import { checkPeersInstalled, measurePeers } from './peers/peers.ts'
import { processes } from './processes.ts'
import { printProfiles } from './profile.ts'
import { jsonOf, line, peerLine, thisMachine, writeReadme, type Measured } from './report.ts'
import { transfers } from './transfers.ts'

const measures: readonly Measure[] = [
  upload,
  catchUp,
  reconnect,
  liveEdit,
  idleSite,
  wire,
  wholeJob,
  growth,
  manyPractices,
  homePage,
  messages,
]

const usage = `npm run bench -- [options]
  --only M1,M2     only these of ${measures.map(({ id }) => id).join(', ')}
  --peers          other systems too, for M1 to M3 (npm ci --prefix bench installs them)
  --json FILE      write the figures as JSON
  --readme         write the table of README and docs/pictures/growth.svg
  --profile DIR    CPU profiles of all processes into DIR, and where their time went
  --documents N    another number than 30,000; a small one tries the bench itself out`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      peers: { type: 'boolean' },
      json: { type: 'string' },
      readme: { type: 'boolean' },
      profile: { type: 'string' },
      documents: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(usage)
  const only = values.only?.toUpperCase().split(',')
  const unknown = only?.find((id) => !measures.some((measure) => measure.id === id))
  if (unknown !== undefined) throw new Error(`${unknown} is no measure.\n${usage}`)
  const documents = Number(values.documents ?? 30_000)
  if (!Number.isInteger(documents) || documents < 100 || documents % 10 !== 0)
    throw new Error(`--documents takes a whole number from 100 that 10 divides.\n${usage}`)
  if (values.peers) checkPeersInstalled()
  const profile = values.profile === undefined ? undefined : resolve(values.profile)
  if (profile !== undefined) mkdirSync(profile, { recursive: true })

  const machine = thisMachine(documents)
  console.log(
    `${machine.processor}, ${machine.system}, Node ${machine.node}, load ${machine.load}, commit ${machine.commit}\n`,
  )
  const dir = mkdtempSync(join(tmpdir(), 'patientconnection-bench-'))
  const running = processes({ profile })
  const bench: Bench = { documents, dir, processes: running, transfers: transfers(dir, running) }
  const measured: Measured[] = []
  try {
    for (const measure of measures) {
      if (only && !only.includes(measure.id)) continue
      const figures = await measure.run(bench)
      measured.push({ measure, figures })
      console.log(line({ measure, figures }, documents))
    }
    const peers = values.peers ? await measurePeers(bench, only, (figures) => console.log(peerLine(figures))) : []
    if (values.json) writeFileSync(values.json, `${JSON.stringify(jsonOf(measured, peers, machine), null, 2)}\n`)
    if (values.readme) {
      const notRun = measures.filter(({ id }) => !measured.some(({ measure }) => measure.id === id))
      writeReadme({ measured, peers, machine, documents, notRun: notRun.map(({ id }) => id) })
      const curves = measured.find(({ measure }) => measure === growth)?.figures as Growth | undefined
      if (curves) writeChart(curves.points)
    }
  } finally {
    await running.endAll()
    rmSync(dir, { recursive: true })
  }
  if (profile !== undefined) printProfiles(profile)
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
