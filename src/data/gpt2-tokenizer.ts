/**
 * GPT-2's byte-level BPE (Radford et al. 2019): text is cut into words (contractions; runs of letters, digits or other
 * characters, each with at most one space before it; white space), and each word's bytes are merged by rank.
 * White space is Unicode's White_Space, as in GPT-2's own program; JavaScript's `\s` differs at U+0085 and U+FEFF.
 */
import { mergeBytePairs, mergeLongWord } from './byte-pair-merge.js'
import { END_OF_TEXT, type Gpt2Vocabulary, loadGpt2Vocabulary } from './gpt2-vocabulary.js'
import { createTokenBuffer } from './token-buffer.js'
import { checkToken, type Pause, type StreamEncoder, type TakeTokens, type Tokenizer } from './tokenizer.js'

const WORD =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** Words whose tokens are remembered; then memory is emptied. English text has about ten times fewer in a megabyte. */
const REMEMBERED = 2 ** 17

/** Longer words are not remembered. Characters. */
const LONGEST_REMEMBERED = 64

/** Texts of more characters are encoded with pauses: words of more, and others so many at a time. */
const LONG_TEXT = 2 ** 20
const LONG_WORD = 2 ** 16
const WORDS_AT_ONCE = 2 ** 13

let loaded: Promise<Tokenizer> | undefined

/** GPT-2's tokenizer, loaded once. */
export function loadGpt2Tokenizer(): Promise<Tokenizer> {
  loaded ??= loadGpt2Vocabulary().then(createGpt2Tokenizer)
  return loaded
}

function createGpt2Tokenizer(vocabulary: Gpt2Vocabulary): Tokenizer {
  const size = END_OF_TEXT + 1
  const byteLengths = new Uint8Array(size)
  vocabulary.bytes.forEach((bytes, token) => {
    byteLengths[token] = bytes.length
  })
  const encodeWords = wordEncoder(vocabulary)
  return {
    name: 'gpt2',
    vocabulary: size,
    documentEnd: END_OF_TEXT,
    byteLengths,
    encode(text) {
      const characters = typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
      return encodeWords.atOnce(characters).slice()
    },
    createEncoder: () => streamEncoder(encodeWords),
    decode(tokens) {
      let length = 0
      for (let i = 0; i < tokens.length; i++) {
        checkToken(tokens[i], size)
        length += byteLengths[tokens[i]]
      }
      const text = new Uint8Array(length)
      for (let i = 0, at = 0; i < tokens.length; at += byteLengths[tokens[i]], i++) {
        if (tokens[i] !== END_OF_TEXT) text.set(vocabulary.bytes[tokens[i]], at)
      }
      return text
    },
  }
}

interface WordEncoder {
  /** What it returns is written over by the next call. */
  atOnce(text: string): Uint16Array
  withPauses(text: string, pause: Pause): Promise<Uint16Array>
}

function wordEncoder(vocabulary: Gpt2Vocabulary): WordEncoder {
  const utf8 = new TextEncoder()
  const flat = new TextDecoder('utf-8', { ignoreBOM: true })
  const remembered = new Map<string, Uint16Array>()
  let tokens = new Uint16Array(65536)

  const encodeWord = (word: string): Uint16Array => {
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
  return {
    atOnce(text) {
      let length = 0
      WORD.lastIndex = 0
      for (let match = WORD.exec(text); match; match = WORD.exec(text)) {
        const word = encodeWord(match[0])
        if (length + word.length > tokens.length) {
          const larger = new Uint16Array(2 * (length + word.length))
          larger.set(tokens)
          tokens = larger
        }
        if (word.length === 1) tokens[length] = word[0]
        else tokens.set(word, length)
        length += word.length
      }
      return tokens.subarray(0, length)
    },
    async withPauses(text, pause) {
      // Its own place in the text and its own tokens: others may encode during a pause.
      const words = new RegExp(WORD)
      const all = createTokenBuffer(Math.ceil(text.length / 3))
      let count = 0
      for (let match = words.exec(text); match; match = words.exec(text)) {
        const [word] = match
        if (word.length > LONG_WORD) all.append(await mergeLongWord(vocabulary, utf8.encode(word), pause))
        else all.append(encodeWord(word))
        if (++count % WORDS_AT_ONCE === 0) await pause()
      }
      return all.tokens()
    },
  }
}

/**
 * Cuts text only before white space that follows something else: no word spans such a place, and none looks beyond it, so
 * the pieces' tokens are the whole's. Text without such a place waits for more.
 */
function streamEncoder(encodeWords: WordEncoder): StreamEncoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const countGenuine = replacementCounter()
  let waiting = ''
  let replaced = 0
  const encode = async (text: string, take: TakeTokens, pause: Pause | undefined) => {
    const isLong = pause !== undefined && text.length > LONG_TEXT
    take(isLong ? await encodeWords.withPauses(text, pause) : encodeWords.atOnce(text))
  }
  const encodeReady = async (text: string, take: TakeTokens, pause: Pause | undefined) => {
    for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) replaced++
    const cut = lastCut(text)
    const ready = cut < 0 ? '' : waiting + text.slice(0, cut)
    waiting = cut < 0 ? waiting + text : text.slice(cut)
    if (ready !== '') await encode(ready, take, pause)
  }
  return {
    async push(bytes, take, pause) {
      replaced -= countGenuine(bytes)
      await encodeReady(decoder.decode(bytes, { stream: true }), take, pause)
    },
    async end(take, pause) {
      await encodeReady(decoder.decode(), take, pause)
      if (waiting !== '') await encode(waiting, take, pause)
      waiting = ''
      return replaced
    },
  }
}

/** Where the last white space stands that follows something else; -1 where there is none. */
function lastCut(text: string): number {
  const isSpace = (at: number) => /\p{White_Space}/u.test(text[at])
  for (let at = text.length - 1; at > 0; at--) if (isSpace(at) && !isSpace(at - 1)) return at
  return -1
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
