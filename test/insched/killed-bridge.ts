/** A bridge that writes is killed with signal 9 at any moment, again and again; then what stands in InSched is counted. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { bind } from '../../src/bridges/insched/binding.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { clock, folder, ulid } from '../replica/world.ts'
import { databaseOf, differentMapping, staffOf, type Kind } from './offices.ts'
import type { WritingLife } from './writing-bridge.ts'

const script = new URL('writing-bridge.ts', import.meta.url).pathname
const mappingFile = new URL('../../examples/mappings/different.json', import.meta.url)

/** What came of so many kills of a bridge on a kind of database; `moment` gives how long each life may be, milliseconds from its first word on. */
export async function runKilledBridge(kind: Kind, kills: number, moment: () => number) {
  const isDifferent = kind.schema === 'different'
  const mapping = isDifferent ? differentMapping : undefined
  const url = await databaseOf(kind)
  const life: WritingLife = { dir: folder(), url, mapping: isDifferent ? readFileSync(mappingFile, 'utf8') : null, practice: ulid(), replica: ulid(), site: ulid(), finish: false } // prettier-ignore
  const insched = await openInSched(url, { mapping, clock })
  await bind(insched, { practice: life.practice, site: life.site, replica: life.replica })
  await insched.close()
  const acknowledged: string[] = []

  const lives = async (finish: boolean): Promise<void> => {
    const child = spawn(process.execPath, [script, JSON.stringify({ ...life, finish })], { stdio: ['ignore', 'pipe', 'pipe'] }) // prettier-ignore
    let problem = ''
    child.stderr.on('data', (part: Buffer) => (problem += part.toString()))
    let timer: NodeJS.Timeout | undefined
    const ended = once(child, 'exit')
    createInterface({ input: child.stdout }).on('line', (line) => {
      acknowledged.push(line)
      timer ??= setTimeout(() => child.kill('SIGKILL'), moment())
    })
    const [code, signal] = (await ended) as [number | null, string | null]
    clearTimeout(timer)
    if (finish ? code !== 0 : signal !== 'SIGKILL') throw new Error(`The bridge ended by itself: ${problem}`)
  }
  for (let kill = 0; kill < kills; kill++) await lives(false)
  await lives(true)

  const staff = await staffOf(url, kind)
  const all = async (statement: string): Promise<string[]> => (await staff.run(statement)).map((row) => String(Object.values(row)[0])) // prettier-ignore
  const effects = await all('select effect_id from pc_effects')
  const rows = await all(isDifferent ? 'select ref from contacts' : 'select external_id from communications')
  const faults = [
    ...acknowledged.filter((effect) => !effects.includes(effect)).map((effect) => `${effect} was acknowledged and not written`),
    ...effects.filter((effect) => effect.startsWith('communication:') && !rows.includes(effect.slice('communication:'.length))).map((effect) => `${effect} is done and not there`),
    ...(new Set(rows).size === rows.length ? [] : ['A communication is there twice']),
    ...(rows.length === effects.filter((effect) => effect.startsWith('communication:')).length ? [] : ['A communication is there that nobody wrote']),
  ] // prettier-ignore
  if (!isDifferent) {
    const own = await staff.run("select checkpoint, count(*) as rows from audit_trail where initials = 'PC' group by 1")
    faults.push(...own.filter((row) => Number(row['rows']) !== 1).map((row) => `${String(row['checkpoint'])} changed more than one row`)) // prettier-ignore
  }
  if ((await staff.row('events', 2))!['confirmation_type'] !== 'Portal') faults.push('The event is not confirmed')
  return { kills, acknowledged: acknowledged.length, faults }
}
