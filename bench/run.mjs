// npm run bench                         every suite
// npm run bench -- subset-sum sorter    some of them
// npm run bench -- --out folder         also writes folder/<suite>.json
// npm run bench -- compression --data wikitext-2 --models folder --write     see compression.mjs
// npm run bench -- defaults --models folder --write                        see defaults.mjs
// npm run bench -- search --only relu-512 --contestant ours                see search.mjs
// Each suite verifies its results before it times them, and fails (exit code 1) when they are wrong.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.mjs'

const suites = [
  'subset-sum',
  'hard-sums',
  'matrices',
  'pensia',
  'sorter',
  'gpt2-small-layer',
  'figures',
  'search',
  'search-scaling',
  'integers',
  'methods',
  'defaults',
  'trends',
  'kill-resume',
  'interrupt',
  'tiny-shakespeare',
  'tickets',
  'explorer',
  'minilm',
  'compression',
  'queue',
  'prune-queue',
  'running',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    data: { type: 'string' },
    models: { type: 'string' },
    threads: { type: 'string' },
    seeds: { type: 'string' },
    layers: { type: 'string' },
    steps: { type: 'string' },
    queue: { type: 'string' },
    store: { type: 'string' },
    within: { type: 'string' },
    only: { type: 'string', multiple: true },
    contestant: { type: 'string', multiple: true },
    write: { type: 'boolean' },
  },
})
const unknown = positionals.find((name) => !suites.includes(name))
if (unknown !== undefined) {
  console.error(`bench: "suite" expected ${suites.join(', ')}, got ${unknown}`)
  process.exit(2)
}

const machine = describeMachine()
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}, Node ${machine.node}, ${machine.date}`)
console.log(`units of the processor: ${machine.units}`)
for (const name of positionals.length ? positionals : suites) {
  console.log(`\n== ${name}`)
  const { run } = await import(`./${name}.mjs`)
  const result = await run((line = '') => console.log(line), values).catch((error) => {
    if (!(error instanceof RangeError) || process.env.SLT_DEBUG === '1') throw error
    console.error(`bench: ${name}: ${error.message}`)
    process.exit(1)
  })
  if (values.out === undefined) continue
  mkdirSync(values.out, { recursive: true })
  const file = join(values.out, `${name}.json`)
  writeFileSync(file, `${JSON.stringify({ suite: name, machine, result }, null, 2)}\n`)
  console.log(`written: ${file}`)
}
