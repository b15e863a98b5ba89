/**
 * By which connections a portal knows that a site has a document: those whose site mirrors it, has acknowledged the newest
 * of it, and has answered since it was to go. A site that was put back no longer answers, while its connection may still
 * stand here for a while (rule 9).
 */
import { collectionNumber, type Collection, type Passes } from './collections.ts'
import type { DocumentHead } from './replica-face.ts'
import type { PeerKnowledge, StoredDocument } from './store.ts'

/** A connection, as long as it lasts. Of what messages name in files it is asked apart: these come after them (BLOB-8). */
export interface Mirroring {
  readonly peer: string
  /** The documents that the peer keeps for good: its own that go to it. What another shares with it, it may let go of. */
  readonly passes: Passes
  /** Asks the peer whether it is there; resolves with false where the connection ends before it answers. */
  isThere(): Promise<boolean>
  /** Whether the peer has the files that a document names, as far as is known here; it is asked, and `Attached.whole` told. */
  isWhole(document: DocumentHead): Promise<boolean>
  /** Ends the connection; the next one begins with what holds by then. */
  startOver(): void
}

export interface Attached {
  /** The peer has said where it stands: what counts as acknowledged is so. */
  stands(): void
  /** What `isWhole` says may be another answer now. */
  whole(): void
  /** The connection ended. */
  end(): void
}

export interface Mirrors {
  /** A connection begins. */
  attach(mirroring: Mirroring): Attached
  /** The number of a moment: who is asked from here on answers for it. */
  now(): number
  /** Whose site has acknowledged all of a document, and answered since that moment. Who has not answered yet is asked. */
  having(document: Pick<StoredDocument, 'head'>, since: number): readonly Mirroring[]
  /** Up to where any of them has acknowledged a collection. */
  reach(collection: Collection): number
  startOver(): void
}

interface Connected extends Mirroring {
  /** The newest moments for which it was asked, and for which it answered. */
  asked: number
  answered: number
}

/** `changed`: told when a site stands somewhere, and when it has answered. */
export function mirrorsOf(peerOf: (replica: string) => PeerKnowledge | undefined, changed: () => void): Mirrors {
  const connections = new Set<Connected>()
  const standing = new Set<Connected>()
  let moment = 0

  const acknowledged = ({ peer }: Mirroring, collection: Collection): number =>
    peerOf(peer)?.acknowledged[collectionNumber(collection)] ?? 0
  const ask = (one: Connected): void => {
    if (one.asked > one.answered) return
    const asked = (one.asked = moment)
    void one.isThere().then((isThere) => {
      if (!isThere) return
      one.answered = asked
      changed()
    })
  }

  return {
    attach(mirroring) {
      // Where it stands is what it answers to the hello that it gets now.
      const one: Connected = { ...mirroring, asked: moment, answered: moment }
      connections.add(one)
      return {
        stands() {
          standing.add(one)
          changed()
        },
        whole: changed,
        end() {
          connections.delete(one)
          standing.delete(one)
        },
      }
    },
    now: () => ++moment,
    having({ head: { collection, facts, seq } }, since) {
      const having = [...standing].filter(
        (one) => acknowledged(one, collection) >= seq && one.passes(collection, facts),
      )
      const answered = having.filter((one) => one.answered >= since)
      if (answered.length === 0) for (const one of having) ask(one)
      return answered
    },
    reach: (collection) => Math.max(0, ...[...standing].map((one) => acknowledged(one, collection))),
    startOver() {
      for (const one of [...connections]) one.startOver()
    },
  }
}
