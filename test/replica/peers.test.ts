/** Rule 6: what a replica makes of a peer's hello, in examples and over random lives of a peer with restarts and restores. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collections } from '../../src/replica/collections.ts'
import { afterHello, commonPoint, type Declared } from '../../src/replica/peers.ts'
import { strangerOf, withEpoch, type Cursor, type Epoch, type PeerKnowledge } from '../../src/replica/store.ts'

const chain = (...list: (readonly [id: number, first: number])[]): Epoch[] => list.map(([id, first]) => ({ id, first }))
const declaredBy = (epochs: Epoch[], over: Partial<Declared> = {}): Declared => ({
  replica: 'peer',
  epochs,
  head: 50,
  incarnations: collections.map(() => ''),
  ...over,
})
const cursorAt = (epoch: number, position: number, complete: number, erasedAt = 0): Cursor => ({ epoch, position, complete, erasedAt }) // prettier-ignore
const everywhere = <T>(one: T): T[] => collections.map(() => one)
/** A peer that was met under `epochs`, read up to `seen`, and stands so in every collection. */
const met = (epochs: Epoch[], seen: number, cursor: Cursor): PeerKnowledge => ({
  ...strangerOf('peer', collections.length),
  chain: epochs,
  seen,
  cursors: everywhere(cursor),
  amnesty: everywhere(3),
})

describe('[R6] the newest point that two lists of epochs have in common', () => {
  it.each([
    ['nothing in common', chain([1, 1], [2, 9]), chain([3, 1]), 0],
    ['nothing known', [], chain([1, 1]), 0],
    ['the same life: there is no end yet', chain([1, 1], [2, 9]), chain([1, 1], [2, 9]), Infinity],
    ['started again since: up to that start', chain([1, 1]), chain([1, 1], [2, 9]), 8],
    ['started three times since', chain([1, 1], [2, 9]), chain([1, 1], [2, 9], [3, 12], [4, 30]), 11],
    ['restored to a copy of the epoch before', chain([1, 1], [2, 9]), chain([1, 1], [3, 5]), 4],
    ['restored, but to a copy that was newer than what we knew', chain([1, 1]), chain([1, 1], [2, 9], [3, 12]), 8],
    ['an epoch without rows was replaced', chain([1, 1], [2, 9]), chain([1, 1], [3, 9]), 8],
    ['restored twice', chain([1, 1], [2, 9], [5, 20]), chain([1, 1], [2, 9], [6, 14], [7, 16]), 13],
    ['the older of one list fell off', chain([1, 1], [2, 9], [3, 20]), chain([2, 9], [3, 20], [4, 25]), 24],
  ] as const)('%s', (_, stored, declared, expected) => {
    expect(commonPoint(stored, declared)).toBe(expected)
    expect(commonPoint(declared, stored)).toBe(expected)
  })
})

it('[R6] at the first contact everything is read from the start, and nobody was restored', () => {
  const declared = declaredBy(chain([1, 1], [2, 9]))
  const { known, restored } = afterHello(strangerOf('peer', collections.length), declared, 70)
  expect(restored).toBe(false)
  expect(known).toEqual({
    ...strangerOf('peer', collections.length),
    chain: declared.epochs,
    cursors: everywhere(cursorAt(2, 0, 0)),
  })
})

it('[R6] a peer that went on in the same epoch is read on from where it was read', () => {
  const former = met(chain([1, 1], [2, 9]), 40, cursorAt(2, 40, 31))
  expect(afterHello(former, declaredBy(former.chain as Epoch[]), 70)).toEqual({ restored: false, known: former })
})

it('[R6] a peer with a newer epoch is read again from the last point at which everything before it was here', () => {
  const former = met(chain([1, 1]), 40, cursorAt(1, 40, 31))
  const { known, restored } = afterHello(former, declaredBy(chain([1, 1], [2, 46])), 70)
  expect(restored).toBe(false)
  expect(known.seen).toBe(40)
  expect(known.cursors).toEqual(everywhere(cursorAt(2, 31, 31)))
  expect(known.amnesty).toEqual(former.amnesty)
})

it('[R6] a peer that was put back to a copy is read again from the common point, and gets back what came from it', () => {
  const former = met(chain([1, 1]), 40, cursorAt(1, 40, 38))
  const { known, restored } = afterHello(former, declaredBy(chain([1, 1], [2, 21]), { head: 20 }), 70)
  expect(restored).toBe(true)
  expect(known.seen).toBe(20)
  expect(known.cursors).toEqual(everywhere(cursorAt(2, 20, 20)))
  expect(known.amnesty).toEqual(everywhere(70))
  // It has happened once: the next hello of the same life changes nothing.
  expect(afterHello(known, declaredBy(chain([1, 1], [2, 21])), 90)).toEqual({ restored: false, known })
})

it('[R6] a peer of which no epoch is known any more is read from the start', () => {
  const former = met(chain([1, 1]), 40, cursorAt(1, 40, 40))
  const { known, restored } = afterHello(former, declaredBy(chain([8, 1])), 70)
  expect(restored).toBe(true)
  expect(known.seen).toBe(0)
  expect(known.cursors).toEqual(everywhere(cursorAt(8, 0, 0)))
})

it('[R9] where a restore undid a receipt, that collection is read from the start', () => {
  const former = met(chain([1, 1]), 40, cursorAt(1, 40, 40, 12))
  const undone = { ...former, cursors: former.cursors.with(4, cursorAt(1, 40, 40, 30)) }
  const { known } = afterHello(undone, declaredBy(chain([1, 1], [2, 21])), 70)
  expect(known.cursors[4]).toEqual(cursorAt(2, 0, 0, 20))
  expect(known.cursors[5]).toEqual(cursorAt(2, 20, 20, 12))
})

it('[R11] a new incarnation of a collection sends its cursor to 0 with amnesty; the others stay', () => {
  const former = met(chain([1, 1]), 40, cursorAt(1, 40, 40, 12))
  const declared = declaredBy(chain([1, 1]), { incarnations: collections.map((_, i) => (i === 4 ? 'new' : '')) })
  const { known, restored } = afterHello(former, declared, 70)
  expect(restored).toBe(false)
  expect(known.incarnations).toEqual(declared.incarnations)
  expect(known.cursors).toEqual(former.cursors.with(4, cursorAt(1, 0, 0)))
  expect(known.amnesty).toEqual(former.amnesty.with(4, 70))
  expect(afterHello(known, declared, 90).known).toEqual(known)
})

// A peer whose rows are tokens that are never used twice: what it has at a seq tells in which of its lives it wrote it.
const life = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), rows: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('meet' as const), reads: fc.nat(8) }) },
)

it('[R6] over any life of a peer: what it lost is noticed, what it has is never passed over, and it gets back what it lost', () => {
  let restores = 0
  fc.assert(
    fc.property(fc.array(life, { maxLength: 40, size: 'max' }), (steps) => {
      let peer = { epochs: withEpoch([], 1, 1), rows: [] as number[] }
      const copies = [peer]
      let epochs = 1
      let token = 0
      let known = strangerOf('peer', 1)
      // By seq, the row that was read last there; and all that was ever read.
      const last: number[] = []
      const read = new Set<number>()
      const start = (from: typeof peer): typeof peer => ({ ...from, epochs: withEpoch(from.epochs, ++epochs, from.rows.length + 1) }) // prettier-ignore
      for (const [at, step] of steps.entries()) {
        if (step.kind === 'write') peer = { ...peer, rows: [...peer.rows, ...Array.from({ length: step.rows }, () => ++token)] } // prettier-ignore
        if (step.kind === 'restart') peer = start(peer)
        if (step.kind === 'copy') copies.push(peer)
        if (step.kind === 'restore') peer = start(copies[step.which % copies.length]!)
        if (step.kind !== 'meet') continue
        const declared = { replica: 'peer', epochs: peer.epochs, head: peer.rows.length, incarnations: [''] }
        const ownHead = 1_000 + at
        const before = known
        const result = afterHello(known, declared, ownHead)
        known = result.known
        const [cursor] = known.cursors as [Cursor]
        const lost = last.slice(0, before.seen).some((one, seq) => one !== peer.rows[seq])
        expect(result.restored).toBe(lost)
        expect(known.amnesty[0]).toBe(lost ? ownHead : before.amnesty[0])
        expect(known.seen).toBeLessThanOrEqual(peer.rows.length)
        expect(cursor.position).toBeLessThanOrEqual(known.seen)
        // Everything up to the cursor was read in this life of the peer or in one that it shares.
        for (const one of peer.rows.slice(0, cursor.position)) expect(read).toContain(one)
        if (lost) restores++
        // Then a batch is taken, which may end before the tail.
        const to = Math.min(peer.rows.length, cursor.position + step.reads)
        for (let seq = cursor.position; seq < to; seq++) read.add((last[seq] = peer.rows[seq]!))
        const tail = to === peer.rows.length
        const next = { ...cursor, position: to, complete: tail ? to : cursor.complete }
        known = { ...known, seen: Math.max(known.seen, to), cursors: [next] }
      }
    }),
    { numRuns: 1_000 },
  )
  expect(restores).toBeGreaterThan(50)
})
