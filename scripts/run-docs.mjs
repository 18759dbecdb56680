// Runs every block of the pages, in order, in a fresh checkout for each page, and compares what they print with what the page shows.
//   npm run build && node scripts/run-docs.mjs [page...]      one line a block; exit code 1 when one fails
//   --json, --list                                            the results, or the blocks alone, as JSON, one a line
// scripts/docs/blocks.mjs says how a page marks what is shortened or left out.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { blocksOf, programOf } from './docs/blocks.mjs'
import { createCheckout, endAll } from './docs/checkout.mjs'
import { missingLine } from './docs/compare-output.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, list: { type: 'boolean' } },
})
const pagesIn = (folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
const all = [
  'README.md',
  'CONTRIBUTING.md',
  ...pagesIn('docs'),
  ...pagesIn('examples').map((folder) => `${folder}/README.md`),
]
const pages = (positionals.length ? positionals : all).filter((page) => page.endsWith('.md'))
const blocks = new Map(pages.map((page) => [page, blocksOf(page, readFileSync(join(root, page), 'utf8'))]))

if (values.list) {
  for (const { id, kind, reason } of [...blocks.values()].flat()) console.log(JSON.stringify({ id, kind, reason }))
  process.exit(0)
}
if (!existsSync(join(root, 'dist/cli/main.js'))) {
  console.error('run-docs: there is nothing built: npm run build')
  process.exit(2)
}

let checkout
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endAll()
    checkout?.remove()
    process.exit(130)
  })
}

const counts = {}
for (const own of blocks.values()) await runPage(own)
if (!values.json)
  console.log(
    Object.entries(counts)
      .map(([status, count]) => `${count} ${status}`)
      .join(', '),
  )
process.exit(counts.failed || counts.differs ? 1 : 0)

async function runPage(own) {
  checkout = own.some(({ kind }) => kind === 'shell' || kind === 'js') ? createCheckout(root) : undefined
  let last // what the block before printed
  try {
    for (const block of own) {
      const started = performance.now()
      const result = await resultOf(block, last)
      if (result.run) last = result.run
      tell({
        id: block.id,
        status: result.status,
        detail: result.detail,
        seconds: (performance.now() - started) / 1000,
      })
    }
  } finally {
    checkout?.remove()
  }
}

/** What became of a block: `ok`, `failed`, `differs`, `left out` or `text`. */
async function resultOf(block, last) {
  if (block.kind === 'left out') return { status: 'left out', detail: block.reason }
  if (block.kind === 'text') return { status: 'text', detail: '' }
  if (block.kind === 'output') {
    if (last === undefined) return { status: 'failed', detail: 'no block before it was run' }
    const line = missingLine(block.code, last.stdout, block.any)
    return line === undefined
      ? { status: 'ok', detail: 'as printed' }
      : { status: 'differs', detail: `not printed: ${line}\n${last.stdout}` }
  }
  const program = programOf(block)
  const run = await checkout.run(block.kind, program)
  const short = program.split('\n')[0]
  if (run.code === 0) return { status: 'ok', detail: short, run }
  return { status: 'failed', detail: `${short}\nexit code ${run.code}\n${run.stdout}${run.stderr}`, run }
}

function tell(result) {
  const { id, status, detail, seconds } = result
  counts[status] = (counts[status] ?? 0) + 1
  if (values.json) console.log(JSON.stringify(result))
  else if (status !== 'text')
    console.log(`${status.padEnd(9)} ${id.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s  ${detail}`)
}
