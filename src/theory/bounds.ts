/** Everything the paper asks for at one shape, as a list to print. */
import { factoredWidth, rotaryWidth } from './rotary.js'
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
  /** Key width d_K of a target's rotary head, even, >= 2; the widths for rotary attention are listed when given. */
  keyWidth?: number
  /** The paper's unspecified universal constant, default 1. */
  C?: number
}

/** One line: which statement asks how much of which width. */
export interface Bound extends WidthRequirement {
  /** 'Lemma 7', 'Theorem 9', 'Theorem 11' or 'Theorem 14'; for rotary heads 'Theorem 9, rotary', 'Theorem 9, factored' and so on. */
  statement: string
  /** 'n', 'n_K', 'n_V', 'n_F', 'n_MHA' and 'n_FC', or 'n_MHA(b)' and so on with the block number from 1. */
  quantity: string
  /** The inequality in words of the paper, without numbers. */
  formula: string
}

/**
 * Source widths that guarantee error `eps` with probability at least `1 - eps`, per lemma and theorem.
 *
 * With `keyWidth` the widths of both constructions for rotary heads follow each statement on attention (docs/rotary.md).
 *
 * @throws RangeError for a value out of range, or `blocks` with d1 != d2
 */
export function bounds(options: BoundsOptions): Bound[] {
  const { d1, d2 = d1, heads = 1, eps, blocks, layers = 1, C = 1 } = options
  checkCount('d1', d1)
  checkCount('d2', d2)
  const alpha = options.alpha ?? leastAlpha(d1, d2)
  const shape = { d1, d2, heads, eps, alpha }
  const plain = queryKeyWidth(shape, C)
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
      ...plain,
    },
    ...rotaryBounds('Theorem 9', plain, { ...options, heads, blocks: 1, C }, '', [
      'd_K d1 C log(4 sqrt(2) H d_K alpha^3 d1^(3/2) / eps)',
      'd1 C log(max(18 alpha^3, 4 d_K) H d1 / eps)',
    ]),
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
    list.push(
      ...rotaryBounds(
        statement,
        attention,
        { ...options, heads, blocks, C },
        suffix,
        single
          ? ['d_K d1 C log(16 sqrt(2) H d_K alpha^3 d1^(3/2) / eps)', 'd1 C log(max(72 alpha^3, 4 d_K) H d1 / eps)']
          : [
              'd_K d1 C log(16 sqrt(2) H d_K g_b^3 d1^(3/2) K_b / eps)',
              'd1 C log(max(72 g_b^3 K_b, 16 B d_K) H d1 / eps)',
            ],
      ),
    )
    list.push({
      statement,
      quantity: `n_FC${suffix}`,
      formula: single ? 'd1 C log(24 alpha L H d1^(5/2) / eps)' : 'd1 C log(24 g_b L H d1^(5/2) K_b / eps)',
      ...feedForward,
    })
  })
  return list
}

/** What both constructions for rotary heads need in the place of `plain`; nothing without a key width. */
function rotaryBounds(
  statement: string,
  plain: WidthRequirement,
  options: BoundsOptions & { heads: number; blocks: number; C: number },
  suffix: string,
  [rotary, factored]: readonly [string, string],
): Bound[] {
  const { d1, keyWidth, heads, blocks, eps, C } = options
  if (keyWidth === undefined) return []
  return [
    {
      statement: `${statement}, rotary`,
      quantity: `n_K${suffix}`,
      formula: rotary,
      ...rotaryWidth(plain, d1, keyWidth, C),
    },
    {
      statement: `${statement}, factored`,
      quantity: `n_F${suffix}`,
      formula: factored,
      ...factoredWidth(plain, { d1, keyWidth, heads, blocks, eps }, C),
    },
  ]
}
