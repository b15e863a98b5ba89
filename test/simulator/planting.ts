/** Plants a fault into a copy of the source and lets the simulator look for it, in a process of its own. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { faults, type Fault } from './faults.ts'

const root = join(import.meta.dirname, '../..')
const stepsOfSeed = 1_500

export interface Found {
  readonly fault: Fault
  /** Steps until the first violation; undefined where none was found in time. */
  readonly after: number | undefined
  readonly violation: string | undefined
}

/** A copy of the source with the fault in it; throws where it no longer fits, because the source has changed. */
export function plant(fault: Fault): { readonly copy: string } & Disposable {
  const copy = mkdtempSync(join(tmpdir(), 'patientconnection-fault-'))
  const planted = { copy, [Symbol.dispose]: () => rmSync(copy, { recursive: true, force: true }) }
  try {
    for (const part of ['src', 'test/simulator', 'package.json'])
      cpSync(join(root, part), join(copy, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
    for (const { file, from, to } of fault.changes) {
      const path = join(copy, 'src', file)
      const parts = readFileSync(path, 'utf8').split(from)
      if (parts.length !== 2)
        throw new Error(`The fault "${fault.name}" no longer fits ${file}: plant it anew in faults.ts.`)
      writeFileSync(path, parts.join(to))
    }
    return planted
  } catch (error) {
    planted[Symbol.dispose]()
    throw error
  }
}

/** Looks for a fault, from its seed on. */
export async function findFault(fault: Fault): Promise<Found> {
  using planted = plant(fault)
  const seeds = Math.ceil(fault.within / stepsOfSeed)
  const program = join(planted.copy, 'test/simulator/simulate.ts')
  const from = String(fault.seed ?? 1)
  const run = [program, '--seed', from, '--seeds', String(seeds), '--steps', String(stepsOfSeed), '--json', '--first']
  const { stdout } = await promisify(execFile)(process.execPath, run, { maxBuffer: 1 << 26 }).catch(
    (error: { stdout?: string }) => {
      // It ends with 1 where it found something.
      if (error.stdout) return { stdout: error.stdout }
      throw error
    },
  )
  const { steps, violations } = JSON.parse(stdout) as { steps: number; violations: { violation: string }[] }
  const first = violations[0]
  return { fault, after: first ? steps : undefined, violation: first?.violation }
}

/** Looks for all faults, or those named, two at a time; `found` is told of each. */
export async function findFaults(found: (one: Found) => void, list: readonly Fault[] = faults): Promise<void> {
  const waiting = [...list]
  const work = async (): Promise<void> => {
    for (let fault = waiting.shift(); fault; fault = waiting.shift()) found(await findFault(fault))
  }
  await Promise.all([work(), work()])
}
