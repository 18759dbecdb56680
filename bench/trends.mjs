// How far tickets are from dense training, with size and with training; and what QK scaling is worth. Tiny Shakespeare; docs/trends.md holds the tables.
//   npm run bench -- trends --models <folder> [--seeds <n>] [--steps <n>] [--only <ticket or QK row>] [--queue <address> --store <place>] [--write]
// bench/trends-plan.mjs has the rows. Seeds are 3, of QK scaling 5, unless told otherwise. With --steps, four times the steps are four times those.
// Runs are those of slt sweep, one thread each, as many side by side as the machine allows: the folder keeps them, an interrupted bench goes on with them.
// --write puts the tables and what they say into docs/trends.md.
import { tableLines } from './measure.mjs'
import { markdownTable, writePage } from './model-page.mjs'
import { chosenRows, makeRuns, readOptions } from './model-runs.mjs'
import { ofSeeds } from './over-seeds.mjs'
import { CHANGES, DENSE, SCALINGS, SETTINGS, TICKETS } from './trends-plan.mjs'
import { gapFindings, gapTable, scalingFindings, scalingTable } from './trends-table.mjs'
import { measureRuns, shakespeare } from './whole-text.mjs'

export async function run(log, values) {
  const options = readOptions(log, values)
  if (options === undefined) return null
  const chosen = chosenRows([...TICKETS, ...SCALINGS], options.only)
  const tickets = chosen.filter((row) => TICKETS.includes(row))
  const scalings = chosen.filter((row) => SCALINGS.includes(row))
  const parts = []
  const results = {}
  if (tickets.length > 0) {
    results.gaps = await gapsOf(log, tickets, options)
    parts.push(['gap', gapTable(results.gaps), gapFindings(results.gaps, CHANGES)])
  }
  if (scalings.length > 0) {
    const seeds = values.seeds === undefined ? 5 : options.seeds
    results.scalings = await scalingsOf(log, scalings, { ...options, seeds })
    parts.push(['QK scaling', scalingTable(results.scalings), scalingFindings(results.scalings)])
  }
  for (const [name, table, sentences] of parts) {
    log()
    log(name)
    for (const line of [...tableLines(table), ...sentences]) log(line)
  }
  if (options.write) {
    const lines = parts.map(([name, table, sentences]) => [
      name,
      [...markdownTable(table, name === 'gap' ? 2 : 1), '', ...sentences],
    ])
    writePage('trends.md', lines, log)
  }
  return results
}

/** Makes rows, and gives their losses over seeds by their names. */
async function lossesOf(log, title, rows, options) {
  const made = await makeRuns(log, title, rows, { ...options, text: shakespeare })
  const found = new Map()
  for (const { name } of rows)
    found.set(name, ofSeeds(await measureRuns(made.get(name), { ...options, text: shakespeare })))
  return found
}

async function gapsOf(log, tickets, options) {
  const named = (name, { model, longer }) => `${name}, ${model}, ${longer}`
  const plan = SETTINGS.flatMap((setting) => {
    const { model, longer } = setting
    const rows = [{ name: 'dense', command: 'train', options: DENSE }, ...tickets]
    return rows.map((row) => ({ ...row, name: named(row.name, setting), options: { ...row.options, model }, longer }))
  })
  const losses = await lossesOf(log, 'trends', plan, options)
  return tickets.flatMap(({ name }) =>
    SETTINGS.map((setting) => ({
      name,
      model: setting.model,
      steps: Math.ceil(options.steps * setting.longer),
      ticket: losses.get(named(name, setting)),
      dense: losses.get(named('dense', setting)),
    })),
  )
}

async function scalingsOf(log, scalings, options) {
  const named = ({ init }, scale) => `${init}, ${scale}`
  const plan = scalings.flatMap((row) =>
    row.scales.map((scale) => ({
      name: named(row, scale),
      options: { init: row.init, algorithm: 'annealed', 'qk-scale': scale },
    })),
  )
  const losses = await lossesOf(log, 'qk-scaling', plan, options)
  return scalings.map((row) => {
    const [plain, scaled] = row.scales.map((scale) => losses.get(named(row, scale)))
    return { init: row.init, shown: row.shown, plain, scaled }
  })
}
