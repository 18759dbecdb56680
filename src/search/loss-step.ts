import { encodeModel, float32, type GraphRunner, int32, type Tensor } from '../graph/index.js'
import { type ArrayShape, addRows, type MatrixMemory, type ParameterMemory } from '../kernels/index.js'
import { gpt2GradientGraph, gpt2LossGraph } from '../model/gpt2-loss.js'
import { type BiasFreeGpt2, gpt2Matrices, gpt2Norms } from '../model/gpt2-matrices.js'

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
 * @param batch B @param length T
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
 * @param memory holds `modelParameters(model, ...)` and `lossArrays(model, batch, length)`
 */
export async function createLossStep(
  runner: GraphRunner,
  model: BiasFreeGpt2,
  memory: ParameterMemory,
  batch: number,
  length: number,
): Promise<LossStep> {
  const { config } = model
  const tokens = memory.integers('tokens') // [B, T]
  const rows = memory.floats('d.rows') // [N, d]
  const targets = new Int32Array(tokens.length)
  const loss = new Float32Array(1)
  const graph = gpt2GradientGraph(model, batch, length, { fused: runner.prefersFused, rows: 'outside' })
  const loaded = await runner.load(encodeModel(graph))
  const wte = memory.matrix('wte')
  const feeds = {
    ...effectiveWeights(model, memory),
    'wte.rows': float32([config.vocabulary, config.width], wte.effective),
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], targets),
  }
  if (!config.tiedHead) delete (feeds as Record<string, Tensor>).wte
  const results: Record<string, Tensor> = {
    loss: float32([], loss),
    'd.rows': float32([batch * length, config.width], rows),
  }
  for (const [name, { shape }] of graph.outputs) {
    if (name !== 'loss' && name !== 'd.rows') results[name] = float32(shape, memory.matrix(name.slice(2)).gradient)
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

/** The loss alone at the effective weights; the batch lies outside the parameter memory. */
export async function createEvaluator(
  runner: GraphRunner,
  model: BiasFreeGpt2,
  memory: ParameterMemory,
  batch: number,
  length: number,
): Promise<LossStep> {
  const tokens = new Int32Array(batch * length)
  const targets = new Int32Array(batch * length)
  const loss = new Float32Array(1)
  const loaded = await runner.load(encodeModel(gpt2LossGraph(model, batch, length, { fused: runner.prefersFused })))
  const compute = loaded.bind(
    {
      ...effectiveWeights(model, memory),
      tokens: int32([batch, length], tokens),
      targets: int32([batch, length], targets),
    },
    { loss: float32([], loss) },
  )
  return {
    tokens,
    targets,
    async run() {
      await compute()
      return loss[0]
    },
    release: () => loaded.release(),
  }
}

function effectiveWeights({ config, norms }: BiasFreeGpt2, memory: ParameterMemory): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  const add = ({ name, shape }: { name: string; shape: readonly number[] }, { effective }: MatrixMemory) => {
    feeds[name] = float32(shape, effective)
  }
  for (const matrix of gpt2Matrices(config)) add(matrix, memory.matrix(matrix.name))
  if (norms === 'learned') for (const norm of gpt2Norms(config)) add(norm, memory.matrix(norm.name))
  return feeds
}
