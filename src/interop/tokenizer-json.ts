import { END_OF_TEXT, END_OF_TEXT_CONTENT, loadGpt2Vocabulary, type TokenizerName } from '../data/index.js'
import { byteCharacters, byteLevelText } from './byte-level.js'

/** The parts of a `tokenizer.json` of byte-level BPE by which two of them turn text into the same tokens. */
export interface ByteLevelBpe {
  /** Text of each token (in the characters of `byteCharacters`), and its number. */
  readonly vocab: Readonly<Record<string, number>>
  /** Pairs of tokens' texts in the order of their ranks. */
  readonly merges: readonly (readonly [string, string])[]
}

/** One token a byte, its number the byte's value. */
function bytesBpe(): ByteLevelBpe {
  return { vocab: Object.fromEntries(byteCharacters.map((character, byte) => [character, byte])), merges: [] }
}

let gpt2: Promise<ByteLevelBpe> | undefined

/** GPT-2's vocabulary and merges, `<|endoftext|>` the last token. */
async function makeGpt2Bpe(): Promise<ByteLevelBpe> {
  const { bytesOf, merges } = await loadGpt2Vocabulary()
  const texts = Array.from({ length: END_OF_TEXT }, (_, token) => byteLevelText(bytesOf(token)))
  return {
    vocab: Object.fromEntries([...texts, END_OF_TEXT_CONTENT].map((text, token) => [text, token])),
    merges: Array.from({ length: merges.length / 2 }, (_, i) => [texts[merges[2 * i]], texts[merges[2 * i + 1]]]),
  }
}

/** The byte-level BPE of one of our tokenizers; GPT-2's is made once. */
export async function byteLevelBpe(name: TokenizerName): Promise<ByteLevelBpe> {
  if (name === 'bytes') return bytesBpe()
  gpt2 ??= makeGpt2Bpe()
  return gpt2
}

/**
 * The `tokenizer.json` of a tokenizer, as Hugging Face's tokenizers and transformers.js read it: byte-level BPE, for
 * `bytes` without merges.
 */
export async function tokenizerJson(name: TokenizerName): Promise<string> {
  const { vocab, merges } = await byteLevelBpe(name)
  const isGpt2 = name === 'gpt2'
  const endOfText = {
    id: END_OF_TEXT,
    content: END_OF_TEXT_CONTENT,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: isGpt2 }
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: isGpt2 ? [endOfText] : [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  })}\n`
}

/**
 * The `tokenizer_config.json` that goes with it.
 * @param positions the model's longest context
 */
export function tokenizerConfigJson(name: TokenizerName, positions: number): string {
  const special = name === 'gpt2' ? END_OF_TEXT_CONTENT : null
  return `${JSON.stringify(
    {
      tokenizer_class: name === 'gpt2' ? 'GPT2Tokenizer' : 'PreTrainedTokenizerFast',
      model_max_length: positions,
      clean_up_tokenization_spaces: false,
      add_prefix_space: false,
      ...(special === null ? {} : { bos_token: special, eos_token: special, unk_token: special }),
    },
    null,
    2,
  )}\n`
}
