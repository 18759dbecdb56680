import { layerNormVectors, linearMap, matrix, type Parameter } from '../parameter.js'
import { checkGpt2Config, type Gpt2Config } from './config.js'

/** Every tensor of a model of GPT-2. @throws as `checkGpt2Config` does */
export function gpt2Parameters(config: Gpt2Config): Parameter[] {
  checkGpt2Config(config)
  const { layers, width: d, inner, positions, vocabulary, tiedHead } = config
  const blocks = Array.from({ length: layers }, (_, layer): Parameter[] => {
    const name = `h.${layer}`
    return [
      ...layerNormVectors(`${name}.ln_1`, d),
      ...linearMap(`${name}.attn.q`, [d, d], 'query', true),
      ...linearMap(`${name}.attn.k`, [d, d], 'key', true),
      ...linearMap(`${name}.attn.v`, [d, d], 'value', true),
      ...linearMap(`${name}.attn.c_proj`, [d, d], 'attention-output', true),
      ...layerNormVectors(`${name}.ln_2`, d),
      ...linearMap(`${name}.mlp.c_fc`, [d, inner], 'feed-forward', true),
      ...linearMap(`${name}.mlp.c_proj`, [inner, d], 'feed-forward-output', true),
    ]
  })
  return [
    matrix('wte', [vocabulary, d], 'token-embedding'),
    matrix('wpe', [positions, d], 'position-embedding'),
    ...blocks.flat(),
    ...layerNormVectors('ln_f', d),
    ...(tiedHead ? [] : [matrix('lm_head', [vocabulary, d], 'head')]),
  ]
}
