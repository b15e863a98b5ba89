/** Two sites with an InSched database each that share patients, plans and events: what stands in either, by document, and whether it is the same. */
import type Database from 'better-sqlite3'
import { expect } from 'vitest'
import { twoSites } from './two-sites.ts'

export const shared = ['patients', 'plans', 'events'] as const
export type Name = 'mesa' | 'tempe'
export const names: readonly Name[] = ['mesa', 'tempe']
type Row = Readonly<Record<string, string | number | null>>

/** What of a row goes from site to site. */
const copied = {
  patients: 'last_name, first_name, middle_name, birth_date, home_phone, cell_phone, email, language, text_consent, email_consent, portal_enabled, balance_due_cents', // prettier-ignore
  plans: 'patient_words, plan_status, starts_on, ends_on',
  events:
    'starts_at, minutes, status, last_confirmed_date, confirmation_type, (select patient_words from event_types y where y.event_type = events.event_type) as words',
} as const
const keys = { patients: 'patient_id', plans: 'plan_id', events: 'event_id' } as const

/** The rows of a database by document, as they go from site to site. */
export function rowsIn(db: Database.Database): Map<string, Row> {
  const rows = new Map<string, Row>()
  for (const table of shared) {
    const found = db.prepare(`select i.document, ${copied[table]} from pc_identity i join ${table} on ${keys[table]} = i.local_id where i.table_name = ? and i.gone = 0`).all(table) as Row[] // prettier-ignore
    for (const { document, ...raw } of found) {
      // An empty text and none are the same to a record.
      const row = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value === '' ? null : value]))
      const [id, stages] = [localOf(db, String(document))!, table === 'plans' ? { stages: stagesIn(db, String(document)) } : {}] // prettier-ignore
      const patient = table === 'patients' ? {} : { patient: db.prepare(`select p.document from ${table} t left join pc_identity p on p.table_name = 'patients' and p.local_id = t.patient_id and p.gone = 0 where ${keys[table]} = ?`).pluck().get(id) as string | null } // prettier-ignore
      rows.set(String(document), { table, ...row, ...stages, ...patient })
    }
  }
  return rows
}
function stagesIn(db: Database.Database, plan: string): string {
  return JSON.stringify(db.prepare("select position, nullif(patient_words, '') as patient_words, completed, completed_on from stages where plan_id = ? order by position, patient_words, completed, completed_on").all(localOf(db, plan))) // prettier-ignore
}
export function localOf(db: Database.Database, document: string): number | undefined {
  return db.prepare('select local_id from pc_identity where document = ? and gone = 0').pluck().get(document) as number | undefined // prettier-ignore
}

/** The two, sharing all three both ways from the start, or nothing yet. */
export async function twoDatabases(patients = 6, isShared = true, atEnd?: (close: () => Promise<void>) => void) {
  const world = await twoSites(patients, atEnd)
  const share = async (value: 'both' | 'off'): Promise<void> => {
    for (const name of names) await world.share(name, shared, value)
    // Each says it to the portal, and that to the other.
    await expect.poll(() => names.map((name) => world.sites[name].isSharedWith()), { timeout: 15_000 }).toEqual(names.map(() => value === 'both')) // prettier-ignore
  }
  /** Waits until nothing is on its way any more, in either direction. */
  const settled = async (): Promise<void> => {
    let before = ''
    for (let i = 0; i < 20; i++) {
      for (const name of names) {
        await world.sites[name].bridge.readNow()
        await world.sites[name].sync()
        await world.sites[name].bridge.written()
      }
      const now = JSON.stringify(names.map((name) => [...rowsIn(world.staff[name])]))
      if (now === before) return
      before = now
    }
    throw new Error('It never came to rest')
  }
  /**
   * What is mirrored: of records that the portal has, each database has a row unless they were deleted, and the same; but of
   * patients of the other site whom staff deleted here.
   */
  const expectEqual = async (): Promise<void> => {
    const portal = world.portal.replicaOf(world.practiceId)!
    const away = new Set(names.flatMap((name) => world.staff[name].prepare("select document from pc_identity where table_name = 'patients' and gone = 1").pluck().all())) // prettier-ignore
    const mirrored = new Set<string>()
    for (const table of shared)
      for (const { key, facts } of await portal.list(table)) {
        const fields = (await portal.record(table, key))?.fields
        if (fields && fields['deleted'] !== true && !away.has(facts.patient)) mirrored.add(key)
      }
    const [mesa, tempe] = names.map((name) => Object.fromEntries([...rowsIn(world.staff[name])].filter(([document]) => mirrored.has(document)).toSorted(([a], [b]) => (a < b ? -1 : 1)))) // prettier-ignore
    expect(tempe).toEqual(mesa)
    expect(new Set(Object.keys(mesa!))).toEqual(mirrored)
  }
  if (isShared) {
    await share('both')
    await settled()
  }
  return {
    ...world,
    get portal() {
      return world.portal
    },
    shareAll: share,
    settled,
    expectEqual,
  }
}
