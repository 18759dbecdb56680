// Loss against bytes on two texts: tickets, and dense models that are rounded from the start, of the same bytes. docs/compression.md says what is counted.
//   npm run bench -- compression --models <folder> [--data <folder of WikiText-2's train.txt, valid.txt, test.txt>]
//                    [--seeds <n>] [--steps <n>] [--only <row>] [--queue <address> --store <place>] [--write]
// bench/compression-plan.mjs has the rows. Tiny Shakespeare is bundled, and its last tenth validates; of WikiText-2 the whole test text is read.
// Runs are those of slt sweep, one thread each, as many side by side as the machine allows: the folder keeps them, an interrupted bench goes on with them.
// --write puts tables and findings into docs/compression.md and draws docs/compression.svg.
import { writeFileSync } from 'node:fs'
import { compressionSvg } from './compression-figure.mjs'
import { findings, headline, tableOf } from './compression-findings.mjs'
import { MOST_BYTES, ROWS } from './compression-plan.mjs'
import { figure, tableLines } from './measure.mjs'
import { markdownTable, writePage } from './model-page.mjs'
import { chosenRows, makeRuns, readOptions } from './model-runs.mjs'
import { ofSeeds } from './over-seeds.mjs'
import { measureRuns, textsOf } from './whole-text.mjs'

const chart = new URL('../docs/compression.svg', import.meta.url)

export async function run(log, values) {
  const options = readOptions(log, values)
  if (options === undefined) return null
  const { steps, seeds, only, write } = options
  const plan = chosenRows(ROWS, only)
  const texts = []
  for (const text of await textsOf(log, values.data)) {
    const made = await makeRuns(log, 'compression', plan, { ...options, text })
    const rows = []
    for (const row of plan)
      rows.push({ ...row, ...ofSeeds(await measureRuns(made.get(row.name), { ...options, text })) })
    log()
    log(`${text.name}, ${figure(steps)} steps, ${seeds} seeds`)
    for (const line of tableLines(tableOf(rows))) log(line)
    for (const line of [headline(rows, text.name, MOST_BYTES), ...findings(rows)]) log(line)
    texts.push({ text: text.name, steps, seeds, rows })
  }
  if (write) {
    const parts = texts.map(({ text, rows }) => [text, [...markdownTable(tableOf(rows)), '', ...findings(rows)]])
    const headlines = texts.map(({ text, rows }) => headline(rows, text, MOST_BYTES))
    const top = [...headlines.map((line) => `- ${line}`), '', '![Loss against bytes](compression.svg)']
    writePage('compression.md', [['headlines', top], ...parts], log)
    writeFileSync(chart, compressionSvg(texts))
    log('written: docs/compression.svg')
  }
  return texts
}
