/** A pruned model of any family, run literally: every matrix is two masked random ones at full source width. */
import { createSessionCache, float32, type Graph, type GraphRunner, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { familyOf, parametersOf } from './family.js'
import { encoderFeeds } from './fed-sessions.js'
import type { Decoder } from './generate.js'
import { type Encoder, type EncoderInputs, type LanguageModel, tokenTensor } from './language-model.js'
import { createPairAttention, type Feeds, type PairBuild } from './pair-attention.js'
import { createPairDecoder, type PairCache } from './pair-cache.js'
import { createPairLayers, type PairWeights } from './pair-layers.js'
import * as pieces from './pair-pieces.js'
import { denseParameters, type PairChoice, type PairPlan, pairPlans } from './pair-plan.js'
import { gainOf, shiftOf } from './parameter.js'
import type { NormSpec, TableIndex } from './port.js'
import { inputsOf, recordTape, type Step } from './tape.js'
import { checkWeights, type ModelWeights } from './weights.js'

export type { MaterialisedPair, PairWeights, SeenUnits } from './pair-layers.js'

/** A pruned model: a language model of a causal family, else an encoder. The method of the other kind throws a RangeError. */
export interface PairModel extends LanguageModel, Encoder {
  /**
   * A decoder that keeps what the heads have read (see {@link createPairDecoder}): a further token costs a pass of that token alone.
   * @throws RangeError for an encoder
   */
  createDecoder(): Decoder
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

export interface PairModelOptions {
  readonly runner: GraphRunner
  readonly config: BaseConfig
  /** Which pairs there are. */
  readonly choice: PairChoice
  /** The parameters that are kept as they are: `denseParameters(config, choice.dense)`. */
  readonly dense: ModelWeights
  readonly weights: PairWeights
  /** Told of each pass before it takes memory: the tokens of its texts, T. */
  readonly expectLength?: ((length: number) => void) | undefined
  /** Sees the attention probabilities [B, T, T] of each head, as they are computed. */
  onAttention?(layer: number, head: number, probabilities: Tensor): void
}

/**
 * A pruned model that runs piece by piece, so that one pair's matrices are in memory at a time; a piece's largest intermediate has B T n
 * elements. A map with a constant coordinate sees x~ = [x, 1].
 * - A merged head is softmax((x~ first)(x~ second')' / sqrt(n)) (x~ W_V) W_O.
 * - A rotary head turns the hidden units of every frequency by the positions' angles (docs/rotary.md).
 * - A token sees the n' hidden units of its row of a table; those alone are made.
 * @throws TypeError or RangeError for an unsound configuration, dense weights or pairs that do not fit
 */
export function createPairModel(options: PairModelOptions): PairModel {
  const { runner, config, choice, dense, weights, onAttention, expectLength } = options
  const tape = recordTape(config)
  const all = pairPlans(config, choice)
  const plans = tape.map((_, number) => all.filter(({ step }) => step === number))
  checkWeights(dense, new Map(denseParameters(config, choice.dense).map(({ name, shape }) => [name, shape])))
  const shapes = new Map(parametersOf(config).map(({ name, shape }) => [name, shape]))
  const sessions = createSessionCache(runner, 32)
  const layers = createPairLayers(weights)
  const lastReader = tape.map((_, number) => tape.findLastIndex((step) => inputsOf(step).includes(number)))

  /**
   * One forward pass.
   * @param further tokens of one text that follow those in a cache: the result is that of the last of them
   */
  async function pass(
    tokens: Int32Array,
    B: number,
    T: number,
    { mask, types }: EncoderInputs,
    further?: { readonly cache: PairCache; readonly last: number },
  ): Promise<Float32Array> {
    tokenTensor(config, tokens, B, T)
    expectLength?.(T)
    encoderFeeds(config, B, T, { mask, types }) // checks them
    const padding =
      mask &&
      float32(
        [B, 1, T],
        Float32Array.from(mask, (kept) => (kept - 1) * 1e30),
      ) // as of a dense model
    const values: (Tensor | undefined)[] = []
    const run = async (key: string, build: () => Graph, feeds: Feeds): Promise<Tensor> => {
      const session = await sessions.get(`${B} x ${feeds.x?.dims[1] ?? T} ${key}`, build)
      return (await session.run(feeds)).y
    }
    const shapeOf = (x: Tensor): pieces.PieceShape => ({ batch: B, length: x.dims[1], width: x.dims[2] })
    /** Runs a piece of the dense matrices of a pair on x. */
    const runPair = async (
      kind: string,
      build: PairBuild,
      plan: PairPlan,
      x: Tensor,
      feeds: Feeds = {},
    ): Promise<Tensor> => {
      const pair = await layers.matrices(plan)
      const { inputs, hidden, outputs, divisor } = pair
      const key = `${kind} ${x.dims[2]} ${inputs} ${hidden} ${outputs}`
      return run(key, () => build(shapeOf(x), pair), {
        ...feeds,
        x,
        first: float32([inputs, hidden], pair.first),
        second: float32([hidden, outputs], pair.second),
        divisor: float32([], Float32Array.of(divisor)),
      })
    }
    const width = (name: string) => shapes.get(name)![1]!
    const about = { batch: B, length: T, choice, padding, run, runPair, width, onAttention }
    const attend = further ? further.cache.attention(about) : createPairAttention(about)
    const first = further?.cache.length ?? 0
    const indices: Record<TableIndex, (position: number) => number> = {
      tokens: (position) => tokens[position],
      positions: (position) => first + (position % T),
      types: (position) => types?.[position] ?? 0,
    }

    async function embed({ parts }: Step & { kind: 'embed' }, own: readonly PairPlan[]): Promise<Tensor> {
      const width = shapes.get(parts[0].table)![1]!
      const sum = new Float32Array(B * T * width)
      for (const { table, index } of parts) {
        const at = indices[index]
        const numbers = [...new Set(Array.from({ length: B * T }, (_, position) => at(position)))]
        const kept = dense.get(table)?.data
        const rows = kept
          ? new Map(numbers.map((row) => [row, kept.subarray(row * width, (row + 1) * width)]))
          : await layers.rows(tablePlans(own, table), numbers)
        for (let position = 0; position < B * T; position++) {
          const row = rows.get(at(position))!
          for (let i = 0; i < width; i++) sum[position * width + i] += row[i]
        }
      }
      return float32([B, T, width], sum)
    }

    async function norm(spec: NormSpec, own: readonly PairPlan[], x: Tensor): Promise<Tensor> {
      const [gain, shift] = [dense.get(gainOf(spec.name)), dense.get(shiftOf(spec.name))]
      const feeds: Feeds = { x }
      if (gain) feeds.gain = float32(gain.shape, gain.data)
      if (shift) feeds.shift = float32(shift.shape, shift.data)
      const key = `norm ${spec.kind} ${spec.epsilon} ${x.dims[2]} ${Object.keys(feeds)}`
      const y = await run(key, () => pieces.normPiece(shapeOf(x), spec, gain !== undefined), feeds)
      let data = y.data as Float32Array
      for (const plan of own) {
        data = plan.part === 'diagonal' ? await layers.scaled(plan, data) : await layers.shifted(plan, data)
      }
      return float32(y.dims, data)
    }

    async function unembed(name: string, own: readonly PairPlan[], x: Tensor): Promise<Tensor> {
      if (own.length > 0) return runPair('linear', pieces.linearPiece, own[0], x)
      const [rows, width] = shapes.get(name)! as readonly [number, number]
      const table = dense.get(name)
      if (table) {
        const feeds = { x, table: float32(table.shape, table.data) }
        return run(`head ${rows} ${width}`, () => pieces.denseHeadPiece(shapeOf(x), rows), feeds)
      }
      const count = B * x.dims[1]
      const logits = new Float32Array(count * rows)
      for (const plan of tablePlans(all, name)) {
        const part = (await runPair('tied', pieces.tiedPiece, plan, x)).data as Float32Array // [B, T, d1]
        for (let position = 0; position < count; position++) {
          const of = part.subarray(position * plan.inputs, (position + 1) * plan.inputs)
          logits.set(of, position * rows + plan.from)
        }
      }
      return float32([B, x.dims[1], rows], logits)
    }

    for (const [number, step] of tape.entries()) {
      const own = plans[number]
      const value = (at: number): Tensor => values[at]!
      switch (step.kind) {
        case 'embed':
          values[number] = await embed(step, own)
          break
        case 'norm':
          values[number] = await norm(step.spec, own, value(step.x))
          break
        case 'linear':
          values[number] = await runPair('linear', pieces.linearPiece, own[0], value(step.x))
          break
        case 'attention':
          values[number] = await attend(step.spec, own, value(step.x))
          break
        case 'activate': {
          const x = value(step.x)
          const build = () => pieces.activationPiece(shapeOf(x), step.activation)
          values[number] = await run(`${step.activation} ${x.dims[2]}`, build, { x })
          break
        }
        case 'unembed': {
          const x = value(step.x)
          values[number] = await unembed(step.name, own, further ? rowOf(x, further.last) : x)
          break
        }
        default:
          values[number] = combined(step.kind, value(step.a), value(step.b))
      }
      for (const read of inputsOf(step)) if (lastReader[read] === number) values[read] = undefined
    }
    return values.at(-1)!.data as Float32Array
  }

  const { task, title } = familyOf(config)
  return {
    config,
    async logits(tokens, batch, length) {
      if (task !== 'causal') throw new RangeError(`${title} gives hidden states, not logits of a next token`)
      return pass(tokens, batch, length, {})
    },
    async hidden(tokens, batch, length, inputs = {}) {
      if (task !== 'encoder') throw new RangeError(`${title} gives logits of a next token, not hidden states`)
      return pass(tokens, batch, length, inputs)
    },
    createDecoder() {
      if (task !== 'causal') throw new RangeError(`${title} is an encoder, which continues no text`)
      return createPairDecoder(config, (tokens, cache, last) => pass(tokens, 1, tokens.length, {}, { cache, last }))
    },
    release: () => sessions.release(),
  }
}

/** One row of [1, T, d]. */
const rowOf = ({ dims, data }: Tensor, row: number): Tensor =>
  float32([1, 1, dims[2]], (data as Float32Array).subarray(row * dims[2], (row + 1) * dims[2]))

type TablePlan = PairPlan & { part: 'table' }

const tablePlans = (plans: readonly PairPlan[], table: string): TablePlan[] =>
  plans.filter((plan): plan is TablePlan => plan.part === 'table' && plan.table === table)

function combined(kind: 'add' | 'multiply', a: Tensor, b: Tensor): Tensor {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array]
  return float32(a.dims, kind === 'add' ? x.map((value, i) => value + y[i]) : x.map((value, i) => value * y[i]))
}
