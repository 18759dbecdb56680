/** Attention of a pruned model, head by head. */
import { float32, type Graph, type Tensor } from '../graph/index.js'
import * as pieces from './pair-pieces.js'
import type { PairChoice, PairPlan } from './pair-plan.js'
import type { AttentionSpec } from './port.js'
import { rotationOf } from './rotary.js'

/** Inputs of a graph by name. */
export type Feeds = Record<string, Tensor>

/** What attention needs of the pass that it is a part of: B texts of T tokens. */
export interface AttentionPass {
  readonly batch: number
  readonly length: number
  readonly choice: Pick<PairChoice, 'attention'>
  /** Added to scores: [B, 1, T], very low where a key is padding. */
  readonly padding: Tensor | undefined
  /** Runs a piece; its key names its graph among those of B and T. */
  run(key: string, build: () => Graph, feeds: Feeds): Promise<Tensor>
  /** Runs a piece of the two matrices of a pair on x. */
  runPair(kind: string, build: PairBuild, plan: PairPlan, x: Tensor, feeds?: Feeds): Promise<Tensor>
  /** Outputs of a linear map. */
  width(map: string): number
  onAttention: ((layer: number, head: number, probabilities: Tensor) => void) | undefined
}

/** Makes the graph of a pair's piece. */
export type PairBuild = (shape: pieces.PieceShape, pair: pieces.PairSizes) => Graph

/** Attention of x [B, T, d] by the pairs that are its own. */
export type PairAttention = (spec: AttentionSpec, own: readonly PairPlan[], x: Tensor) => Promise<Tensor>

/** Probabilities [B, T, T] of a head. */
type Probabilities = (head: number) => Promise<Tensor>

export function createPairAttention(pass: AttentionPass): PairAttention {
  const { batch: B, length: T, choice, padding, run, runPair, width, onAttention } = pass

  async function probabilitiesOf(spec: AttentionSpec, own: readonly PairPlan[], x: Tensor): Promise<Probabilities> {
    const scoreMask = { causal: spec.causal, padded: padding !== undefined }
    const kind = `${spec.causal} ${padding !== undefined}`
    const padded: Feeds = padding ? { padding } : {}
    if (choice.attention === 'factored') {
      const [query, key] = [own[0], own[1]]
      const feeds = {
        query: await runPair('linear', pieces.linearPiece, query, x),
        key: await runPair('linear', pieces.linearPiece, key, x),
      }
      const { heads, keyHeads, headWidth, rotary } = spec
      const name = `factored ${heads} ${keyHeads} ${headWidth} ${rotary?.theta} ${kind}`
      const build = () => pieces.factoredPiece({ batch: B, length: T, width: x.dims[2] }, spec, scoreMask)
      const ofHeads = (await run(name, build, { ...feeds, ...padded })).data as Float32Array // [H, B, T, T]
      const size = B * T * T
      return async (head) => float32([B, T, T], ofHeads.subarray(head * size, (head + 1) * size))
    }
    return async (head) => {
      const ofHead = own.filter((plan) => 'head' in plan && plan.head === head)
      let scores = float32([B, T, T], new Float32Array(B * T * T)) as Tensor
      for (const plan of ofHead) {
        if (plan.part === 'query-key') scores = await runPair('scores', pieces.scorePiece, plan, x)
        if (plan.part === 'rotary') {
          const angles = anglesOf(plan, T)
          scores = await runPair('rotary', pieces.rotaryPiece, plan, x, { scores, ...angles })
        }
      }
      return run(`softmax ${kind}`, () => pieces.softmaxPiece(B, T, scoreMask), { x: scores, ...padded })
    }
  }

  async function attention(spec: AttentionSpec, own: readonly PairPlan[], x: Tensor): Promise<Tensor> {
    const probabilities = await probabilitiesOf(spec, own, x)
    const outputs = width(spec.output)
    let residual = float32([B, T, outputs], new Float32Array(B * T * outputs)) as Tensor
    for (const plan of own) {
      if (plan.part !== 'value-output') continue
      const ofHead = await probabilities(plan.head)
      onAttention?.(spec.layer, plan.head, ofHead)
      const feeds = { probabilities: ofHead, residual }
      residual = await runPair('value output', pieces.valueOutputPiece, plan, x, feeds)
    }
    return residual
  }
  return attention
}

/** Cosines and sines of a frequency, [T, 1] each. */
function anglesOf({ attention, frequency }: PairPlan & { part: 'rotary' }, length: number): Feeds {
  const half = attention.headWidth / 2
  const { cos, sin } = rotationOf(0, length, attention.headWidth, attention.rotary!.theta)
  const column = (table: Float32Array) =>
    float32(
      [length, 1],
      Float32Array.from({ length }, (_, position) => table[position * half + frequency]),
    )
  return { cos: column(cos), sin: column(sin) }
}
