// node bench/peers/llama-cpp.mjs [part of a name]   after npm run build; with a part, the models whose names have it
// Exports tickets and folders as GGUF files and loads them in llama.cpp, by the package node-llama-cpp, which brings it built: the environment variable
// SLT_LLAMA_CPP names a folder in which it is installed (npm install --ignore-scripts node-llama-cpp@3.22.1). Token numbers of texts, logits and greedy tokens
// are held against those of this package. Prints a table for docs/interop.md; exit code 1 when anything differs.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { generateTokens, openModel, openModelSource } from '../../dist/index.js'
import { loadModelTokenizer } from '../../dist/jobs/searched-text.js'

const only = process.argv[2] ?? ''
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const data = fileURLToPath(new URL('../../data/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'slt-llama-cpp-'))
const at = (name) => join(folder, name)
const slt = (...args) => execFileSync(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

const require = createRequire(join(resolve(process.env.SLT_LLAMA_CPP ?? '.'), 'package.json'))
const peer = dirname(dirname(require.resolve('node-llama-cpp')))
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(join(peer, 'dist/index.js')).href)
const { version } = JSON.parse(readFileSync(join(peer, 'package.json'), 'utf8'))
// One thread: llama.cpp's threads wait for each other by spinning, which takes minutes where others are at work.
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 1 })

const text = join(data, 'tinyshakespeare/input.txt')
const small = ['--device', 'cpu', '--sample-every', '0', '--init', 'signed-constant', '--steps', '100']
const shape = ['--context', '64', '--batch', '4', '--layers', '2']
const gelu = ['--activation', 'gelu_new']
/** Texts whose tokens are compared: of several scripts, with runs of spaces, line ends and bytes beyond ASCII. */
const texts = [
  'Once upon a time',
  'ROMEO:\n\nWhat, 12 or  13?\t"No"',
  'Grüße, 世界! \u{1f600}',
  '   ',
  "it's we'll\r\n\r\nNOW",
]
const exact = { logits: 1e-3, greedy: true }
/**
 * The limits are those of llama.cpp's arithmetic: its GELU looks fp16 numbers up, fp16 weights meet activations rounded to fp16, and weights in blocks meet
 * activations rounded to 8 bits.
 */
const types = { f32: exact, f16: exact, q8_0: { logits: 0.5 }, tq2_0: { logits: 0.5 }, tq1_0: { logits: 0.5 } }
const models = [
  {
    name: 'the sorter',
    path: join(data, 'gpt-nano-sort'),
    types: ['f32', 'f16'],
    prompt: [2, 1, 0, 0, 1, 2],
    count: 6,
  },
  { name: 'stories260K', path: join(data, 'stories260k'), types: ['f32', 'f16', 'q8_0'], prompt: texts[0], count: 100 },
  { name: 'GPT-2 ticket', search: ['--model', 'tiny', ...gelu, ...shape], prompt: 'ROMEO:', count: 50 },
  {
    name: 'Llama ticket',
    search: ['--family', 'llama', '--model', 'llama-tiny', ...shape],
    prompt: 'ROMEO:',
    count: 50,
  },
  {
    name: 'GPT-2 ticket of GPT-2 tokens',
    search: ['--model', 'tiny', ...gelu, ...shape, '--tokenizer', 'gpt2', '--steps', '20'],
    prompt: 'ROMEO:',
    count: 20,
  },
]

/** Tokens, logits [T, V] of the tokens of a prompt, and greedy tokens behind it. */
async function ours(path, prompt, count) {
  const source = await openModelSource(path)
  const tokenizer = typeof prompt === 'string' ? await loadModelTokenizer(source) : null
  await source.close()
  const encode = (one) => Array.from(tokenizer.encode(one, { addSpecialTokens: true }))
  const tokens = tokenizer ? encode(prompt) : prompt
  const opened = await openModel(path)
  const logits = await opened.model.logits(Int32Array.from(tokens), 1, tokens.length)
  const greedy = []
  const choice = { count, temperature: 0, word: () => 0 }
  for await (const token of generateTokens(opened.decoder, tokens, choice)) greedy.push(token)
  await opened.close()
  return { tokens, logits, greedy, texts: tokenizer ? texts.map(encode) : [] }
}

const argmax = (logits) => logits.reduce((best, value, i) => (value > logits[best] ? i : best), 0)

/** The same by llama.cpp, with a cache in float32. @param reference of `ours` */
async function theirs(path, reference, count) {
  const model = await llama.loadModel({ modelPath: path })
  const cache = { experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' }
  const context = await model.createContext({ contextSize: 256, threads: 1, ...cache })
  const sequence = context.getSequence()
  const next = async (tokens) => {
    const asked = tokens.map((token) => [token, { generateNext: { logits: true } }])
    const results = await sequence.controlledEvaluate(asked)
    return results.map(({ next }) => {
      const row = new Float32Array(next.logits.size)
      for (const [token, logit] of next.logits) row[token] = logit
      return row
    })
  }
  const rows = await next(reference.tokens)
  const greedy = []
  for (let row = rows.at(-1); ; [row] = await next([greedy.at(-1)])) {
    greedy.push(argmax(row))
    if (greedy.length === count) break // llama.cpp ends the process where a token has no position
  }
  const begin = model.tokens.shouldPrependBosToken ? [model.tokens.bos] : []
  const tokens = reference.texts.length > 0 ? texts.map((one) => [...begin, ...model.tokenize(one)]) : []
  await context.dispose()
  await model.dispose()
  return { rows, greedy, tokens }
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
let failed = false
console.log(`node-llama-cpp ${version}, Node ${process.versions.node}\n`)
console.log('| model | type | bytes | tokens of texts | logits, largest difference (of at most) | greedy tokens | |')
console.log('|---|---|---|---|---|---|---|')
try {
  for (const { name, path: there, search, prompt, count, types: own = Object.keys(types) } of models) {
    if (only !== '' && !name.includes(only)) continue
    const path = there ?? at(`${name.replaceAll(' ', '-')}.slt.safetensors`)
    if (search) slt('search', '--data', text, ...small, ...search, '--out', path)
    const expected = await ours(path, prompt, count)
    for (const type of own) {
      const file = at('model.gguf')
      slt('export', path, file, '--to', 'gguf', '--type', type, '--force', '--json')
      const found = await theirs(file, expected, count)
      const flat = found.rows.flatMap((row) => Array.from(row))
      const difference = flat.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.logits[i])), 0)
      const largest = expected.logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const equal = found.greedy.findIndex((token, i) => token !== expected.greedy[i])
      const limit = types[type]
      const isFine =
        same(found.tokens, expected.texts) && difference <= limit.logits * largest && (equal < 0 || !limit.greedy)
      failed ||= !isFine
      const cells = [
        name,
        type,
        statSync(file).size.toLocaleString('en-US'),
        expected.texts.length === 0 ? '' : same(found.tokens, expected.texts) ? 'equal' : 'DIFFER',
        `${difference.toExponential(1)} (${largest.toFixed(1)})`,
        equal < 0 ? `${count} equal` : `${equal} of ${count} equal`,
        isFine ? 'passed' : 'FAILED',
      ]
      console.log(`| ${cells.join(' | ')} |`)
      if (expected.texts.length > 0 && !same(found.tokens, expected.texts)) {
        for (const [i, one] of texts.entries()) {
          if (!same(found.tokens[i], expected.texts[i])) console.error(one, found.tokens[i], expected.texts[i])
        }
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  await llama.dispose()
}
process.exitCode = failed ? 1 : 0
