import type { AddedToken, tokenizerNames } from '../../src/data/index.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { parametersOf, storedTensors } from '../../src/families/index.js'
import { modelConfigFile, type SpecialTokens, tokenizerFiles, weightsFile } from '../../src/interop/index.js'
import { textFile } from '../../src/interop/output-file.js'
import { writeFiles } from './output.js'

export interface Schedule {
  /** The likeliest token after position 0, 1, ...: at most 8. */
  readonly tokens: readonly number[]
  readonly vocabulary: number
  readonly special: Pick<SpecialTokens, 'bos' | 'eos'>
  /** Content of generation_config.json; default: there is none. */
  readonly generation?: object
  readonly tokenizer?: (typeof tokenizerNames)[number] | null
  readonly added?: readonly AddedToken[]
}

/**
 * Writes a Hugging Face folder whose model says at each position the same token, whatever the text: attention and feed-forward are
 * zero, position p is the direction p, and the head's row of a token points where the schedule has it.
 */
export async function writeSchedule(folder: string, schedule: Schedule): Promise<Gpt2Config> {
  const { tokens, vocabulary, special, generation, tokenizer = null, added = [] } = schedule
  const config: Gpt2Config = {
    layers: 1,
    width: 8,
    heads: 1,
    inner: 8,
    positions: 8,
    vocabulary,
    activation: 'gelu_new',
    layerNormEpsilon: 1e-5,
    tiedHead: false,
  }
  const weights = new Map(
    parametersOf(config).map(({ name, shape, kind }) => {
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1))
      if (kind === 'gain') data.fill(1)
      if (name === 'wpe') for (let p = 0; p < 8; p++) data[9 * p] = 1
      if (name === 'lm_head') for (const [p, token] of tokens.entries()) data[8 * token + p] = 1
      return [name, { shape, data }]
    }),
  )
  const files = await tokenizerFiles(tokenizer, 8)
  if (tokenizer !== null) {
    const json = JSON.parse(Buffer.concat([...files[0].chunks()]).toString())
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
    for (const { text, token, isSpecial } of added) {
      json.added_tokens.push({ id: token, content: text, ...flags, special: isSpecial })
    }
    files[0] = textFile('tokenizer.json', JSON.stringify(json))
  }
  const generationFiles = generation ? [textFile('generation_config.json', JSON.stringify(generation))] : []
  await writeFiles(folder, [
    modelConfigFile(config, special),
    weightsFile(storedTensors(config, weights), 'fp32'),
    ...files,
    ...generationFiles,
  ])
  return config
}
