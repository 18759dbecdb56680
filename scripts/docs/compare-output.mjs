// Whether a program printed what a page shows of it.

const NUMBER = String.raw`-?[\d,]*\.?\d+(?:e[+-]?\d+)?`

/**
 * Compares line by line. The page may begin and end anywhere in what was printed, and `...` alone on a line stands for left-out lines.
 * @param {string} shown on the page
 * @param {string} printed
 * @param {readonly string[]} any figures on the page in whose place any number will do
 * @returns the first line of the page that was not printed where it should be; undefined when all were
 */
export function missingLine(shown, printed, any = []) {
  const lines = printed.split('\n').map((line) => line.trimEnd())
  let from = 0
  for (const part of shown.split(/^\.\.\.$/m)) {
    const wanted = part.replace(/^\n+|\n+$/g, '').split('\n')
    if (wanted.length === 1 && wanted[0] === '') continue
    const patterns = wanted.map((line) => patternOf(line.trimEnd(), any))
    const reached = (start) =>
      patterns.findIndex((pattern, i) => start + i >= lines.length || !pattern.test(lines[start + i]))
    let furthest = 0
    let start = from
    for (; start < lines.length; start++) {
      const failed = reached(start)
      if (failed < 0) break
      furthest = Math.max(furthest, failed)
    }
    if (start === lines.length) return wanted[furthest]
    from = start + wanted.length
  }
  return undefined
}

function patternOf(line, any) {
  const literal = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const longestFirst = [...any].sort((a, b) => b.length - a.length)
  const parts = longestFirst.length ? line.split(new RegExp(`(${longestFirst.map(literal).join('|')})`)) : [line]
  return new RegExp(`^${parts.map((part) => (any.includes(part) ? NUMBER : literal(part))).join('')}$`)
}
