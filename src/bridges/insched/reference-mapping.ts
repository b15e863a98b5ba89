/** The mapping of the reference schema: every field is the column of its name. */
import { fieldsOfTables, typesOf, contactColumns, type Mapping, type MappedTableName } from './mapping.ts'

/** The reference schema has no column for the site whose a row is: `pc_shared` says it. */
const own = (fields: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.keys(fields).filter((field) => field !== 'origin').map((field) => [field, field])) // prettier-ignore

export const referenceMapping: Mapping = {
  name: 'reference schema',
  'never in texts': [
    { table: 'event_types', column: 'name' },
    { table: 'plans', column: 'plan_type' },
    { table: 'stages', column: 'name' },
  ],
  tables: Object.fromEntries(
    (Object.keys(fieldsOfTables) as MappedTableName[]).map((table) => [table, { table, columns: own(fieldsOfTables[table]) }]), // prettier-ignore
  ),
  changes: { 'seen by': 'audit table', table: 'audit_trail', columns: own(typesOf('audit')) },
  'may write': {
    confirmations: true,
    communications: true,
    deposits: true,
    contact: contactColumns,
    consent: true,
    records: true,
  },
}
