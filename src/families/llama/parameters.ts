import { linearMap, matrix, type Parameter, rmsNormVector } from '../parameter.js'
import { checkLlamaConfig, type LlamaConfig } from './config.js'

/** Every tensor of a model of the Llama kind. @throws as `checkLlamaConfig` does */
export function llamaParameters(config: LlamaConfig): Parameter[] {
  checkLlamaConfig(config)
  const { layers, width: d, heads, keyHeads, headWidth: D, inner, vocabulary, tiedHead } = config
  const { inputBias, outputBias, feedForwardBias } = config
  const blocks = Array.from({ length: layers }, (_, layer): Parameter[] => {
    const name = `layers.${layer}`
    return [
      rmsNormVector(`${name}.input_layernorm`, d),
      ...linearMap(`${name}.self_attn.q_proj`, [d, heads * D], 'query', inputBias),
      ...linearMap(`${name}.self_attn.k_proj`, [d, keyHeads * D], 'key', inputBias),
      ...linearMap(`${name}.self_attn.v_proj`, [d, keyHeads * D], 'value', inputBias),
      ...linearMap(`${name}.self_attn.o_proj`, [heads * D, d], 'attention-output', outputBias),
      rmsNormVector(`${name}.post_attention_layernorm`, d),
      ...linearMap(`${name}.mlp.gate_proj`, [d, inner], 'feed-forward', feedForwardBias),
      ...linearMap(`${name}.mlp.up_proj`, [d, inner], 'feed-forward', feedForwardBias),
      ...linearMap(`${name}.mlp.down_proj`, [inner, d], 'feed-forward-output', feedForwardBias),
    ]
  })
  return [
    matrix('embed_tokens', [vocabulary, d], 'token-embedding'),
    ...blocks.flat(),
    rmsNormVector('norm', d),
    ...(tiedHead ? [] : [matrix('lm_head', [vocabulary, d], 'head')]),
  ]
}
