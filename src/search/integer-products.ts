/** Whether a machine multiplies 8-bit integers rightly, and faster than float32: asked before a search relies on it. */
import { gradientGraph, type LossModel } from '../families/loss-graph.js'
import {
  createGraph,
  encodeModel,
  type GraphRunner,
  type LoadedGraph,
  matMulIntegerToFloat,
  numericShape,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '../graph/index.js'
import { checkIntegerSums } from './start-checks.js'

/** Terms of one sum of the trial: enough for every way in which a CPU groups them. */
const TERMS = 256

/**
 * Throws unless sums of the largest products are exact. CPUs with AVX2 and without VNNI or AMX may add pairs of products in 16 bits, which saturate;
 * providers without the operator refuse the graph.
 * @throws RangeError that says what was found
 */
export async function expectExactIntegers(runner: GraphRunner): Promise<void> {
  const failure = await integerFailure(runner)
  if (failure !== undefined) {
    throw new RangeError(
      `"arithmetic" int8 expected exact products of 8-bit integers, ${failure} (float32 works everywhere)`,
    )
  }
}

/** Why integers cannot be used; undefined where they can. */
async function integerFailure(runner: GraphRunner): Promise<string | undefined> {
  if (!runner.prefersFused) return 'which the CPU has, and this device computes elsewhere'
  const graph = createGraph('integers')
  const codes = graph.input('codes', 'uint8', [16, TERMS])
  const weights = graph.input('weights', 'int8', [TERMS, 32])
  const scalar = (dtype: 'float32' | 'uint8', value: number): Value =>
    graph.constant(
      dtype === 'uint8' ? tensor(dtype, [], Uint8Array.of(value)) : tensor(dtype, [], Float32Array.of(value)),
    )
  const one = scalar('float32', 1)
  graph.output('y', matMulIntegerToFloat(codes, weights, one, one, scalar('uint8', 0)))
  let found: Float32Array
  let loaded: LoadedGraph | undefined
  try {
    loaded = await runner.load(encodeModel(graph))
    const results = await loaded.run({
      codes: tensor('uint8', [16, TERMS], new Uint8Array(16 * TERMS).fill(255)),
      weights: tensor(
        'int8',
        [TERMS, 32],
        Int8Array.from({ length: TERMS * 32 }, (_, i) => (i % 32 < 16 ? 127 : -127)),
      ),
    })
    found = results.y.data as Float32Array
  } catch (error) {
    return `and ONNX Runtime says: ${firstLine(error)}`
  } finally {
    await loaded?.release()
  }
  const expected = TERMS * 255 * 127
  const wrong = found.findIndex((value, i) => value !== (i % 32 < 16 ? expected : -expected))
  return wrong < 0
    ? undefined
    : `and this CPU's saturate: ${TERMS} times 255 x 127 gave ${found[wrong]}, not ${expected}`
}

const firstLine = (error: unknown): string => String((error as Error)?.message ?? error).split('\n', 1)[0]

/** What was chosen, and why in one line. */
export interface ChosenArithmetic {
  readonly arithmetic: 'float32' | 'int8'
  readonly reason: string
}

/** Integers must be this much faster: what is measured is one block, and a step has more that stays float32. */
const WORTHWHILE = 1.1
/** Tokens of the trial at most, and how often each is timed. */
const TRIAL = { tokens: 1024, turns: 4 }

/**
 * The faster of both on this machine, by one block of the model at its own width, forward and backward.
 * @param model of the run @param batch windows of one run of the graph @param length T
 */
export async function chooseArithmetic(
  runner: GraphRunner,
  model: LossModel,
  batch: number,
  length: number,
): Promise<ChosenArithmetic> {
  try {
    checkIntegerSums({ config: model.config, microBatch: batch })
  } catch (error) {
    return { arithmetic: 'float32', reason: firstLine(error) }
  }
  const failure = await integerFailure(runner)
  if (failure !== undefined)
    return { arithmetic: 'float32', reason: `int8 needs exact products of 8-bit integers, ${failure}` }
  const windows = Math.max(1, Math.min(batch, Math.floor(TRIAL.tokens / length)))
  const block = { ...model, config: { ...model.config, layers: 1 } }
  const runs = []
  for (const arithmetic of ['float32', 'int8'] as const) {
    const graph = gradientGraph(block, windows, length, { fused: true, rows: 'outside', arithmetic })
    const loaded = await runner.load(encodeModel(graph))
    const feeds = Object.fromEntries(graph.inputs.map((input) => [input.name, trialInput(input)]))
    runs.push({ loaded, feeds, least: Number.POSITIVE_INFINITY })
  }
  for (let turn = 0; turn < TRIAL.turns; turn++) {
    for (const run of runs) {
      const start = performance.now()
      await run.loaded.run(run.feeds)
      run.least = Math.min(run.least, performance.now() - start)
    }
  }
  for (const { loaded } of runs) await loaded.release()
  const speed = runs[0].least / runs[1].least
  const measured = `a block of the model runs ${speed.toFixed(2)} times as fast in int8 as in float32`
  return { arithmetic: speed >= WORTHWHILE ? 'int8' : 'float32', reason: measured }
}

/** Numbers of a usual size. */
function trialInput({ dtype, shape }: Value): Tensor {
  const dims = numericShape('trial:', shape)
  const count = sizeOf(dims)
  const varied = (i: number) => ((i * 7919) % 31) / 15 - 1 // -1 to 1
  switch (dtype) {
    case 'int32':
      return tensor(dtype, dims, new Int32Array(count))
    case 'int8':
      return tensor(
        dtype,
        dims,
        Int8Array.from({ length: count }, (_, i) => Math.round(varied(i))),
      )
    default:
      return tensor(
        'float32',
        dims,
        Float32Array.from({ length: count }, (_, i) => (count === 1 ? 0.05 : varied(i) * 0.05)),
      )
  }
}
