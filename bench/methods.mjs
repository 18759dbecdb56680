// Every method at equal tokens, three seeds: loss, bits a weight, file bytes, time. docs/methods.md holds the table.
//   npm run bench -- methods --models <folder> [--data <folder of WikiText-2's train.txt, valid.txt, test.txt>]
//                    [--seeds <n>] [--steps <n>] [--only <method>] [--queue <address> --store <place>] [--write]
// `micro` (GPT-2, bytes), signed constants, keep 0.3. Tiny Shakespeare is bundled, and its last tenth validates; of WikiText-2 the whole test text is read.
// Runs are those of slt sweep, one thread each, as many side by side as the machine allows: the folder keeps them, an interrupted bench goes on with them.
// --write puts the tables into docs/methods.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder } from './cli.mjs'
import { openEngine } from './compression-loss.mjs'
import { sweep } from './compression-models.mjs'
import { figure, tableLines } from './measure.mjs'
import { METHODS } from './methods-plan.mjs'
import { ofSeeds, tableOf } from './methods-table.mjs'
import { lossOnText, textOf } from './whole-text.mjs'

const STEPS = 2000
const tinyShakespeare = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))
const page = new URL('../docs/methods.md', import.meta.url)

export async function run(log, { data, models, seeds = '3', steps = String(STEPS), only, queue, store, write }) {
  const work = (folder) =>
    compareAll(log, { data, folder, seeds: Number(seeds), steps: Number(steps), only, place: { queue, store }, write })
  return models === undefined ? inTemporaryFolder(work) : work(models)
}

async function compareAll(log, { data, folder, seeds, steps, only, place, write }) {
  const texts = [{ name: 'tiny Shakespeare', key: 'shakespeare', options: { data: tinyShakespeare } }]
  if (data === undefined)
    log('WikiText-2 is left out: it needs --data, a folder with its train.txt, valid.txt and test.txt')
  else {
    const options = { data: join(data, 'train.txt'), valid: join(data, 'valid.txt') }
    texts.push({ name: 'WikiText-2', key: 'wikitext', options, test: await textOf(join(data, 'test.txt')) })
  }
  const methods = METHODS.filter(({ name }) => only === undefined || only.includes(name))
  const engine = openEngine(undefined)
  const tables = []
  for (const text of texts) {
    const made = await runsOf(log, text, methods, { folder, seeds, steps, place })
    const rows = []
    for (const { method, runs } of made) {
      const measured = []
      for (const each of runs) {
        const { loss, bytes, weights } = await lossOnText(engine, each.path, text.test)
        measured.push({
          loss: loss ?? each.validLoss,
          bytes,
          bitsPerWeight: (8 * bytes) / weights,
          seconds: each.seconds,
        })
      }
      rows.push({ ...method, ...ofSeeds(measured) })
    }
    const table = tableOf(rows)
    log()
    log(`${text.name}, ${figure(steps)} steps, ${seeds} seeds`)
    for (const line of tableLines(table)) log(line)
    tables.push({ text: text.name, steps, seeds, rows, table })
  }
  if (write) writePage(tables, log)
  return tables
}

/** The runs of every method, by two sweeps: teachers and dense baselines first, then searches, which may learn from the teacher of their seed. */
async function runsOf(log, { key, options }, methods, { folder, seeds, steps, place }) {
  const numbers = Array.from({ length: seeds }, (_, seed) => seed)
  const needsTeacher = methods.some(({ teacher }) => teacher)
  const byCommand = (command) => methods.filter((method) => (method.command ?? 'search') === command)
  const trained = byCommand('train')
  const teachers = METHODS.filter(
    ({ name }) => needsTeacher && name === 'dense' && !trained.some((each) => each.name === name),
  )
  const found = new Map()
  for (const [command, own] of [
    ['train', [...trained, ...teachers]],
    ['search', byCommand('search')],
  ]) {
    if (own.length === 0) continue
    log(`slt sweep: ${own.length} methods of slt ${command} on ${key}, ${seeds} seeds`)
    const runs = own.flatMap(({ name, options: chosen, teacher }) =>
      numbers.map((seed) => {
        const taught = teacher ? { teacher: found.get('dense')[seed].path } : {}
        return { name, options: { ...chosen, ...taught, seed } }
      }),
    )
    const made = sweepOf(join(folder, key), command, {
      options: { model: 'micro', steps, ...options },
      runs: runs.map((each) => each.options),
      place,
    })
    for (const [i, { name }] of runs.entries()) found.set(name, [...(found.get(name) ?? []), made[i]])
  }
  return methods.map((method) => ({ method, runs: found.get(method.name) }))
}

/** Runs a plan; the file, loss and seconds of each of its runs. */
function sweepOf(folder, command, { options, runs, place: { queue, store = join(folder, 'store') } }) {
  const place = ['--store', store, ...(queue === undefined ? [] : ['--queue', queue])]
  const models = sweep(folder, command, { options, runs, place })
  const results = JSON.parse(readFileSync(join(folder, `${command}.sweep`, 'results.json'), 'utf8'))
  return models.map(({ path }, i) => {
    const { numbers, seconds } = results.runs[i]
    return { path, validLoss: numbers.validLoss, seconds }
  })
}

const marks = ({ text }) => [`<!-- begin of ${text} -->`, `<!-- end of ${text} -->`]

function writePage(tables, log) {
  let before = readFileSync(page, 'utf8')
  for (const table of tables) {
    const [begin, end] = marks(table)
    const [from, to] = [before.indexOf(begin), before.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`docs/methods.md lacks the marks ${begin} and ${end}`)
    const [head, ...rows] = table.table
    const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`)
    before = `${before.slice(0, from)}${begin}\n\n${lines.join('\n')}\n\n${before.slice(to)}`
  }
  writeFileSync(page, before)
  log('written: docs/methods.md')
}
