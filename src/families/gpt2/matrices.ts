import { checkGpt2Config, type Gpt2Config } from './config.js'

/** What a matrix does in the model; initialisations depend on it. */
export type MatrixRole =
  | 'token-embedding'
  | 'position-embedding'
  | 'query'
  | 'key'
  | 'value'
  | 'attention-output'
  | 'feed-forward'
  | 'feed-forward-output'
  | 'head'

/** A matrix of a GPT-2 without biases: what a search masks. */
export interface Gpt2Matrix {
  readonly name: string
  /** Linear maps are [in, out]; embeddings and the head [V, d] or [P, d]. */
  readonly shape: readonly [number, number]
  readonly role: MatrixRole
}

/** Whether LayerNorm has a learned gain and bias, or neither. */
export const normKinds = ['plain', 'learned'] as const
export type Norms = (typeof normKinds)[number]

/** A GPT-2 without biases, as searches and their baselines use it. */
export interface BiasFreeGpt2 {
  readonly config: Gpt2Config
  readonly norms: Norms
}

/**
 * Every matrix in the order a forward pass needs them. The index of a matrix in this list is the number of its random
 * stream. Query, key and value are matrices of their own, so that each keeps its own fraction and its own scale.
 * A tied head is the token embedding: there is no further matrix.
 */
export function gpt2Matrices(config: Gpt2Config): Gpt2Matrix[] {
  checkGpt2Config(config)
  const { layers, width: d, inner, positions, vocabulary } = config
  const matrices: Gpt2Matrix[] = [
    { name: 'wte', shape: [vocabulary, d], role: 'token-embedding' },
    { name: 'wpe', shape: [positions, d], role: 'position-embedding' },
  ]
  for (let layer = 0; layer < layers; layer++) {
    const block = `h.${layer}`
    matrices.push(
      { name: `${block}.attn.q`, shape: [d, d], role: 'query' },
      { name: `${block}.attn.k`, shape: [d, d], role: 'key' },
      { name: `${block}.attn.v`, shape: [d, d], role: 'value' },
      { name: `${block}.attn.c_proj`, shape: [d, d], role: 'attention-output' },
      { name: `${block}.mlp.c_fc`, shape: [d, inner], role: 'feed-forward' },
      { name: `${block}.mlp.c_proj`, shape: [inner, d], role: 'feed-forward-output' },
    )
  }
  if (!config.tiedHead) matrices.push({ name: 'lm_head', shape: [vocabulary, d], role: 'head' })
  return matrices
}

/** Gains and biases of every LayerNorm, [d] each, in the order a forward pass needs them; only learned norms have them. */
export function gpt2Norms({ layers, width }: Gpt2Config): { name: string; shape: readonly [number] }[] {
  const names = Array.from({ length: layers }, (_, layer) => [`h.${layer}.ln_1`, `h.${layer}.ln_2`]).flat()
  return [...names, 'ln_f'].flatMap((name) => [
    { name: `${name}.weight`, shape: [width] as const },
    { name: `${name}.bias`, shape: [width] as const },
  ])
}

/** Number of inputs that one output of the matrix sums over: `in` of a linear map, the width d of embeddings and head. */
export const fanIn = ({ shape, role }: Gpt2Matrix): number =>
  role === 'token-embedding' || role === 'position-embedding' || role === 'head' ? shape[1] : shape[0]
