/**
 * Values of InSched that the mapping does not know count as nothing, so a person must see that there are some: a review for
 * each field, by the mapping that it has, so that a mapping that is changed is another matter. Never a value itself.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit } from '../../replica/replica-face.ts'
import type { Mapping, MappedTableName } from './mapping.ts'

function keyOf(site: string, mapping: Mapping, field: string): string {
  const [table, column] = field.split('.') as [MappedTableName | 'audit', string]
  const { changes, tables } = mapping
  const columns = table === 'audit' ? (changes['seen by'] === 'audit table' ? changes.columns : {}) : tables[table]?.columns // prettier-ignore
  return derivedUlid('mapping problem', site, field, JSON.stringify(columns?.[column] ?? null))
}

/** The reviews that are about the mapping as it is. */
export function mappingReviews(site: string, mapping: Mapping): ReadonlySet<string> {
  const tables = Object.entries({ ...mapping.tables, audit: mapping.changes['seen by'] === 'audit table' ? mapping.changes : undefined }) // prettier-ignore
  return new Set(tables.flatMap(([table, one]) => Object.keys(one?.columns ?? {}).map((field) => keyOf(site, mapping, `${table}.${field}`)))) // prettier-ignore
}

/** The review of a field, of which `count` values were met that the mapping does not know. */
export function mappingProblem(
  site: string,
  mapping: Mapping,
  { field, count }: { readonly field: string; readonly count: number },
  now: number,
): Edit {
  const by: By = { role: 'site', id: site, initials: 'PC' }
  return {
    collection: 'reviews',
    key: keyOf(site, mapping, field),
    facts: { patient: null, site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: now,
        by,
        about: 'mapping problem',
        why: `InSched has values of ${field} that the mapping “${mapping.name}” does not know: ${count} so far. They count as nothing.`,
        todo: 'See which with: patientconnection insched check. Then complete the mapping and start the site again, or put the rows right in InSched.',
      },
    },
  }
}
