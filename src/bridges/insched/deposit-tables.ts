/**
 * The statements on InSched's deposits by their mapping, and on the table in which the agent keeps which deposit is of which
 * payment (`pc_deposits`): one current deposit a payment, whose transaction ID is never used again, also when staff
 * deleted it.
 */
import { sql, type Kysely, type SqlBool } from 'kysely'
import type { Db, KeptDeposit } from './agent-rows.ts'
import type { MappedTable } from './mapped-table.ts'
import type { OwnRow } from './rows.ts'

export const depositTables = [
  `create table if not exists pc_deposits(deposit_id bigint primary key, transaction_id varchar(255) not null unique, payment varchar(26) not null,
    document varchar(26) not null, current integer not null, rank bigint not null)`,
  'create index if not exists pc_deposits_by_payment on pc_deposits(payment)',
]

export type DepositRow = {
  deposit_id: number
  patient_id: number | null
  amount_cents: number
  refunded_cents: number | null
  voided_cents: number | null
  transaction_id: string | null
}
export type NewDeposit = Omit<DepositRow, 'deposit_id'> & {
  deposited_on: string
  card_last4: string | null
  authorization_code: string | null
  payment_method: string
  /** The plan that it is for, where the office asked for it so. */
  plan_id: number | null
  description: string
  paid_by: string
}

type Tables = Kysely<Record<string, Record<string, unknown>>>
const read = ['deposit_id', 'patient_id', 'amount_cents', 'refunded_cents', 'voided_cents', 'transaction_id']

export function depositReads(handle: Db, deposits: MappedTable) {
  const db = handle as unknown as Tables
  const one = async (field: string, value: number | string): Promise<DepositRow | undefined> => {
    if (deposits.table === undefined) return undefined
    const column = sql.ref(`t.${deposits.column(field)}`)
    const query = db.selectFrom(`${deposits.table} as t`).select(deposits.selection('t', read))
    const raw = await query.where(sql<SqlBool>`${column} = ${value}`).executeTakeFirst()
    return raw && (deposits.read(raw) as DepositRow)
  }
  const kept = () => handle.selectFrom('pc_deposits').selectAll()
  return {
    deposit: (id: number) => one('deposit_id', id),
    depositWith: (transaction: string) => one('transaction_id', transaction),
    keptDeposit: (id: number): Promise<KeptDeposit | undefined> =>
      kept().where('deposit_id', '=', id).executeTakeFirst(),
    keptDeposits: (): Promise<KeptDeposit[]> => kept().orderBy('deposit_id').execute(),
    currentDeposit: (payment: string): Promise<KeptDeposit | undefined> =>
      kept().where('payment', '=', payment).where('current', '=', 1).executeTakeFirst(),
  }
}

/** What only a write transaction may do. */
export function depositChanges(handle: Db, deposits: MappedTable, changed: OwnRow[]) {
  const db = handle as unknown as Tables
  const key = sql.ref(deposits.table === undefined ? 'deposit_id' : deposits.column('deposit_id'))
  return {
    /** The new row's id. */
    addDeposit: async (row: NewDeposit): Promise<number> => {
      const added = await db.insertInto(deposits.table!).values(deposits.values(row)).returning(key.as('id')).executeTakeFirstOrThrow() // prettier-ignore
      const id = Number(added['id'])
      changed.push({ table: 'deposits', id })
      return id
    },
    setDeposit: async (id: number, refunded: number, voided: number): Promise<void> => {
      changed.push({ table: 'deposits', id })
      await db
        .updateTable(deposits.table!)
        .set(deposits.values({ refunded_cents: refunded, voided_cents: voided }))
        .where(sql<SqlBool>`${key} = ${id}`)
        .execute()
    },
    keepDeposit: async (kept: KeptDeposit): Promise<void> =>
      void (await handle.insertInto('pc_deposits').values(kept).execute()),
    seenDeposit: async (id: number, rank: number): Promise<void> =>
      void (await handle.updateTable('pc_deposits').set({ rank }).where('deposit_id', '=', id).where('rank', '<', rank).execute()), // prettier-ignore
    formerDeposit: async (id: number): Promise<void> =>
      void (await handle.updateTable('pc_deposits').set({ current: 0 }).where('deposit_id', '=', id).execute()),
  }
}
