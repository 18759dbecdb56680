/**
 * Source widths the paper's lemmas ask for, one function a statement. Every requirement has the shape
 * `width >= d1 C log(argument)` with the natural logarithm and an unspecified universal constant C; the argument is
 * handled as its logarithm throughout, because that of Theorem 14 overflows float64 for deep transformers.
 */

/** What one statement asks of one width. */
export interface WidthRequirement {
  /** Natural logarithm of the argument, log(argument) = bound / (d1 C). */
  logArgument: number
  /** `d1 C logArgument`, before rounding. */
  bound: number
  /** Least integer width, `ceil(bound)`. */
  width: number
  /** Random products for one weight, n' = `ceil(bound / d1)`: the items of each subset-sum problem. */
  itemsPerWeight: number
}

/** Throws TypeError for a non-number, RangeError unless `value` is an integer from 1 to 2^53-1 (inclusive). */
export function checkCount(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`"${name}" expected a positive integer, got ${value}`)
}

/** Throws TypeError for a non-number, RangeError unless `value` is finite and above 0. */
export function checkPositive(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected a number, got ${typeof value}`)
  if (!(value > 0) || value === Number.POSITIVE_INFINITY)
    throw new RangeError(`"${name}" expected a finite number above 0, got ${value}`)
}

/** Throws RangeError unless 0 < eps < 1: it bounds an error and a probability of failure at once. */
export function checkEps(eps: number): void {
  if (typeof eps !== 'number') throw new TypeError(`"eps" expected a number, got ${typeof eps}`)
  if (!(eps > 0 && eps < 1)) throw new RangeError(`"eps" expected 0 < eps < 1, got ${eps}`)
}

function requirement(d1: number, constant: number, logArgument: number): WidthRequirement {
  checkPositive('C', constant)
  const items = constant * logArgument
  const bound = d1 * items
  return { logArgument, bound, width: Math.ceil(bound), itemsPerWeight: Math.ceil(items) }
}

/**
 * Lemma 4/7: width between two pruned random layers that stand for any W in [-1,1]^(d2 x d1):
 * `n >= d1 C log(d1 d2 / eps)`. Then with probability at least 1 - eps masks exist with max-norm error at most
 * `eps / (d1 d2)`.
 *
 * @param d1 input width, integer >= 1
 * @param d2 output width, integer >= 1
 * @param eps 0 < eps < 1
 * @param constant C > 0
 */
export function matrixWidth(d1: number, d2: number, eps: number, constant = 1): WidthRequirement {
  checkCount('d1', d1)
  checkCount('d2', d2)
  checkEps(eps)
  return requirement(d1, constant, Math.log(d1) + Math.log(d2) - Math.log(eps))
}

/** Arguments of the attention theorem. */
export interface AttentionShape {
  /** Input width, integer >= 1. */
  d1: number
  /** Output width, integer >= 1. */
  d2: number
  /** Heads H, integer >= 1. */
  heads: number
  /** Error and probability of failure, 0 < eps < 1. */
  eps: number
  /** Bound on the input norms, at least max(sqrt d1, sqrt d2). */
  alpha: number
}

/** The least input norm bound that the theorems allow, max(sqrt d1, sqrt d2). */
export function leastAlpha(d1: number, d2: number): number {
  return Math.sqrt(Math.max(d1, d2))
}

function checkShape({ d1, d2, heads, eps, alpha }: AttentionShape): void {
  checkCount('d1', d1)
  checkCount('d2', d2)
  checkCount('heads', heads)
  checkEps(eps)
  checkPositive('alpha', alpha)
  // The tolerance accepts an alpha that was computed as a rounded square root.
  if (alpha < leastAlpha(d1, d2) * (1 - 1e-12))
    throw new RangeError(`"alpha" expected at least max(sqrt d1, sqrt d2) = ${leastAlpha(d1, d2)}, got ${alpha}`)
}

/** Theorem 3/9, query/key width: `n_K >= d1 C log(8 H alpha^3 d1^(3/2) / eps)`. */
export function queryKeyWidth(shape: AttentionShape, constant = 1): WidthRequirement {
  checkShape(shape)
  const { d1, heads, eps, alpha } = shape
  const log = Math.log(8) + Math.log(heads) + 3 * Math.log(alpha) + 1.5 * Math.log(d1) - Math.log(eps)
  return requirement(d1, constant, log)
}

/** Theorem 3/9, value/output width: `n_V >= d1 C log(2 H alpha d1 sqrt(d2) / eps)`. */
export function valueWidth(shape: AttentionShape, constant = 1): WidthRequirement {
  checkShape(shape)
  const { d1, d2, heads, eps, alpha } = shape
  const log = Math.log(2) + Math.log(heads) + Math.log(alpha) + Math.log(d1) + 0.5 * Math.log(d2) - Math.log(eps)
  return requirement(d1, constant, log)
}

/** Arguments of the block and transformer theorems (input and output widths are equal, d). */
export interface TransformerShape {
  /** Width, integer >= 1. */
  d: number
  /** Heads H, integer >= 1. */
  heads: number
  /** Layers L of the target's feed-forward network, integer >= 1. */
  layers: number
  /** Blocks B, integer >= 1. */
  blocks: number
  /** Error and probability of failure, 0 < eps < 1. */
  eps: number
  /** Bound on the norms of the first block's inputs, at least sqrt d. */
  alpha: number
}

/** Natural logarithms of the constants of Theorem 6/14 for one block. */
export interface BlockConstants {
  /** log beta_b, `beta_b = alpha (4 H sqrt d)^(b-1)`: bound on the norms entering block b. */
  logBeta: number
  /** log g_b: `g_1 = beta_1`, `g_b = 2 beta_b`. */
  logG: number
  /** log K_b: how much the blocks above amplify an error of block b; log 2 for the last block of at least two. */
  logK: number
}

/**
 * Constants of Theorem 6/14 for blocks 1..B, in the log domain. For B = 1 all reduce to Theorem 11: K_1 = 1, g_1 = alpha.
 *
 * @returns [blocks]
 */
export function blockConstants(shape: TransformerShape): BlockConstants[] {
  const { d, heads, blocks, layers, eps, alpha } = shape
  checkCount('blocks', blocks)
  checkCount('layers', layers)
  checkShape({ d1: d, d2: d, heads, eps, alpha })
  const growth = Math.log(4) + Math.log(heads) + 0.5 * Math.log(d)
  const logBeta = (b: number): number => Math.log(alpha) + (b - 1) * growth
  const constants: BlockConstants[] = new Array(blocks)
  // sum of log(16 H sqrt(d) beta_j^2) over j = b+1..B
  let amplification = 0
  for (let b = blocks; b >= 1; b--) {
    const doublings = b === 1 ? blocks - 1 : blocks - b + 1
    constants[b - 1] = {
      logBeta: logBeta(b),
      logG: logBeta(b) + (b === 1 ? 0 : Math.LN2),
      logK: doublings * Math.LN2 + amplification,
    }
    amplification += Math.log(16) + Math.log(heads) + 0.5 * Math.log(d) + 2 * logBeta(b)
  }
  return constants
}

/** What Theorem 11 (one block) and Theorem 6/14 (B blocks) ask of one block. */
export interface BlockWidths {
  /** `n_MHA^(b) >= d C log(32 g_b^3 H d^(3/2) K_b / eps)`. */
  attention: WidthRequirement
  /** `n_FC^(b) >= d C log(24 g_b L H d^(5/2) K_b / eps)`. */
  feedForward: WidthRequirement
}

/** Theorem 6/14 for blocks 1..B; Theorem 11 when B = 1. Shape [blocks]. */
export function transformerWidths(shape: TransformerShape, constant = 1): BlockWidths[] {
  const { d, heads, layers, eps } = shape
  return blockConstants(shape).map(({ logG, logK }) => {
    const shared = Math.log(heads) + logK - Math.log(eps)
    return {
      attention: requirement(d, constant, Math.log(32) + 3 * logG + 1.5 * Math.log(d) + shared),
      feedForward: requirement(d, constant, Math.log(24) + logG + Math.log(layers) + 2.5 * Math.log(d) + shared),
    }
  })
}
