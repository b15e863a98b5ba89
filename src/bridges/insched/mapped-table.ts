/**
 * One table of the practice through its mapping: the expressions of its fields in a statement, and their values in both
 * directions. A value that cannot be translated reads as null and is counted by table and field, never shown.
 */
import { sql, type RawBuilder } from 'kysely'
import { isConstant, typesOf, type ColumnMapping, type FieldType, type MappedTableName, type TableMapping } from './mapping.ts' // prettier-ignore
import { isRecurrenceRule } from './recurrence-rule.ts'
import { timePattern, type Extent, type TimePattern } from './time-pattern.ts'

/** How many values of `table.field` could not be translated since the database was opened. */
export type Untranslated = Map<string, number>

interface Field {
  readonly name: string
  /** Its columns; none where it is the same for every row. */
  readonly columns: readonly string[]
  expression(alias: string): RawBuilder<unknown>
  /** What sorts as the field does, and a value on our side to compare it with. */
  ordered(alias: string): RawBuilder<unknown>
  toCompare(ours: string): string
  read(raw: unknown): unknown
  write(ours: string | number | null): unknown
}
export type MappedTable = ReturnType<typeof mappedTable>

/** A table as a mapping has it; `mapping` undefined: the practice has none, and each field of it reads as null. */
export function mappedTable(
  of: MappedTableName | 'audit',
  mapping: TableMapping | undefined,
  untranslated: Untranslated,
) {
  const types = typesOf(of)
  const fields = new Map(
    Object.entries(types).map(([name, type]) => [
      name,
      mappedField(name, type, mapping?.columns[name], () => {
        const key = `${of}.${name}`
        untranslated.set(key, (untranslated.get(key) ?? 0) + 1)
      }),
    ]),
  )
  const field = (name: string): Field => fields.get(name)!
  const readers = [...fields.values()].map((one) => [one.name, one.read] as const)

  return {
    of,
    /** Its name in the database; undefined where it has none. */
    table: mapping?.table,
    stamp: mapping?.stamp,
    isField: (name: string): boolean => fields.has(name),
    has: (name: string): boolean => field(name).columns.length > 0,
    /** The one column of a field, for keys and for what is written. */
    column: (name: string): string => field(name).columns[0]!,
    /** All columns that are read, each once. */
    columns: [...new Set([...fields.values()].flatMap((one) => one.columns))],
    /** The fields to select, each under its own name. */
    selection: (alias: string, names: readonly string[] = [...fields.keys()]) =>
      names.map((name) => field(name).expression(alias).as(name)),
    expression: (name: string, alias: string) => field(name).expression(alias),
    ordered: (name: string, alias: string) => field(name).ordered(alias),
    toCompare: (name: string, ours: string): string => field(name).toCompare(ours),
    /** The same object, with the values of our side. */
    read(raw: Record<string, unknown>): Record<string, unknown> {
      for (const [name, read] of readers) {
        const value = raw[name]
        if (value === undefined) continue
        const ours = read(value)
        if (ours !== value) raw[name] = ours
      }
      return raw
    },
    /** What is written into the columns of these fields; fields that the practice has no column for are left out. */
    values(ours: Readonly<Record<string, string | number | null>>): Record<string, unknown> {
      const given = Object.entries(ours).filter(([name]) => field(name).columns.length === 1)
      return Object.fromEntries(given.map(([name, value]) => [field(name).columns[0]!, field(name).write(value)]))
    },
  }
}

function mappedField(name: string, type: FieldType, mapping: ColumnMapping | undefined, failed: () => void): Field {
  if (mapping === undefined || isConstant(mapping)) {
    const value = mapping === undefined ? null : asType(type, mapping.is, undefined)
    const literal = sql`${sql.lit(typeof value === 'boolean' ? Number(value) : (value ?? null))}`
    return {
      name,
      columns: [],
      expression: () => literal,
      ordered: () => literal,
      toCompare: (ours) => ours,
      read: () => value,
      write: (ours) => ours,
    }
  }
  const { column, format, values, split, part, cents } = typeof mapping === 'string' ? { column: mapping } : mapping
  const columns = typeof column === 'string' ? [column] : column
  const isPlain = split === undefined && values === undefined && cents === undefined
  const pattern = format === undefined ? undefined : timePattern(format, type as Extent)
  const expression = (alias: string): RawBuilder<unknown> => {
    const refs = columns.map((one) => sql.ref(`${alias}.${one}`))
    if (refs.length === 1) return sql`${refs[0]!}`
    return sql`${sql.join(refs.map((ref) => sql`coalesce(cast(${ref} as text), '')`), sql` || ' ' || `)}` // prettier-ignore
  }
  const written = new Map(Object.entries(values ?? {}).map(([theirs, ours]) => [String(asType(type, ours, undefined)), theirs])) // prettier-ignore
  return {
    name,
    columns,
    expression,
    ordered: (alias) => (pattern && !pattern.sorts ? inOrder(expression(alias), pattern) : expression(alias)),
    toCompare: (ours) => (!pattern ? ours : pattern.sorts ? pattern.format(ours) : digitsOf(pattern.format(ours), pattern)), // prettier-ignore
    read(raw) {
      if (raw === null || raw === undefined) return null
      // Most values are what they should be: the first full read is made of these.
      if (isPlain && (type === 'text' ? typeof raw === 'string' : type === 'whole' && Number.isInteger(raw))) return raw
      let value: unknown = raw
      if (split !== undefined) value = asText(value).split(split)[(part ?? 1) - 1]?.trim() ?? null
      if (values !== undefined) value = values[asText(value)]
      else if (cents !== undefined) value = Number.isNaN(Number(value)) ? undefined : Math.round(Number(value) * cents)
      const ours = value === null ? null : value === undefined ? undefined : asType(type, value, pattern)
      if (ours !== undefined) return ours
      failed()
      return null
    },
    write(ours) {
      if (ours === null) return null
      if (values !== undefined) return written.get(String(ours)) ?? ours
      if (cents !== undefined) return Number(ours) / cents
      return pattern ? pattern.format(String(ours)) : ours
    },
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value as number)
}

/** A value as the type of its field; null for nothing, undefined where it is none. */
function asType(type: FieldType, value: unknown, pattern: TimePattern | undefined): string | number | null | undefined {
  if (value === null) return null
  switch (type) {
    case 'text':
      return asText(value)
    case 'whole':
    case 'cents': {
      if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
      const number = value === '' ? Number.NaN : Number(value)
      return Number.isInteger(number) ? number : undefined
    }
    case 'flag':
      if (value === true || value === 1 || value === '1') return 1
      return value === false || value === 0 || value === '0' ? 0 : undefined
    case 'rule':
      return isRecurrenceRule(asText(value)) ? asText(value) : undefined
    default: {
      const text = asText(value).trim()
      if (text === '') return null
      if (pattern) return pattern.parse(text)
      if (type === 'date') return /^\d{4}-\d\d-\d\d/.test(text) ? text.slice(0, 10) : undefined
      if (type === 'clock') return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? `${text.slice(0, 10)}T${text.slice(11, 16)}` : undefined // prettier-ignore
      return text
    }
  }
}

/** The digits of a text in the order of their weight, by which it sorts. */
function inOrder(text: RawBuilder<unknown>, { places }: TimePattern): RawBuilder<unknown> {
  return sql`(${sql.join(places.map(([at, length]) => sql`substr(${text}, ${sql.lit(at)}, ${sql.lit(length)})`), sql` || `)})` // prettier-ignore
}

function digitsOf(text: string, { places }: TimePattern): string {
  return places.map(([at, length]) => text.slice(at - 1, at - 1 + length)).join('')
}
