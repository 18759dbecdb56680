import { gpt2GradientGraph } from '../families/gpt2/loss.js'
import { type BiasFreeGpt2, gpt2Matrices, gpt2Norms } from '../families/gpt2/matrices.js'
import { encodeModel, float32, type GraphRunner, int32, numericShape, type Tensor } from '../graph/index.js'
import { type ArrayShape, addRows, type ParameterMemory } from '../kernels/index.js'

/** The model, and which of its predictions the loss is about. */
export interface LossModel extends BiasFreeGpt2 {
  /** Only the last so many targets of a window count, an integer from 1 to T; all when absent. */
  readonly answers?: number | undefined
}

/** A repeated computation of a model's loss on one batch shape. */
export interface LossStep {
  /** [B, T], filled by the caller: each 0 <= token < V. */
  readonly tokens: Int32Array
  /** [B, T], filled by the caller: the token that follows each. */
  readonly targets: Int32Array
  /** @returns the mean cross-entropy in nats; where gradients are computed, they then lie in `gradient` of the memory */
  run(): Promise<number>
  release(): Promise<void>
}

/**
 * The arrays that {@link createLossStep} wants in the parameter memory, beside the token embedding.
 * @param batch sequences of one run of the graph @param length T
 */
export function lossArrays({ config }: BiasFreeGpt2, batch: number, length: number): ArrayShape[] {
  const N = batch * length
  return [
    { name: 'tokens', dtype: 'int32', count: N, beside: 'wte' },
    { name: 'd.rows', dtype: 'float32', count: N * config.width, beside: 'wte' },
  ]
}

/** The parameters of a model as the parameter memory wants them: matrices of one kind, learned norms dense. */
export function modelParameters({ config, norms }: BiasFreeGpt2, kind: 'ticket' | 'dense') {
  const sized = ({ name, shape }: { name: string; shape: readonly number[] }) => ({
    name,
    count: shape.reduce((product, length) => product * length, 1),
  })
  return [
    ...gpt2Matrices(config).map((matrix) => ({ ...sized(matrix), kind })),
    ...(norms === 'learned' ? gpt2Norms(config) : []).map((norm) => ({ ...sized(norm), kind: 'dense' as const })),
  ]
}

/**
 * Loss and gradients at the effective weights, one ONNX graph run in place on the parameter memory. The gradient of the
 * token embedding is summed outside the graph, which the general operator for it would take a tenth of a step for.
 * A batch too large for the machine's memory is run in parts, whose gradients are averaged.
 * @param memory holds `modelParameters(model, ...)` and `lossArrays(model, microBatch, length)`
 * @param batch B, sequences of a step
 * @param length T
 * @param microBatch sequences of one run of the graph, an integer that divides B; B by default
 */
export async function createLossStep(
  runner: GraphRunner,
  model: LossModel,
  memory: ParameterMemory,
  batch: number,
  length: number,
  microBatch = batch,
): Promise<LossStep> {
  if (!Number.isInteger(batch / microBatch)) {
    throw new RangeError(`"micro-batch" expected a divisor of the batch ${batch}, got ${microBatch}`)
  }
  const part = await createPart(runner, model, memory, microBatch, length)
  return microBatch === batch ? part : inParts(part, memory, batch / microBatch)
}

/** One run of the gradient graph a step. */
async function createPart(
  runner: GraphRunner,
  model: LossModel,
  memory: ParameterMemory,
  batch: number,
  length: number,
): Promise<LossStep> {
  const { config, answers } = model
  const tokens = memory.integers('tokens') // [B, T]
  const rows = memory.floats('d.rows') // [N, d]
  const targets = new Int32Array(tokens.length)
  const loss = new Float32Array(1)
  const graph = gpt2GradientGraph(model, batch, length, { fused: runner.prefersFused, rows: 'outside', answers })
  const loaded = await runner.load(encodeModel(graph))
  const wte = memory.matrix('wte')
  const { wte: table, ...others } = parameterFeeds(model, (name) => memory.matrix(name).effective)
  const feeds = {
    ...others,
    ...(config.tiedHead ? { wte: table } : {}),
    'wte.rows': table,
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], targets),
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
    async run() {
      await compute()
      if (!config.tiedHead) wte.gradient.fill(0)
      addRows(wte, rows, tokens)
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
  const sums = matrices.map(({ count }) => new Float32Array(count))
  return {
    tokens,
    targets,
    async run() {
      let loss = 0
      for (const sum of sums) sum.fill(0)
      for (let i = 0; i < parts; i++) {
        part.tokens.set(tokens.subarray(i * size, (i + 1) * size))
        part.targets.set(targets.subarray(i * size, (i + 1) * size))
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

/** The matrices and learned norms as a graph is fed them. */
export function parameterFeeds(
  { config, norms }: BiasFreeGpt2,
  parameter: (name: string) => Float32Array,
): Record<string, Tensor> {
  const sized = [...gpt2Matrices(config), ...(norms === 'learned' ? gpt2Norms(config) : [])]
  return Object.fromEntries(sized.map(({ name, shape }) => [name, float32(shape, parameter(name))]))
}
