// The generated parts of docs/: each stands between the marks `<!-- begin of NAME -->` and `<!-- end of NAME -->`.
import { readFileSync, writeFileSync } from 'node:fs'

/** Rows of cells, the first of titles, as a table whose other columns than the first `left` are numbers. */
export function markdownTable([head, ...rows], left = 1) {
  return [head, head.map((_, i) => (i < left ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`)
}

/** A page with lines between the marks of a name. @throws Error where it lacks them */
export function withPart(page, name, lines) {
  const [begin, end] = [`<!-- begin of ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page lacks the marks ${begin} and ${end}`)
  return `${page.slice(0, from)}${begin}\n\n${lines.join('\n')}\n\n${page.slice(to)}`
}

/** Writes parts, lines by their names, into docs/<page>. */
export function writePage(page, parts, log) {
  const url = new URL(`../docs/${page}`, import.meta.url)
  let text = readFileSync(url, 'utf8')
  for (const [name, lines] of parts) text = withPart(text, name, lines)
  writeFileSync(url, text)
  log(`written: docs/${page}`)
}
