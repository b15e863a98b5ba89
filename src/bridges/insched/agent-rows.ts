/** The rows of the tables that the agent keeps in InSched's database. */
import type { Kysely } from 'kysely'

/** The tables of the practice whose rows are documents. */
export type BridgedTable = 'patients' | 'plans' | 'events'

export type AgentRow = {
  site: string
  practice: string
  replica: string
  run: string | null
  holder: string | null
  lease_until_utc: string | null
  fence: number
  last_audit_id: number | null
  last_audit_hash: string | null
  read_table: string | null
  read_after: number | null
  horizon_until: string | null
}
export type Identity = {
  document: string
  table_name: BridgedTable
  local_id: number
  /** Of an occurrence of a series its original date, `YYYY-MM-DD`; else empty. */
  original_on: string
  /** 1: its row was deleted. */
  gone: number
  /** The review until whose resolution nothing is said of this row (DOM-17). */
  held: string | null
}
/** A deposit that the agent made or took over, whether or not its row is there still. */
export type KeptDeposit = {
  deposit_id: number
  transaction_id: string
  payment: string
  /** The payments document. */
  document: string
  /** 1: the deposit of the payment now; 0: reversed, since it was another patient's. */
  current: number
  /** In which order it was seen: greater is later. */
  rank: number
}
/** A record that sites share; what it agrees on is JSON. */
export type SharedTableRow = {
  document: string
  site: string
  site_name: string | null
  agreed: string
  touched: number
  ended: number
}
/** How the record of a plan names the stage of a row. */
export type StageKey = { plan: string; stage: string; local_id: number }
/** A document that can be written when its patient is here. */
export type AwaitedDocument = { patient: string; table_name: BridgedTable; document: string }
export interface AgentTables {
  pc_agent: AgentRow
  pc_identity: Identity
  pc_effects: { effect_id: string; at: string }
  pc_deposits: KeptDeposit
  pc_shared: SharedTableRow
  pc_stages: StageKey
  pc_awaited: AwaitedDocument
}

/** The agent's tables; the practice's are reached through their mapping. */
export type Db = Kysely<AgentTables>
