/** What `insched check` found, as a person reads it in a terminal. */
import type { Checked, CheckedTable } from '../bridges/insched/check.ts'

export function checkedInWords({ database, mapping, tables, samples, says, problems }: Checked): string {
  const lines = [`${database}, read by the mapping “${mapping}”`, ...says, '']
  for (const table of tables) lines.push(...tableInWords(table), '')
  for (const [i, { patient, plans, events }] of samples.entries()) {
    lines.push(`Sample ${i + 1}, as the portal would have it:`, `  patient ${JSON.stringify(patient)}`)
    for (const plan of plans) lines.push(`  plan    ${JSON.stringify(plan)}`)
    for (const event of events) lines.push(`  event   ${JSON.stringify(event)}`)
    lines.push('')
  }
  if (problems.length === 0) lines.push('The mapping fits.')
  else lines.push('What is in the way:', ...problems.map((problem) => `  - ${problem}`))
  return lines.join('\n')
}

function tableInWords({ name, table, rows, columns }: CheckedTable): string[] {
  if (table === null && columns.every((one) => one.from === 'not in this database')) return [`${name}: this database has none`] // prettier-ignore
  return [
    table === null ? `${name}: the same for all` : `${name}: ${table}, ${rows} rows`,
    ...columns.map(({ field, from, values, untranslated }) => {
      const found = table === null || from === 'not in this database' || from.startsWith('always') ? '' : `: ${values} values${untranslated > 0 ? `, ${untranslated} not translated` : ''}` // prettier-ignore
      return `  ${field.padEnd(20)} ${from}${found}`
    }),
  ]
}
