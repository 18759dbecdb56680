import { END_OF_TEXT, type TokenizerName } from '../data/index.js'
import { families } from '../families/index.js'
import { InputError, quoted } from '../safetensors/index.js'
import { parseObject } from './hugging-face-config.js'

/** The tokens that begin and end a document, as a configuration names them; null where there is none. */
export interface SpecialTokens {
  readonly bos: number | null
  /** One, or several that all end a text. */
  readonly eos: number | readonly number[] | null
  /** The one that fills up short texts, where a folder's `config.json` names it. */
  readonly pad?: number | null
  /** Those at which generation stops: `eos`, unless `generation_config.json` names others. */
  readonly stops: SpecialTokens['eos']
}

/** Those of our tokenizers: GPT-2's `<|endoftext|>`; none where bytes are tokens. */
export function specialTokens(tokenizer: TokenizerName | null): SpecialTokens {
  const token = tokenizer === 'gpt2' ? END_OF_TEXT : null
  return { bos: token, eos: token, stops: token }
}

/** The tokens at which generation stops. */
export const endTokens = ({ stops }: Pick<SpecialTokens, 'stops'>): readonly number[] =>
  stops === null ? [] : typeof stops === 'number' ? [stops] : stops

/** A JSON file. */
export interface JsonText {
  readonly text: string
  /** What to call it in messages. */
  readonly source: string
}

/**
 * The special tokens of a Hugging Face folder, as transformers takes them: generation stops at the `eos_token_id` of
 * `generation_config.json` (at nothing where that names none), or where there is no such file at that of `config.json`. Where
 * `config.json` does not say, its `model_type` does; see `HuggingFaceLayout.defaultTokens`.
 * @throws InputError in one line that names the file and the key
 */
export function readSpecialTokens(config: JsonText, generation: JsonText | null): SpecialTokens {
  const ofModel = tokensOf(config, true)
  return { ...ofModel, stops: (generation === null ? ofModel : tokensOf(generation, false)).eos }
}

/** @param hasDefaults whether the file is a `config.json`, which leaves defaults out */
function tokensOf({ text, source }: JsonText, hasDefaults: boolean): Omit<SpecialTokens, 'stops'> {
  const refuse = (reason: string): never => {
    throw new InputError(`${source}: ${reason}`)
  }
  const json = parseObject(text, refuse)
  const type = json.model_type ?? 'gpt2' // as `readModelConfig` takes it
  const found = hasDefaults
    ? families().find(({ huggingFace }) => huggingFace.modelTypes.includes(type as string))?.huggingFace
    : undefined
  const otherwise = found?.defaultTokens[type as string] ?? { bos: null, eos: null }
  const { bos_token_id: bos = otherwise.bos, eos_token_id: eos = otherwise.eos } = json
  if (bos !== null && !isToken(bos)) refuse(`bos_token_id expected an integer >= 0 or null, got ${quoted(bos)}`)
  const ends = Array.isArray(eos) ? eos : eos === null ? [] : [eos]
  if (!ends.every(isToken)) {
    refuse(`eos_token_id expected an integer >= 0, several of them or null, got ${quoted(eos)}`)
  }
  const { pad_token_id: pad = null } = json
  return { bos, eos, ...(hasDefaults && isToken(pad) && { pad }) } as Omit<SpecialTokens, 'stops'>
}

/** Settings of generation that transformers follows and we do not, with the value at which they do nothing. */
const generationKeys: Readonly<Record<string, unknown>> = {
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  min_length: 0,
  min_new_tokens: 0,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  bad_words_ids: null,
  sequence_bias: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  exponential_decay_length_penalty: null,
  penalty_alpha: null,
  num_beams: 1,
}

/**
 * What a folder says of generation that we do not follow, in a line; undefined where there is none. Sampling (temperature, top_k, do_sample)
 * is chosen anew in every call, here as there.
 * @param generation `generation_config.json`; without it transformers takes the same keys of `config.json`
 */
export function unfollowedGeneration(config: JsonText, generation: JsonText | null): string | undefined {
  const { text, source } = generation ?? config
  const json = parseObject(text, (reason) => {
    throw new InputError(`${source}: ${reason}`)
  })
  const named = Object.entries(generationKeys)
    .filter(([key, idle]) => (json[key] ?? idle) !== idle && !(Array.isArray(json[key]) && json[key].length === 0))
    .map(([key]) => `${key} ${quoted(json[key])}`)
  return named.length > 0
    ? `${source}: transformers follows it when it generates, we do not: ${named.join(', ')}`
    : undefined
}

const isToken = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
