/** The tensors of a model, as a table. */

/** What a matrix does in the model; initialisations depend on it. */
export type MatrixRole =
  | 'token-embedding'
  | 'position-embedding'
  | 'type-embedding'
  | 'query'
  | 'key'
  | 'value'
  | 'attention-output'
  | 'feed-forward'
  | 'feed-forward-output'
  | 'head'

/** Whether norms have learned gains and shifts (`learned`), learned gains alone (`gains`) or neither (`plain`). */
export const normKinds = ['plain', 'learned', 'gains'] as const
export type Norms = (typeof normKinds)[number]

/** A matrix: what a search masks. */
export interface MatrixParameter {
  readonly name: string
  readonly kind: 'matrix'
  /** Linear maps are [in, out]; embeddings and the head have a row of the width d for each token, position or type. */
  readonly shape: readonly [number, number]
  readonly role: MatrixRole
}

/** A vector: the bias of a linear map (`bias`), or a norm's gain and shift. */
export interface VectorParameter {
  readonly name: string
  readonly kind: 'bias' | 'gain' | 'shift'
  readonly shape: readonly [number]
}

/** One tensor of a model. Every family names each of its tensors once, in the order a forward pass needs them. */
export type Parameter = MatrixParameter | VectorParameter

/** Names of a linear map's bias and of a norm's vectors. */
export const biasOf = (linear: string): string => `${linear}.bias`
export const gainOf = (norm: string): string => `${norm}.weight`
export const shiftOf = (norm: string): string => `${norm}.bias`

/** Whether a matrix is a table of an embedding. */
export const isTable = (role: MatrixRole): boolean => role.endsWith('-embedding')

/** Whether a matrix is stored as [in, out]; tables and the head have a row for each token, position or type. */
export const isLinearMap = (role: MatrixRole): boolean => !isTable(role) && role !== 'head'

/** Whether a matrix has a row for each token: the token table, and an untied head. */
export const hasRowPerToken = (role: MatrixRole): boolean => role === 'token-embedding' || role === 'head'

/** Number of the block that a parameter or a pair belongs to, from its name (`h.0.attn.q`); null for what is outside of blocks. */
export function layerOf(name: string): number | null {
  const found = /^\w+\.(\d+)\./.exec(name)
  return found ? Number(found[1]) : null
}

/** Number of inputs that one output of the matrix sums over: `in` of a linear map, the width d of embeddings and head. */
export const fanIn = ({ shape, role }: Pick<MatrixParameter, 'shape' | 'role'>): number =>
  isLinearMap(role) ? shape[0] : shape[1]

export const matrix = (name: string, shape: readonly [number, number], role: MatrixRole): MatrixParameter => ({
  name,
  kind: 'matrix',
  shape,
  role,
})

/** A linear map [in, out], with its bias where it has one. */
export function linearMap(
  name: string,
  shape: readonly [number, number],
  role: MatrixRole,
  bias: boolean,
): Parameter[] {
  const weight = matrix(name, shape, role)
  return bias ? [weight, { name: biasOf(name), kind: 'bias', shape: [shape[1]] }] : [weight]
}

/** Gain and shift of a LayerNorm over `width` numbers. */
export const layerNormVectors = (name: string, width: number): Parameter[] => [
  { name: gainOf(name), kind: 'gain', shape: [width] },
  { name: shiftOf(name), kind: 'shift', shape: [width] },
]

/** Gain of an RMSNorm over `width` numbers. */
export const rmsNormVector = (name: string, width: number): Parameter => ({
  name: gainOf(name),
  kind: 'gain',
  shape: [width],
})
