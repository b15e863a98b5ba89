/** Replicas that hold the same rows say the same, in whatever order, from whomever and however often the rows came. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collectionNumber, type Collection } from '../../src/replica/collections.ts'
import { readEntries, readRecord, writeEntries, writeRecord, type Writer } from '../../src/replica/document.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { foldRecord } from '../../src/replica/records.ts'
import { clock, factsOf, ulid } from './world.ts'

const fields = ['phone', 'email', 'name']
const ids = ['a', 'b', 'c', 'd']

// Three writers of one document, each with what it has of it. A write sees what its writer has; a sync hands over all.
const writers = [0, 1, 2]
const docStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), who: fc.constantFrom(...writers), field: fc.constantFrom(...fields), value: fc.nat(3), at: fc.nat(20) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const), who: fc.constantFrom(...writers), id: fc.constantFrom(...ids), value: fc.nat(3) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const), who: fc.constantFrom(...writers), to: fc.constantFrom(...writers) }) }, // prettier-ignore
)
type DocStep = typeof docStep extends fc.Arbitrary<infer T> ? T : never

/** The updates that such a history leaves, and what each writer has of them. */
function written(steps: readonly DocStep[]): { all: Uint8Array[]; held: ReadonlySet<Uint8Array>[] } {
  const who: Writer[] = writers.map((number) => ({ client: 100 - number, replica: `R${number}` }))
  const held = writers.map(() => new Set<Uint8Array>())
  const all: Uint8Array[] = []
  for (const step of steps) {
    const own = held[step.who]!
    if (step.kind === 'sync') {
      for (const update of own) held[step.to]!.add(update)
      continue
    }
    const change =
      step.kind === 'set'
        ? writeRecord([...own], who[step.who]!, { [step.field]: step.value }, step.at)
        : writeEntries([...own], who[step.who]!, { [step.id]: step.value })
    if (!change) continue
    own.add(change.update)
    all.push(change.update)
  }
  return { all, held }
}

const meaning = (updates: readonly Uint8Array[]) => ({
  record: foldRecord(readRecord(updates)),
  entries: readEntries(updates),
})

it('[LOG-7] a document means the same in any order of its updates, and however often each of them comes', () => {
  fc.assert(
    fc.property(
      fc
        .array(docStep, { maxLength: 25 })
        .map(written)
        .chain(({ all, held }) => {
          const twice = [...all, ...all]
          const whole = fc.shuffledSubarray(twice, { minLength: twice.length, maxLength: twice.length })
          // All of them at least once, and some again, in one order that is none of the log's.
          const some = fc
            .tuple(fc.subarray(all), fc.infiniteStream(fc.nat()))
            .map(([again, chance]) =>
              [...all, ...again].map((update) => [update, chance.next().value as number] as const),
            )
            .map((list) => list.toSorted((a, b) => a[1] - b[1]).map(([update]) => update))
          return fc.record({ all: fc.constant(all), held: fc.constant(held), whole, some })
        }),
      ({ all, held, whole, some }) => {
        const expected = meaning(all)
        expect(meaning(whole)).toEqual(expected)
        expect(meaning(some)).toEqual(expected)
        for (const own of held) if (own.size === all.length) expect(meaning([...own])).toEqual(expected)
      },
    ),
    { numRuns: 500 },
  )
})

const practice = ulid()
const replica = (): Promise<OpenReplica> => openReplica({ store: memoryStore(), practice, id: ulid(), clock })
const all = (): boolean => true

/** Hands over the next part of a collection, or one from further back; says what became of it. */
async function handOver(
  from: OpenReplica,
  to: OpenReplica,
  collection: Collection,
  how: { maxBytes: number; back: number },
) {
  // prettier-ignore
  const number = collectionNumber(collection)
  const { position, complete } = to.replication.peer(from.id)!.cursors[number]!
  const start = Math.max(0, position - how.back)
  const range = { from: start, complete: Math.min(complete, start), maxBytes: how.maxBytes }
  const part = await from.replication.outgoing(to.id, collection, range, all)
  const epoch = from.replication.declared().epochs.at(-1)!.id
  // What comes again comes in a batch that begins where this side stands: any other is not taken.
  const batch = { collection, from: position, to: Math.max(position, part.to), tail: part.tail, epoch, rows: part.rows }
  return {
    ...(await to.replication.receive(from.id, batch, all)),
    tail: part.tail,
    to: part.to,
    rows: part.rows.length,
  }
}

async function meet(a: OpenReplica, b: OpenReplica): Promise<void> {
  await a.replication.meet(b.replication.declared())
  await b.replication.meet(a.replication.declared())
}

const replicated = ['patients', 'messages'] as const

/** Hands over all that one has and the other lacks; says how many rows were sent and logged, and that none was refused. */
async function handOverAll(from: OpenReplica, to: OpenReplica): Promise<{ rows: number; logged: number }> {
  await meet(from, to)
  let rows = 0
  let logged = 0
  for (const collection of replicated)
    for (;;) {
      const part = await handOver(from, to, collection, { maxBytes: 300, back: 0 })
      expect(part.refused).toEqual([])
      rows += part.rows
      logged += part.logged
      if (part.tail) break
    }
  return { rows, logged }
}

const patients = [ulid(), ulid()]
const edit = fc.record({
  patient: fc.constantFrom(...patients),
  what: fc.oneof(
    fc.record({ field: fc.constantFrom(...fields), value: fc.nat(3), at: fc.nat(20) }),
    fc.record({ id: fc.constantFrom(...ids), text: fc.constantFrom('x', 'y') }),
    fc.record({ reachable: fc.boolean() }),
  ),
})
type SomeEdit = typeof edit extends fc.Arbitrary<infer T> ? T : never

function asEdit({ patient, what }: SomeEdit, site: string): Edit {
  if ('field' in what) return { collection: 'patients', key: patient, set: { [what.field]: what.value }, at: what.at }
  if ('reachable' in what)
    return { collection: 'patients', key: patient, set: {}, at: 0, facts: { ...factsOf(patient, 's'), ...what } }
  const said = { at: 1, by: { role: 'site' as const, id: site }, thread: patients[0]!, subject: 's', text: what.text }
  return { collection: 'messages', key: patient, add: { [what.id]: { kind: 'message', ...said } } }
}

/** All that a replica says of the documents: content, facts and generations; not its own numbers. */
async function says(one: OpenReplica): Promise<unknown> {
  return Promise.all(
    patients.map(async (patient) => {
      const heads = await Promise.all(replicated.map((collection) => one.head(collection, patient)))
      const entries = await one.entries('messages', patient)
      return {
        record: await one.record('patients', patient),
        entries: entries.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        heads: heads.map((head) => head && { facts: head.facts, generation: head.generation }),
      }
    }),
  )
}

const worldStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('edit' as const), who: fc.nat(2), edit }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const), from: fc.nat(2), to: fc.nat(2) }) },
)
const delivery = fc.record({
  from: fc.nat(2),
  collection: fc.constantFrom(...replicated),
  maxBytes: fc.integer({ min: 1, max: 600 }),
  back: fc.nat(12),
})

it('[LOG-7] [R5] replicas that got everything, from several peers in random order and repeatedly, say the same; once more adds nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(worldStep, { maxLength: 25 }),
      fc.tuple(fc.array(delivery, { maxLength: 25 }), fc.array(delivery, { maxLength: 25 })),
      async (steps, deliveries) => {
        const origins = await Promise.all([replica(), replica(), replica()])
        for (const step of steps) {
          if (step.kind === 'edit') await origins[step.who]!.change([asEdit(step.edit, origins[step.who]!.id)])
          else if (step.from !== step.to) await handOverAll(origins[step.from]!, origins[step.to]!)
        }
        const fresh = await Promise.all(
          deliveries.map(async (list) => {
            const one = await replica()
            for (const origin of origins) await meet(origin, one)
            for (const { from, collection, ...how } of list)
              expect((await handOver(origins[from]!, one, collection, how)).refused).toEqual([])
            for (const origin of origins) await handOverAll(origin, one)
            return one
          }),
        )
        const expected = await says(fresh[0]!)
        expect(await says(fresh[1]!)).toEqual(expected)
        for (const origin of origins) {
          await handOverAll(fresh[0]!, origin)
          expect(await says(origin)).toEqual(expected)
        }
        // Everything again, from the start: it is held already.
        for (const origin of origins)
          for (const collection of replicated) {
            const again = await handOver(origin, fresh[1]!, collection, { maxBytes: 1e9, back: 1e9 })
            expect(again).toMatchObject({ logged: 0, refused: [] })
          }
      },
    ),
    { numRuns: 200 },
  )
})

async function star() {
  const [hub, a, b] = await Promise.all([replica(), replica(), replica()])
  /** What the sites have goes to the hub and from there to both. */
  const sync = async (): Promise<void> => {
    for (const site of [a, b]) await handOverAll(site, hub)
    for (const site of [a, b]) await handOverAll(hub, site)
  }
  return { hub, a, b, sync }
}

it('[LOG-8] two sites that edit different fields of a patient while apart keep both, everywhere', async () => {
  const { hub, a, b, sync } = await star()
  const key = patients[0]!
  await a.change([{ collection: 'patients', key, set: { phone: '1', email: 'old' }, at: 100 }])
  await sync()
  await a.change([{ collection: 'patients', key, set: { phone: '2' }, at: 200 }])
  await b.change([{ collection: 'patients', key, set: { email: 'new' }, at: 150 }])
  await sync()
  for (const one of [hub, a, b])
    expect(await one.record('patients', key)).toMatchObject({ fields: { phone: '2', email: 'new' }, conflicts: [] })
})

it.each([
  ['the first site', 200, 150],
  ['the second site', 150, 200],
])(
  '[LOG-8] of one field edited by two sites while apart the newer stands everywhere, here that of %s, and the other is kept as a conflict',
  async (_, atA, atB) => {
    // prettier-ignore
    const { hub, a, b, sync } = await star()
    const key = patients[0]!
    await a.change([{ collection: 'patients', key, set: { phone: 'old' }, at: 100 }])
    await sync()
    await a.change([{ collection: 'patients', key, set: { phone: 'by a' }, at: atA }])
    await b.change([{ collection: 'patients', key, set: { phone: 'by b' }, at: atB }])
    await sync()
    const [winner, loser, value, lost] = atA > atB ? [a, b, 'by a', 'by b'] : [b, a, 'by b', 'by a']
    const conflict = { field: 'phone', value: lost, replica: loser.id, time: Math.min(atA, atB), winner: winner.id }
    for (const one of [hub, a, b])
      expect(await one.record('patients', key)).toMatchObject({ fields: { phone: value }, conflicts: [conflict] })
    // Whoever then decides has seen both: the conflict is over.
    await loser.change([{ collection: 'patients', key, set: { phone: 'decided' }, at: 300 }])
    await sync()
    for (const one of [hub, a, b])
      expect(await one.record('patients', key)).toMatchObject({ fields: { phone: 'decided' }, conflicts: [] })
  },
)

it('[LOG-8] an edit made now is never older than what it replaced, though the clock of its site runs behind', async () => {
  const { hub, a, b, sync } = await star()
  const key = patients[0]!
  await a.change([{ collection: 'patients', key, set: { phone: 'ahead' }, at: 9_000 }])
  await sync()
  await b.change([{ collection: 'patients', key, set: { phone: 'behind' }, at: 100 }])
  await sync()
  for (const one of [hub, a, b])
    expect(await one.record('patients', key)).toMatchObject({ fields: { phone: 'behind' }, conflicts: [] })
})
