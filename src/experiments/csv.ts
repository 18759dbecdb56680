/** Rows as CSV (RFC 4180): lines end in CR LF, and a text with a comma, a quote or a line break stands in quotes. Undefined and null are empty. */
export const csvText = (rows: readonly (readonly (string | number | null | undefined)[])[]): string =>
  rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('')

function cellText(value: string | number | null | undefined): string {
  const text = value === undefined || value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
