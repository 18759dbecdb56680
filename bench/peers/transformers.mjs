// node bench/peers/transformers.mjs                 after npm run build
// Exports tickets and loads them in Python: transformers (GPT2LMHeadModel, AutoTokenizer) and ONNX Runtime; and reads
// folders that transformers wrote. Python is what the environment variable SLT_PYTHON names (default python3), with torch,
// transformers, onnx and onnxruntime. Prints a table for docs/interop.md; exit code 1 when anything differs.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadTokenizer } from '../../dist/data/index.js'
import { continueText, openModel } from '../../dist/index.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const script = fileURLToPath(new URL('transformers.py', import.meta.url))
const data = fileURLToPath(new URL('../../data/', import.meta.url))
const python = process.env.SLT_PYTHON ?? 'python3'
const text = join(data, 'tinyshakespeare/input.txt')
const folder = mkdtempSync(join(tmpdir(), 'slt-interop-'))
const at = (name) => join(folder, name)

const slt = (...args) => execFileSync(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
const peer = (...args) => {
  const { status, stdout, stderr, error } = spawnSync(python, ['-B', script, ...args], { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${python}: ${error?.message ?? stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Greedy tokens and logits of a model, by this package. */
async function describe(path, prompt, count) {
  const opened = await openModel(path)
  const { config, model } = opened
  const length = Math.min(config.positions, 24)
  const tokens = Array.from({ length: 2 * length }, (_, i) => (i * i * 31 + 7 * i) % config.vocabulary)
  const logits = await model.logits(Int32Array.from(tokens), 2, length)
  const greedy = []
  if (prompt !== null) {
    const tokenizer = await loadTokenizer(opened.tokenizer)
    for await (const { token } of continueText(opened, tokenizer, { prompt, count, temperature: 0, seed: 0 })) {
      if (token !== null) greedy.push(token)
    }
  }
  await opened.close()
  return { tokens, length, logits: Array.from(logits), prompt, greedy }
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
  const ticket = at(`ticket-${i}.slt.safetensors`)
  slt('search', '--data', text, ...small, ...flags, '--out', ticket)
  cases.push({ name, ticket, expected: await describe(ticket, 'ROMEO:', 30), heads: [] })
}
const sorter = at('sorter.slt.safetensors')
slt('prune', join(data, 'gpt-nano-sort'), '--items', '16', '--seed', '7', '--out', sorter)
const lists = await describe(sorter, null, 0)
cases.push({ name: 'the pruned sorter, exact heads', ticket: sorter, expected: lists, heads: [] })
cases.push({
  name: 'the pruned sorter, factored heads',
  ticket: sorter,
  expected: lists,
  heads: ['--heads', 'factored'],
})

const rows = []
try {
  for (const [i, { name, ticket, expected, heads }] of cases.entries()) {
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
    writeFileSync(`${out}.json`, JSON.stringify({ ...expected, sorts: ticket === sorter }))
    rows.push(...peer('--check', out).map((row) => ({ model: name, ...row })))
  }
  for (const { name, path, logits, tokens, length } of peer('--write', at('theirs'))) {
    const opened = await openModel(path)
    const found = await opened.model.logits(Int32Array.from(tokens), tokens.length / length, length)
    const difference = logits.reduce((most, logit, n) => Math.max(most, Math.abs(logit - found[n])), 0)
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
