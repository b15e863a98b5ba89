/** Segments: what was appended is what is read, sealed to its place, and what was replaced is gone from the file. */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { collections } from '../../src/replica/collections.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { sealerOf, SealError, unwrapKey } from '../../src/replica/sealing.ts'
import { openSegment, sealSegment, type LogRow, type SealedSegment } from '../../src/replica/segment.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { strangerOf, type NewRow, type Store } from '../../src/replica/store.ts'
import { clock, folder, master, ulid } from './world.ts'

const sealer = sealerOf(new Uint8Array(32).fill(1))
const identity = { practice: ulid(), replica: ulid() }
const patients = collections.indexOf('patients')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const rows = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 2 ** 20 }),
      document: fc.integer({ min: 1, max: 2 ** 40 }),
      generation: fc.oneof(fc.constant(1), fc.nat()),
      previous: fc.double({ min: 0, max: 1, noNaN: true }),
      from: fc.option(fc.record({ source: fc.integer({ min: 1, max: 3 }), epoch: fc.constantFrom(1, 2 ** 48 - 1), position: fc.nat() })), // prettier-ignore
      receipt: fc.boolean(),
      sources: fc.option(fc.dictionary(fc.stringMatching(/^[0-9]$/), fc.double({ min: 0, max: 1, noNaN: true }))),
      update: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(3_000).map((size) => new Uint8Array(size)),
      ),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => {
    let seq = 0
    return list.map(({ gap, document, generation, previous, from, receipt, sources, update }): LogRow => {
      seq += gap
      const before = (share: number): number => Math.floor(share * (seq - 1))
      return {
        seq,
        document,
        generation,
        previous: before(previous),
        ...(from ?? { source: 0, epoch: 0, position: 0 }),
        receipt,
        sources: sources && new Map(Object.entries(sources).map(([source, share]) => [Number(source), before(share)])),
        size: update.length,
        update,
      }
    })
  })
const rowsOf = (segment: SealedSegment, place = '7', key = sealer): LogRow[] => {
  const open = openSegment(key, place, segment)
  return open.heads.map((head, i) => ({ ...head, update: open.updateAt(i) }))
}
const plain = (list: readonly LogRow[]) => list.map((row) => ({ ...row, update: Buffer.from(row.update).toString('hex') })) // prettier-ignore

it('a segment opens as the rows that were sealed', () => {
  fc.assert(
    fc.property(rows, (list) => {
      const segment = sealSegment(sealer, '7', list)
      expect(plain(rowsOf(segment))).toEqual(plain(list))
    }),
  )
})

it('the heads of a segment are written as they always were', () => {
  const update = bytes('ab')
  const row = { document: 9, generation: 1, previous: 0, source: 0, epoch: 0, position: 0, receipt: false, sources: null, size: 2, update } // prettier-ignore
  const { heads } = sealSegment(sealer, '7', [
    { ...row, seq: 300 },
    { ...row, seq: 301, source: 2, epoch: 5, position: 70, receipt: true, previous: 300 },
    { ...row, seq: 303, source: 2, epoch: 5, position: 72, generation: 3, document: 8 },
    { ...row, seq: 304, sources: new Map([[0, 304], [2, 303]]) }, // prettier-ignore
  ])
  expect(Buffer.from(heads).toString('hex')).toBe('0400ac020902150100020102058601380241020302020101020200000201')
})

it('a segment does not open in another place, with other heads, or damaged', () => {
  const update = bytes('content')
  const row: LogRow = { seq: 1, document: 1, generation: 1, previous: 0, source: 0, epoch: 0, position: 0, receipt: false, sources: null, size: update.length, update } // prettier-ignore
  const segment = sealSegment(sealer, '7', [row])
  const other = sealSegment(sealer, '7', [{ ...row, document: 2 }])
  const damaged = Uint8Array.from(segment.sealed, (byte, i) => (i === segment.sealed.length - 1 ? byte ^ 1 : byte))
  expect(() => openSegment(sealer, '8', segment)).toThrow(SealError)
  expect(() => openSegment(sealer, '7', { ...segment, heads: other.heads })).toThrow(SealError)
  expect(() => openSegment(sealer, '7', { ...segment, sealed: damaged })).toThrow(SealError)
})

const rowOf = (key: string, text: string, more: Partial<NewRow> = {}): NewRow => ({
  collection: patients,
  key,
  generation: 1,
  erased: 0,
  facts: { patient: key, site: 'site', shown: true, reachable: false, startsAt: null, at: 1 },
  update: bytes(text),
  vector: bytes(`vector of ${text}`.slice(0, 20)),
  origin: null,
  receipt: false,
  mode: 'add',
  ...more,
})
async function opened(file: string): Promise<Store> {
  const store = await openSqliteStore({ file, master })
  await store.open(identity)
  return store
}
/** All that the segments of a file hold, opened with its key. The store is closed. */
function contentOf(file: string): { segments: number; rows: number; text: string; sealed: Buffer[] } {
  const db = new Database(file)
  const wrapped = db.prepare("select value from meta where name = 'data key'").pluck().get() as Uint8Array
  const key = unwrapKey(master, wrapped, 'data key')
  const all = db.prepare('select place, heads, sealed from segments').all() as {
    place: number
    heads: Buffer
    sealed: Buffer
  }[]
  db.close()
  const found = all.flatMap(({ place, heads, sealed }) => rowsOf({ heads, sealed }, String(place), key))
  return {
    segments: all.length,
    rows: found.length,
    text: found.map((row) => Buffer.from(row.update).toString()).join('\n'),
    sealed: all.map((segment) => segment.sealed),
  }
}
const keyOf = (n: number): string => `key ${String(n).padStart(4, '0')}`

it('what is appended at once is kept and compressed together; a lone edit is a segment of one row', async () => {
  const file = join(folder(), 'a.sqlite')
  let store = await opened(file)
  const many = Array.from({ length: 1_000 }, (_, n) => rowOf(keyOf(n), `patient ${n}, of the usual fields`.repeat(20)))
  await store.append(many, [])
  await store.close()
  const size = many.reduce((sum, row) => sum + row.update.length, 0)
  // 64 KiB of these are about 100 rows.
  const { segments, rows: kept, sealed } = contentOf(file)
  expect([segments, kept]).toEqual([10, 1_000])
  expect(sealed.reduce((sum, one) => sum + one.length, 0)).toBeLessThan(size / 10)
  expect(statSync(file).size).toBeLessThan(size / 2)
  store = await opened(file)
  await store.append([rowOf(keyOf(1), 'one more')], [])
  await store.close()
  expect([contentOf(file).segments, contentOf(file).rows]).toEqual([11, 1_001])
})

it('[R8] of a document that was replaced, nothing is left in the file: not in a segment, not in a page that it stood on', async () => {
  const file = join(folder(), 'a.sqlite')
  let store = await opened(file)
  // Of many pages, so that pages become free.
  const large = Buffer.from(clock.bytes(30_000)).toString('hex')
  await store.append(
    Array.from({ length: 600 }, (_, n) => rowOf(keyOf(n), n === 7 ? 'SECRET one' : `stays ${n}`)),
    [],
  )
  await store.append([rowOf(keyOf(7), 'SECRET two'), rowOf(keyOf(8), 'stays too')], [])
  await store.fold(patients, keyOf(8), [9, 602], bytes('stays folded'))
  await store.append([rowOf(keyOf(7), 'SECRET three')], [])
  await store.fold(patients, keyOf(7), [8, 601], bytes(`SECRET one two ${large}`))
  await store.close()
  const before = contentOf(file)
  expect(before.text.match(/SECRET/g)).toHaveLength(2)

  store = await opened(file)
  await store.append([rowOf(keyOf(7), 'new', { generation: 2, mode: 'replace' })], [])
  await store.close()
  const after = contentOf(file)
  expect(after.text).not.toContain('SECRET')
  expect(after.rows).toBe(600)
  for (let n = 0; n < 600; n++) if (n !== 7) expect(after.text).toContain(n === 8 ? 'stays folded' : `stays ${n}`)
  // The sealed bytes that held it are overwritten too: whoever gets the key later finds nothing in free pages.
  const raw = readFileSync(file)
  const gone = before.sealed.filter((one) => !after.sealed.some((kept) => kept.equals(one)))
  expect(gone.length).toBeGreaterThan(0)
  for (const one of gone) for (let at = 0; at + 32 <= one.length; at += 32) expect(raw.includes(one.subarray(at, at + 32))).toBe(false) // prettier-ignore
})

it('[LOG-4] folds, new generations and documents logged anew across large segments keep everything else, also over new starts', async () => {
  const file = join(folder(), 'a.sqlite')
  const memory = memoryStore()
  await memory.open(identity)
  let store = await opened(file)
  const both = async (act: (store: Store) => Promise<unknown>): Promise<void> => {
    await act(memory)
    await act(store)
    await store.close()
    store = await opened(file)
    const read = async (one: Store): Promise<unknown> => {
      const { rows: all, tail } = await one.rowsAfter(patients, 0, 1e9)
      const updates = await Promise.all([0, 5, 299, 300, 511].map((n) => one.updatesOf(patients, keyOf(n))))
      const texts = (list: Uint8Array[]): string[] => list.map((update) => Buffer.from(update).toString())
      return {
        tail,
        rows: all.map((row) => ({ ...row, update: Buffer.from(row.update).toString() })),
        updates: updates.map(texts),
        changed: await one.changedAfter([patients], 400, 1e9),
        count: await one.countChangedAfter([patients], 400),
      }
    }
    expect(await read(store)).toEqual(await read(memory))
  }
  const all = Array.from({ length: 512 }, (_, n) => n)
  const batch = (text: string, more: (n: number) => Partial<NewRow> = () => ({})): NewRow[] =>
    all.map((n) => rowOf(keyOf(n), `${text} ${n}`, more(n)))
  await both((one) => one.append(batch('first'), []))
  await both((one) => one.append(batch('second'), []))
  await both((one) => one.append(batch('third'), []))
  for (const n of [0, 299, 511]) {
    // The first two of one, the last two of another, the ends of the third.
    const seqs = [n + 1, n + 513, n + 1_025].filter((_, i) => i !== (n === 0 ? 2 : n === 299 ? 0 : 1))
    await both((one) => one.fold(patients, keyOf(n), seqs, bytes(`folded ${n}`)))
  }
  await both((one) =>
    one.append(
      batch('anew', (n) => ({ mode: n % 3 ? 'add' : 'anew' })),
      [],
    ),
  )
  await both((one) =>
    one.append(
      batch('next', (n) => (n % 5 ? {} : { mode: 'replace', generation: 2 })),
      [],
    ),
  )
  // One document several times within one append, and made and replaced in it.
  await both((one) =>
    one.append(
      [
        rowOf('fresh', 'a'),
        rowOf('fresh', 'b'),
        rowOf('fresh', 'c', { mode: 'replace', generation: 2 }),
        rowOf('fresh', 'd', { generation: 2 }),
        rowOf(keyOf(5), 'x', { mode: 'anew' }),
        rowOf(keyOf(5), 'y', { mode: 'anew' }),
      ],
      [],
    ),
  )
  await store.close()
})

it('rows larger than a segment stand alone, and are read in parts of their size', async () => {
  const store = await opened(join(folder(), 'a.sqlite'))
  const large = 'x'.repeat(1024 * 1024)
  await store.append([rowOf('a', 'small'), rowOf('a', large), rowOf('b', 'small'), rowOf('b', large)], [])
  const sizes: number[][] = []
  for (let after = 0, ended = false; !ended;) {
    const part = await store.rowsAfter(patients, after, 256 * 1024)
    sizes.push(part.rows.map((row) => row.update.length))
    after = part.rows.at(-1)!.seq
    ended = part.tail
  }
  expect(sizes).toEqual([[5, large.length], [5, large.length]]) // prettier-ignore
  await store.close()
})

it('a commit that fails leaves nothing behind in what is kept of the log', async () => {
  const store = await opened(join(folder(), 'a.sqlite'))
  await store.append([rowOf('a', '1'), rowOf('a', '2')], [])
  const stranger = { peer: 'never met', epoch: 1, seq: 1 }
  const lost = [rowOf('a', 'lost', { mode: 'anew' }), rowOf('new', 'lost'), rowOf('b', 'lost', { origin: stranger })]
  await expect(store.append(lost, [])).rejects.toThrow('never met')
  expect(await store.append([rowOf('new', '3'), rowOf('a', '4')], [])).toEqual([3, 4])
  const texts = async (key: string) => (await store.updatesOf(patients, key)).map((one) => Buffer.from(one).toString())
  expect([await texts('a'), await texts('new'), await texts('b')]).toEqual([['1', '2', '4'], ['3'], []])
  await store.close()
})

it.each([
  ['in memory', async () => memoryStore()],
  ['in a SQLite file', () => opened(join(folder(), 'a.sqlite'))],
])(
  '[R7] a walk for a peer passes over what came from it, %s, but not below its amnesty, and never over a fold',
  async (_, make) => {
    const store = await make()
    await store.open(identity)
    for (const peer of ['p', 'q']) await store.meet(strangerOf(peer, collections.length))
    const from = (peer: string, seq: number): Partial<NewRow> => ({ origin: { peer, epoch: 1, seq } })
    await store.append(
      Array.from({ length: 500 }, (_, n) => rowOf(keyOf(n), String(n), from('p', n))),
      [],
    )
    await store.append([rowOf('a', 'own'), rowOf('a', 'of q', from('q', 1)), rowOf('a', 'of p', from('p', 501))], [])
    await store.append([rowOf('b', '1', from('p', 502)), rowOf('b', '2', from('p', 503))], [])
    await store.fold(patients, 'b', [504, 505], bytes('fold'))
    const walk = async (beyond: number, after = 0) => {
      const seqs: number[] = []
      for (let to = after, ended = false; !ended;) {
        const part = await store.rowsFor(patients, to, 1_000, { peer: 'p', beyond })
        expect(part.to).toBeGreaterThan(to)
        seqs.push(...part.rows.map((row) => row.seq))
        ;({ to, tail: ended } = part)
      }
      return seqs
    }
    expect(await walk(0)).toEqual([501, 502, 505])
    expect(await walk(0, 501)).toEqual([502, 505])
    expect(await walk(3)).toEqual([1, 2, 3, 501, 502, 505])
    expect(await walk(503, 501)).toEqual([502, 503, 505])
    expect(await store.rowsFor(patients, 505, 1_000, { peer: 'p', beyond: 0 })).toEqual({
      rows: [],
      to: 505,
      tail: true,
    })
    await store.close()
  },
)
