/**
 * A table as CSV (RFC 4180) that is safe to open in a spreadsheet: a cell that begins as a formula does is put behind an
 * apostrophe, so that what a patient wrote is never run (CWE-1236).
 */

/** The text of a table; the byte order mark makes spreadsheets read it as UTF-8. */
export function csvOf(rows: readonly (readonly (string | number | null)[])[]): string {
  return `\u{feff}${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

function cell(value: string | number | null): string {
  if (value === null) return ''
  const text = typeof value === 'number' ? String(value) : inert(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** What a spreadsheet takes for a formula begins with one of these, also behind blanks, and in full width. */
function inert(text: string): string {
  return /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/u.test(text) ? `'${text}` : text
}
