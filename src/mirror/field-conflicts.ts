/**
 * DOM-18: where two sites changed one field of a record without knowing of each other, the newer value stands and staff
 * see the one that lost. The replica that lost says so, once: the review's key is derived from what lost.
 */
import type { Clock } from '../replica/clock.ts'
import type { RecordCollection } from '../replica/collections.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { Json } from '../replica/json.ts'
import type { FieldConflict, FoldedRecord } from '../replica/records.ts'
import type { DocumentHead, Edit, FollowerOptions, Replica } from '../replica/replica-face.ts'

/** The follower of a site that opens the reviews of what its replica lost. `site` is the site's key. */
export function fieldConflicts(replica: Replica, site: string, clock: Clock): FollowerOptions {
  return {
    name: 'field conflicts',
    collections: Object.keys(what) as RecordCollection[],
    async handle(documents) {
      const edits: Edit[] = []
      for (const [collection, heads] of Map.groupBy(documents, (head) => head.collection as keyof typeof what)) {
        const contested = await replica.contested(collection, heads.map((head) => head.key)) // prettier-ignore
        for (const head of heads.filter(({ key }) => contested.has(key))) {
          const record = contested.get(head.key)!
          const lost = record.conflicts.filter((conflict) => conflict.replica === replica.id)
          edits.push(...lost.map((conflict) => reviewOf(head, record, conflict, { site, now: clock.now() })))
        }
      }
      if (edits.length > 0) await replica.change(edits)
      return []
    },
  }
}

const what = { practice: 'the practice', patients: 'a patient', plans: 'a plan', events: 'an event' } as const

function reviewOf(
  head: DocumentHead,
  record: FoldedRecord,
  lost: FieldConflict,
  at: { site: string; now: number },
): Edit {
  const { field, replica, time, value } = lost
  return {
    collection: 'reviews',
    key: derivedUlid('field conflict', head.collection, head.key, field, replica, String(time)),
    facts: { patient: head.facts.patient, site: at.site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: at.now,
        by: { role: 'site', id: at.site, initials: 'PC' },
        about: 'field conflict',
        why: `Two sites changed “${field}” of ${what[head.collection as keyof typeof what]} without knowing of each other. ${said(record.fields[field])} stands, because it is newer; ${said(value)} of this site was set aside.`,
        todo: 'Find out which is right and correct it in InSched where it is wrong.',
        patient: head.facts.patient,
        event: head.collection === 'events' ? head.key : null,
      },
    },
  }
}

function said(value: Json | undefined): string {
  if (value === null || value === undefined || value === '') return 'Nothing'
  return `“${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 500)}”`
}
