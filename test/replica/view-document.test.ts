/** View documents and the messages that carry them, against readers that come back with anything of before. */
import fc from 'fast-check'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { messageYjsSyncStep2, readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { expect, it } from 'vitest'
import type { Clock } from '../../src/replica/clock.ts'
import { viewDocuments, type View, type ViewDocument } from '../../src/replica/view-document.ts'
import { nobodyAware, readViewMessage, writeViewState, writeViewUpdate } from '../../src/replica/view-messages.ts'
import { clock } from './world.ts'

const names = ['events', 'messages'] as const
const view: fc.Arbitrary<View> = fc.record({
  events: fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant({ x: 1 })),
  ),
  messages: fc.dictionary(fc.constantFrom('a', 'd'), fc.string({ maxLength: 4 })),
})
const seen = (doc: Y.Doc): View => Object.fromEntries(names.map((name) => [name, doc.getMap(name).toJSON()]))

/** A reader asks and takes the answer, as a `WebsocketProvider` does. */
function sync(document: ViewDocument, reader: Y.Doc): void {
  const missing = document.missing(Y.encodeStateVector(reader))
  Y.applyUpdate(reader, missing!)
}

it('[VIEW-3] a reader sees exactly the view after it has asked, whatever it has of earlier views, and follows every change', () => {
  fc.assert(
    fc.property(
      // One list of views a document; a reader asks at some of them and takes some of the updates.
      fc.array(fc.array(fc.tuple(view, fc.boolean()), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      (lives) => {
        const open = viewDocuments(clock)
        const reader = new Y.Doc()
        for (const steps of lives) {
          const document = open()
          let joined = false
          for (const [shown, asks] of steps) {
            const update = document.show(shown)
            if (joined && update) Y.applyUpdate(reader, update)
            if (asks) {
              sync(document, reader)
              joined = true
            }
            if (joined) expect(seen(reader)).toEqual(shown)
          }
        }
      },
    ),
    { numRuns: 1_000 },
  )
})

it('[VIEW-3] a reader with a later view is not answered, because it would go on seeing that', () => {
  const at = (now: number): Clock => ({ ...clock, now: () => now })
  const [before, after] = [viewDocuments(at(2e12))(), viewDocuments(at(1e12))()]
  before.show({ events: { a: 1 } })
  after.show({ events: { a: 2 } })
  const reader = new Y.Doc()
  sync(before, reader)
  expect(after.missing(Y.encodeStateVector(reader))).toBeUndefined()
})

it('a clock that goes back does not make a view older than the one before it', () => {
  let now = 2e12
  const open = viewDocuments({ ...clock, now: () => now })
  const reader = new Y.Doc()
  for (const value of [1, 2, 3]) {
    const document = open()
    document.show({ events: { a: value }, messages: {} })
    sync(document, reader)
    expect(seen(reader)).toEqual({ events: { a: value }, messages: {} })
    now -= 1_000
  }
})

it('only what differs is said, and nothing when nothing does', () => {
  const document = viewDocuments(clock)()
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, count) => [`key${count}`, { text: 'x'.repeat(100) }]))
  document.show({ messages: many })
  expect(document.show({ messages: structuredClone(many) })).toBeUndefined()
  const update = document.show({ messages: { ...many, key7: { text: 'y' } } })
  expect(update!.length).toBeLessThan(100)
  expect(document.has('key7')).toBe(true)
  document.show({})
  expect(document.has('key7')).toBe(false)
})

it('the messages are those of y-protocols', () => {
  const document = viewDocuments(clock)()
  document.show({ events: { a: 1 } })
  const reader = new Y.Doc()
  const ask = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    writeSyncStep1(encoder, reader)
  })
  const asked = readViewMessage(ask)
  expect(asked.kind).toBe('asks')
  const vector = asked.kind === 'asks' ? asked.vector : new Uint8Array()
  const answer = decoding.createDecoder(writeViewState(document.missing(vector)!))
  expect(decoding.readVarUint(answer)).toBe(0)
  expect(readSyncMessage(answer, encoding.createEncoder(), reader, 'test')).toBe(messageYjsSyncStep2)
  const update = decoding.createDecoder(writeViewUpdate(document.show({ events: { a: 2 } })!))
  expect(decoding.readVarUint(update)).toBe(0)
  readSyncMessage(update, encoding.createEncoder(), reader, 'test')
  expect(seen(reader)).toEqual({ events: { a: 2 }, messages: {} })
  expect(nobodyAware).toEqual(Uint8Array.of(1, 1, 0))
})

it('[VIEW-2] every update but the empty one is a write', () => {
  fc.assert(
    fc.property(view, (content) => {
      const doc = new Y.Doc()
      doc.transact(() => {
        for (const name of names)
          for (const [key, value] of Object.entries(content[name]!)) doc.getMap(name).set(key, value)
      })
      const empty = names.every((name) => Object.keys(content[name]!).length === 0)
      const frame = encoding.encode((encoder) => {
        encoding.writeVarUint(encoder, 0)
        writeUpdate(encoder, Y.encodeStateAsUpdate(doc))
      })
      expect(readViewMessage(frame).kind).toBe(empty ? 'brings nothing' : 'writes')
    }),
  )
})
