/**
 * `npm run soak -- NAME [--count N] [--seed N]`: runs a long count, in pieces that add up. What it found is added to
 * `docs/soaks.json`, and the table of `docs/testing.md` is written from that. Exit code 1 where anything was wrong.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, seed: { type: 'string' } },
})
const name = positionals[0] ?? ''
const root = fileURLToPath(new URL('../..', import.meta.url))
const file = `test/soak/${name}.soak.ts`
const numbers = [values.count, values.seed].filter((text) => text !== undefined)
if (!/^[a-z0-9]+$/.test(name) || !existsSync(`${root}${file}`) || numbers.some((text) => !/^\d{1,9}$/.test(text))) {
  process.stderr.write(
    'Usage: npm run soak -- dryrun|faults|fold|frames|histories|hl7|kill|leaks|peers|recent|sandbox|shared|simulate|sites|writes|year [--count N] [--seed N]\n',
  )
  process.exit(2)
}
if (values.count) process.env['SOAK_COUNT'] = values.count
if (values.seed) process.env['FAULTS_SEED'] = values.seed
const vitest = await startVitest('test', [file], { root, config: `${root}vitest.soak.config.ts`, watch: false })
await vitest.close()
