import { familyOf, matricesOf } from '../families/family.js'
import { gradientGraph, type LossModel, lossParameters, tokenTableOf } from '../families/loss-graph.js'
import { encodeModel, float32, type GraphRunner, int32, numericShape, type Tensor } from '../graph/index.js'
import { type ArrayShape, addRows, type ParameterMemory, type ParameterShape } from '../kernels/index.js'
import { createIntegerMatrices, integerArrays } from './integer-matrices.js'
import { expectExactIntegers } from './integer-products.js'

/** The model, and which of its predictions the loss is about. */
export interface AnsweredModel extends LossModel {
  /** Only the last so many targets of a window count, an integer from 1 to T; all when absent. */
  readonly answers?: number | undefined
  /** Linear maps are multiplied as integers of magnitudes up to so many, from 1 to 127; as float32 when absent. */
  readonly integerLevels?: number | undefined
}

/** A repeated computation of a model's loss on one batch shape. */
export interface LossStep {
  /** [B, T], filled by the caller: each 0 <= token < V. */
  readonly tokens: Int32Array
  /** [B, T], filled by the caller: the token that follows each; of an encoder the token that is there. */
  readonly targets: Int32Array
  /** [B, T], of an encoder: 1 where a target counts, 0 elsewhere. Every window has as many that count. */
  readonly counts?: Float32Array | undefined
  /** @returns the mean cross-entropy in nats; where gradients are computed, they then lie in `gradient` of the memory */
  run(): Promise<number>
  release(): Promise<void>
}

/**
 * The arrays that {@link createLossStep} wants in the parameter memory, beside the token embedding.
 * @param batch sequences of one run of the graph @param length T
 */
export function lossArrays({ config, integerLevels }: AnsweredModel, batch: number, length: number): ArrayShape[] {
  const N = batch * length
  const beside = tokenTableOf(config)
  return [
    { name: 'tokens', dtype: 'int32', count: N, beside },
    { name: 'd.rows', dtype: 'float32', count: N * config.width, beside },
    ...(integerLevels === undefined ? [] : integerArrays(config)),
  ]
}

/** How matrices lie in memory. */
type MatrixKind = ParameterShape['kind']

/**
 * The parameters of a model as the parameter memory wants them, learned norms dense.
 * @param kind of all matrices, or of each by its name
 */
export function modelParameters(model: LossModel, kind: MatrixKind | ((name: string) => MatrixKind)): ParameterShape[] {
  const kindOf = typeof kind === 'string' ? () => kind : kind
  return lossParameters(model).map(({ name, shape, kind: own }) => ({
    name,
    count: (shape as readonly number[]).reduce((product, length) => product * length, 1),
    kind: own === 'matrix' ? kindOf(name) : ('dense' as const),
  }))
}

/**
 * Loss and gradients at the effective weights, one ONNX graph run in place on the parameter memory. The gradient of the
 * token embedding is summed outside the graph, which the general operator for it would take a tenth of a step for.
 * A batch too large for the machine's memory is run in parts, whose gradients are averaged.
 * @param memory holds `modelParameters(model, ...)` and `lossArrays(model, microBatch, length)`
 * @param batch B, sequences of a step
 * @param length T
 * @param microBatch sequences of one run of the graph, an integer that divides B; B by default
 * @throws RangeError where integers are asked for and the device does not multiply them exactly
 */
export async function createLossStep(
  runner: GraphRunner,
  model: AnsweredModel,
  memory: ParameterMemory,
  batch: number,
  length: number,
  microBatch = batch,
): Promise<LossStep> {
  if (!Number.isInteger(batch / microBatch)) {
    throw new RangeError(`"micro-batch" expected a divisor of the batch ${batch}, got ${microBatch}`)
  }
  const { config, integerLevels } = model
  if (integerLevels !== undefined) await expectExactIntegers(runner)
  const integers = integerLevels === undefined ? undefined : createIntegerMatrices(config, memory, integerLevels)
  const part = await createPart(runner, model, memory, microBatch, length, integers?.feeds)
  const step = microBatch === batch ? part : inParts(part, memory, batch / microBatch)
  if (integers === undefined) return step
  return {
    ...step,
    run() {
      integers.refresh()
      return step.run()
    },
  }
}

/** One run of the gradient graph a step. */
async function createPart(
  runner: GraphRunner,
  model: AnsweredModel,
  memory: ParameterMemory,
  batch: number,
  length: number,
  integers?: Readonly<Record<string, Tensor>>,
): Promise<LossStep> {
  const { config, answers } = model
  const table = tokenTableOf(config)
  const isTied = matricesOf(config).every(({ role }) => role !== 'head')
  const tokens = memory.integers('tokens') // [B, T]
  const rows = memory.floats('d.rows') // [N, d]
  const targets = new Int32Array(tokens.length)
  const loss = new Float32Array(1)
  const graph = gradientGraph(model, batch, length, {
    fused: runner.prefersFused,
    rows: 'outside',
    answers,
    arithmetic: integers ? 'int8' : 'float32',
  })
  const loaded = await runner.load(encodeModel(graph))
  const embedding = memory.matrix(table)
  const { [table]: looked, ...others } = parameterFeeds(model, (name) => memory.matrix(name).effective)
  const counts = familyOf(config).task === 'encoder' ? new Float32Array(tokens.length) : undefined
  const feeds = {
    ...others,
    ...(isTied ? { [table]: looked } : {}),
    ...integers,
    [`${table}.rows`]: looked,
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], targets),
    ...(counts ? { counts: float32([batch, length], counts) } : {}),
  }
  const results: Record<string, Tensor> = {}
  for (const [name, { shape }] of graph.outputs) {
    const data = name === 'loss' ? loss : name === 'd.rows' ? rows : memory.matrix(name.slice(2)).gradient
    results[name] = float32(numericShape(`${name}:`, shape), data)
  }
  const compute = loaded.bind(feeds, results)
  return {
    tokens,
    targets,
    counts,
    async run() {
      await compute()
      if (!isTied) embedding.gradient.fill(0)
      addRows(embedding, rows, tokens)
      return loss[0]
    },
    release: () => loaded.release(),
  }
}

/** A step of several runs: the mean of their losses, and of their gradients in the order of the runs. */
function inParts(part: LossStep, { matrices }: ParameterMemory, parts: number): LossStep {
  const size = part.tokens.length
  const tokens = new Int32Array(parts * size)
  const targets = new Int32Array(parts * size)
  const counts = part.counts && new Float32Array(parts * size)
  const sums = matrices.map(({ count }) => new Float32Array(count))
  return {
    tokens,
    targets,
    counts,
    async run() {
      let loss = 0
      for (const sum of sums) sum.fill(0)
      for (let i = 0; i < parts; i++) {
        part.tokens.set(tokens.subarray(i * size, (i + 1) * size))
        part.targets.set(targets.subarray(i * size, (i + 1) * size))
        if (counts) part.counts!.set(counts.subarray(i * size, (i + 1) * size))
        loss += (await part.run()) / parts
        for (const [m, { gradient }] of matrices.entries()) addScaled(sums[m], gradient, 1 / parts)
      }
      for (const [m, { gradient }] of matrices.entries()) gradient.set(sums[m])
      return loss
    },
    release: part.release,
  }
}

function addScaled(sum: Float32Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += values[i] * factor
}

/** A model's effective values by the names of its parameters. */
export type ParameterLookup = (name: string) => Float32Array

/** The matrices and learned norms as a graph is fed them. */
export const parameterFeeds = (model: LossModel, parameter: ParameterLookup): Record<string, Tensor> =>
  Object.fromEntries(lossParameters(model).map(({ name, shape }) => [name, float32(shape, parameter(name))]))
