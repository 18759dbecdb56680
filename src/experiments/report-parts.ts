/** Pieces of HTML that the sections of the report share. */

import { escapeXml } from '../svg/compose.js'
import { type AnyFigure, type FigureCheck, figureName } from './figure.js'
import { verdictText } from './verdict.js'

/** A table with a caption, in a box that scrolls sideways. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], caption: string): string {
  const cells = (tag: string, row: readonly string[]): string =>
    row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')
  return `<div class="scroll"><table><caption>${escapeXml(caption)}</caption><thead><tr>${cells('th', head)}</tr></thead>
<tbody>${body}</tbody></table></div>`
}

/** A value of some figures: once where all have the same, else with the figure: `10 (Figure 4), 100 (Figure 5)`. */
export function each<T extends { readonly figure: AnyFigure }>(
  results: readonly T[],
  read: (result: T) => string,
): string {
  const values = results.map(read)
  if (new Set(values).size === 1) return values[0]
  return results.map(({ figure }, i) => `${values[i]} (${figureName(figure)})`).join(', ')
}

/** The findings of a figure, as a list. */
export function checkList(checks: readonly FigureCheck[]): string {
  const items = checks.map(
    ({ claim, measured, holds }) =>
      `<li class="${holds === null ? 'undecided' : holds ? 'holds' : 'fails'}"><b>${capitalised(verdictText(holds))}:</b> ${escapeXml(claim)} <span>(${escapeXml(measured)})</span></li>`,
  )
  return `<ul class="checks">${items.join('\n')}</ul>`
}

const capitalised = (text: string): string => text[0].toUpperCase() + text.slice(1)

/** Settings, folded away. */
export function settingsList(settings: Readonly<Record<string, string | number>>, seconds: number): string {
  const entries = Object.entries(settings).map(
    ([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(String(value))}</dd>`,
  )
  return `<details><summary>Settings</summary><dl>${entries.join('')}</dl><p>${seconds.toFixed(1)} s.</p></details>`
}
