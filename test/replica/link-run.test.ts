/** What the link promises whatever happens in whatever order, on two state machines and a random scheduler. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collections, type Collection } from '../../src/replica/collections.ts'
import { batchBytes, windowBytes } from '../../src/replica/link-state.ts'
import { Link, type End, type Move } from './link-run.ts'

const largestRow = 300_000
const who = fc.nat(1)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), who, collection: fc.constantFrom(...collections), size: fc.oneof(fc.nat(100), fc.nat(largestRow)) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('write' as const), who, collection: fc.constant<Collection>('patients'), size: fc.integer({ min: 200_000, max: largestRow }) }) }, // prettier-ignore
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver' as const), who, at: fc.constant(0) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('work' as const), who, at: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mark' as const), who, at: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rest' as const), rounds: fc.nat(60) }) },
)
const histories = fc.array(move, { maxLength: 150, size: 'max' })

/** Runs a history, asks after each move, and lets it end. */
function run(moves: readonly Move[], ask: (link: Link, move: Move) => void): Link {
  const link = new Link()
  for (const one of moves) {
    link.move(one)
    ask(link, one)
  }
  link.settle()
  return link
}

const patient: Move = { kind: 'write', who: 0, collection: 'patients', size: 200_000 }

it('[LINK-1] both sides end with all that either wrote, each row once, and then are silent', () => {
  fc.assert(
    fc.property(histories, (moves) => {
      const link = run(moves, () => {})
      const [a, b] = link.ends
      expect([a.state.at, b.state.at]).toEqual(['live', 'live'])
      expect(a.ids()).toEqual(b.ids())
      expect(new Set(a.ids()).size).toBe(a.log.length)
      expect(a.log.length).toBe(moves.filter((one) => one.kind === 'write').length)
    }),
    { numRuns: 150 },
  )
})

// A large upload to a peer that is there and takes its time: the window is what holds it.
const upload: readonly Move[] = [
  ...Array.from({ length: 12 }, () => patient),
  { kind: 'rest', rounds: 6 },
  ...Array.from({ length: 30 }, (): Move => ({ kind: 'work', who: 0, at: 0 })),
]

it('[LINK-6] what is under way without an acknowledgement stays below the window and one batch', () => {
  let most = 0
  fc.assert(
    fc.property(histories, (moves) => {
      run([...upload, ...moves], (link) => {
        for (const end of link.ends) {
          const bytes = [...end.underWay.values()].flat().reduce((sum, one) => sum + one, 0)
          most = Math.max(most, bytes)
          // A batch ends with the row that makes it full.
          expect(bytes).toBeLessThanOrEqual(windowBytes + batchBytes + largestRow)
        }
      })
    }),
    { numRuns: 150 },
  )
  expect(most).toBeGreaterThan(windowBytes)
})

/** Where an end did not keep the order of turns, as a sentence. */
function unfair(story: End['story']): string[] {
  const faults: string[] = []
  /** Collections that may have more, and what was read since. */
  const waiting = new Map<Collection, Collection[]>()
  for (const one of story) {
    if (one.kind === 'changed' || one.kind === 'live')
      for (const name of collections) if (!waiting.has(name)) waiting.set(name, [])
    if (one.kind !== 'read') continue
    if (one.collection !== 'preferences' && waiting.has('preferences')) faults.push(`${one.collection} before settings`)
    waiting.delete(one.collection)
    if (one.collection === 'preferences') continue
    for (const [name, others] of waiting) {
      if (others.includes(one.collection)) faults.push(`${name} waits while ${one.collection} is read twice`)
      others.push(one.collection)
    }
  }
  return faults
}

it('[LINK-7] [R12] settings are read before anything else, and nobody waits while another collection is read twice', () => {
  fc.assert(
    fc.property(histories, (moves) => {
      for (const end of run(moves, () => {}).ends) expect(unfair(end.story)).toEqual([])
    }),
    { numRuns: 150 },
  )
})

it('[LINK-7] what is written while a large collection goes up waits for no more than one batch of it, whatever is committed meanwhile', () => {
  const link = new Link()
  link.settle()
  const [a] = link.ends
  const batches = (): Collection[] =>
    a.story.flatMap((effect) => (effect.kind === 'send' && effect.frame.kind === 'batch' ? [effect.frame.collection] : [])) // prettier-ignore
  for (let i = 0; i < 100; i++) link.move(patient)
  while (batches().length < 6) link.move({ kind: 'rest', rounds: 1 })
  const before = batches().length
  link.move({ kind: 'write', who: 0, collection: 'events', size: 10 })
  for (let i = 0; i < 40 && !batches().slice(before).includes('events'); i++) {
    // A commit with every other step: the settings are looked at again each time, and still nobody is passed over.
    link.move(patient)
    link.move({ kind: 'rest', rounds: 2 })
  }
  // The batch that was being read, one whole one, and then what was waiting.
  const sent = batches().slice(before)
  expect(sent).toContain('events')
  expect(sent.indexOf('events')).toBeLessThanOrEqual(2)
})

it('[LINK-10] who is told that all is caught up has it, and so has the other side', () => {
  let early = 0
  fc.assert(
    fc.property(histories, (moves) => {
      const link = new Link()
      for (const one of moves) link.move(one)
      early += link.marksReached.size
      link.settle()
      // None is forgotten.
      expect(new Set(link.marksReached.keys())).toEqual(new Set(link.marksAsked.keys()))
      for (const [mark, asked] of link.marksAsked)
        for (const had of link.marksReached.get(mark)!) expect(had).toEqual(expect.arrayContaining([...asked]))
    }),
    { numRuns: 150 },
  )
  // Some in the middle of things, not only when all is over.
  expect(early).toBeGreaterThan(10)
})
