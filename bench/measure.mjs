/** Middle value; of an even number of values the lower of the two. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]
}

/** Seconds of each of `runs` calls, after one call that is not counted. */
export async function secondsOf(runs, work) {
  await work()
  const seconds = []
  for (let run = 0; run < runs; run++) {
    const started = performance.now()
    await work()
    seconds.push((performance.now() - started) / 1000)
  }
  return seconds
}

/** 1234567 -> 1,234,567; 12 -> 12; other small numbers keep three digits. */
export function figure(value) {
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

/** Lines of a table with aligned columns, the first to the left, the others to the right. */
export function tableLines(rows) {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => String(row[c]).length)))
  return rows.map((row) =>
    row.map((cell, c) => (c === 0 ? String(cell).padEnd(widths[c]) : String(cell).padStart(widths[c]))).join('  '),
  )
}
