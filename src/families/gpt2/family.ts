/** GPT-2 (Radford et al. 2019): LayerNorm before each part of a block, learned positions. */
import type { Family } from '../definition.js'
import type { Port } from '../port.js'
import { checkGpt2Config, type Gpt2Config, gpt2Fields, headWidth } from './config.js'
import { gpt2Gguf } from './gguf.js'
import { gpt2HuggingFace } from './hugging-face.js'
import { gpt2Parameters } from './parameters.js'

export const gpt2: Family<Gpt2Config> = {
  name: 'gpt2',
  title: 'GPT-2',
  task: 'causal',
  fields: gpt2Fields,
  check: checkGpt2Config,
  parameters: gpt2Parameters,
  body,
  head: (port, { tiedHead, layerNormEpsilon }, x) =>
    port.unembed(tiedHead ? 'wte' : 'lm_head', port.see('ln_f', port.norm(normOf('ln_f', layerNormEpsilon), x))),
  cache: (config) => ({ layers: config.layers, keyHeads: config.heads, headWidth: headWidth(config) }),
  // The copies of x give the heads their width. An untied head reads a constant from the second copy.
  fullRank: (config) => ({ ...config, width: config.width * Math.max(config.heads, config.tiedHead ? 1 : 2) }),
  huggingFace: gpt2HuggingFace,
  gguf: gpt2Gguf,
}

const normOf = (name: string, epsilon: number) => ({ name, kind: 'layer', epsilon }) as const

function body<V>(port: Port<V>, config: Gpt2Config): V {
  const { layers, heads, activation, layerNormEpsilon } = config
  let x = port.embed([
    { table: 'wte', index: 'tokens', seen: 'tok_emb' },
    { table: 'wpe', index: 'positions', seen: 'pos_emb' },
  ])
  for (let layer = 0; layer < layers; layer++) {
    const name = `h.${layer}`
    const see = (key: string, value: V) => port.see(`${name}.${key}`, value)
    const ln1 = see('ln1', port.norm(normOf(`${name}.ln_1`, layerNormEpsilon), x))
    const attended = port.attention(
      {
        name: `${name}.attn`,
        layer,
        query: `${name}.attn.q`,
        key: `${name}.attn.k`,
        value: `${name}.attn.v`,
        output: `${name}.attn.c_proj`,
        heads,
        keyHeads: heads,
        headWidth: headWidth(config),
        causal: true,
      },
      ln1,
    )
    x = see('attnResid', port.add(x, attended))
    const ln2 = see('ln2', port.norm(normOf(`${name}.ln_2`, layerNormEpsilon), x))
    const activated = see('gelu', port.activate(activation, see('fc', port.linear(`${name}.mlp.c_fc`, ln2))))
    x = see('mlpResid', port.add(x, see('mlp', port.linear(`${name}.mlp.c_proj`, activated))))
  }
  return x
}
