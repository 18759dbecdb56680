/**
 * Tokens that stand for a text of their own, as Hugging Face's tokenizers add them to a vocabulary: `<|endoftext|>`, `[PAD]`. They are
 * found in a text before anything else is done to it; what lies between two of them is a text by itself.
 */
import { createTokens, type Tokens } from './token-buffer.js'
import { atOnce, checkToken, type Steps, type StreamEncoder, type TakeTokens, type Tokenizer } from './tokenizer.js'

export interface AddedToken {
  /** What is found in a text, at least one character. */
  readonly text: string
  readonly token: number
  /** Whether it marks something (the end of a document) and is no text when it is decoded. */
  readonly isSpecial: boolean
}

/** What a tokenizer is beside its tokens. */
type Described = Pick<Tokenizer, 'name' | 'documentEnd' | 'endToken'>

/**
 * A tokenizer with more tokens: those that are added, and up to `vocabulary` those that stand for nothing, which models have whose
 * vocabulary is padded. As in transformers, a model may choose them, and they are decoded to no text.
 * @param vocabulary at least the tokenizer's; an added token beyond it is refused when a text holds it
 */
export function addTokens(
  base: Omit<Tokenizer, keyof Described | 'encode'>,
  described: Described,
  vocabulary: number,
  added: readonly AddedToken[],
): Tokenizer {
  const utf8 = new TextEncoder()
  const texts = added.map(({ text, token, isSpecial }) => ({ token, isSpecial, bytes: utf8.encode(text) }))
  const spelled = new Map(texts.filter(({ isSpecial }) => !isSpecial).map(({ token, bytes }) => [token, bytes]))
  const byteLengths = new Uint8Array(vocabulary)
  byteLengths.set(base.byteLengths)
  for (const [token, { length }] of spelled) if (token < vocabulary) byteLengths[token] = length
  const createEncoder: Tokenizer['createEncoder'] = (options) =>
    options?.splitSpecialTokens || added.length === 0
      ? base.createEncoder(options)
      : encoderAround(() => base.createEncoder(options), texts, vocabulary)
  return {
    ...described,
    vocabulary,
    byteLengths,
    encode(text, options) {
      const parts: Tokens[] = []
      const take: TakeTokens = (tokens) => parts.push(tokens.slice())
      const encoder = createEncoder(options)
      atOnce(encoder.push(typeof text === 'string' ? utf8.encode(text) : text, take))
      atOnce(encoder.end(take))
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      return joined(parts, createTokens(vocabulary, length))
    },
    createEncoder,
    decode(tokens) {
      const parts: Uint8Array[] = []
      const own = Array.from(tokens)
      let [start, length] = [0, 0]
      for (const [i, token] of own.entries()) {
        checkToken(token, vocabulary)
        length += byteLengths[token]
        if (token < base.vocabulary) continue
        parts.push(base.decode(own.slice(start, i)), spelled.get(token) ?? new Uint8Array(0))
        start = i + 1
      }
      parts.push(base.decode(own.slice(start)))
      return joined(parts, new Uint8Array(length))
    },
  }
}

function joined<T extends Uint8Array | Tokens>(parts: readonly ArrayLike<number>[], whole: T): T {
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

interface AddedBytes {
  readonly token: number
  readonly bytes: Uint8Array
}

/** The first of the added tokens in a text, of those that begin there the longest; undefined where there is none. */
type Finder = (text: Uint8Array, from: number) => (AddedBytes & { readonly at: number }) | undefined

/** Finds added tokens in one text; each is looked for again only behind the place where it was found last. */
function createFinder(added: readonly AddedBytes[]): Finder {
  const places = added.map(() => -1)
  return (text, from) => {
    let first: number | undefined
    for (const [i, { bytes }] of added.entries()) {
      if (places[i] < from) places[i] = indexOf(text, bytes, from)
      if (places[i] === text.length) continue
      const isBefore =
        first === undefined ||
        places[i] < places[first] ||
        (places[i] === places[first] && bytes.length > added[first].bytes.length)
      if (isBefore) first = i
    }
    return first === undefined ? undefined : { ...added[first], at: places[first] }
  }
}

/** Where bytes are found in others; their length where they are not. */
function indexOf(text: Uint8Array, bytes: Uint8Array, from: number): number {
  for (let at = text.indexOf(bytes[0], from); at >= 0; at = text.indexOf(bytes[0], at + 1)) {
    if (bytes.every((byte, i) => text[at + i] === byte)) return at
  }
  return text.length
}

/** Where the end of a text begins that may be the beginning of an added token, not before `from`. */
function openEnd(text: Uint8Array, added: readonly AddedBytes[], from: number, longest: number): number {
  for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
    const end = text.subarray(at)
    if (added.some(({ bytes }) => bytes.length > end.length && end.every((byte, i) => bytes[i] === byte))) return at
  }
  return text.length
}

function encoderAround(create: () => StreamEncoder, added: readonly AddedBytes[], vocabulary: number): StreamEncoder {
  const longest = added.reduce((most, { bytes }) => Math.max(most, bytes.length), 0)
  let encoder = create()
  let waiting = new Uint8Array(0)
  let replaced = 0
  function* encode(text: Uint8Array, isLast: boolean, take: TakeTokens): Steps<void> {
    const find = createFinder(added)
    let at = 0
    for (;;) {
      const open = isLast ? text.length : openEnd(text, added, at, longest)
      const found = find(text, at)
      if (found === undefined || found.at >= open) {
        if (open > at) yield* encoder.push(text.subarray(at, open), take)
        waiting = text.slice(open)
        return
      }
      if (found.at > at) yield* encoder.push(text.subarray(at, found.at), take)
      replaced += yield* encoder.end(take)
      encoder = create()
      checkToken(found.token, vocabulary)
      take(createTokens(vocabulary, 1).fill(found.token))
      at = found.at + found.bytes.length
    }
  }
  return {
    push: (bytes, take) =>
      encode(
        waiting.length === 0 ? bytes : joined([waiting, bytes], new Uint8Array(waiting.length + bytes.length)),
        false,
        take,
      ),
    *end(take) {
      yield* encode(waiting, true, take)
      return replaced + (yield* encoder.end(take))
    },
  }
}
