/**
 * `npm run simulate -- --seed N --steps N [--seeds N] [--json] [--trace] [--without ACTION,ACTION]`: runs one history, or so many from that seed on,
 * and ends with 1 where a rule was broken. `--first` ends with the first violation; `--faults` plants each of the faults (`--fault NAME` some) of
 * `faults.ts` into a copy of the source and says after how many steps it is found.
 */
import { parseArgs } from 'node:util'
import { faults } from './faults.ts'
import { findFaults } from './planting.ts'
import { simulate } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    fault: { type: 'string', default: '' },
    without: { type: 'string', default: '' },
    trace: { type: 'boolean', default: false },
  },
})
if (values.faults || values.fault) {
  let missed = 0
  await findFaults(
    ({ fault, after, violation }) => {
      if (after === undefined) missed++
      const said = after === undefined ? 'NOT FOUND' : `after ${after} steps: ${violation!.slice(0, 100)}`
      console.log(`${fault.name} (${fault.rule}): ${said}`)
    },
    faults.filter(({ name }) => name.includes(values.fault)),
  )
  process.exit(missed > 0 ? 1 : 0)
}
const [seed, seeds, steps] = [Number(values.seed), Number(values.seeds), Number(values.steps)]
let [taken, crashes, restores, underSettings] = [0, 0, 0, 0]
const violations: { seed: number; violation: string }[] = []
const counts = new Map<string, number>()
const began = performance.now()
for (let i = 0; i < seeds && !(values.first && violations.length > 0); i++) {
  const history = await simulate(seed + i, steps, { trace: values.trace, without: values.without.split(',') })
  taken += history.steps
  crashes += history.crashes
  restores += history.restores
  if (history.policed) underSettings += history.steps
  for (const [what, count] of history.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  if (values.trace) for (const line of history.trace ?? []) console.error(line)
  for (const violation of history.violations) violations.push({ seed: history.seed, violation })
  if (!values.json && history.violations.length > 0)
    console.log(`seed ${history.seed}, step ${history.steps}: ${history.violations[0]!.slice(0, 600)}`)
}
const seconds = (performance.now() - began) / 1000
if (values.json)
  console.log(
    JSON.stringify({
      seed,
      steps: taken,
      crashes,
      restores,
      underSettings,
      counts: Object.fromEntries(counts),
      violations,
    }),
  )
else {
  console.log(
    `${seeds} histories from seed ${seed}: ${taken} steps, ${crashes} crashes, ${restores} restores, ${violations.length} violations; ${Math.round(taken / seconds)} steps a second`,
  )
  console.log([...counts].map(([what, count]) => `${what} ${count}`).join(', '))
}
process.exitCode = violations.length > 0 ? 1 : 0
