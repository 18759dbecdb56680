/** A small Llama with more than 65,536 tokens, and the tokenizer of such a model. */
import { readFileSync } from 'node:fs'
import type { BaseConfig } from '../../src/families/config.js'
import { storedTensors } from '../../src/families/index.js'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import type { ModelWeights } from '../../src/families/weights.js'
import { modelConfigFile, textFile, weightsFile } from '../../src/interop/index.js'
import { randomWeights } from '../families/small-models.js'
import { writeFiles } from './output.js'

const vectors = new URL('../vectors/tokenizers/byte-level/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, vectors), 'utf8')

/** Added to every token of the small tokenizer: no token of a text fits in 16 bits. */
export const SHIFT = 69_500

/** V. */
export const VOCABULARY = 70_000

export const wideLlama: LlamaConfig = {
  family: 'llama',
  layers: 1,
  width: 4,
  heads: 1,
  keyHeads: 1,
  headWidth: 4,
  inner: 8,
  positions: 16,
  vocabulary: VOCABULARY,
  activation: 'silu',
  normEpsilon: 1e-5,
  ropeTheta: 10000,
  inputBias: false,
  outputBias: false,
  feedForwardBias: false,
  tiedHead: true,
}

/** Texts, their tokens, those with the tokens around a text, and what they decode to: by Hugging Face's tokenizers but for the shift. */
export const wideTexts = (JSON.parse(read('tokens.json')).texts as [string, number[], number[], string][]).map(
  ([text, tokens, special, decoded]) => {
    const shifted = [tokens, special].map((row) => row.map((token) => token + SHIFT))
    return { text, tokens: shifted[0], special: shifted[1], decoded }
  },
)

/** A byte-level BPE as Llama 3 and Qwen2 have it, all of its tokens shifted. */
export function wideTokenizer(): string {
  const json = JSON.parse(read('tokenizer.json'))
  const { vocab } = json.model
  for (const text of Object.keys(vocab)) vocab[text] += SHIFT
  for (const token of json.added_tokens) token.id += SHIFT
  return JSON.stringify(json)
}

/** Weights of which the embeddings of the tokenizer's own tokens are large: greedy text is made of those. */
export function wideWeights() {
  const weights = randomWeights(wideLlama)
  weights
    .get('embed_tokens')!
    .data.subarray(0, SHIFT * wideLlama.width)
    .fill(0)
  return weights
}

/** Writes a model and its tokenizer as a Hugging Face folder; default: the Llama. */
export async function writeWide(
  folder: string,
  config: BaseConfig = wideLlama,
  weights: ModelWeights = wideWeights(),
): Promise<void> {
  await writeFiles(folder, [
    modelConfigFile(config, { bos: SHIFT + 480, eos: SHIFT + 481 }),
    weightsFile(storedTensors(config, weights), 'fp32'),
    textFile('tokenizer.json', wideTokenizer()),
    textFile('tokenizer_config.json', read('tokenizer_config.json')),
  ])
}
