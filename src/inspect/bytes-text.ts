const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Bytes in the decimal unit that fits, in three significant digits: 812 B, 1.53 MB. @param bytes >= 0 */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let unit = 1
  let value = bytes / 1000
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000 // 999.5 is 1,000 in three digits
  return `${value.toPrecision(3)} ${units[unit]}`
}
