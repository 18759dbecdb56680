/**
 * Reads tickets, safetensors files, GGUF files and links with something wrong in them, many of them: `npm run fuzz -- --count 1000000`. Each
 * must be read or refused in one line, within the memory that it may ask for. test/fuzz/ makes the cases; case `n` of a kind is the
 * same for one seed wherever it is run, so that a run stopped at any case goes on from it (--from).
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `npm run fuzz -- [options]

  --count <n>     cases in all, over the kinds in turns (default: 1000000)
  --from <n>      the first of them: goes on where another run stopped (default: 0)
  --seed <n>      what the cases are drawn from (default: 1)
  --kinds <list>  tickets, safetensors, gguf, compact, with commas between (default: all)`

/** Megabytes of V8's heap. Array buffers lie outside of it; test/fuzz/run-cases.ts has their ceiling. */
const HEAP = 512

const BETWEEN = 10_000 // ms between two lines

const isChild = process.env.SLT_FUZZ_BUNDLE !== undefined
try {
  process.exitCode = await (isChild ? runCases(process.env.SLT_FUZZ_BUNDLE, readOptions()) : startChild(readOptions()))
} catch (error) {
  process.stderr.write(`fuzz: ${error.message}\n${usage}\n`)
  process.exitCode = 2
}

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { count: text, from: text, seed: text, kinds: text } })
  const integer = (name, otherwise, least) => {
    const value = Number(values[name] ?? otherwise)
    if (Number.isSafeInteger(value) && value >= least) return value
    throw new RangeError(`"${name}" expected an integer >= ${least}, got ${values[name]}`)
  }
  const all = ['tickets', 'safetensors', 'compact']
  const kinds = (values.kinds ?? all.join()).split(',')
  const other = kinds.find((kind) => !all.includes(kind))
  if (other !== undefined) throw new RangeError(`"kinds" expected ${all.join(', ')}, got ${other}`)
  return { count: integer('count', 1e6, 1), from: integer('from', 0, 0), seed: integer('seed', 1, 0), kinds }
}

/** Bundles the cases and runs them in a process whose heap is small. */
async function startChild() {
  const { build } = await import('vite')
  const folder = await mkdtemp(join(tmpdir(), 'slt-fuzz-'))
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      build: {
        ssr: fileURLToPath(new URL('../test/fuzz/run-cases.ts', import.meta.url)),
        outDir: folder,
        target: 'node20',
        rollupOptions: { output: { entryFileNames: 'cases.mjs' } },
      },
      ssr: { noExternal: true },
    })
    const child = spawn(
      process.execPath,
      [`--max-old-space-size=${HEAP}`, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
      {
        stdio: 'inherit',
        env: { ...process.env, SLT_FUZZ_BUNDLE: join(folder, 'cases.mjs') },
      },
    )
    return await new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runCases(bundle, { count, from, seed, kinds }) {
  const { noOutcomes, runCase } = await import(pathToFileURL(bundle))
  const outcomes = noOutcomes()
  const started = performance.now()
  let said = started
  for (let i = from; i < from + count; i++) {
    const kind = kinds[i % kinds.length]
    try {
      await runCase(kind, seed, Math.floor(i / kinds.length), outcomes[kind])
    } catch (error) {
      if (!error.bytes) throw error
      const path = `fuzz-${kind}-${seed}-${error.number}.bin`
      await writeFile(path, error.bytes)
      const alone = `--seed ${seed} --kinds ${kinds.join()} --from ${i} --count 1`
      console.log(`${error.message}\n${error.cause?.stack}\nits file: ${path}; this case alone: ${alone}`)
      return 1
    }
    const now = performance.now()
    if (now - said < BETWEEN) continue
    said = now
    const done = i - from + 1
    const rate = (1000 * done) / (now - started)
    const left = Math.round((count - done) / rate / 60)
    console.log(`${i + 1}: ${Math.round(rate)} cases/s, ${left} min left; ${memoryText(outcomes)}`)
  }
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  console.log(`${count} cases from ${from} of seed ${seed} in ${minutes} min, none failed; ${memoryText(outcomes)}`)
  for (const kind of kinds) {
    const { read, refused, largest } = outcomes[kind]
    console.log(`${kind}: ${read} read, ${refused} refused; largest array beside the file ${largest} bytes`)
  }
  return 0
}

function memoryText(outcomes) {
  const peak = Math.max(...Object.values(outcomes).map((own) => own.peak))
  const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`
  return `array buffers at most ${mebibytes(peak)}, process ${mebibytes(process.memoryUsage().rss)}`
}
