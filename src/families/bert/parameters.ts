import { layerNormVectors, linearMap, matrix, type Parameter } from '../parameter.js'
import { type BertConfig, checkBertConfig } from './config.js'

/** Every tensor of a model of the BERT kind. @throws as `checkBertConfig` does */
export function bertParameters(config: BertConfig): Parameter[] {
  checkBertConfig(config)
  const { layers, width: d, inner, positions, vocabulary, types } = config
  const blocks = Array.from({ length: layers }, (_, layer): Parameter[] => {
    const name = `layer.${layer}`
    return [
      ...linearMap(`${name}.attention.query`, [d, d], 'query', true),
      ...linearMap(`${name}.attention.key`, [d, d], 'key', true),
      ...linearMap(`${name}.attention.value`, [d, d], 'value', true),
      ...linearMap(`${name}.attention.output`, [d, d], 'attention-output', true),
      ...layerNormVectors(`${name}.attention.norm`, d),
      ...linearMap(`${name}.intermediate`, [d, inner], 'feed-forward', true),
      ...linearMap(`${name}.output`, [inner, d], 'feed-forward-output', true),
      ...layerNormVectors(`${name}.norm`, d),
    ]
  })
  return [
    matrix('embeddings.word', [vocabulary, d], 'token-embedding'),
    matrix('embeddings.position', [positions, d], 'position-embedding'),
    matrix('embeddings.type', [types, d], 'type-embedding'),
    ...layerNormVectors('embeddings.norm', d),
    ...blocks.flat(),
  ]
}
