/** What a search takes to make the best ticket that a number of bytes holds: width, density and bits of the tables. */
import type { Tokenizer } from '../data/index.js'
import type { Tokens } from '../data/token-buffer.js'
import { matricesOf, normVectorsOf } from '../families/family.js'
import { LEVEL_DISTANCES } from './coded-search.js'
import { type MatrixMethod, matrixMethods } from './matrix-methods.js'
import { chooseMethod, type MethodSettings } from './method-settings.js'
import { modelName, searchModels } from './models.js'
import { withDefaults } from './presets.js'
import { chooseConfig, type SettingsChoice } from './settings.js'
import { unusedRows } from './unused-rows.js'

/** What a budget chooses, where it is not given. */
export type BudgetChoice = Pick<SettingsChoice, 'width' | 'heads' | 'keep' | 'embeddings' | 'norms'>

/** Densities that a budget chooses from: a narrower network that keeps more is the better one down to the first (docs/methods.md). */
const [LEAST_KEEP, MOST_KEEP] = [0.3, 0.5]

/** Widths tried are multiples of this and of the heads. */
const WIDTH_STEP = 8

/** Widest network that is tried. */
const WIDEST = 8192

/** Bytes of a file beside masks and gains: JSON and tensor names, then the index, for each matrix. */
const [HEAD_BYTES, ENTRY_BYTES] = [1100, 24]

/**
 * Fills in width, density, bits of tables (4) and gains of norms such that the ticket is no larger than a number of bytes: the widest network that can keep
 * 0.3 of its weights, and as much of them as fit, up to 0.5. What is given stays. The bound is one that no search exceeds: masks at the entropy of their density, tables
 * at that of the most even levels with their spread. Files come out some 10 % smaller, because masks are coded by the scores that they started from.
 * @param bytes an integer >= 1
 * @param tokenizer the vocabulary's size
 * @param train the tokens to learn from, for rows that are shared or dropped
 * @throws RangeError for a budget too small for any network, or beside both a width and a density, or an algorithm other than of one mask
 */
export function choiceOfBytes(
  choice: SettingsChoice,
  bytes: number,
  tokenizer: Pick<Tokenizer, 'name' | 'vocabulary'>,
  train: Tokens,
): SettingsChoice {
  const { algorithm, width, keep, densities, on } = choice
  if (!(Number.isSafeInteger(bytes) && bytes >= 1)) refuse('an integer >= 1', bytes)
  if (choice.kind !== 'search') refuse('a search', choice.kind)
  if (on) refuse('a network of its own, none of a ticket', 'on')
  if (choice.start !== undefined) refuse('no model to start from: its width is given', 'start')
  if (algorithm !== undefined && !ONE_MASK.includes(algorithm)) refuse(`one of ${ONE_MASK.join(', ')}`, algorithm)
  if (densities !== undefined && densities !== 'uniform') refuse('one density, which it chooses', 'density')
  if (width !== undefined && keep !== undefined) {
    refuse('a width or a density to choose, not both given', `width ${width} and keep ${keep}`)
  }
  const filled: SettingsChoice = {
    ...choice,
    embeddings: choice.embeddings ?? { bits: 4 },
    norms: choice.norms ?? 'gains',
  }
  const used = distinct(train, tokenizer.vocabulary)
  const fits = (own: BudgetChoice, least: number) =>
    keepThatFits({ ...filled, ...own }, least, { bytes, tokenizer, train: used })
  if (width !== undefined) {
    const found = fits({}, 0)
    if (found === undefined) refuse(`at least ${leastBytes(filled, tokenizer, used)} for width ${width}`, bytes)
    return { ...filled, keep: found }
  }
  let best: SettingsChoice | undefined
  for (const own of widths(choice)) {
    const found = fits(own, keep ?? LEAST_KEEP)
    if (found === undefined) break
    best = { ...filled, ...own, keep: keep ?? found }
  }
  if (best) return best
  const [narrowest] = widths(choice)
  return refuse(
    `at least ${leastBytes({ ...filled, ...narrowest, keep: keep ?? LEAST_KEEP }, tokenizer, used)} for the narrowest network`,
    bytes,
  )
}

const ONE_MASK: readonly string[] = ['annealed', 'edge-popup']

/** Every token that occurs, once. */
function distinct(train: Tokens, vocabulary: number): Tokens {
  const occurs = new Uint8Array(vocabulary)
  for (let i = 0; i < train.length; i++) occurs[train[i]] = 1
  return Uint32Array.from([...occurs.keys()].filter((token) => occurs[token] === 1))
}

/** Widths from the narrowest on, with heads: as wide as the named model's where they can be, else as many. */
function* widths(choice: SettingsChoice): Generator<{ width: string; heads: number }> {
  const named = searchModels[modelName(choice)]
  const headWidth = named.width / named.heads
  for (let width = WIDTH_STEP; width <= WIDEST; width += WIDTH_STEP) {
    const heads = choice.heads ?? (width % headWidth === 0 ? width / headWidth : named.heads)
    if (width % heads === 0 && (width / heads) % 2 === 0) yield { width: String(width), heads }
  }
}

interface Budget {
  readonly bytes: number
  readonly tokenizer: Pick<Tokenizer, 'name' | 'vocabulary'>
  readonly train: Tokens
}

/** The largest density in thousandths, up to 0.5, whose ticket fits; undefined where that of `least` does not. */
function keepThatFits(choice: SettingsChoice, least: number, { bytes, tokenizer, train }: Budget): number | undefined {
  const fits = (keep: number) => bytesAtMost({ ...choice, keep }, tokenizer, train) <= bytes
  const lowest = Math.max(1, Math.ceil(1000 * least))
  if (!fits(lowest / 1000)) return undefined
  let [low, high] = [lowest, Math.max(lowest, 1000 * MOST_KEEP)]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle / 1000)) low = middle
    else high = middle - 1
  }
  return low / 1000
}

const leastBytes = (choice: SettingsChoice, tokenizer: Budget['tokenizer'], train: Tokens): number =>
  bytesAtMost({ keep: 0.001, ...choice }, tokenizer, train)

/** Bytes of the ticket of a choice at most. */
export function bytesAtMost(asked: SettingsChoice, tokenizer: Budget['tokenizer'], train: Tokens): number {
  const choice = withDefaults(asked)
  const config = chooseConfig(choice, tokenizer)
  const settings: MethodSettings = { ...chooseMethod(choice, choice.algorithm), config }
  const unused = unusedRows(settings, train)
  const methods = matrixMethods(settings)
  const bits = matricesOf(config).reduce((sum, { name, shape }) => {
    const rows = unused.get(name)
    const count = rows?.used ?? shape[0] * shape[1]
    return sum + count * entropyOf(methods.get(name)!) + (rows ? shape[0] : 0)
  }, 0)
  const gains = normVectorsOf(config, choice.norms).reduce((sum, { shape }) => sum + shape[0], 0)
  const head = HEAD_BYTES + ENTRY_BYTES * matricesOf(config).length
  return Math.ceil(head + bits / 8 + gains * (choice.norms === 'learned' ? 4 : 2))
}

/** Bits a weight that a part takes at most. */
function entropyOf(method: MatrixMethod): number {
  switch (method.kind) {
    case 'mask':
      return binaryEntropy(method.keep)
    case 'levels': {
      // Integers of a variance s have at most the entropy of a Gaussian of the variance s + 1/12.
      const variance = 1 / LEVEL_DISTANCES[method.levels] ** 2 + 1 / 12
      return Math.min(Math.log2(method.levels), Math.log2(2 * Math.PI * Math.E * variance) / 2)
    }
    case 'coats':
      return method.keeps.reduce((sum, keep, j) => {
        const within = j === 0 ? 1 : method.keeps[j - 1]
        return sum + within * binaryEntropy(keep / within)
      }, 0)
    default:
      return refuse('methods of masks, coats and levels', method.kind)
  }
}

const binaryEntropy = (p: number): number => (p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p))

function refuse(expected: string, got: unknown): never {
  throw new RangeError(`"bytes" expected ${expected}, got ${got}`)
}
