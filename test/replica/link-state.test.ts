/** The state machine of the link is total: what happens in each state on each event stands in this table, and nothing throws. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { versions, type BatchFrame, type Frame, type Hello } from '../../src/replica/codec.ts'
import { collections, type Collection } from '../../src/replica/collections.ts'
import {
  batchBytes,
  begin,
  mostUntaken,
  step,
  windowBytes,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  type Step,
} from '../../src/replica/link-state.ts'
import { strangerOf, type PeerKnowledge } from '../../src/replica/store.ts'
import { anyFrame, batch, frames, number } from './frames.ts'

const own: Hello = {
  kind: 'hello',
  versions,
  practice: 'P',
  replica: 'own',
  epochs: [{ id: 4, first: 1 }],
  head: 40,
  clock: 1,
  incarnations: collections.map(() => ''),
  yours: { chain: [], seen: 0, positions: collections.map(() => 0) },
  settingsVersion: 0,
}
const hello: Hello = { ...own, replica: 'peer' }
const known: PeerKnowledge = strangerOf('peer', collections.length)
const received = { refused: [], logged: 0, dropped: 0 }
const batchOf = (from: number, to: number): BatchFrame => ({
  kind: 'batch',
  collection: 'preferences',
  from,
  to,
  tail: true,
  epoch: 9,
  settingsVersion: 0,
  rows: [],
})
const facts = { patient: null, site: null, shown: false, reachable: false, startsAt: null, at: 0 }
const row = { seq: 7, key: 'a', generation: 1, erased: 0, facts, update: new Uint8Array(9), receipt: false }

// Every kind of event and of frame is among these: the compiler says so.
type Named<E extends LinkEvent> = E extends { kind: 'frame' } ? `frame ${Frame['kind']}` : E['kind'] extends 'read' ? 'read something' : E['kind'] // prettier-ignore
const events = {
  'frame challenge': { kind: 'frame', frame: { kind: 'challenge', nonce: new Uint8Array(32) } },
  'frame sign in': { kind: 'frame', frame: { kind: 'sign in', certificate: '', signature: new Uint8Array() } },
  'frame hello': { kind: 'frame', frame: hello },
  'frame want': { kind: 'frame', frame: { kind: 'want', cursors: collections.map(() => ({ position: 0, complete: 0 })) } }, // prettier-ignore
  'frame batch': { kind: 'frame', frame: batchOf(0, 5) },
  'frame batch from elsewhere': { kind: 'frame', frame: batchOf(3, 5) },
  'frame ack': { kind: 'frame', frame: { kind: 'ack', collection: 'preferences', to: 7, refused: [] } },
  'frame ack with refused rows': { kind: 'frame', frame: { kind: 'ack', collection: 'preferences', to: 7, refused: [{ seq: 7, reason: 'gap' }] } }, // prettier-ignore
  'frame ack of what was not sent': { kind: 'frame', frame: { kind: 'ack', collection: 'preferences', to: 6, refused: [] } }, // prettier-ignore
  'frame refuse': { kind: 'frame', frame: { kind: 'refuse', reason: 'revoked device' } },
  'frame mark': { kind: 'frame', frame: { kind: 'mark', number: 8 } },
  'frame marked': { kind: 'frame', frame: { kind: 'marked', number: 3 } },
  'frame summary': {
    kind: 'frame',
    frame: { kind: 'summary', run: 1, collection: 'messages', buckets: new Uint8Array() },
  },
  'frame differing': {
    kind: 'frame',
    frame: { kind: 'differing', run: 1, collection: 'messages', buckets: [], documents: [] },
  },
  'frame documents': {
    kind: 'frame',
    frame: { kind: 'documents', run: 1, collection: 'messages', wanted: [], rows: [], last: true },
  },
  'frame chunk wanted': { kind: 'frame', frame: { kind: 'chunk wanted', name: 'n', patient: 'p' } },
  'frame chunk': { kind: 'frame', frame: { kind: 'chunk', name: 'n', content: Uint8Array.of(1) } },
  'frame chunks due': { kind: 'frame', frame: { kind: 'chunks due', patient: 'p', names: ['n'] } },
  'frame chunks kept': { kind: 'frame', frame: { kind: 'chunks kept', patient: 'p' } },
  met: { kind: 'met', known, restored: false },
  'read something': { kind: 'read', collection: 'preferences', outgoing: { rows: [row], to: 7, tail: true } },
  'read nothing': { kind: 'read', collection: 'preferences', outgoing: { rows: [], to: 0, tail: true } },
  received: { kind: 'received', batch: batchOf(0, 5), received },
  paused: { kind: 'paused', batch: batchOf(0, 5) },
  changed: { kind: 'changed' },
  mark: { kind: 'mark', number: 3 },
  'want chunk': { kind: 'want chunk', wanted: { kind: 'chunk wanted', name: 'n', patient: 'p' } },
  'chunk read': { kind: 'chunk read', chunk: { kind: 'chunk', name: 'n', content: Uint8Array.of(1) } },
  'chunk left': { kind: 'chunk left' },
  'ask after chunks': { kind: 'ask after chunks', due: { kind: 'chunks due', patient: 'p', names: ['n'] } },
  'chunks arrived': { kind: 'chunks arrived' },
} satisfies Record<string, LinkEvent> & Record<Named<LinkEvent>, LinkEvent>
type EventName = keyof typeof events

const after = (state: LinkState, ...names: readonly EventName[]): LinkState =>
  names.reduce((now, name) => step(now, events[name])[0], state)
/** Answers every read with nothing, until nothing more is read. */
function settled(first: Step): LinkState {
  for (let now = first; ;) {
    const read = now[1].find((effect) => effect.kind === 'read')
    if (!read) return now[0]
    const outgoing = { rows: [], to: read.from, tail: true }
    now = step(now[0], { kind: 'read', collection: read.collection, outgoing })
  }
}

const greeting = begin(own)[0]
/** A connection with a peer of that version, which has said from where it wants to read. */
const wantedBy = (newest: number): Step =>
  step(step(step(greeting, { kind: 'frame', frame: { ...hello, versions: { oldest: 1, newest } } })[0], events.met)[0], events['frame want']) // prettier-ignore
const withPeerOf = (newest: number): LinkState => settled(wantedBy(newest))
const wanting = after(greeting, 'frame hello', 'met')
const live = after(wanting, 'frame want')
const quiet = settled(step(wanting, events['frame want']))
const states = {
  greeting,
  meeting: after(greeting, 'frame hello'),
  'meeting, want is here': after(greeting, 'frame hello', 'frame want'),
  wanting,
  'live, reading': live,
  'live, quiet': quiet,
  'live, a batch under way': settled(step(live, events['read something'])),
  'live, asked by mark 3': after(quiet, 'mark'),
  'live, without room for more of a collection': after(quiet, 'frame batch', 'paused'),
  'live, a chunk asked for': after(quiet, 'want chunk'),
  'live, a chunk being read': after(quiet, 'frame chunk wanted'),
  'live, a chunk being sent': after(quiet, 'frame chunk wanted', 'chunk read'),
  'live, chunks asked after': after(quiet, 'ask after chunks'),
  'live, asked after chunks': after(quiet, 'frame chunks due'),
  'live with a peer of the first version': withPeerOf(1),
  'live with a peer of the second version': withPeerOf(2),
  'live with a peer of the fourth version': withPeerOf(4),
  closed: after(greeting, 'frame refuse'),
} as const
type StateName = keyof typeof states

function wordOf(effect: LinkEffect): string {
  switch (effect.kind) {
    case 'send':
      return `send ${effect.frame.kind}`
    case 'read':
      return `read ${effect.collection}`
    case 'close':
    case 'refused':
      return `${effect.kind}: ${effect.reason}`
    default:
      return effect.kind
  }
}
const said = (state: LinkState, event: LinkEvent): string => {
  const [next, effects] = step(state, event)
  return [next.at, ...effects.map(wordOf)].join(' | ')
}

const malformed = 'closed | close: malformed frame'
const refused = 'closed | refused: revoked device'
/** Before live, only what is named is expected; anything else is no conversation of this protocol. */
const before = (at: string): Record<EventName, string> => ({
  ...(Object.fromEntries(Object.keys(events).map((name) => [name, malformed])) as Record<EventName, string>),
  'frame refuse': refused,
  changed: at,
  mark: at,
  'want chunk': at,
  'ask after chunks': at,
})
const whenLive: Record<EventName, string> = {
  'frame challenge': malformed,
  'frame sign in': malformed,
  'frame hello': malformed,
  'frame want': malformed,
  'frame batch': 'live | receive',
  'frame batch from elsewhere': 'closed | close: start over',
  'frame ack': malformed,
  'frame ack with refused rows': malformed,
  'frame ack of what was not sent': malformed,
  'frame refuse': refused,
  'frame mark': 'live | read preferences',
  'frame marked': malformed,
  'frame summary': 'live | reconcile',
  'frame differing': 'live | reconcile',
  'frame documents': 'live | reconcile',
  'frame chunk wanted': 'live | read chunk',
  'frame chunk': malformed,
  met: malformed,
  'read something': malformed,
  'read nothing': malformed,
  received: 'live | send ack',
  paused: 'live | send ack',
  changed: 'live | read preferences',
  mark: 'live | send mark',
  'want chunk': 'live | send chunk wanted',
  'chunk read': malformed,
  'chunk left': malformed,
  'frame chunks due': 'live | await chunks',
  'frame chunks kept': malformed,
  'ask after chunks': 'live | send chunks due',
  'chunks arrived': malformed,
}
/** It cannot say when they have arrived. */
const withoutArrival = { 'frame chunks due': malformed, 'ask after chunks': 'live' }
/** It cannot know of chunks. */
const withoutChunks = {
  ...withoutArrival,
  'frame chunk wanted': malformed,
  'frame chunk': malformed,
  'want chunk': 'live',
}
const table: Record<StateName, Record<EventName, string>> = {
  greeting: { ...before('greeting'), 'frame hello': 'meeting | meet' },
  meeting: { ...before('meeting'), 'frame want': 'meeting', met: 'wanting | send want' },
  'meeting, want is here': { ...before('meeting'), met: 'live | send want | live | stands | read preferences' },
  wanting: { ...before('wanting'), 'frame want': 'live | live | stands | read preferences' },
  'live, reading': {
    ...whenLive,
    'frame mark': 'live',
    // After what is read of the collections.
    'frame chunk wanted': 'live',
    'read something': 'live | send batch | read access',
    'read nothing': 'live | read access',
    changed: 'live',
    mark: 'live | send mark',
  },
  'live, quiet': { ...whenLive, mark: 'live | send mark' },
  'live, a batch under way': {
    ...whenLive,
    'frame ack': 'live | acknowledged',
    'frame ack with refused rows': 'live | refused rows | acknowledged',
    mark: 'live | send mark',
  },
  'live, asked by mark 3': { ...whenLive, 'frame marked': 'live | caught up', mark: 'live | send mark' },
  'live, without room for more of a collection': {
    ...whenLive,
    // What is not taken is not acknowledged either; a new connection begins with it.
    'frame batch': 'live',
    'frame batch from elsewhere': 'live',
    paused: 'live',
    mark: 'live | send mark',
  },
  'live, a chunk asked for': { ...whenLive, 'frame chunk': 'live | take chunk' },
  'live, a chunk being read': { ...whenLive, 'frame chunk wanted': 'live', 'chunk read': 'live | send chunk' },
  'live, a chunk being sent': { ...whenLive, 'frame chunk wanted': 'live', 'chunk left': 'live' },
  'live, chunks asked after': {
    ...whenLive,
    'ask after chunks': malformed,
    'frame chunks kept': 'live | chunks kept',
  },
  'live, asked after chunks': {
    ...whenLive,
    'frame chunks due': malformed,
    'chunks arrived': 'live | send chunks kept',
  },
  'live with a peer of the fourth version': { ...whenLive, ...withoutArrival },
  'live with a peer of the second version': { ...whenLive, ...withoutChunks },
  'live with a peer of the first version': {
    ...whenLive,
    ...withoutChunks,
    // It cannot know of proofs.
    'frame summary': malformed,
    'frame differing': malformed,
    'frame documents': malformed,
  },
  closed: Object.fromEntries(Object.keys(events).map((name) => [name, 'closed'])) as Record<EventName, string>,
}

it.each(Object.entries(states))('[LINK-8] what happens on each event while %s', (name, state) => {
  const found = Object.fromEntries(Object.entries(events).map(([event, what]) => [event, said(state, what)]))
  expect(found).toEqual(table[name as StateName])
})

const collection = fc.constantFrom(...collections)
const wireRow = batch.map((frame) => frame.rows)
const event: fc.Arbitrary<LinkEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('frame' as const), frame: anyFrame }) },
  { weight: 6, arbitrary: fc.constantFrom<LinkEvent>(...Object.values(events)) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), collection, outgoing: fc.record({ rows: wireRow, to: number, tail: fc.boolean() }) }) }, // prettier-ignore
  fc.record({ kind: fc.constant('received' as const), batch: frames.batch, received: fc.constant(received) }),
  fc.record({ kind: fc.constant('mark' as const), number: fc.nat(4) }),
)

it.each([
  ['of this version', versions.newest, 9],
  ['of version 3, which does not know it', 3, undefined],
])('[LINK-2] a peer %s is told of which later positions a batch tells', (_, newest, told) => {
  const outgoing = { rows: [row], to: 7, tail: false, newest: 9 }
  const [, effects] = step(wantedBy(newest)[0], { kind: 'read', collection: 'preferences', outgoing })
  const frames = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame] : []))
  expect(frames.map((frame) => frame.kind === 'batch' && frame.newest)).toEqual([told])
})

it('[LINK-8] whatever happens in whatever order, nothing throws, and what is closed stays closed', () => {
  let lived = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(states)),
      fc.array(fc.tuple(event, fc.nat(19)), { minLength: 10, maxLength: 30 }),
      (from, list) => {
        let state: LinkState = from
        for (const [one, chance] of list) {
          const [next, effects] = step(state, one)
          // Most of what would end it is left out, so that histories come far.
          if (next.at === 'closed' && chance > 0) continue
          if (state.at === 'closed') expect([next.at, effects]).toEqual(['closed', []])
          // Whoever closes says so, once.
          if (state.at !== 'closed')
          expect(effects.some((effect) => effect.kind === 'close' || effect.kind === 'refused')).toBe(next.at === 'closed') // prettier-ignore
          if (next.at === 'live') lived++
          state = next
        }
      },
    ),
    { numRuns: 500 },
  )
  expect(lived).toBeGreaterThan(500)
})

it('[LINK-3] [R3] a batch that does not begin where the one before it ended starts the connection over, in each collection by itself', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(collection, fc.nat(4), fc.nat(3)), { maxLength: 30 }), (list) => {
      const ends = new Map<Collection, number>()
      let state: LinkState = quiet
      for (const [name, size, gap] of list) {
        const end = ends.get(name) ?? 0
        // Mostly where it belongs.
        const from = gap === 3 ? end + 1 : end
        const frame: BatchFrame = { ...batchOf(from, from + size), collection: name }
        const [next, effects] = step(state, { kind: 'frame', frame })
        if (from !== end) {
          expect([next.at, ...effects.map(wordOf)]).toEqual(['closed', 'close: start over'])
          return
        }
        expect(effects).toEqual([{ kind: 'receive', batch: frame }])
        ends.set(name, from + size)
        state = next
      }
    }),
  )
})

it.each([
  ['no common version', { ...hello, versions: { oldest: versions.newest + 1, newest: versions.newest + 2 } }],
  ['no common version', { ...hello, versions: { oldest: 0, newest: versions.oldest - 1 } }],
  ['other practice', { ...hello, practice: 'Q' }],
])('[LINK-9] a hello is refused for %s', (reason, frame) => {
  expect(said(greeting, { kind: 'frame', frame })).toBe(`closed | close: ${reason}`)
})

it('[LINK-9] a peer that speaks our version and newer ones is met', () => {
  expect(said(greeting, { kind: 'frame', frame: { ...hello, versions: { oldest: versions.newest, newest: 99 } } })).toBe('meeting | meet') // prettier-ignore
})

it('[LINK-10] a word that was not asked for closes the connection: it would answer a later mark too early', () => {
  expect(said(quiet, events['frame marked'])).toBe(malformed)
  expect(after(states['live, asked by mark 3'], 'frame marked', 'frame marked').at).toBe('closed')
})

it('[LINK-12] what the peer has no room for is not sent on, is not taken for acknowledged, and holds up no other collection', () => {
  const heavy = (collection: (typeof collections)[number], seq: number): LinkEvent => ({
    kind: 'read',
    collection,
    outgoing: { rows: [{ ...row, seq, update: new Uint8Array(windowBytes) }], to: seq, tail: true },
  })
  const full = after(quiet, 'changed', 'mark')
  const sent = step(full, heavy('preferences', 7))[0]
  // The window is full.
  expect(said(sent, events.changed)).toBe('live')
  const held = step(sent, { kind: 'frame', frame: { kind: 'ack', collection: 'preferences', to: 0, refused: [] } })
  expect([held[0].at, ...held[1].map(wordOf)].join(' | ')).toBe('live | held | read access')
  const rest = settled(held)
  expect(said(rest, events.changed)).toBe('live | read access')
  // Not all is acknowledged: neither side's mark is answered.
  expect(said(settled(step(rest, events['frame mark'])), events['frame marked'])).toBe('live')
  expect(said(rest, events['frame ack'])).toBe(malformed)
})

it('[LINK-6] a peer that sends on without an ack is not heard further, one that waits for acks goes on for ever', () => {
  const heavy = (from: number): BatchFrame => ({
    ...batchOf(from, from + 1),
    rows: [{ ...row, seq: from + 1, update: new Uint8Array(batchBytes) }],
  })
  let heedless: LinkState = quiet
  let sent = 0
  for (; heedless.at === 'live'; sent++) heedless = step(heedless, { kind: 'frame', frame: heavy(sent) })[0]
  expect(heedless.at).toBe('closed')
  expect((sent - 1) * batchBytes).toBeLessThanOrEqual(mostUntaken)
  expect(sent * batchBytes).toBeGreaterThan(windowBytes)
  let heeding: LinkState = quiet
  for (let from = 0; from < 3 * sent; from++) {
    heeding = step(heeding, { kind: 'frame', frame: heavy(from) })[0]
    heeding = step(heeding, { kind: 'received', batch: heavy(from), received })[0]
  }
  expect(heeding.at).toBe('live')
  const asking = Array.from({ length: 2_000 }, (_, number) => ({
    kind: 'frame' as const,
    frame: { kind: 'mark' as const, number },
  }))
  expect(asking.reduce<LinkState>((now, event) => step(now, event)[0], quiet).at).toBe('closed')
})

it('[BLOB-3] chunks are given one at a time, each only when the collections have nothing to send, and who asks for more than two at once is not heard further', () => {
  const names = (from: LinkState, ...list: readonly EventName[]): string => list.reduce<[LinkState, string]>(([now], name) => [step(now, events[name])[0], said(now, events[name])], [from, ''])[1] // prettier-ignore
  // A second waits until the first has left, and until what was committed meanwhile is read.
  expect(names(quiet, 'frame chunk wanted', 'frame chunk wanted', 'chunk read')).toBe('live | send chunk')
  expect(names(quiet, 'frame chunk wanted', 'frame chunk wanted', 'chunk read', 'chunk left')).toBe('live | read chunk')
  expect(names(quiet, 'frame chunk wanted', 'frame chunk wanted', 'chunk read', 'changed', 'chunk left')).toBe('live')
  const reading = after(quiet, 'frame chunk wanted', 'frame chunk wanted', 'chunk read', 'changed', 'chunk left')
  let last: Step = [reading, [{ kind: 'read', collection: 'preferences', from: 0, complete: 0 }]]
  while (last[1].some((effect) => effect.kind === 'read')) {
    const read = last[1].find((effect) => effect.kind === 'read')!
    last = step(last[0], { kind: 'read', collection: read.collection, outgoing: { rows: [], to: read.from, tail: true } }) // prettier-ignore
  }
  expect(last[1].map(wordOf)).toEqual(['read chunk'])
  expect(names(quiet, 'frame chunk wanted', 'frame chunk wanted', 'frame chunk wanted')).toBe(malformed)
  // Marks do not wait for chunks: a message is told to be there before its attachments are.
  expect(names(quiet, 'frame chunk wanted', 'frame mark')).toBe('live | read preferences')
  expect(after(quiet, 'want chunk', 'frame chunk').at).toBe('live')
  expect(names(quiet, 'want chunk', 'frame chunk', 'frame chunk')).toBe(malformed)
})
