/** The written rules and the tests carry each other: no rule without a test, no test of a rule that is written nowhere. */
import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const read = (file: string): string => readFileSync(root + file, 'utf8')

interface Rule {
  readonly id: string
  /** The last column: what of the rule is not there; empty where the table has no such column. */
  readonly state: string
}

/** The rules of a document: the rows of its tables that begin with an id. */
function rulesIn(text: string): Rule[] {
  return [...text.matchAll(/^\| ((?:[A-Z]+-|R)\d+) \|(.+)\|$/gm)].map(([, id, rest]) => ({
    id: id!,
    state: rest!.split(' | ')[1]?.trim() ?? '',
  }))
}

/** The ids with which the titles of a test file begin: `'[LINK-3] [R3] a batch that ...'`. */
function idsIn(text: string): string[] {
  const heads = [...text.matchAll(/['"`]((?:\[(?:[A-Z]+-|R)\d+\] ?)+)/g)].map(([, head]) => head!)
  return heads.flatMap((head) => [...head.matchAll(/\[([^\]]+)\]/g)].map(([, id]) => id!))
}

const spec = rulesIn(read('src/replica/SPEC.md'))
const bridge = ['insched', 'texts'].flatMap((name) => rulesIn(read(`src/bridges/${name}/RULES.md`)))
// Not this file: it names ids to try itself.
const files = globSync('test/**/*.ts', { cwd: root }).filter((file) => file !== 'test/rules.test.ts')
const carried = new Set(files.flatMap((file) => idsIn(read(file))))

it('the rules are read from the documents: each id once, the twelve of replication among them', () => {
  const ids = [...spec, ...bridge].map((rule) => rule.id)
  expect(ids.length).toBe(new Set(ids).size)
  expect(ids).toEqual(expect.arrayContaining([...Array.from({ length: 12 }, (_, i) => `R${i + 1}`), 'LOG-1', 'DOM-1']))
  for (const { id, state } of spec) expect(`${id} ${state}`).toMatch(/ (kept($|, by )|in part: \S|not yet: \S)/)
})

it('every rule that is not marked as not yet is carried by the title of a test', () => {
  const expected = [...spec, ...bridge].filter((rule) => !rule.state.startsWith('not yet')).map((rule) => rule.id)
  expect(expected.filter((id) => !carried.has(id))).toEqual([])
})

it('every rule that the title of a test names is written down', () => {
  const written = new Set([...spec, ...bridge].map((rule) => rule.id))
  expect([...carried].filter((id) => !written.has(id))).toEqual([])
})

it('a title is found by the ids that it begins with', () => {
  const titles = "it('[LINK-3] [R12] a batch [x] of [R1]', () => {})\nit.each(x)(\n  `[DOM-4] y`)"
  expect(idsIn(titles)).toEqual(['LINK-3', 'R12', 'DOM-4'])
})
