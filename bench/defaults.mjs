// The grid behind the defaults of slt search and slt train: `micro` on tiny Shakespeare, one setting at a time. docs/defaults.md holds the tables.
//   npm run bench -- defaults --models <folder> [--seeds <n>] [--within <nats>] [--steps <n>] [--only <variation>]
//                    [--queue <address> --store <place>] [--write]
// First every row has seed 0; then the base, and rows at most --within (0.02 unless told otherwise) above the best, have all seeds. --only also takes the
// title of a grid, for all its rows; the base of a grid is always run.
// Runs are those of slt sweep, one thread each, as many side by side as the machine allows: the folder keeps them, an interrupted bench goes on with them.
// --write puts the tables into docs/defaults.md.
import { GRIDS } from './defaults-plan.mjs'
import { BASE, closeRows, tableOf } from './defaults-table.mjs'
import { figure, tableLines } from './measure.mjs'
import { markdownTable, writePage } from './model-page.mjs'
import { makeRuns, readOptions, seedNumbers } from './model-runs.mjs'
import { ofSeeds } from './over-seeds.mjs'
import { measureRuns, shakespeare } from './whole-text.mjs'

export async function run(log, values) {
  const options = readOptions(log, values)
  if (options === undefined) return null
  const within = Number(values.within ?? 0.02)
  if (!(within >= 0)) throw new RangeError(`"within" expected a number >= 0, got ${values.within}`)
  const tables = []
  for (const grid of chosenGrids(GRIDS, options.only)) tables.push(await runGrid(log, grid, { ...options, within }))
  if (options.write) {
    const parts = tables.map(({ title, table }) => [title, markdownTable(table)])
    writePage('defaults.md', parts, log)
  }
  return tables
}

/** Grids whose title or variations are named. @throws RangeError for a name of neither */
function chosenGrids(grids, only) {
  if (only === undefined) return grids
  const names = grids.flatMap(({ title, variations }) => [title, BASE, ...variations.map(({ name }) => name)])
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new RangeError(`"only" expected ${[...new Set(names)].join('; ')}; got ${unknown}`)
  return grids.flatMap((grid) => {
    const named = grid.variations.filter(({ name }) => only.includes(name))
    const isNamed = only.includes(grid.title)
    return isNamed || only.includes(BASE) || named.length > 0
      ? [{ ...grid, variations: isNamed ? grid.variations : named }]
      : []
  })
}

async function runGrid(log, { title, command, base, variations }, { within, ...options }) {
  const { seeds, steps } = options
  const plan = [{ name: BASE, options: {} }, ...variations].map(({ options: own, ...row }) => {
    const all = { ...base, ...own }
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
    return { ...row, command, options: given }
  })
  const measured = async (rows) => {
    const made = await makeRuns(log, `defaults-${title.replace(/\W+/g, '-')}`, rows, { ...options, text: shakespeare })
    const found = []
    for (const { name } of rows) {
      found.push({ name, ...ofSeeds(await measureRuns(made.get(name), { ...options, text: shakespeare })) })
    }
    return found
  }
  let rows = await measured(plan.map((row) => ({ ...row, seeds: [0] })))
  const close = closeRows(rows, within)
  if (seeds > 1) {
    const all = plan.map((row) => ({ ...row, seeds: close.includes(row.name) ? seedNumbers(seeds) : [0] }))
    rows = await measured(all)
  }
  const table = tableOf(rows)
  log()
  log(`${title}: tiny Shakespeare, ${figure(steps)} steps, ${seeds} seeds of rows within ${within} of the best`)
  for (const line of tableLines(table)) log(line)
  return { title, steps, seeds, within, rows, table }
}
