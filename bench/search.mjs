// One step of edge-popup and one of dense training, side by side with PyTorch (env SLT_PYTHON, default python3): each in a
// process of its own, by turns in the same run. Our matrix products are held against those of ONNX Runtime alone.
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { startContestant } from './contestant.mjs'
import { figure, median, tableLines } from './measure.mjs'
import { findPyTorch } from './peers/pytorch.mjs'
import { runtimeVersion } from './runtime-version.mjs'
import { verifyGradients } from './search-verify.mjs'

const MODEL = { layers: 4, width: 256, heads: 4, length: 256, batch: 8, vocabulary: 2048, keep: 0.3 }
const ACTIVATIONS = ['relu', 'gelu_new']
/** Turns of each contestant after one that only warms up, and steps (or chains of products) in a turn. */
const TURNS = 6
const STEPS = 4
/** Steps that decide whether PyTorch is faster compiled, after those that compile. */
const TRIAL = { warmUp: 3, steps: 6 }
/** The contestant that only multiplies matrices. */
const PRODUCTS = 'ONNX Runtime, products'
const worker = fileURLToPath(new URL('search-worker.mjs', import.meta.url))

export async function run(log, { model = MODEL, activations = ACTIVATIONS, turns = TURNS } = {}) {
  const threads = os.availableParallelism()
  const torch = findPyTorch(threads)
  const versions = { onnxruntime: runtimeVersion(), torch: torch.version ?? null }
  log(
    `onnxruntime-node ${versions.onnxruntime}, PyTorch ${torch.version ?? `skipped: ${torch.missing}`}, ${threads} threads`,
  )
  const verified = { gradients: await verifyGradients(threads), torchLosses: torch.largestDifference ?? null }
  log(`verified: our gradients within ${verified.gradients.toExponential(1)} of PyTorch's vectors in float64`)
  if (torch.start)
    log(`verified: the peer's losses within ${verified.torchLosses.toExponential(1)} of the same vectors`)
  const runs = []
  for (const activation of activations) runs.push(await compare(log, torch, { ...model, activation }, threads, turns))
  return { model, threads, versions, verified, runs }
}

async function compare(log, torch, model, threads, turnCount) {
  const { layers, width, heads, length, batch, vocabulary, activation, keep } = model
  const sizes = `${layers} layers, width ${width}, ${heads} heads, T ${length}, batch ${batch}, vocabulary ${vocabulary}`
  log(`\n${sizes}, keep ${keep}, ${activation}`)
  const ours = (kind) => startContestant(process.execPath, [worker, JSON.stringify({ ...model, kind, threads })])
  const compiled = torch.start ? await chooseCompiled(log, torch, model) : {}
  const theirs = (mode) => torch.start({ ...model, mode, compile: compiled[mode] })
  const processes = {
    'ours, edge-popup': ours('edge-popup'),
    ...(torch.start && { 'PyTorch, edge-popup': theirs('edge-popup') }),
    'ours, dense': ours('dense'),
    ...(torch.start && { 'PyTorch, dense': theirs('dense') }),
    ...(torch.start && { 'PyTorch, edge-popup by kthvalue': theirs('edge-popup-kthvalue') }),
    [PRODUCTS]: ours('gemm'),
  }
  const contestants = Object.entries(processes).map(([name, process]) => ({ name, process, turns: [] }))
  try {
    for (let turn = 0; turn <= turnCount; turn++) {
      for (const { process: each, turns } of contestants) {
        const found = await each.run(STEPS)
        if (turn > 0) turns.push(found)
      }
    }
    const results = {}
    for (const { name, process: each, turns } of contestants) results[name] = summary(await each.finish(), turns, model)
    return { activation, compiled, ...report(log, results) }
  } finally {
    for (const each of Object.values(processes)) each.kill()
  }
}

/** Tries each mode plain and compiled. @returns mode -> whether compiled is faster; never, where it does not work */
async function chooseCompiled(log, torch, model) {
  const chosen = {}
  for (const mode of ['edge-popup', 'edge-popup-kthvalue', 'dense']) {
    const rates = {}
    for (const compile of [false, true]) {
      const contestant = torch.start({ ...model, mode, compile })
      try {
        await contestant.run(TRIAL.warmUp)
        rates[compile] = (model.batch * model.length) / median((await contestant.run(TRIAL.steps)).seconds)
        await contestant.finish()
      } catch (error) {
        if (!compile) throw error
        log(`torch.compile does not work here: ${error.message}`)
      } finally {
        contestant.kill()
      }
    }
    chosen[mode] = rates.true > rates.false
    const both = `${figure(rates.false)} tokens/s plain, ${rates.true ? figure(rates.true) : 'none'} compiled`
    log(`PyTorch, ${mode}: ${both}: ${chosen[mode] ? 'compiled' : 'plain'} is measured`)
  }
  return chosen
}

/** Medians over all steps of all turns. */
function summary(report, turns, { batch, length }) {
  const of = (name) => median(turns.flatMap((turn) => turn[name] ?? []))
  const seconds = of('seconds')
  const { flops, ...rest } = report
  const graphSeconds = of('graph')
  return {
    ...rest,
    seconds,
    turnSeconds: turns.map((turn) => median(turn.seconds)),
    tokensPerSecond: (batch * length) / seconds,
    ...(graphSeconds ? { graphSeconds, ticketSeconds: of('ticket') } : {}),
    ...(flops ? { flops, gflops: flops / seconds / 1e9 } : {}),
    ...(flops && graphSeconds ? { graphGflops: flops / graphSeconds / 1e9 } : {}),
  }
}

function report(log, results) {
  const products = results[PRODUCTS]
  const rows = Object.entries(results).map(([name, each]) => [
    name,
    each === products ? '' : figure(each.tokensPerSecond),
    (each.seconds * 1e3).toFixed(0),
    each.graphSeconds ? (each.graphSeconds * 1e3).toFixed(0) : '',
    each.graphSeconds ? (each.ticketSeconds * 1e3).toFixed(1) : '',
    each.gflops ? each.gflops.toFixed(0) : '',
    each.graphGflops ? each.graphGflops.toFixed(0) : '',
    (each.peakBytes / 1e6).toFixed(0),
    (each.importBytes / 1e6).toFixed(0),
  ])
  const head = [
    '',
    'tokens/s',
    'step ms',
    'graph ms',
    'ticket ms',
    'GFLOP/s',
    'of graph',
    'peak MB',
    'of it before the model',
  ]
  for (const line of tableLines([head, ...rows])) log(line)
  const ours = results['ours, edge-popup']
  const ticketShare = ours.ticketSeconds / ours.seconds
  const gemmShares = { graph: ours.graphGflops / products.gflops, step: ours.gflops / products.gflops }
  const ratios = {}
  for (const [kind, goal] of Object.entries({ 'edge-popup': 2, dense: 1 })) {
    const [mine, peer] = [results[`ours, ${kind}`], results[`PyTorch, ${kind}`]]
    if (!peer) continue
    ratios[kind] = mine.tokensPerSecond / peer.tokensPerSecond
    const each = mine.turnSeconds.map((seconds, turn) => peer.turnSeconds[turn] / seconds)
    const range = `turns ${Math.min(...each).toFixed(2)} to ${Math.max(...each).toFixed(2)}`
    const memory = `peak memory ${(mine.peakBytes / peer.peakBytes).toFixed(2)} of its`
    log(`goal: ${kind} at least ${goal}x PyTorch: ${ratios[kind].toFixed(2)}x (${range}); ${memory}`)
  }
  const kthvalue = results['PyTorch, edge-popup by kthvalue']
  if (kthvalue) {
    ratios['edge-popup-kthvalue'] = ours.tokensPerSecond / kthvalue.tokensPerSecond
    log(`against PyTorch with a selection in place of the published sort: ${ratios['edge-popup-kthvalue'].toFixed(2)}x`)
    log(`PyTorch's own product of a 1024 cube: ${kthvalue.gemm.toFixed(0)} GFLOP/s`)
  }
  log(`goal: ticket work at most 10 % of a step: ${percent(ticketShare)}`)
  const shares = `the graph alone ${percent(gemmShares.graph)}, the whole step ${percent(gemmShares.step)}`
  log(`goal: at least 70 % of ONNX Runtime's rate on a 1024 cube: ${shares}`)
  return { results, ratios, ticketShare, gemmShares }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`
