/** Keeps when what patients say came to this site: the one time that no entry can carry, since each is made elsewhere. */
import type { DocumentHead, FollowerOptions, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'

/** The follower that notes the time of each entry of a patient of this site, the first time that it is met. */
export function receivedTimes(replica: Replica, desk: Desk, site: string): FollowerOptions {
  const saidIn = async ({ collection, key }: DocumentHead) => {
    if (collection === 'confirmations') return replica.entries('confirmations', key)
    return collection === 'requests' ? replica.entries('requests', key) : replica.entries('messages', key)
  }
  return {
    name: 'received',
    collections: ['confirmations', 'requests', 'messages'],
    async handle(documents) {
      for (const head of documents) {
        if (head.facts.site !== site) continue
        const entries = await saidIn(head)
        const said = entries.filter(({ by }) => by.role === 'patient' || by.role === 'representative')
        desk.receive(said.map(({ id, at }) => ({ id, at, patient: head.facts.patient })))
      }
      return []
    },
  }
}
