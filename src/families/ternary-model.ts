import { float32, type GraphRunner, int32, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { type Cache, createCache, createDecoder } from './decoder-cache.js'
import { checkConfig, familyOf } from './family.js'
import { createFedSessions, encoderFeeds } from './fed-sessions.js'
import type { Decoder } from './generate.js'
import { type Encoder, type EncoderInputs, type LanguageModel, tokenTensor } from './language-model.js'
import { attentionSpecs } from './tape.js'
import type { Activations } from './ternary-graph.js'
import { isTernary, type TernaryMatrix, ternarySideBySide } from './ternary-matrix.js'
import { ternaryModelGraph } from './ternary-model-graph.js'
import type { WeightTensor } from './weights.js'

/** Weights by the names of the family's parameters: ternary matrices, float32 vectors of norms. There are no biases. */
export type TernaryWeights = ReadonlyMap<string, TernaryMatrix | WeightTensor>

/** A model whose matrices are held as two bits a weight. */
export interface TernaryModel extends LanguageModel, Encoder {
  /** Logits as those of a `DenseModel`; a text at a time is as fast as many. */
  logits(tokens: Int32Array, batch: number, length: number, inputs?: EncoderInputs): Promise<Float32Array>
  /** Continues texts. Of a causal model. */
  createDecoder(): Decoder
  /** Frees the loaded graph. */
  release(): Promise<void>
}

/** Tokens that a cache has room for at first: one that doubles copies less than it saves in memory. */
const TERNARY_CACHE_ROOM = 64

/**
 * A model as one graph that holds its matrices as two bits a weight and is loaded once, whatever is read with it.
 * @param activations `float32`: logits differ from a dense model's by the rounding of sums alone
 * @throws TypeError or RangeError when the configuration is unsound
 */
export function createTernaryModel(
  runner: GraphRunner,
  config: BaseConfig,
  weights: TernaryWeights,
  activations: Activations = 'float32',
): TernaryModel {
  checkConfig(config)
  const isCausal = familyOf(config).task === 'causal'
  const floats = new Map([...weights].flatMap(([name, each]) => (isTernary(each) ? [] : [[name, each] as const])))
  const sessions = createFedSessions(runner, floats)
  let held: ReadonlyMap<string, TernaryMatrix | WeightTensor> | undefined = ternaryJoined(config, weights)
  const run = async (tokens: Tensor, rows: Int32Array, feeds: Readonly<Record<string, Tensor>>) => {
    const build = () => ternaryModelGraph(config, held!, activations)
    const results = await sessions.run('all', build, { tokens, rows: int32([rows.length], rows), ...feeds })
    held = undefined // the loaded graph holds them
    return results
  }
  const nothingBefore = isCausal ? noTokens(config) : {}
  const whole = (tokens: Int32Array, batch: number, length: number, rows: Int32Array, inputs?: EncoderInputs) => {
    const fed = tokenTensor(config, tokens, batch, length)
    const own = encoderFeeds(config, batch, length, inputs)
    return run(fed, rows, isCausal ? { position: positions(batch, length, 0), ...nothingBefore } : own)
  }
  return {
    config,
    async logits(tokens, batch, length, inputs) {
      const all = Int32Array.from({ length: batch * length }, (_, i) => i)
      return (await whole(tokens, batch, length, all, inputs)).logits.data as Float32Array
    },
    async hidden(tokens, batch, length, inputs) {
      if (isCausal) throw new RangeError(`"hidden" expected an encoder, got a ${familyOf(config).title}`)
      return (await whole(tokens, batch, length, Int32Array.of(0), inputs)).hidden.data as Float32Array
    },
    createDecoder: () =>
      createDecoder(config, TERNARY_CACHE_ROOM, {
        async read(text) {
          const results = await whole(Int32Array.from(text), 1, text.length, Int32Array.of(text.length - 1))
          return { results, length: text.length }
        },
        append: (token, position, { feeds }) =>
          run(int32([1, 1], Int32Array.of(token)), Int32Array.of(0), {
            position: positions(1, 1, position),
            ...feeds,
          }),
        release: async () => {},
      }),
    release: () => sessions.release(),
  }
}

const positions = (batch: number, length: number, start: number): Tensor =>
  int32(
    [batch, length],
    Int32Array.from({ length: batch * length }, (_, i) => start + (i % length)),
  )

/** A cache of one token that is not seen: ONNX Runtime's products want at least one. */
function noTokens(config: BaseConfig): Cache['feeds'] {
  return { ...createCache(config, 1).feeds, mask: float32([1], Float32Array.of(Number.NEGATIVE_INFINITY)) }
}

/** Query, key and value maps side by side, as `joinedWeights` puts those of dense models. */
export function ternaryJoined(config: BaseConfig, weights: TernaryWeights): Map<string, TernaryMatrix | WeightTensor> {
  const joined = new Map(weights)
  for (const { name, query, key, value } of attentionSpecs(config)) {
    const parts = [query, key, value]
    joined.set(`${name}.qkv`, ternarySideBySide(parts.map((part) => joined.get(part) as TernaryMatrix)))
    for (const part of parts) joined.delete(part)
  }
  return joined
}
