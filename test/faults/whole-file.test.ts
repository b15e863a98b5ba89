/** Small files survive kill -9 of the process that writes them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { makeWhole, writeWhole } from '../../src/replica/whole-file.ts'
import { folder } from '../replica/world.ts'
import { chanceOf, seedOfRun } from './harness/chance.ts'

const seed = seedOfRun()
const module = fileURLToPath(new URL('../../src/replica/whole-file.ts', import.meta.url))

it(`a file that is written again and again is whole whenever its writer is killed (seed ${seed})`, async () => {
  const chance = chanceOf(seed)
  const file = join(folder(), 'control.json')
  const text = (letter: string): string => letter.repeat(200_000)
  writeWhole(file, text('a'))
  const program = `import { writeWhole } from ${JSON.stringify(module)}
    process.stdout.write('ready')
    for (;;) for (const letter of 'ab') writeWhole(${JSON.stringify(file)}, letter.repeat(200_000))`
  for (let i = 0; i < 10; i++) {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(writer.stdout, 'data')
    // Any number of reads meanwhile find it whole too; how many there are is chance.
    for (let reads = chance.below(60); reads >= 0; reads--)
      expect([text('a'), text('b')].includes(readFileSync(file, 'utf8'))).toBe(true)
    writer.kill('SIGKILL')
    await once(writer, 'close')
    expect([text('a'), text('b')].includes(readFileSync(file, 'utf8'))).toBe(true)
  }
})

it('a file that is made once is never replaced, and nothing is left beside it', () => {
  const dir = folder()
  const file = join(dir, 'portal.key')
  makeWhole(file, 'first')
  expect(() => makeWhole(file, 'second')).toThrow(/EEXIST/)
  expect(readFileSync(file, 'utf8')).toBe('first')
  expect(readdirSync(dir)).toEqual(['portal.key'])
})
