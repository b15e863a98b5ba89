/** Who may import whom, as a test; and no cycles. The rules are checked on made-up files too, so that they are known to bite. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'

type Sources = ReadonlyMap<string, string>

/** File -> what it imports: paths below src for our own files, names of packages. Types count too. */
function importsOf(sources: Sources): Map<string, string[]> {
  return new Map(
    [...sources].map(([file, text]) => {
      const found = [...text.matchAll(/\b(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'|\bimport\s*\(?'([^']+)'/g)]
      const names = found.map((one) => (one[1] ?? one[2])!)
      return [file, names.map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name))]
    }),
  )
}

const folders = ['replica', 'mirror', 'bridges', 'server'] as const
const mayImport: Readonly<Record<string, readonly string[]>> = {
  replica: [],
  mirror: ['replica'],
  bridges: ['replica', 'mirror'],
  server: ['replica', 'mirror', 'bridges'],
}
const packages: Readonly<Record<string, (file: string) => boolean>> = {
  yjs: (file) => file.startsWith('replica/') || file.startsWith('server/browser/'),
  'y-protocols': (file) => file.startsWith('replica/'),
  'better-sqlite3': (file) => /sqlite/.test(file.split('/').at(-1)!),
  kysely: (file) => file.startsWith('bridges/insched/'),
  pg: (file) => /postgres/.test(file.split('/').at(-1)!),
  twilio: (file) => file.startsWith('bridges/texts/'),
  'libphonenumber-js': (file) => file.startsWith('bridges/texts/'),
  'https-proxy-agent': (file) => file === 'server/proxy.ts',
  'hl7-standard': (file) => file === 'bridges/hl7/message.ts',
  'fast-xml-parser': (file) => file.startsWith('bridges/xml/'),
  hono: (file) => file.startsWith('server/'),
  stripe: (file) => file.startsWith('bridges/payments/stripe-'),
  '@hono/node-server': (file) => file.startsWith('server/'),
  ws: (file) =>
    file.startsWith('server/') ||
    [
      'replica/link-socket.ts',
      'replica/connection.ts',
      'replica/acceptor.ts',
      'replica/answering.ts',
      'portal.ts',
      'site.ts',
    ].includes(file),
}

function faults(sources: Sources): string[] {
  const found: string[] = []
  const imports = importsOf(sources)
  for (const [file, names] of imports) {
    const folder = folders.find((one) => file.startsWith(`${one}/`))
    for (const name of names) {
      const target = folders.find((one) => name.startsWith(`${one}/`))
      const ours = sources.has(name)
      if (folder && ours && target !== folder && !(target && mayImport[folder]!.includes(target)))
        found.push(`${file} imports ${name}`)
      const named = Object.keys(packages).find((one) => name === one || name.startsWith(`${one}/`))
      if (!ours && named && !packages[named]!(file)) found.push(`${file} imports ${name}`)
    }
    const text = sources.get(file)!
    if (file !== 'cli.ts' && /process\.env/.test(text)) found.push(`${file} reads process.env`)
    // What runs in a browser has the browser's clock.
    if (
      file !== 'replica/clock.ts' &&
      !file.startsWith('server/browser/') &&
      /\bDate\.now\(|Math\.random\(|\bset(Timeout|Interval)\(/.test(text)
    )
      found.push(`${file} reads the machine's clock or chance`)
    if (/(^|\/)(utils?|helpers?|common|index)\.ts$/.test(file)) found.push(`${file} has a name that says nothing`)
    if (!/^(#![^\n]*\n)?\/\*\*/.test(text)) found.push(`${file} does not say what it is`)
  }
  return [...found, ...cycles(imports)]
}

function cycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) return void found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
    if (done.has(file)) return
    for (const name of imports.get(file) ?? []) if (imports.has(name)) visit(name, [...path, file])
    done.add(file)
  }
  for (const file of imports.keys()) visit(file, [])
  return found
}

it('the product keeps its own rules of imports, and has no cycle', () => {
  const src = new URL('../src/', import.meta.url).pathname
  const files = globSync('**/*.ts', { cwd: src })
  expect(files.length).toBeGreaterThan(40)
  expect(faults(new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')])))).toEqual([])
})

it.each([
  ['replica/a.ts', "/** a */ import '../mirror/b.ts'", 'replica/a.ts imports mirror/b.ts'],
  ['mirror/b.ts', "/** a */ import '../server/c.ts'", 'mirror/b.ts imports server/c.ts'],
  ['server/c.ts', "/** a */ import Y from 'yjs'", 'server/c.ts imports yjs'],
  ['replica/a.ts', "/** a */ import D from 'better-sqlite3'", 'replica/a.ts imports better-sqlite3'],
  ['replica/a.ts', '/** a */ Date.now()', "replica/a.ts reads the machine's clock or chance"],
  ['server/c.ts', '/** a */ process.env.X', 'server/c.ts reads process.env'],
  ['server/c.ts', 'let x', 'server/c.ts does not say what it is'],
])('a rule that is broken in %s is found', (file, text, fault) => {
  const empty = new Map(['replica/a.ts', 'mirror/b.ts', 'server/c.ts'].map((name) => [name, '/** x */']))
  expect(faults(new Map([...empty, [file, text]]))).toEqual([fault])
})

it('a cycle is found', () => {
  const found = faults(
    new Map([
      ['replica/a.ts', "/** a */ import './b.ts'"],
      ['replica/b.ts', "/** b */ import './a.ts'"],
    ]),
  )
  expect(found).toEqual(['cycle: replica/a.ts -> replica/b.ts -> replica/a.ts'])
})
