/**
 * What a site does in the world outside: here a ledger that no crash and no restore of the replica touches, as InSched's
 * database with its `pc_effects` is. An effect and its id are written in one transaction, so it happens once.
 */
import { inOrder } from '../../src/replica/kinds/kind.ts'
import type { DocumentHead, Edit, Follower, Projection } from '../../src/replica/replica-face.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'

export interface Outside {
  /** How often each effect was asked for and done. */
  readonly done: Map<string, number>
}

export function outsideWorld(): Outside {
  return { done: new Map() }
}

function once(outside: Outside, effect: string): void {
  if (!outside.done.has(effect)) outside.done.set(effect, 1)
}

/** The ids of the effects that a document asks for. */
export function effectsOf(collection: string, key: string, entries: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(entries).flatMap(([id, value]) => {
    const { kind } = value as { kind: string }
    return kind === 'answered' || kind === 'declined' ? [`${collection}/${key}/${id}`] : []
  })
}

/** The follower that writes what patients answered into the outside world, and says that it is written. */
export function followOutside(replica: OpenReplica, outside: Outside, own: (head: DocumentHead) => boolean): Follower {
  return replica.follow({
    name: 'outside',
    collections: ['confirmations', 'requests'],
    async handle(documents) {
      for (const head of documents) {
        if (!own(head)) continue
        if (head.collection === 'requests') {
          for (const entry of await replica.entries('requests', head.key))
            if (entry.kind === 'declined') once(outside, `requests/${head.key}/${entry.id}`)
          continue
        }
        const entries = (await replica.entries('confirmations', head.key)).toSorted(inOrder)
        const said = new Set(entries.flatMap((entry) => (entry.kind === 'written' ? [entry.answer] : [])))
        for (const entry of entries) {
          if (entry.kind !== 'answered') continue
          once(outside, `confirmations/${head.key}/${entry.id}`)
          if (!said.has(entry.id)) await replica.change([written(head.key, entry.id, entry.at)])
        }
      }
      return []
    },
  })
}

function written(key: string, answer: string, at: number): Edit {
  return {
    collection: 'confirmations',
    key,
    add: {
      [`written ${answer}`]: {
        kind: 'written',
        at,
        by: { role: 'site', id: 'site' },
        answer,
        lastConfirmed: '2027-01-04T08:00',
        confirmationType: 'Portal',
      },
    },
  }
}

/** A row for each document that says which of its rows it was made of. */
export function indexRowOf(head: DocumentHead): Projection {
  const id = `${head.collection}/${head.key}`
  return {
    collection: head.collection,
    key: head.key,
    rows: [{ view: 'documents', id, patient: null, state: String(head.seq), at: 0, body: null }],
  }
}
