/** Everything the paper asks for at one shape, as a list to print. */
import {
  checkCount,
  leastAlpha,
  matrixWidth,
  queryKeyWidth,
  transformerWidths,
  valueWidth,
  type WidthRequirement,
} from './width.js'

/** Arguments of {@link bounds}. */
export interface BoundsOptions {
  /** Input width, integer >= 1. */
  d1: number
  /** Output width, integer >= 1; default d1. */
  d2?: number
  /** Heads H, integer >= 1; default 1. */
  heads?: number
  /** Error and probability of failure, 0 < eps < 1. */
  eps: number
  /** Bound on input norms, at least max(sqrt d1, sqrt d2), which is the default. */
  alpha?: number
  /** Blocks B; the block and transformer theorems are listed when given (they need d1 = d2). */
  blocks?: number
  /** Layers L of the target's feed-forward network, default 1. */
  layers?: number
  /** The paper's unspecified universal constant, default 1. */
  C?: number
}

/** One line: which statement asks how much of which width. */
export interface Bound extends WidthRequirement {
  /** 'Lemma 7', 'Theorem 9', 'Theorem 11' or 'Theorem 14'. */
  statement: string
  /** 'n', 'n_K', 'n_V', 'n_MHA' and 'n_FC', or 'n_MHA(b)' and 'n_FC(b)' with the block number from 1. */
  quantity: string
  /** The inequality in words of the paper, without numbers. */
  formula: string
}

/**
 * Source widths that guarantee error `eps` with probability at least `1 - eps`, per lemma and theorem.
 *
 * @throws RangeError for a value out of range, or `blocks` with d1 != d2
 */
export function bounds(options: BoundsOptions): Bound[] {
  const { d1, d2 = d1, heads = 1, eps, blocks, layers = 1, C = 1 } = options
  checkCount('d1', d1)
  checkCount('d2', d2)
  const alpha = options.alpha ?? leastAlpha(d1, d2)
  const shape = { d1, d2, heads, eps, alpha }
  const list: Bound[] = [
    {
      statement: 'Lemma 7',
      quantity: 'n',
      formula: 'd1 C log(d1 d2 / eps)',
      ...matrixWidth(d1, d2, eps, C),
    },
    {
      statement: 'Theorem 9',
      quantity: 'n_K',
      formula: 'd1 C log(8 H alpha^3 d1^(3/2) / eps)',
      ...queryKeyWidth(shape, C),
    },
    {
      statement: 'Theorem 9',
      quantity: 'n_V',
      formula: 'd1 C log(2 H alpha d1 sqrt(d2) / eps)',
      ...valueWidth(shape, C),
    },
  ]
  if (blocks === undefined) return list
  if (d1 !== d2) throw new RangeError(`"d2" expected d1 = ${d1} for blocks with residual connections, got ${d2}`)
  const widths = transformerWidths({ d: d1, heads, layers, blocks, eps, alpha }, C)
  const single = blocks === 1
  widths.forEach(({ attention, feedForward }, index) => {
    const statement = single ? 'Theorem 11' : 'Theorem 14'
    const suffix = single ? '' : `(${index + 1})`
    list.push({
      statement,
      quantity: `n_MHA${suffix}`,
      formula: single ? 'd1 C log(32 alpha^3 H d1^(3/2) / eps)' : 'd1 C log(32 g_b^3 H d1^(3/2) K_b / eps)',
      ...attention,
    })
    list.push({
      statement,
      quantity: `n_FC${suffix}`,
      formula: single ? 'd1 C log(24 alpha L H d1^(5/2) / eps)' : 'd1 C log(24 g_b L H d1^(5/2) K_b / eps)',
      ...feedForward,
    })
  })
  return list
}
