import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('every rule of RULES.md is carried by a test, and every rule id in a test is in RULES.md', () => {
  const rules = readFileSync(new URL('../../src/bridges/insched/RULES.md', import.meta.url), 'utf8')
  const folder = new URL('.', import.meta.url).pathname
  const titles = globSync('*.test.ts', { cwd: folder }).map((file) => readFileSync(folder + file, 'utf8'))
  const written = new Set([...rules.matchAll(/^\| (DOM-\d+) \|/gm)].map((found) => found[1]))
  const carried = new Set(titles.flatMap((text) => [...text.matchAll(/'\[(DOM-\d+)\]/g)].map((found) => found[1])))
  expect(carried).toEqual(written)
})
