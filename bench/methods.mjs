// Every method at equal tokens, three seeds: loss, bits a weight, file bytes, time. docs/methods.md holds the table.
//   npm run bench -- methods --models <folder> [--data <folder of WikiText-2's train.txt, valid.txt, test.txt>]
//                    [--seeds <n>] [--steps <n>] [--only <method>] [--queue <address> --store <place>] [--write]
// `micro` (GPT-2, bytes), signed constants, keep 0.3. Tiny Shakespeare is bundled, and its last tenth validates; of WikiText-2 the whole test text is read.
// Runs are those of slt sweep, one thread each, as many side by side as the machine allows: the folder keeps them, an interrupted bench goes on with them.
// --write puts the tables into docs/methods.md.
import { figure, tableLines } from './measure.mjs'
import { METHODS } from './methods-plan.mjs'
import { tableOf } from './methods-table.mjs'
import { markdownTable, writePage } from './model-page.mjs'
import { chosenRows, makeRuns, readOptions, withTeachers } from './model-runs.mjs'
import { ofSeeds } from './over-seeds.mjs'
import { measureRuns, textsOf } from './whole-text.mjs'

export async function run(log, values) {
  const options = readOptions(log, values)
  if (options === undefined) return null
  const { steps, seeds, only, write } = options
  const methods = chosenRows(METHODS, only)
  const tables = []
  for (const text of await textsOf(log, values.data)) {
    const made = await makeRuns(log, 'methods', withTeachers(methods, METHODS), { ...options, text })
    const rows = []
    for (const method of methods) {
      rows.push({ ...method, ...ofSeeds(await measureRuns(made.get(method.name), { ...options, text })) })
    }
    const table = tableOf(rows)
    log()
    log(`${text.name}, ${figure(steps)} steps, ${seeds} seeds`)
    for (const line of tableLines(table)) log(line)
    tables.push({ text: text.name, steps, seeds, rows, table })
  }
  if (write) {
    const parts = tables.map(({ text, table }) => [text, markdownTable(table)])
    writePage('methods.md', parts, log)
  }
  return tables
}
