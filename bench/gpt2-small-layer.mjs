// One layer of a random GPT-2 small (width 768, 12 heads) at 16 items: about 19 million subset sums, streamed to a ticket.
// The sorter runs before it, to show that the cost of a solve does not grow with the model.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder, runCli } from './cli.mjs'
import { figure } from './measure.mjs'

const sorter = fileURLToPath(new URL('../data/gpt-nano-sort', import.meta.url))
const common = ['--items', '16', '--seed', '7']

export async function run(log) {
  return inTemporaryFolder(async (folder) => {
    const small = await runCli('prune', sorter, ...common, '--out', join(folder, 'sorter.slt.safetensors'))
    const ticket = join(folder, 'layer.slt.safetensors')
    const layer = await runCli('prune', '--random', 'gpt2-small', '--layers', '1', ...common, '--out', ticket)
    const {
      weights,
      unreachable,
      maxWeightError,
      medianWeightError,
      solvesPerSecond,
      pruneSeconds,
      seconds,
      ticketBytes,
    } = layer.result
    log(
      `${figure(weights)} subset sums in ${figure(pruneSeconds)} s: ${figure(solvesPerSecond)} solves/s; whole process, with its comparison of logits, ${figure(layer.seconds)} s`,
    )
    log(
      `out of reach ${figure(unreachable)}; weight errors: median ${medianWeightError.toExponential(2)}, largest ${maxWeightError.toExponential(2)}`,
    )
    log(
      `goal: peak memory below 3 GB: ${(layer.peakBytes / 1e9).toFixed(2)} GB; ticket ${(ticketBytes / 1e6).toFixed(1)} MB`,
    )
    log(
      `goal: the cost of a solve does not grow: the sorter (${figure(small.result.weights)} subset sums) had ${figure(small.result.solvesPerSecond)} solves/s`,
    )
    const verified = await runCli('verify', ticket)
    log(`slt verify: ${verified.result.passed ? 'passed' : 'FAILED'} in ${figure(verified.seconds)} s`)
    if (!verified.result.passed) throw new Error(JSON.stringify(verified.result.checks))
    return {
      weights,
      unreachable,
      medianWeightError,
      maxWeightError,
      pruneSeconds,
      seconds,
      wallSeconds: layer.seconds,
      solvesPerSecond,
      sorterSolvesPerSecond: small.result.solvesPerSecond,
      peakBytes: layer.peakBytes,
      ticketBytes,
      verifySeconds: verified.seconds,
    }
  })
}
