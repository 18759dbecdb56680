import type { TokenizerName } from '../data/index.js'
import { type BaseConfig, familyOf } from '../families/index.js'
import { jsonFile, type OutputFile, textFile } from './output-file.js'
import type { SpecialTokens } from './special-tokens.js'
import { tokenizerConfigJson, tokenizerJson } from './tokenizer-json.js'
import { torchName, type WeightFormat } from './weights-file.js'

/** `config.json`: every key of Hugging Face's configuration that a model of the family depends on. */
export function modelConfigFile(
  config: BaseConfig,
  { bos, eos, pad }: Pick<SpecialTokens, 'bos' | 'eos' | 'pad'>,
  format: WeightFormat = 'fp32',
): OutputFile {
  const { huggingFace, task } = familyOf(config)
  const { architectures, modelTypes, write } = huggingFace
  return jsonFile('config.json', {
    architectures: architectures.slice(0, 1),
    model_type: modelTypes[0],
    ...write(config),
    ...(task === 'causal' ? { bos_token_id: bos, eos_token_id: eos } : {}),
    ...(pad == null ? {} : { pad_token_id: pad }),
    torch_dtype: torchName(format),
  })
}

/** `generation_config.json` of a model that writes: greedy unless told otherwise. */
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
