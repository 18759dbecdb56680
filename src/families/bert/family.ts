/** The BERT kind (Devlin et al. 2019): an encoder, LayerNorm after each part of a block, learned positions and token types. */
import type { Family } from '../definition.js'
import type { NormSpec, Port } from '../port.js'
import { type BertConfig, bertFields, checkBertConfig } from './config.js'
import { bertHuggingFace } from './hugging-face.js'
import { bertParameters } from './parameters.js'

export const bert: Family<BertConfig> = {
  name: 'bert',
  title: 'BERT',
  task: 'encoder',
  fields: bertFields,
  check: checkBertConfig,
  parameters: bertParameters,
  body,
  // The output matrix of a masked-token loss is the token embedding, without the transformation that BERT trains beside it.
  head: (port, _, x) => port.unembed('embeddings.word', x),
  cache: () => ({ layers: 0, keyHeads: 0, headWidth: 0 }), // every token sees all others: nothing can be kept
  fullRank: (config) => ({ ...config, width: config.width * config.heads }),
  huggingFace: bertHuggingFace,
}

function body<V>(port: Port<V>, config: BertConfig): V {
  const { layers, width, heads, activation, layerNormEpsilon } = config
  const norm = (name: string): NormSpec => ({ name, kind: 'layer', epsilon: layerNormEpsilon })
  const embedded = port.embed([
    { table: 'embeddings.word', index: 'tokens', seen: 'tok_emb' },
    { table: 'embeddings.type', index: 'types' },
    { table: 'embeddings.position', index: 'positions', seen: 'pos_emb' },
  ])
  let x = port.norm(norm('embeddings.norm'), embedded)
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer.${layer}`
    const attention = `${name}.attention`
    const attended = port.attention(
      {
        name: attention,
        layer,
        query: `${attention}.query`,
        key: `${attention}.key`,
        value: `${attention}.value`,
        output: `${attention}.output`,
        heads,
        keyHeads: heads,
        headWidth: width / heads,
        causal: false,
      },
      x,
    )
    const h = port.norm(norm(`${attention}.norm`), port.add(x, attended))
    const activated = port.activate(activation, port.linear(`${name}.intermediate`, h))
    x = port.see(`${name}.out`, port.norm(norm(`${name}.norm`), port.add(h, port.linear(`${name}.output`, activated))))
  }
  return x
}
