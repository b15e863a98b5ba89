/** Any frame that the codec may be given, bounded as its reader bounds it: for properties of the codec and of the link. */
import fc from 'fast-check'
import { refusals, type WireRow } from '../../src/replica/admission.ts'
import { closeReasons, type BatchFrame, type Frame } from '../../src/replica/codec.ts'
import { digestBytes } from '../../src/replica/reconcile-codec.ts'
import { collections } from '../../src/replica/collections.ts'

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
export const number = fc.oneof(fc.nat(300), fc.maxSafeNat())
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom('\uFEFFx', 'x'.repeat(4096), '字'.repeat(4096)) },
)
const ulidOf = (alphabet: string, first: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...first.split('')),
      fc.array(fc.constantFrom(...alphabet.split('')), { minLength: 25, maxLength: 25 }),
    )
    .map(([head, tail]) => head + tail.join(''))
/** ULIDs, what looks like one and is none, and anything else. */
const key = fc.oneof(ulidOf(crockford, '01234567'), ulidOf(crockford + 'UILOéa', '012789Z'), text)
const perCollection = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: collections.length, maxLength: collections.length })
const epochs = (minLength: number): fc.Arbitrary<{ id: number; first: number }[]> =>
  fc.array(fc.record({ id: number, first: number }), { minLength, maxLength: 64 })

const row: fc.Arbitrary<Omit<WireRow, 'seq'> & { step: number }> = fc
  .record({
    step: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 ** 40 })),
    key,
    generation: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    erased: number,
    patient: fc.option(key),
    own: fc.boolean(),
    facts: fc.record({
      site: fc.option(fc.oneof(fc.constantFrom('s', 't'), text)),
      shown: fc.boolean(),
      reachable: fc.boolean(),
      startsAt: fc.option(fc.maxSafeInteger()),
      at: number,
    }),
    update: fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ size: 'max', minLength: 600, maxLength: 900 })),
    receipt: fc.boolean(),
  })
  .map(({ patient, own, facts, erased, ...rest }) => ({
    ...rest,
    erased: rest.generation > 1 ? erased : 0,
    facts: { patient: own ? rest.key : patient, ...facts },
  }))

/** Rows in order above `from`, and the seq of the last. */
const rowsFrom = (from: number, rows: readonly (Omit<WireRow, 'seq'> & { step: number })[]): [WireRow[], number] => {
  let seq = from
  return [rows.map(({ step, ...one }): WireRow => ({ ...one, seq: (seq += step) })), seq]
}
const rows = fc.array(row, { maxLength: 12 })

export const batch: fc.Arbitrary<BatchFrame> = fc
  .record({
    collection: fc.constantFrom(...collections),
    from: fc.oneof(fc.nat(300), fc.nat(2 ** 31)),
    rows,
    beyond: fc.oneof(fc.constant(0), fc.nat(300)),
    tail: fc.boolean(),
    epoch: number,
    settingsVersion: number,
    farther: fc.option(fc.nat(300), { nil: undefined }),
  })
  .map(({ rows: list, from, beyond, farther, ...rest }) => {
    const [numbered, last] = rowsFrom(from, list)
    const to = last + beyond
    return { kind: 'batch', ...rest, from, to, rows: numbered, ...(farther !== undefined && { newest: to + farther }) }
  })

const kind = <const K extends Frame['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name)

const run = { run: number, collection: fc.constantFrom(...collections) }
const digest = fc.uint8Array({ minLength: digestBytes, maxLength: digestBytes })

/** Every kind of frame. A kind that the codec learns is missing here until it is added: the type says so. */
export const frames: { readonly [K in Frame['kind']]: fc.Arbitrary<Frame & { readonly kind: K }> } = {
  challenge: fc.record({ kind: kind('challenge'), nonce: fc.uint8Array({ maxLength: 64 }) }),
  'sign in': fc.record({ kind: kind('sign in'), certificate: text, signature: fc.uint8Array({ maxLength: 256 }) }),
  hello: fc.record({
    kind: kind('hello'),
    versions: fc.record({ oldest: number, newest: number }),
    practice: text,
    replica: text,
    epochs: epochs(1),
    head: number,
    clock: number,
    incarnations: perCollection(text),
    yours: fc.record({ chain: epochs(0), seen: number, positions: perCollection(number) }),
    settingsVersion: number,
  }),
  want: fc.record({ kind: kind('want'), cursors: perCollection(fc.record({ position: number, complete: number })) }),
  batch,
  ack: fc.record({
    kind: kind('ack'),
    collection: fc.constantFrom(...collections),
    to: number,
    refused: fc.array(fc.record({ seq: number, reason: fc.constantFrom(...refusals) }), { maxLength: 20 }),
  }),
  refuse: fc.record({ kind: kind('refuse'), reason: fc.constantFrom(...closeReasons) }),
  summary: fc.record({ kind: kind('summary'), ...run, buckets: fc.uint8Array({ maxLength: 256 * digestBytes }) }),
  differing: fc.record({
    kind: kind('differing'),
    ...run,
    buckets: fc.array(fc.nat(255), { maxLength: 256 }),
    documents: fc.array(fc.record({ key, digest }), { maxLength: 12 }),
  }),
  documents: fc.record({
    kind: kind('documents'),
    ...run,
    wanted: fc.array(key, { maxLength: 12 }),
    rows: rows.map((list) => rowsFrom(0, list)[0]),
    last: fc.boolean(),
  }),
  mark: fc.record({ kind: kind('mark'), number }),
  'chunk wanted': fc.record({ kind: kind('chunk wanted'), name: fc.string({ maxLength: 100 }), patient: text }),
  chunk: fc.record({
    kind: kind('chunk'),
    name: fc.string({ maxLength: 100 }),
    content: fc.uint8Array({ maxLength: 300 }),
  }),
  'chunks due': fc.record({
    kind: kind('chunks due'),
    patient: text,
    names: fc.array(fc.string({ maxLength: 100 }), { maxLength: 12 }),
  }),
  'chunks kept': fc.record({ kind: kind('chunks kept'), patient: text }),
  marked: fc.record({ kind: kind('marked'), number }),
}
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(frames))
