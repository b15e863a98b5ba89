/** Who changed which setting of the mirror last, and when, as the trail has it. */
import type { AuditTrail } from '../audit-sqlite.ts'

type Row = ReturnType<AuditTrail['search']>[number]

/** How many changes are looked at, the newest. */
const lookedAt = 1_000

/** The last change of each setting by its key, of those of late. */
export function mirrorChanges(audit: AuditTrail): ReadonlyMap<string, Row> {
  const last = new Map<string, Row>()
  for (const row of audit.search({ did: 'mirror changed', limit: lookedAt })) {
    const [key] = [row.event.of ?? []].flat()
    if (key !== undefined && !last.has(key)) last.set(key, row)
  }
  return last
}
