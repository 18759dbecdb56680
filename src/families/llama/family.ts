/** The Llama kind (Touvron et al. 2023): RMSNorm, rotary positions, grouped keys and values, a gated feed-forward layer. */
import type { Family } from '../definition.js'
import type { NormSpec, Port } from '../port.js'
import { checkLlamaConfig, type LlamaConfig, llamaFields } from './config.js'
import { llamaGguf } from './gguf.js'
import { llamaHuggingFace } from './hugging-face.js'
import { llamaParameters } from './parameters.js'

export const llama: Family<LlamaConfig> = {
  name: 'llama',
  title: 'Llama',
  task: 'causal',
  fields: llamaFields,
  check: checkLlamaConfig,
  parameters: llamaParameters,
  body,
  head: (port, config, x) =>
    port.unembed(config.tiedHead ? 'embed_tokens' : 'lm_head', port.norm(normOf(config, 'norm'), x)),
  cache: ({ layers, keyHeads, headWidth }) => ({ layers, keyHeads, headWidth }),
  fullRank,
  huggingFace: llamaHuggingFace,
  gguf: llamaGguf,
}

const normOf = ({ normEpsilon }: LlamaConfig, name: string): NormSpec => ({ name, kind: 'rms', epsilon: normEpsilon })

/**
 * Heads keep their width, and with it the frequencies of their positions. Several stand for one, each with a part of the values' coordinates; a key
 * head keeps its group.
 */
function fullRank(config: LlamaConfig): LlamaConfig {
  const { width, heads, keyHeads, headWidth, inputBias, outputBias } = config
  const constant = inputBias && !outputBias
  const parts = Math.ceil((width + Number(constant)) / headWidth)
  return { ...config, heads: heads * parts, keyHeads: keyHeads * parts }
}

function body<V>(port: Port<V>, config: LlamaConfig): V {
  const { layers, heads, keyHeads, headWidth, activation, ropeTheta } = config
  let x = port.embed([{ table: 'embed_tokens', index: 'tokens', seen: 'tok_emb' }])
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`
    const attention = `${name}.self_attn`
    const attended = port.attention(
      {
        name: attention,
        layer,
        query: `${attention}.q_proj`,
        key: `${attention}.k_proj`,
        value: `${attention}.v_proj`,
        output: `${attention}.o_proj`,
        heads,
        keyHeads,
        headWidth,
        rotary: { theta: ropeTheta },
        causal: true,
      },
      port.norm(normOf(config, `${name}.input_layernorm`), x),
    )
    x = port.add(x, attended)
    const normed = port.norm(normOf(config, `${name}.post_attention_layernorm`), x)
    const gate = port.activate(activation, port.linear(`${name}.mlp.gate_proj`, normed))
    const gated = port.multiply(gate, port.linear(`${name}.mlp.up_proj`, normed))
    x = port.see(`${name}.out`, port.add(x, port.linear(`${name}.mlp.down_proj`, gated)))
  }
  return x
}
