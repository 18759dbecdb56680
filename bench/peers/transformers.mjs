// node bench/peers/transformers.mjs [part of a name]   after npm run build; with a part, the models whose names have it
// Exports tickets and folders of every family and loads them in Python: transformers (AutoModelForCausalLM, AutoModel, AutoTokenizer) and ONNX
// Runtime; and reads folders that transformers wrote. Python is what the environment variable SLT_PYTHON names (default python3), with torch,
// transformers, onnx and onnxruntime. Prints a table for docs/interop.md; exit code 1 when anything differs.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadTokenizer } from '../../dist/data/index.js'
import { familyOf, generateTokens } from '../../dist/families/index.js'
import { continueText, openModel, openModelSource } from '../../dist/index.js'
import { openEncoder } from '../../dist/jobs/open-model.js'

const only = process.argv[2] ?? ''
const isAsked = (name) => only === '' || name.includes(only) || only.includes(name)
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const script = fileURLToPath(new URL('transformers.py', import.meta.url))
const data = fileURLToPath(new URL('../../data/', import.meta.url))
const python = process.env.SLT_PYTHON ?? 'python3'
const text = join(data, 'tinyshakespeare/input.txt')
const folder = mkdtempSync(join(tmpdir(), 'slt-interop-'))
const at = (name) => join(folder, name)

const slt = (...args) => execFileSync(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
const peer = (...args) => {
  const { status, stdout, stderr, error } = spawnSync(python, ['-B', script, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (error || status !== 0) throw new Error(`${python}: ${error?.message ?? stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** A model, and what it computes: logits, or an encoder's hidden states. */
async function open(path) {
  const source = await openModelSource(path)
  const { task } = familyOf(source.config)
  await source.close()
  if (task === 'causal') {
    const opened = await openModel(path)
    return { opened, task, run: (...inputs) => opened.model.logits(...inputs) }
  }
  const opened = await openEncoder(path)
  return { opened, task, run: (...inputs) => opened.encoder.hidden(...inputs) }
}

/**
 * Logits or hidden states of a model by this package, and the greedy tokens after a prompt.
 * @param prompt a text for a model whose tokenizer is ours, or tokens
 */
async function describe(path, prompt, count, { limit = 1e-5, cacheLimit = 1e-5 } = {}) {
  const { opened, task, run } = await open(path)
  const { config } = opened
  const length = Math.min(config.positions, 24)
  const tokens = Array.from({ length: 2 * length }, (_, i) => (i * i * 31 + 7 * i) % config.vocabulary)
  const results = await run(Int32Array.from(tokens), 2, length)
  const greedy = []
  if (Array.isArray(prompt)) {
    const choice = { count, temperature: 0, word: () => 0 }
    for await (const token of generateTokens(opened.decoder, prompt, choice)) greedy.push(token)
  } else if (prompt !== null) {
    const tokenizer = await loadTokenizer(opened.tokenizer)
    for await (const { token } of continueText(opened, tokenizer, { prompt, count, temperature: 0, seed: 0 })) {
      if (token !== null) greedy.push(token)
    }
  }
  await opened.close()
  return { tokens, length, results: Array.from(results), task, prompt, greedy, limit, cacheLimit }
}

const scientific = (value) => value.toExponential(1).replace('.0e', 'e').replace('e+0', '')

const small = ['--model', 'micro', '--device', 'cpu', '--sample-every', '0', '--init', 'signed-constant']
const searches = [
  ['bytes', ['--steps', '50', '--width', '64', '--layers', '2', '--heads', '4']],
  [
    'bytes, learned norms, untied head',
    [
      '--steps',
      '50',
      '--width',
      '48',
      '--layers',
      '2',
      '--heads',
      '3',
      '--norms',
      'learned',
      '--untied',
      '--activation',
      'gelu',
    ],
  ],
  [
    'GPT-2 tokens',
    [
      '--steps',
      '10',
      '--width',
      '32',
      '--layers',
      '1',
      '--heads',
      '2',
      '--context',
      '64',
      '--batch',
      '4',
      '--tokenizer',
      'gpt2',
    ],
  ],
]
const cases = []
for (const [i, [name, flags]] of searches.entries()) {
  if (!isAsked(name)) continue
  const ticket = at(`ticket-${i}.slt.safetensors`)
  slt('search', '--data', text, ...small, ...flags, '--out', ticket)
  cases.push({ name, ticket, expected: await describe(ticket, 'ROMEO:', 30), heads: [] })
}
const pruned = [
  ['the pruned sorter', 'gpt-nano-sort', [], true, { exact: 3e-5, factored: 0.1 }],
  ['stories260K, pruned', 'stories260k', [], false, { exact: 5e-4, factored: 0.1 }],
  ['stories260K, pruned, rotary heads', 'stories260k', ['--attention', 'rotary'], false, { factored: 0.1 }],
]
for (const [i, [name, target, flags, sorts, limits]] of pruned.entries()) {
  if (!isAsked(name)) continue
  const ticket = at(`pruned-${i}.slt.safetensors`)
  slt('prune', join(data, target), '--items', '16', '--seed', '7', ...flags, '--out', ticket)
  for (const [heads, limit] of Object.entries(limits)) {
    const prompt = !sorts && heads === 'exact' ? [1] : null
    const expected = await describe(ticket, prompt, 20, { limit, cacheLimit: 2e-5 })
    cases.push({ name: `${name}, ${heads} heads`, ticket, expected, heads: ['--heads', heads], sorts })
  }
}
const stories = join(data, 'stories260k')
if (isAsked('stories260K')) {
  const expected = await describe(stories, [1], 200, { limit: 2e-5, cacheLimit: 2e-5 })
  cases.push({ name: 'stories260K', ticket: stories, expected, heads: [] })
}
const bert = fileURLToPath(new URL('../../test/vectors/families/bert/', import.meta.url))
if (isAsked('a BERT')) cases.push({ name: 'a BERT', ticket: bert, expected: await describe(bert, null, 0), heads: [] })
if (isAsked('a BERT, pruned')) {
  const encoder = at('bert.slt.safetensors')
  slt('prune', bert, '--items', '16', '--seed', '7', '--out', encoder)
  for (const [heads, limit] of Object.entries({ exact: 3e-5, factored: 0.1 })) {
    const expected = await describe(encoder, null, 0, { limit })
    cases.push({ name: `a BERT, pruned, ${heads} heads`, ticket: encoder, expected, heads: ['--heads', heads] })
  }
}

const rows = []
try {
  for (const [i, { name, ticket, expected, heads, sorts = false }] of cases.entries()) {
    const out = at(`model-${i}`)
    for (const dtype of ['fp32', 'fp16', 'bf16']) {
      slt('export', ticket, '--to', 'huggingface', `${out}-${dtype}`, '--dtype', dtype, ...heads)
    }
    for (const bits of [32, 8, 4]) {
      slt(
        'export',
        ticket,
        '--to',
        'onnx',
        `${out}-${bits}.onnx`,
        ...(bits === 32 ? [] : ['--bits', `${bits}`]),
        ...heads,
      )
    }
    writeFileSync(`${out}.json`, JSON.stringify({ ...expected, sorts }))
    rows.push(...peer('--check', out).map((row) => ({ model: name, ...row })))
  }
  for (const { name, path, results, tokens, length } of peer('--write', at('theirs'))) {
    const { opened, run } = await open(path)
    const found = await run(Int32Array.from(tokens), tokens.length / length, length)
    const difference = results.reduce((most, value, n) => Math.max(most, Math.abs(value - found[n])), 0)
    rows.push({
      model: name,
      check: `read here (${opened.dtype})`,
      value: difference,
      limit: 1e-5,
      passed: difference <= 1e-5,
    })
    await opened.close()
  }
  const [versions] = peer('--versions')
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  console.log(
    `strong-lottery-tickets ${version}, Node ${process.versions.node}; ${Object.entries(versions)
      .map((v) => v.join(' '))
      .join(', ')}\n`,
  )
  console.log('| model | check | largest difference | limit | |')
  console.log('|---|---|---|---|---|')
  for (const { model, check, value, limit, passed } of rows) {
    const shown = typeof value === 'number' ? scientific(value) : value
    const verdict = !passed ? 'FAILED' : typeof value === 'number' && limit === null ? 'reported' : 'passed'
    console.log(`| ${model} | ${check} | ${shown} | ${limit === null ? '' : scientific(limit)} | ${verdict} |`)
  }
  if (rows.some(({ passed }) => !passed)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
