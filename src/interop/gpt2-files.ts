import type { TokenizerName } from '../data/index.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { jsonFile, type OutputFile, textFile } from './output-file.js'
import type { SpecialTokens } from './special-tokens.js'
import { tokenizerConfigJson, tokenizerJson } from './tokenizer-json.js'
import { torchName, type WeightFormat } from './weights-file.js'

/** `config.json` of a GPT-2: every key of Hugging Face's GPT2Config that a model depends on. */
export function gpt2ConfigFile(
  config: Gpt2Config,
  { bos, eos }: Pick<SpecialTokens, 'bos' | 'eos'>,
  format: WeightFormat = 'fp32',
): OutputFile {
  return jsonFile('config.json', {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    n_layer: config.layers,
    n_embd: config.width,
    n_head: config.heads,
    n_inner: config.inner,
    n_positions: config.positions,
    n_ctx: config.positions,
    vocab_size: config.vocabulary,
    activation_function: config.activation,
    layer_norm_epsilon: config.layerNormEpsilon,
    tie_word_embeddings: config.tiedHead,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    reorder_and_upcast_attn: false,
    add_cross_attention: false,
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    initializer_range: 0.02,
    use_cache: true,
    bos_token_id: bos,
    eos_token_id: eos,
    torch_dtype: torchName(format),
  })
}

/** `generation_config.json`: greedy unless told otherwise. */
export const generationConfigFile = ({ bos, stops }: SpecialTokens): OutputFile =>
  jsonFile('generation_config.json', { bos_token_id: bos, eos_token_id: stops, do_sample: false })

/** `tokenizer.json` and `tokenizer_config.json`; none where there is no tokenizer. */
export async function tokenizerFiles(tokenizer: TokenizerName | null, positions: number): Promise<OutputFile[]> {
  if (tokenizer === null) return []
  return [
    textFile('tokenizer.json', await tokenizerJson(tokenizer)),
    textFile('tokenizer_config.json', tokenizerConfigJson(tokenizer, positions)),
  ]
}
