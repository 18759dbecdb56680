// GPT-2's tokens against Hugging Face's tokenizers and OpenAI's tiktoken: test/vectors/gpt2-bpe, from generate.py.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeBytePairs } from '../../src/data/byte-pair-merge.js'
import { END_OF_TEXT, loadGpt2Vocabulary } from '../../src/data/gpt2-vocabulary.js'
import {
  atOnce,
  createTextStream,
  createTokenBuffer,
  type EncodeOptions,
  loadTokenizer,
  type Tokenizer,
  type Tokens,
} from '../../src/data/index.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url))
const { texts, split, long, genome, tinyshakespeare } = JSON.parse(
  read('../vectors/gpt2-bpe/gpt2-bpe.json').toString(),
) as {
  texts: [string, number[]][]
  split: [string, number[]][]
  long: ({ unit: string; times: number } & Digest)[]
  genome: { length: number } & Digest
  tinyshakespeare: Digest
}
interface Digest {
  count: number
  sha256: string
}
const play = read('../../data/tinyshakespeare/input.txt')
const gpt2 = await loadTokenizer('gpt2')
const bytes = await loadTokenizer('bytes')
const utf8 = new TextEncoder()
// of a little-endian machine
const digest = (tokens: Tokens): Digest => ({
  count: tokens.length,
  sha256: createHash('sha256').update(tokens).digest('hex'),
})

const space = fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', '\u0085', '\u3000', '\ufeff')
const unit = fc.oneof(fc.string({ unit: 'grapheme' }), space, fc.constantFrom("'s", "I'll", ' the', '\ufffd', '12'))
const text = fc.array(unit, { maxLength: 30 }).map((parts) => parts.join(''))

/** Encodes in pieces that end where the cuts say. */
function encodeInPieces(tokenizer: Tokenizer, whole: Uint8Array, cuts: readonly number[], options?: EncodeOptions) {
  const tokens: number[] = []
  const take = (some: Tokens) => {
    for (const token of some) tokens.push(token)
  }
  const encoder = tokenizer.createEncoder(options)
  let at = 0
  for (const cut of [...cuts.map((fraction) => Math.floor(fraction * whole.length)), whole.length].sort(
    (a, b) => a - b,
  )) {
    atOnce(encoder.push(whole.slice(at, cut), take))
    at = cut
  }
  const replaced = atOnce(encoder.end(take))
  return { tokens, replaced }
}
const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

describe('gpt2', () => {
  it('gives the tokens of two other implementations, 436 texts', () => {
    expect(texts.length).toBe(436)
    for (const [whole, tokens] of texts) expect([...gpt2.encode(whole)], JSON.stringify(whole)).toEqual(tokens)
    expect([...gpt2.encode('Hello world')]).toEqual([15496, 995])
  })

  it('reads <|endoftext|> in a text as they do, as one token, or as letters where that is asked for', () => {
    expect([...gpt2.encode('A story.<|endoftext|>Another')]).toEqual([32, 1621, 13, 50256, 6610])
    expect(split.length).toBe(35)
    for (const [whole, tokens] of split) {
      expect([...gpt2.encode(whole, { splitSpecialTokens: true })], JSON.stringify(whole)).toEqual(tokens)
    }
    expect([...bytes.encode('<|endoftext|>')]).toEqual([...utf8.encode('<|endoftext|>')])
  })

  it('gives the same tokens of texts with <|endoftext|>, cut anywhere', () => {
    const parts = fc.constantFrom('<|endoftext|>', '<|endof', 'text|>', '<', ' ', '\n', "'", 's', 'a', '\u4f60')
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), fractions, fc.boolean(), (chosen, cuts, splitSpecialTokens) => {
        const whole = chosen.join('')
        const { tokens } = encodeInPieces(gpt2, utf8.encode(whole), cuts, { splitSpecialTokens })
        expect(tokens).toEqual([...gpt2.encode(whole, { splitSpecialTokens })])
      }),
    )
  })

  it.each(long)('gives their tokens of $times times $unit, in pieces of a megabyte', ({ unit, times, ...expected }) => {
    const whole = utf8.encode(`${unit.repeat(times)}b`)
    const found = createTokenBuffer(gpt2.vocabulary, whole.length)
    const encoder = gpt2.createEncoder()
    for (let at = 0; at < whole.length; at += 2 ** 20) {
      atOnce(encoder.push(whole.subarray(at, at + 2 ** 20), found.append))
    }
    atOnce(encoder.end(found.append))
    expect(digest(found.tokens())).toEqual(expected)
  })

  it('gives their tokens of 2^18 letters of ACGT', () => {
    let step = 1
    const letters = Array.from({ length: genome.length }, () => {
      step = (Math.imul(step, 1664525) + 1013904223) >>> 0
      return 'ACGT'[step >>> 30]
    }).join('')
    expect(digest(gpt2.encode(letters))).toEqual({ count: genome.count, sha256: genome.sha256 })
  })

  it('refuses a word that is longer than memory allows for', () => {
    const piece = new Uint8Array(2 ** 24).fill(97)
    const encoder = gpt2.createEncoder()
    const take = () => expect.unreachable()
    atOnce(encoder.push(piece, take))
    atOnce(encoder.push(piece, take))
    expect(() => atOnce(encoder.push(piece.subarray(0, 1), take))).toThrow(
      new RangeError('"text" expected words of at most 33,554,432 characters, got more of one kind without a space'),
    )
  })

  it('gives their 338,025 tokens of tiny Shakespeare', () => {
    expect(digest(gpt2.encode(play))).toEqual(tinyshakespeare)
  })

  it('has the merges whose digest its source names', async () => {
    const { merges } = await loadGpt2Vocabulary()
    const named = /SHA-256 of the bytes: (\w{64})/.exec(read('../../src/data/gpt2-merges.ts').toString())!
    expect(digest(merges).sha256).toBe(named[1])
  })

  it('merges the bytes of every token to that token', async () => {
    const vocabulary = await loadGpt2Vocabulary()
    const tokens = Array.from({ length: END_OF_TEXT }, (_, token) => token)
    const wrong = tokens.filter((token) => {
      const merged = mergeBytePairs(vocabulary, vocabulary.bytesOf(token))
      return merged.length !== 1 || merged[0] !== token
    })
    expect(wrong).toEqual([])
  })

  it('encodes a long word and a long text in steps, with the same tokens, whatever else is encoded between two', () => {
    const long = [`${'ACGT'.repeat(2 ** 18)}T`, 'a1'.repeat(2 ** 19 + 1)] // one word of 2^20 letters, and 2^20 words, no white space
    for (const [i, whole] of long.entries()) {
      const found = createTokenBuffer(gpt2.vocabulary, whole.length)
      const encoder = gpt2.createEncoder()
      let steps = 0
      for (const part of [encoder.push(utf8.encode(whole), found.append), encoder.end(found.append)]) {
        for (const _ of part) if (++steps % 8 === 1) gpt2.encode('another text meanwhile')
      }
      expect(steps).toBeGreaterThan([20, 14][i])
      expect(digest(found.tokens())).toEqual(digest(gpt2.encode(whole)))
    }
  })

  it('decodes <|endoftext|> to nothing', () => {
    expect([gpt2.documentEnd, gpt2.endToken]).toEqual([50256, 50256])
    expect(gpt2.decode([15496, 50256, 995])).toEqual(utf8.encode('Hello world'))
  })

  it('counts what is no UTF-8, and not U+FFFD of the text itself, however it is cut', () => {
    const whole = Uint8Array.from([
      0x61, 0xff, 0x20, 0xef, 0xbf, 0xbd, 0xf0, 0xef, 0xbf, 0xbd, 0x80, 0xef, 0xef, 0xbf, 0xbd, 0xe2,
    ])
    const expected = [...new TextDecoder().decode(whole)].filter((character) => character === '\ufffd').length - 3
    expect(expected).toBe(5)
    fc.assert(
      fc.property(fractions, (cuts) => {
        const { tokens, replaced } = encodeInPieces(gpt2, whole, cuts)
        expect(replaced).toBe(expected)
        expect(tokens).toEqual([...gpt2.encode(whole)])
      }),
    )
  })
})

describe.each([bytes, gpt2])('$name', (tokenizer) => {
  it('any text comes back', () => {
    fc.assert(
      fc.property(text, (whole) => {
        expect(tokenizer.decode(tokenizer.encode(whole))).toEqual(utf8.encode(whole))
      }),
    )
  })

  it('pieces, cut anywhere, have the tokens of the whole', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((whole) => utf8.encode(whole)),
          fc.uint8Array(),
        ),
        fractions,
        (whole, cuts) => {
          expect(encodeInPieces(tokenizer, whole, cuts).tokens).toEqual([...tokenizer.encode(whole)])
        },
      ),
      { numRuns: 400 },
    )
  })

  it('knows how many bytes a token stands for, and refuses what is none', () => {
    const { byteLengths, vocabulary } = tokenizer
    expect(byteLengths.length).toBe(vocabulary)
    const wrong = Array.from(byteLengths.keys()).filter(
      (token) => tokenizer.decode([token]).length !== byteLengths[token],
    )
    expect(wrong).toEqual([])
    for (const token of [-1, vocabulary, 0.5, Number.NaN]) {
      expect(() => tokenizer.decode([token])).toThrow(
        `"token" expected an integer from 0 to ${vocabulary - 1}, got ${token}`,
      )
    }
  })

  it('streams text token by token, characters whole', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const stream = createTextStream(tokenizer)
        const parts = [...tokenizer.encode(whole)].map((token) => stream.push(token))
        for (const part of parts) expect(part.isWellFormed()).toBe(true)
        expect(parts.join('') + stream.end()).toBe(whole)
      }),
    )
    const stream = createTextStream(tokenizer)
    const [first] = tokenizer.encode('\u{1f600}')
    expect([stream.push(first), stream.end()]).toEqual(['', '\ufffd'])
  })
})

describe('bytes', () => {
  it('takes any bytes as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fractions, (whole, cuts) => {
        expect(bytes.decode(bytes.encode(whole))).toEqual(whole)
        expect(encodeInPieces(bytes, whole, cuts)).toEqual({ tokens: [...whole], replaced: 0 })
      }),
    )
  })
})

it('an unknown tokenizer is refused', async () => {
  await expect(loadTokenizer('words')).rejects.toThrow(
    new RangeError('"tokenizer" expected bytes or gpt2, got "words"'),
  )
})
