/**
 * GPT-2's byte-level BPE (Radford et al. 2019): text is cut into words (`gpt2-words.ts`), and each word's bytes are merged by rank.
 * `<|endoftext|>` in a text is the token 50256, as it is to transformers.
 */
import { addTokens } from './added-tokens.js'
import { mergeBytePairs, mergeInSteps } from './byte-pair-merge.js'
import { END_OF_TEXT, END_OF_TEXT_CONTENT, type Gpt2Vocabulary, loadGpt2Vocabulary } from './gpt2-vocabulary.js'
import { createWordCutter } from './gpt2-words.js'
import type { Steps, StreamEncoder, TakeTokens, Tokenizer } from './tokenizer.js'

/** Words whose tokens are remembered; then memory is emptied. English text has about ten times fewer in a megabyte. */
const REMEMBERED = 2 ** 17

/** Longer words are not remembered. Characters. */
const LONGEST_REMEMBERED = 64

/** Bytes that are encoded in one step: 10 to 50 ms. */
const AT_ONCE = 2 ** 16

/** Longer words are merged in steps. Characters. */
const LONG_WORD = 2 ** 16

let loaded: Promise<Tokenizer> | undefined

/** GPT-2's tokenizer, loaded once. */
export function loadGpt2Tokenizer(): Promise<Tokenizer> {
  loaded ??= loadGpt2Vocabulary().then(createGpt2Tokenizer)
  return loaded
}

function createGpt2Tokenizer(vocabulary: Gpt2Vocabulary): Tokenizer {
  const byteLengths = Uint8Array.from({ length: END_OF_TEXT }, (_, token) => vocabulary.bytesOf(token).length)
  const encodeWord = wordEncoder(vocabulary)
  const words = {
    vocabulary: END_OF_TEXT,
    byteLengths,
    createEncoder: () => streamEncoder(vocabulary, encodeWord),
    decode(tokens: ArrayLike<number>) {
      let length = 0
      for (let i = 0; i < tokens.length; i++) length += byteLengths[tokens[i]]
      const text = new Uint8Array(length)
      for (let i = 0, at = 0; i < tokens.length; at += byteLengths[tokens[i]], i++) {
        text.set(vocabulary.bytesOf(tokens[i]), at)
      }
      return text
    },
  }
  const described = { name: 'gpt2', documentEnd: END_OF_TEXT, endToken: END_OF_TEXT } as const
  const endOfText = { text: END_OF_TEXT_CONTENT, token: END_OF_TEXT, isSpecial: true }
  return addTokens(words, described, END_OF_TEXT + 1, [endOfText])
}

function wordEncoder(vocabulary: Gpt2Vocabulary): (word: string) => Uint16Array {
  const utf8 = new TextEncoder()
  const flat = new TextDecoder('utf-8', { ignoreBOM: true })
  const remembered = new Map<string, Uint16Array>()
  return (word) => {
    const known = remembered.get(word)
    if (known) return known
    const bytes = utf8.encode(word)
    const merged = mergeBytePairs(vocabulary, bytes)
    if (word.length <= LONGEST_REMEMBERED) {
      if (remembered.size === REMEMBERED) remembered.clear()
      remembered.set(flat.decode(bytes), merged) // not `word`, a slice that keeps the whole text alive
    }
    return merged
  }
}

/** Encodes one text; what is taken is written over by the next piece. */
function streamEncoder(vocabulary: Gpt2Vocabulary, encodeWord: (word: string) => Uint16Array): StreamEncoder {
  const utf8 = new TextEncoder()
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const countGenuine = replacementCounter()
  const cutter = createWordCutter()
  let words: string[] = []
  const takeWord = (word: string) => void words.push(word)
  let replaced = 0
  let tokens = new Uint16Array(0)
  let length = 0
  const append = (own: Uint16Array) => {
    if (length + own.length > tokens.length) {
      const larger = new Uint16Array(2 * (length + own.length) + 64)
      larger.set(tokens.subarray(0, length))
      tokens = larger
    }
    if (own.length === 1) tokens[length] = own[0]
    else tokens.set(own, length)
    length += own.length
  }
  const cut = (text: string) => {
    for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) replaced++
    cutter.push(text, takeWord)
  }
  function* encodeWords(take: TakeTokens): Steps<void> {
    for (const word of words) {
      append(word.length > LONG_WORD ? yield* mergeInSteps(vocabulary, utf8.encode(word)) : encodeWord(word))
    }
    words = []
    if (length > 0) take(tokens.subarray(0, length))
    length = 0
  }
  return {
    *push(bytes, take) {
      for (let at = 0; at < bytes.length; at += AT_ONCE) {
        if (at > 0) yield
        const piece = bytes.subarray(at, at + AT_ONCE)
        replaced -= countGenuine(piece)
        cut(decoder.decode(piece, { stream: true }))
        yield* encodeWords(take)
      }
    },
    *end(take) {
      cut(decoder.decode())
      cutter.end(takeWord)
      yield* encodeWords(take)
      return replaced
    },
  }
}

/** Counts U+FFFD that the text holds itself (EF BF BD), through all pieces. */
function replacementCounter(): (bytes: Uint8Array) => number {
  const sequence = [0xef, 0xbf, 0xbd]
  let matched = 0
  return (bytes) => {
    let count = 0
    let at = matched > 0 ? 0 : bytes.indexOf(sequence[0])
    while (at >= 0 && at < bytes.length) {
      matched = bytes[at] === sequence[matched] ? matched + 1 : bytes[at] === sequence[0] ? 1 : 0
      if (matched === sequence.length) {
        count++
        matched = 0
      }
      at = matched > 0 ? at + 1 : bytes.indexOf(sequence[0], at + 1)
    }
    return count
  }
}
