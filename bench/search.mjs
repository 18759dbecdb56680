// A step of edge-popup and one of dense training, side by side with PyTorch (env SLT_PYTHON, default python3) in float32 and under
// bfloat16 autocast: each in a process of its own, by turns in the same run. Our matrix products are held against those of
// ONNX Runtime alone.
//   --only relu-512                              one model, or several by several options
//   --contestant int8 --contestant bfloat16      contestants whose names contain one of these texts
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { startContestant } from './contestant.mjs'
import { figure } from './measure.mjs'
import { findPyTorch } from './peers/pytorch.mjs'
import { runtimeVersion } from './runtime-version.mjs'
import { compareResults, logResults, summary } from './search-report.mjs'
import { verifyGradients, verifyIntegers } from './search-verify.mjs'

/** Turns of each contestant after one that only warms up, and steps (or chains of products) in a turn. */
const small = {
  layers: 4,
  width: 256,
  heads: 4,
  length: 256,
  batch: 8,
  vocabulary: 2048,
  keep: 0.3,
  turns: 6,
  steps: 4,
}
const large = { ...small, width: 512, heads: 8, length: 512, batch: 4, turns: 4, steps: 2 }
const MODELS = {
  'relu-256': { ...small, activation: 'relu' },
  'gelu-256': { ...small, activation: 'gelu_new' },
  'relu-512': { ...large, activation: 'relu' },
}
const OURS = {
  'ours, edge-popup': { kind: 'edge-popup', arithmetic: 'float32' },
  'ours, edge-popup int8': { kind: 'edge-popup', arithmetic: 'int8' },
  'ours, dense': { kind: 'dense', arithmetic: 'float32' },
  'ours, dense int8': { kind: 'dense', arithmetic: 'int8' },
  'ONNX Runtime, products': { kind: 'gemm', arithmetic: 'float32' },
}
/** `edge-popup` is the published code, which sorts; kthvalue selects instead. */
const THEIRS = {
  'PyTorch, edge-popup': { mode: 'edge-popup', dtype: 'float32' },
  'PyTorch, edge-popup bfloat16': { mode: 'edge-popup', dtype: 'bfloat16' },
  'PyTorch, edge-popup by kthvalue': { mode: 'edge-popup-kthvalue', dtype: 'float32' },
  'PyTorch, edge-popup by kthvalue, bfloat16': { mode: 'edge-popup-kthvalue', dtype: 'bfloat16' },
  'PyTorch, dense': { mode: 'dense', dtype: 'float32' },
  'PyTorch, dense bfloat16': { mode: 'dense', dtype: 'bfloat16' },
}
const worker = fileURLToPath(new URL('search-worker.mjs', import.meta.url))

/** @param options only, contestant: lists of names or parts of names, as on the command line; absent for all */
export async function run(log, { only, contestant } = {}) {
  const models = choose('only', only, Object.keys(MODELS), (name, text) => name === text)
  const names = [...Object.keys(OURS), ...Object.keys(THEIRS)]
  const chosen = choose('contestant', contestant, names, (name, text) => name.includes(text))
  const threads = os.availableParallelism()
  const torch = Object.keys(THEIRS).some((name) => chosen.includes(name))
    ? findPyTorch(threads)
    : { missing: 'not chosen' }
  const versions = { onnxruntime: runtimeVersion(), torch: torch.version ?? null }
  log(
    `onnxruntime-node ${versions.onnxruntime}, PyTorch ${torch.version ?? `skipped: ${torch.missing}`}, ${threads} threads`,
  )
  const verified = { gradients: await verifyGradients(threads), torchLosses: torch.largestDifference ?? null }
  verified.integers = await verifyIntegers(threads)
  log(`verified: our gradients within ${verified.gradients.toExponential(1)} of PyTorch's vectors in float64`)
  log(
    `verified: our loss in int8 within ${verified.integers.loss.toExponential(1)}, its gradients within ${(100 * verified.integers.gradients).toFixed(1)} % of their size`,
  )
  for (const [dtype, difference] of Object.entries(torch.largestDifference ?? {})) {
    log(`verified: the peer's losses in ${dtype} within ${difference.toExponential(1)} of the same vectors`)
  }
  const runs = []
  for (const model of models) runs.push(await compare(log, torch, model, chosen, threads))
  return { threads, versions, verified, runs }
}

/** Those names that one of the texts matches, in the order of the names. @throws RangeError for a text that none matches */
function choose(option, texts, names, matches) {
  if (texts === undefined) return names
  for (const text of texts) {
    if (!names.some((name) => matches(name, text))) {
      throw new RangeError(`"${option}" expected some of ${names.join(' | ')}, got ${JSON.stringify(text)}`)
    }
  }
  return names.filter((name) => texts.some((text) => matches(name, text)))
}

async function compare(log, torch, name, chosen, threads) {
  const { turns: turnCount, steps, ...model } = MODELS[name]
  const { layers, width, heads, length, batch, vocabulary, activation, keep } = model
  const sizes = `${layers} layers, width ${width}, ${heads} heads, T ${length}, batch ${batch}, vocabulary ${vocabulary}`
  log(`\n${name}: ${sizes}, keep ${keep}, ${activation}`)
  const contestants = []
  try {
    for (const [name, options] of Object.entries(OURS)) {
      if (!chosen.includes(name)) continue
      const process = startOurs({ ...model, ...options, threads })
      contestants.push({ name, process, turns: [] })
    }
    for (const [name, options] of Object.entries(torch.startFastest ? THEIRS : {})) {
      if (!chosen.includes(name)) continue
      const { contestant: process, form, seconds, failure } = await torch.startFastest({ ...model, ...options })
      contestants.push({ name, process, form, turns: [] })
      const rate = (each) => `${figure((batch * length) / seconds[each])} tokens/s ${each}`
      log(`${name}: ${Object.keys(seconds).map(rate).join(', ')}: ${form} is measured`)
      if (failure !== undefined) log(`torch.compile does not work here: ${failure}`)
    }
    for (let turn = 0; turn <= turnCount; turn++) {
      for (const { process, turns } of contestants) {
        const found = await process.run(steps)
        if (turn > 0) turns.push(found)
      }
    }
    const results = {}
    for (const { name, process, form, turns } of contestants) {
      results[name] = { ...(form && { form }), ...summary(await process.finish(), turns, model) }
    }
    logResults(log, results)
    return { name, model, ...compareResults(log, results) }
  } finally {
    for (const { process } of contestants) process.kill()
  }
}

const startOurs = (options) => startContestant(process.execPath, [worker, JSON.stringify(options)])
