import { createSessionCache, float32, type Graph, type GraphRunner, type Tensor } from '../../graph/index.js'
import { type LanguageModel, tokenTensor } from '../language-model.js'
import { checkGpt2Config, type Gpt2Config } from './config.js'
import { feedForwardPair, queryKeyPair, valueOutputPair } from './pair-names.js'
import * as pieces from './pair-pieces.js'
import { checkWeights, type Gpt2Weights, gpt2DenseShapes } from './weights.js'

/** The two masked random matrices that stand for one matrix, written out: y = (x first) second / divisor. */
export interface MaterialisedPair extends pieces.PairSizes {
  /** [inputs, hidden], row-major, zero where masked. */
  readonly first: Float32Array
  /** [hidden, outputs], row-major, zero where masked. */
  readonly second: Float32Array
  /** What the product is divided by: sqrt(hidden) for query-key pairs, 1 otherwise. */
  readonly divisor: number
}

/** Writes out a pair by its name (`gpt2PairShapes`). Asked again on every forward pass. */
export type Materialise = (name: string) => Promise<MaterialisedPair>

/** A pruned GPT-2. */
export interface PairGpt2 extends LanguageModel {
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * A pruned GPT-2, run literally: every linear map is two masked random matrices at full source width, applied one after
 * the other. Head j is softmax((x~ W_Q)(x~ W_K)' / sqrt(n)) (x~ W_V) W_O with x~ = [x, 1], the constant last.
 * It runs piece by piece, so that one pair's weights are in memory at a time; a piece's largest intermediate has B T n
 * elements.
 * @param dense embeddings and LayerNorm weights, `gpt2DenseShapes(config)`
 * @param materialise gives the pairs
 * @param onAttention sees the attention probabilities [B, T, T] of each head, as they are computed
 * @throws TypeError or RangeError for an unsound configuration, dense weights or pairs that do not fit
 */
export function createPairGpt2(
  runner: GraphRunner,
  config: Gpt2Config,
  dense: Gpt2Weights,
  materialise: Materialise,
  onAttention?: (layer: number, head: number, probabilities: Tensor) => void,
): PairGpt2 {
  checkGpt2Config(config)
  checkWeights(dense, gpt2DenseShapes(config))
  const sessions = createSessionCache(runner)
  const { width: d, inner } = config

  const weight = (name: string): Tensor => float32(dense.get(name)!.shape, dense.get(name)!.data)
  const embeddings = (...names: string[]) => Object.fromEntries(names.map((name) => [name, weight(name)]))

  async function logits(tokens: Int32Array, B: number, T: number): Promise<Float32Array> {
    const run = async (key: string, build: () => Graph, feeds: Record<string, Tensor>): Promise<Tensor> => {
      const session = await sessions.get(`${B} x ${T} ${key}`, build)
      return (await session.run(feeds)).y
    }
    const norm = (name: string, x: Tensor) =>
      run('norm', () => pieces.normPiece(config, B, T), {
        x,
        'norm.weight': weight(`${name}.weight`),
        'norm.bias': weight(`${name}.bias`),
      })
    type Build = (pair: MaterialisedPair) => Graph
    const runPair = async (name: string, kind: string, width: number, outputs: number, build: Build, feeds: Feeds) => {
      const pair = await materialise(name)
      checkPair(name, pair, width, outputs)
      const key = `${kind} ${pair.inputs} ${pair.hidden} ${pair.outputs}`
      return run(key, () => build(pair), { ...feeds, ...pairFeeds(pair) })
    }
    const linear = (name: string, width: number, outputs: number, feeds: Feeds) => {
      const build: Build = (pair) => pieces.linearPiece(B, T, width, pair, 'residual' in feeds)
      return runPair(name, `linear ${Object.keys(feeds)}`, width, outputs, build, feeds)
    }

    let x = await run('embed', () => pieces.embedPiece(config, B, T), {
      tokens: tokenTensor(config, tokens, B, T),
      ...embeddings('transformer.wte.weight', 'transformer.wpe.weight'),
    })
    for (let layer = 0; layer < config.layers; layer++) {
      const ln1 = await norm(`transformer.h.${layer}.ln_1`, x)
      for (let head = 0; head < config.heads; head++) {
        const queryKey: Build = (pair) => pieces.queryKeyPiece(config, B, T, pair)
        const probabilities = await runPair(queryKeyPair(layer, head), 'qk', d, -1, queryKey, { x: ln1 })
        onAttention?.(layer, head, probabilities)
        const valueOutput: Build = (pair) => pieces.valueOutputPiece(config, B, T, pair)
        const feeds = { x: ln1, probabilities, residual: x }
        x = await runPair(valueOutputPair(layer, head), 'vo', d, d, valueOutput, feeds)
      }
      const ln2 = await norm(`transformer.h.${layer}.ln_2`, x)
      const hidden = await linear(feedForwardPair(layer, 'c_fc'), d, inner, { x: ln2 })
      const activated = await run('activation', () => pieces.activationPiece(config, B, T), { x: hidden })
      x = await linear(feedForwardPair(layer, 'c_proj'), inner, d, { x: activated, residual: x })
    }
    const final = await norm('transformer.ln_f', x)
    const result = config.tiedHead
      ? await run('tied head', () => pieces.tiedHeadPiece(config, B, T), {
          x: final,
          ...embeddings('transformer.wte.weight'),
        })
      : await linear('lm_head', d, config.vocabulary, { x: final })
    return result.data as Float32Array
  }
  return { config, logits, release: () => sessions.release() }
}

type Feeds = Record<string, Tensor>

function pairFeeds({ first, second, divisor, inputs, hidden, outputs }: MaterialisedPair): Feeds {
  return {
    first: float32([inputs, hidden], first),
    second: float32([hidden, outputs], second),
    divisor: float32([], Float32Array.of(divisor)),
  }
}

/** @param outputs d2, or -1 for a query-key pair, whose two sides are alike */
function checkPair(name: string, pair: MaterialisedPair, width: number, outputs: number): void {
  const { inputs, hidden, first, second } = pair
  const expected = outputs < 0 ? inputs : outputs
  if ((inputs !== width && inputs !== width + 1) || pair.outputs !== expected) {
    throw new RangeError(
      `pair ${name} expected ${width} or ${width + 1} inputs and ${expected} outputs, got ${inputs} and ${pair.outputs}`,
    )
  }
  if (first.length !== inputs * hidden || second.length !== hidden * pair.outputs) {
    throw new RangeError(
      `pair ${name} expected ${inputs * hidden} and ${hidden * pair.outputs} weights, got ${first.length} and ${second.length}`,
    )
  }
}
