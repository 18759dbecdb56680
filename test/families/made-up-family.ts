/**
 * A family that nothing outside this file knows: parallel attention and feed-forward parts, one norm a block, no biases, positions turned. It is
 * written with what the package exports at `strong-lottery-tickets/families`, and with nothing else.
 */
import {
  type BaseConfig,
  type ConfigField,
  checkFields,
  checkHeadsDivide,
  type Family,
  linearMap,
  matrix,
  type Parameter,
  type Port,
  recipesOf,
  rmsNormVector,
  sizeFields,
} from '../../src/entries/families.js'

export interface ParallelConfig extends BaseConfig {
  readonly family: 'parallel'
  readonly normEpsilon: number
}

const fields: readonly ConfigField[] = [
  ...sizeFields('layers', 'width', 'heads', 'inner', 'positions', 'vocabulary'),
  { name: 'normEpsilon', kind: 'number' },
]

function check(config: ParallelConfig): void {
  checkFields(config, fields)
  checkHeadsDivide(config)
}

const parameters = ({ layers, width: d, inner, vocabulary }: ParallelConfig): Parameter[] => [
  matrix('table', [vocabulary, d], 'token-embedding'),
  ...Array.from({ length: layers }, (_, layer) => [
    rmsNormVector(`block.${layer}.norm`, d),
    ...linearMap(`block.${layer}.q`, [d, d], 'query', false),
    ...linearMap(`block.${layer}.k`, [d, d], 'key', false),
    ...linearMap(`block.${layer}.v`, [d, d], 'value', false),
    ...linearMap(`block.${layer}.o`, [d, d], 'attention-output', false),
    ...linearMap(`block.${layer}.up`, [d, inner], 'feed-forward', false),
    ...linearMap(`block.${layer}.down`, [inner, d], 'feed-forward-output', false),
  ]).flat(),
  rmsNormVector('norm', d),
]

function body<V>(port: Port<V>, { layers, width, heads, normEpsilon }: ParallelConfig): V {
  let x = port.embed([{ table: 'table', index: 'tokens' }])
  for (let layer = 0; layer < layers; layer++) {
    const name = `block.${layer}`
    const normed = port.norm({ name: `${name}.norm`, kind: 'rms', epsilon: normEpsilon }, x)
    const attended = port.attention(
      {
        name: `${name}.attention`,
        layer,
        query: `${name}.q`,
        key: `${name}.k`,
        value: `${name}.v`,
        output: `${name}.o`,
        heads,
        keyHeads: heads,
        headWidth: width / heads,
        rotary: { theta: 100 },
        causal: true,
      },
      normed,
    )
    const fed = port.linear(`${name}.down`, port.activate('gelu', port.linear(`${name}.up`, normed)))
    x = port.add(port.add(x, attended), fed)
  }
  return x
}

export const parallel: Family<ParallelConfig> = {
  name: 'parallel',
  title: 'Parallel',
  task: 'causal',
  fields,
  check,
  parameters,
  body,
  head: (port, { normEpsilon }, x) =>
    port.unembed('table', port.norm({ name: 'norm', kind: 'rms', epsilon: normEpsilon }, x)),
  cache: ({ layers, heads, width }) => ({ layers, keyHeads: heads, headWidth: width / heads }),
  huggingFace: {
    modelTypes: ['parallel'],
    architectures: ['ParallelForCausalLM'],
    fixed: {},
    withoutEffect: [],
    defaultTokens: {},
    read: (reader) => ({
      family: 'parallel',
      layers: reader.size('num_hidden_layers'),
      width: reader.size('hidden_size'),
      heads: reader.size('num_attention_heads'),
      inner: reader.size('intermediate_size'),
      positions: reader.size('max_position_embeddings'),
      vocabulary: reader.size('vocab_size'),
      normEpsilon: reader.positive('norm_eps', 1e-5),
    }),
    write: (config) => ({
      num_hidden_layers: config.layers,
      hidden_size: config.width,
      num_attention_heads: config.heads,
      intermediate_size: config.inner,
      max_position_embeddings: config.positions,
      vocab_size: config.vocabulary,
      norm_eps: config.normEpsilon,
    }),
    tensors: (config) => recipesOf(parameters(config), (name) => name),
    fullName: (stored) => stored,
    isPassedOver: () => false,
    isOfAnotherModel: (name) => name.startsWith('block.'),
  },
}

export const smallParallel: ParallelConfig = {
  family: 'parallel',
  layers: 2,
  width: 8,
  heads: 2,
  inner: 12,
  positions: 16,
  vocabulary: 19,
  normEpsilon: 1e-5,
}
