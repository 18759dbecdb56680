import type { MergeTable } from './byte-pair-merge.js'

/** GPT-2's 50,257 tokens: 256 bytes, 50,000 merges in the order of their ranks, and `<|endoftext|>`. */
export interface Gpt2Vocabulary extends MergeTable {
  /** The two tokens that each merge joins, left and right in turn, [2 x 50000]; merge r makes token 256 + r. */
  readonly merges: Uint16Array
  /** The bytes of a token from 0 to 50255 (inclusive), a view. */
  bytesOf(token: number): Uint8Array
}

/** `<|endoftext|>`, the last token. */
export const END_OF_TEXT = 50256

/** What stands for it in a text. */
export const END_OF_TEXT_CONTENT = '<|endoftext|>'

/** Whether a byte is a printable character of Latin-1; GPT-2's first tokens are these bytes. */
export const isPrintableByte = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)

let loaded: Promise<Gpt2Vocabulary> | undefined

/** Reads the vocabulary, once. Its 200,000 bytes are a module of their own, which is loaded when it is asked for. */
export function loadGpt2Vocabulary(): Promise<Gpt2Vocabulary> {
  loaded ??= import('./gpt2-merges.js').then(({ mergesText }) => readVocabulary(mergesText))
  return loaded
}

function readVocabulary(mergesText: string): Gpt2Vocabulary {
  const binary = atob(mergesText) // skips the ends of lines
  const merges = new Uint16Array(binary.length / 2)
  for (let i = 0; i < merges.length; i++) merges[i] = binary.charCodeAt(2 * i) | (binary.charCodeAt(2 * i + 1) << 8)
  if (merges.length !== 2 * (END_OF_TEXT - 256)) throw new Error(`GPT-2 has 50,000 merges, not ${merges.length / 2}`)

  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const single = Uint8Array.of(...every.filter(isPrintableByte), ...every.filter((byte) => !isPrintableByte(byte)))
  const ofByte = new Uint16Array(256)
  single.forEach((byte, token) => {
    ofByte[byte] = token
  })
  const { starts, bytes } = joinBytes(single, merges)
  return {
    ofByte,
    merges,
    rankOf: pairRanks(merges),
    bytesOf: (token) => bytes.subarray(starts[token], starts[token + 1]),
  }
}

/** The bytes of all tokens one after another; those of token t begin at `starts[t]`. */
function joinBytes(single: Uint8Array, merges: Uint16Array): { starts: Uint32Array; bytes: Uint8Array } {
  const starts = new Uint32Array(END_OF_TEXT + 1)
  const lengthOf = (token: number) => starts[token + 1] - starts[token]
  for (let token = 0; token < END_OF_TEXT; token++) {
    const merge = 2 * (token - 256)
    starts[token + 1] = starts[token] + (token < 256 ? 1 : lengthOf(merges[merge]) + lengthOf(merges[merge + 1]))
  }
  const bytes = new Uint8Array(starts[END_OF_TEXT])
  bytes.set(single)
  for (let token = 256; token < END_OF_TEXT; token++) {
    const [left, right] = merges.subarray(2 * (token - 256))
    bytes.copyWithin(starts[token], starts[left], starts[left + 1])
    bytes.copyWithin(starts[token] + lengthOf(left), starts[right], starts[right + 1])
  }
  return { starts, bytes }
}

/** A hash table with open addressing, 2^17 places for 50,000 pairs: no number is boxed, as a Map's keys would be. */
function pairRanks(merges: Uint16Array): MergeTable['rankOf'] {
  const SHIFT = 15
  const keys = new Uint32Array(2 ** (32 - SHIFT)).fill(0xffffffff) // no pair: tokens are below 65535
  const ranks = new Uint16Array(keys.length)
  const placeOf = (key: number): number => {
    let place = Math.imul(key, 0x9e3779b1) >>> SHIFT // Knuth's multiplicative hash
    while (keys[place] !== key && keys[place] !== 0xffffffff) place = (place + 1) & (keys.length - 1)
    return place
  }
  for (let i = 0; i < merges.length; i += 2) {
    const key = ((merges[i] << 16) | merges[i + 1]) >>> 0
    const place = placeOf(key)
    keys[place] = key
    ranks[place] = 256 + i / 2
  }
  return (left, right) => {
    const place = placeOf(((left << 16) | right) >>> 0)
    return keys[place] === 0xffffffff ? -1 : ranks[place]
  }
}
