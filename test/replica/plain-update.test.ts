import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { entriesOf, openDocument, readEntries, readRecord, recordMaps } from '../../src/replica/document.ts'
import { readPlain, writePlain } from '../../src/replica/plain-update.ts'

const key = fc.constantFrom('firstName', 'balanceDueCents', 'Größe', '', 'stage/1/words', 'x')
const root = fc.constantFrom('entries', 'by:R1:a', 'by:R2:b', 'other')
// A name that lib0 takes for the prototype of what it decodes does not come back, with Yjs or without.
const json = fc.jsonValue().filter((one) => !JSON.stringify(one).includes('__proto__'))
const written = fc.tuple(json, fc.nat(), fc.nat())
const value = fc.oneof(json, written)
const client = fc.integer({ min: 1, max: 2 ** 32 - 1 })

it('[LOG-7] the first update of a document is byte for byte what Yjs makes of it, and says the same', () => {
  fc.assert(
    fc.property(root, fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1 }), client, (name, values, by) => {
      const doc = new Y.Doc()
      doc.clientID = by
      doc.transact(() => values.forEach(([at, one]) => doc.getMap(name).set(at, one)))
      const update = writePlain(name, values, by)
      expect(update).toEqual(Y.encodeStateAsUpdate(doc))
      expect(readPlain(update)).toEqual({ root: name, values: new Map(values) })
    }),
  ) // prettier-ignore
})

it('[LOG-7] a document read without Yjs says what Yjs reads in it, whatever was written, overwritten and deleted', () => {
  const step = fc.record({ client: fc.integer({ min: 1, max: 2 }), root, key, value: fc.option(value) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.boolean(), (steps, apart) => {
      const doc = new Y.Doc()
      const updates: Uint8Array[] = []
      doc.on('update', (update) => updates.push(update))
      for (const one of steps) {
        doc.clientID = one.client
        const map = doc.getMap(one.root)
        if (one.value === null) map.delete(one.key)
        else map.set(one.key, one.value)
      }
      const all = apart ? updates : [Y.encodeStateAsUpdate(doc)]
      const opened = openDocument(all)
      expect(readRecord(all)).toEqual(recordMaps(opened))
      expect(readEntries(all)).toEqual(entriesOf(opened))
    }),
  )
})
