/** Kill -9 of the process that takes messages, under load; `npm run soak -- peers` kills whole sites for longer. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openQueue } from '../../src/bridges/hl7/queue-sqlite.ts'
import { freePort } from '../cli/office.ts'
import { clock, fileReplica, folder, master, ulid } from '../replica/world.ts'
import { sentUntilAnswered } from './killed-site.ts'

const program = fileURLToPath(new URL('bridge-process.ts', import.meta.url))

it(
  'what was acknowledged when the process was killed is applied once, and so is what was sent again',
  { timeout: 180_000 },
  async () => {
    const [dir, practice, id, port] = [folder(), ulid(), ulid(), await freePort()]
    const start = async (): Promise<ChildProcess> => {
      const child = spawn(process.execPath, [program, dir, practice, id, ulid(), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
      await once(child.stdout!, 'data')
      return child
    }
    let child = await start()
    let isDone = false
    const acknowledged: string[] = []
    const sending = [0, 1, 2].map(async (peer) => {
      for (let i = 0; !isDone; i++) {
        await sentUntilAnswered(port, `P${peer}x${i}`)
        acknowledged.push(`P${peer}x${i}`)
      }
    })
    for (const many of [5, 17, 40]) {
      const before = acknowledged.length
      await expect.poll(() => acknowledged.length, { interval: 3 }).toBeGreaterThan(before + many)
      child.kill('SIGKILL')
      await once(child, 'close')
      child = await start()
    }
    isDone = true
    await Promise.all(sending)
    child.kill('SIGKILL')
    await once(child, 'close')
    const replica = await fileReplica(join(dir, 'replica.sqlite'), practice, id)
    const heads = await replica.list('patients', undefined, 100_000)
    const names = await Promise.all(heads.map(async ({ key }) => (await replica.record('patients', key))!.fields['firstName'] as string)) // prettier-ignore
    await replica.close()
    expect(names.toSorted()).toEqual(acknowledged.toSorted())
    const queue = openQueue(join(dir, 'hl7.sqlite'), master, clock)
    expect(queue.counts('ehr').states).toEqual({ applied: acknowledged.length })
    queue.close()
  },
)
