/**
 * What a run may not begin with. `checkSettings` says what settings can be, so that every run that was ever begun is read
 * and goes on; the checks here also refuse, before the first step, what cannot end well.
 */

import type { BaseConfig } from '../families/config.js'
import { matricesOf } from '../families/family.js'
import { MOST_TERMS } from '../families/integer-linear.js'
import { integerMatrices } from '../families/loss-graph.js'
import type { Selection } from '../kernels/ticket-step.js'
import { keptCount } from '../mask/kept-count.js'

/** The settings that decide what a search keeps. */
interface KeepSettings {
  readonly kind: 'search' | 'train'
  readonly algorithm: string
  readonly keep: number
  readonly selection: Selection
  readonly config: BaseConfig
}

/** The settings that float32 arithmetic limits. */
type Float32Settings = Readonly<Record<'learningRate' | 'weightDecay' | 'epsilon' | 'qkScale', number>>

/** The largest float32 number, and the least above 0: scores, weights and their steps are float32. */
const FLOAT32_MOST = 2 ** 128 - 2 ** 104
const FLOAT32_LEAST = 2 ** -149

/** Tickets hold scales up to 2^32 (src/ticket/searched-metadata.ts); the lower end keeps every weight a normal float32 number. */
const QK_LEAST = 2 ** -64
const QK_MOST = 2 ** 32

/** A decoupled decay multiplies a parameter by 1 - lr * decay in each step: beyond 2 its size grows without end. */
const DECAY_MOST = 2

/** Values that float32 does not hold, or that a run of them must lose itself in. @throws RangeError naming the setting */
export function checkFloat32({ learningRate, weightDecay, epsilon, qkScale }: Float32Settings): void {
  within('lr', learningRate, FLOAT32_LEAST, FLOAT32_MOST)
  within('epsilon', epsilon, FLOAT32_LEAST, FLOAT32_MOST)
  within('qk-scale', qkScale, QK_LEAST, QK_MOST)
  if (learningRate * weightDecay > DECAY_MOST) {
    throw new RangeError(
      `"lr" and "weight-decay" expected a product of at most ${DECAY_MOST}, beyond which every step makes all values larger, got ${learningRate} and ${weightDecay}`,
    )
  }
}

/**
 * Sums of integers must fit in 32 bits, whatever is summed: over a map's inputs, its outputs, and the tokens of one run of the graph.
 * @throws RangeError naming the setting
 */
export function checkIntegerSums({
  config,
  microBatch,
}: {
  readonly config: BaseConfig
  readonly microBatch: number
}): void {
  const most = counted(MOST_TERMS, 'products')
  const wide = integerMatrices(config).find(({ shape }) => Math.max(...shape) > MOST_TERMS)
  if (wide) {
    throw new RangeError(
      `"arithmetic" int8 expected sums of at most ${most}, got ${wide.name} [${wide.shape.join(', ')}]`,
    )
  }
  const { positions } = config
  const windows = Math.floor(MOST_TERMS / positions)
  if (microBatch <= windows) return
  const [setting, limit, got] = windows < 1 ? ['context', MOST_TERMS, positions] : ['micro-batch', windows, microBatch]
  const why = `in int8, whose sums over the ${counted(microBatch * positions, 'tokens')} of one run of the graph are of at most ${most}`
  throw new RangeError(`"${setting}" expected at most ${limit} ${why}, got ${got}`)
}

/**
 * A search has something to search where some weight is pruned, and a network to search in where every matrix keeps some
 * (a global selection at least as many as there are matrices). `keptCount` rounds up, so that a matrix never keeps nothing;
 * less than one weight is refused here, rather than kept many times over. Training keeps everything, and learned levels need no mask.
 * @throws RangeError naming what was expected
 */
export function checkKeep({ kind, algorithm, keep, selection, config }: KeepSettings): void {
  if (kind === 'train' || algorithm === 'levels') return
  if (!(keep > 0 && keep < 1)) {
    const why = keep === 1 ? ': it keeps every weight, which leaves no mask to find (slt train trains the weights)' : ''
    throw new RangeError(`"keep" expected 0 < keep < 1, got ${keep}${why}`)
  }
  const matrices = matricesOf(config).map(({ name, shape }) => ({ name, count: shape[0] * shape[1] }))
  const total = matrices.reduce((sum, { count }) => sum + count, 0)
  const groups = selection === 'global' ? [total] : matrices.map(({ count }) => count)
  if (groups.every((count) => keptCount(count, keep) === count)) {
    throw new RangeError(`"keep" expected fewer than all of ${counted(total)}, got ${keep}, which keeps every one`)
  }
  if (selection === 'global') {
    if (keep * total >= matrices.length) return
    const least = text(matrices.length / total)
    throw new RangeError(
      `"keep" expected at least ${least}, one weight for each of the ${matrices.length} matrices, got ${keep}`,
    )
  }
  const smallest = matrices.reduce((least, matrix) => (matrix.count < least.count ? matrix : least))
  if (keep * smallest.count >= 1) return
  throw new RangeError(
    `"keep" expected at least ${text(1 / smallest.count)}, one of ${counted(smallest.count)} of ${smallest.name}, got ${keep}`,
  )
}

function within(name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return
  throw new RangeError(`"${name}" expected ${low.toPrecision(3)} <= ${name} <= ${high.toPrecision(3)}, got ${value}`)
}

const counted = (count: number, what = 'weights'): string => `${count.toLocaleString('en-US')} ${what}`

/** Three significant digits, rounded up to a value that is accepted itself. */
function text(value: number): string {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2)
  return String(Number((Math.ceil(value / unit) * unit).toPrecision(3)))
}
