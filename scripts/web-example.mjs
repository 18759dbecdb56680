// Makes the example that the report view shows where there is no `slt serve`: two short searches and figures 4 to 6, quick.
//   npm run build && node scripts/web-example.mjs [folder of what was run before]
//   npm run build && node scripts/web-example.mjs --language <folder of slt reproduce figure-7 figure-8>
// The second takes figures 7 and 8 over, whose models train for hours, and leaves the rest as it is.
// Writes example.json, figure-N.json and figure-N.svg to web/example/. The numbers are whatever this machine computes.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '../dist/serve/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const here = join(root, 'web/example')
const example = join(here, 'example.json')

/** Copies figures and what was found; the points are in the picture. */
function takeFigures(folder, numbers) {
  for (const number of numbers) {
    const { series: _, ...result } = JSON.parse(readFileSync(join(folder, `figure-${number}.json`), 'utf8'))
    writeFileSync(join(here, `figure-${number}.json`), `${JSON.stringify(result)}\n`)
    copyFileSync(join(folder, `figure-${number}.svg`), join(here, `figure-${number}.svg`))
  }
}

/** Figures 4 to 6, and 7 and 8 where they were taken over. */
const figures = () => [4, 5, 6, 7, 8].filter((number) => existsSync(join(here, `figure-${number}.json`)))

if (process.argv[2] === '--language') {
  takeFigures(process.argv[3], [7, 8])
  const { runs } = JSON.parse(readFileSync(example, 'utf8'))
  writeFileSync(example, `${JSON.stringify({ runs, figures: figures() })}\n`)
  process.exit(0)
}

const work = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'slt-example-'))
const slt = (...args) => execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { stdio: 'inherit' })

// GPT-2's weights are so small that a narrow masked network cannot give confident predictions; signed constants can.
for (const init of ['gpt2', 'signed-constant']) {
  const out = join(work, `${init}.slt.safetensors`)
  if (existsSync(out)) continue
  const model = ['--model', 'micro', '--init', init, '--steps', '300']
  const often = ['--validate-every', '50', '--sample-every', '100']
  slt('search', '--data', join(root, 'data/tinyshakespeare/input.txt'), ...model, ...often, '--out', out)
}
const report = join(work, 'report')
if (!existsSync(report)) slt('reproduce', '--quick', '--out', report)

const serving = await startServer({ explorer: join(root, 'dist/web'), folders: [work], port: 0, version: '0' })
const ask = async (path) => (await fetch(`${serving.url}api/${path}`)).json()
const runs = []
for (const run of (await ask('runs')).runs) {
  const { rows } = await ask(`runs/${run.id}/metrics`)
  const { samples } = await ask(`runs/${run.id}/samples`)
  const id = run.name.replace('.slt.safetensors.run', '')
  runs.push({
    id,
    name: id,
    state: run.state,
    settings: run.settings,
    last: run.last,
    validLoss: run.validLoss,
    accuracy: run.accuracy,
    ticket: null,
    rows,
    samples,
  })
}
await serving.close()
runs.sort((a, b) => (a.id < b.id ? -1 : 1))
takeFigures(report, [4, 5, 6])
writeFileSync(example, `${JSON.stringify({ runs, figures: figures() })}\n`)
console.log(`${readFileSync(example).length} bytes, ${runs.length} runs`)
