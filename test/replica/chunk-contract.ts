/** What every store keeps of the chunks of attachments (`src/replica/chunk-store.ts`). `store.test.ts` runs it on each store. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkBytes } from '../../src/replica/chunk-store.ts'
import type { Store } from '../../src/replica/store.ts'
import { bytes, nastyKeys, started, type StorePlace } from './store-values.ts'

const textOf = async ({ chunks }: Store, name: string): Promise<string | undefined> => {
  const found = await chunks.chunk(name)
  return found && Buffer.from(found).toString()
}

/** Runs the contract of chunks on the places that `make` makes. */
export function chunkContract(name: string, make: () => StorePlace): void {
  describe(`the chunks of the store ${name}`, () => {
    it('[BLOB-2] a chunk that another document uses stays, and goes with the last that does', async () => {
      const { store, again } = await started(make)
      await store.chunks.hold('upload/1', 5, 'n', bytes('one'))
      await store.chunks.hold('upload/1', 5, 'm', bytes('two'))
      await store.chunks.use('a', ['n', 'm', 'n'])
      await store.chunks.use('b', ['n'])
      await store.chunks.use('upload/1', [])
      expect(await store.chunks.usersOf('n')).toEqual(['a', 'b'])
      await store.chunks.use('a', ['m'])
      expect([await textOf(store, 'n'), await textOf(store, 'm')]).toEqual(['one', 'two'])
      const next = await again()
      await next.chunks.use('b', [])
      expect([await textOf(next, 'n'), await textOf(next, 'm')]).toEqual([undefined, 'two'])
      expect(await next.chunks.usersOf('n')).toEqual([])
      expect(await next.chunks.countWanted()).toBe(0)
    })

    it('[BLOB-6] what is used and not here is wanted, until it comes or nobody uses it', async () => {
      const { store, again } = await started(make)
      await store.chunks.use('a', ['z', 'n', 'm'])
      expect(await store.chunks.wanted('', 9)).toEqual(['m', 'n', 'z'])
      expect(await store.chunks.wanted('m', 1)).toEqual(['n'])
      expect(await store.chunks.fill('n', bytes('content'))).toBe(true)
      expect(await store.chunks.fill('of nobody', bytes('content'))).toBe(false)
      const next = await again()
      expect(await next.chunks.missing(['z', 'n', 'of nobody'])).toEqual(['z', 'of nobody'])
      await next.chunks.use('a', ['n', 'z'])
      expect([await next.chunks.wanted('', 9), await next.chunks.countWanted()]).toEqual([['z'], 1])
      await next.chunks.lose('n')
      expect(await next.chunks.wanted('', 9)).toEqual(['n', 'z'])
    })

    it('[BLOB-2] an upload that never became a message is swept after its time, and no other', async () => {
      const { store } = await started(make)
      await store.chunks.hold('upload/old', 10, 'n', bytes('old'))
      await store.chunks.hold('upload/old', 30, 'both', bytes('both'))
      await store.chunks.hold('upload/new', 20, 'both', bytes('both'))
      await store.chunks.hold('upload/became a message', 10, 'm', bytes('said'))
      await store.chunks.use('a', ['m'])
      await store.chunks.use('upload/became a message', [])
      expect(await store.chunks.sweep(20)).toBe(1)
      expect([await textOf(store, 'n'), await textOf(store, 'both'), await textOf(store, 'm')]).toEqual([undefined, 'both', 'said']) // prettier-ignore
      expect(await store.chunks.sweep(20)).toBe(0)
    })

    it('keeps every name and holder apart, and a whole chunk as it is', async () => {
      const { store, starts } = await started(make)
      const names = nastyKeys.filter((key) => key !== '')
      const large = new Uint8Array(chunkBytes).map((_, i) => i * 7)
      for (const key of names) await store.chunks.hold(key, 1, key, bytes(`of ${key}`))
      await store.chunks.hold('large', 1, 'large', large)
      for await (const now of starts()) {
        for (const key of names) {
          expect(await textOf(now, key)).toBe(`of ${key}`)
          expect(await now.chunks.usersOf(key)).toEqual([key])
        }
        expect(Buffer.compare((await now.chunks.chunk('large'))!, large)).toBe(0)
      }
    })

    it('[BLOB-2] whatever is done in whatever order, exactly what is used is kept or wanted', async () => {
      const names = ['a', 'b', 'c', 'd']
      const holders = ['x', 'y', 'upload/1', 'upload/2']
      const step = fc.oneof(
        fc.record({ do: fc.constant('use' as const), holder: fc.constantFrom(...holders), names: fc.subarray(names) }),
        fc.record({ do: fc.constant('hold' as const), holder: fc.constantFrom('upload/1', 'upload/2'), name: fc.constantFrom(...names) }), // prettier-ignore
        fc.record({ do: fc.constant('fill' as const), name: fc.constantFrom(...names) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const place = make()
          const store = await place.open()
          try {
            const uses = new Map<string, Set<string>>()
            const here = new Set<string>()
            for (const one of steps) {
              const used = (name: string): boolean => [...uses.values()].some((set) => set.has(name))
              if (one.do === 'use') {
                await store.chunks.use(one.holder, one.names)
                uses.set(one.holder, new Set(one.names))
              }
              if (one.do === 'hold') {
                await store.chunks.hold(one.holder, 1, one.name, bytes(one.name))
                uses.set(one.holder, new Set([...(uses.get(one.holder) ?? []), one.name]))
                here.add(one.name)
              }
              if (one.do === 'fill') {
                expect(await store.chunks.fill(one.name, bytes(one.name))).toBe(used(one.name))
                if (used(one.name)) here.add(one.name)
              }
              for (const each of names) if (!used(each)) here.delete(each)
              expect(await store.chunks.missing(names)).toEqual(names.filter((each) => !here.has(each)))
              expect(await store.chunks.wanted('', 9)).toEqual(names.filter((each) => used(each) && !here.has(each)))
              for (const each of names)
                expect(await store.chunks.usersOf(each)).toEqual(
                  holders.filter((holder) => uses.get(holder)?.has(each)).toSorted(),
                )
            }
          } finally {
            await store.close()
          }
        }),
        { numRuns: 25 },
      )
    })
  })
}
