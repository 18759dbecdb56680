// GPT-2's tokens against Hugging Face's tokenizers and OpenAI's tiktoken: test/vectors/gpt2-bpe, from generate.py.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import reference from 'gpt-tokenizer/encoding/r50k_base'
import { describe, expect, it } from 'vitest'
import { mergeBytePairs } from '../../src/data/byte-pair-merge.js'
import { loadGpt2Vocabulary } from '../../src/data/gpt2-vocabulary.js'
import { createTextStream, loadTokenizer, type Tokenizer } from '../../src/data/index.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url))
const { texts, tinyshakespeare } = JSON.parse(read('../vectors/gpt2-bpe/gpt2-bpe.json').toString()) as {
  texts: [string, number[]][]
  tinyshakespeare: { count: number; sha256: string }
}
const play = read('../../data/tinyshakespeare/input.txt')
const gpt2 = await loadTokenizer('gpt2')
const bytes = await loadTokenizer('bytes')
const utf8 = new TextEncoder()
const rawBytes = (tokens: Uint16Array) => Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength)
const sha256 = (tokens: Uint16Array) => createHash('sha256').update(tokens).digest('hex') // of a little-endian machine

const space = fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', '\u0085', '\u3000', '\ufeff')
const unit = fc.oneof(fc.string({ unit: 'grapheme' }), space, fc.constantFrom("'s", "I'll", ' the', '\ufffd', '12'))
const text = fc.array(unit, { maxLength: 30 }).map((parts) => parts.join(''))

/** Encodes in pieces that end where the cuts say. */
async function encodeInPieces(tokenizer: Tokenizer, whole: Uint8Array, cuts: readonly number[]) {
  const tokens: number[] = []
  const take = (some: Uint16Array) => tokens.push(...some)
  const encoder = tokenizer.createEncoder()
  let at = 0
  for (const cut of [...cuts.map((fraction) => Math.floor(fraction * whole.length)), whole.length].sort(
    (a, b) => a - b,
  )) {
    await encoder.push(whole.slice(at, cut), take)
    at = cut
  }
  const replaced = await encoder.end(take)
  return { tokens, replaced }
}
const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

describe('gpt2', () => {
  it('gives the tokens of two other implementations, 248 texts', () => {
    expect(texts.length).toBe(248)
    for (const [whole, tokens] of texts) expect([...gpt2.encode(whole)], JSON.stringify(whole)).toEqual(tokens)
    expect([...gpt2.encode('Hello world')]).toEqual([15496, 995])
  })

  it('gives their 338,025 tokens of tiny Shakespeare', () => {
    const tokens = gpt2.encode(play)
    expect(tokens.length).toBe(tinyshakespeare.count)
    expect(sha256(tokens)).toBe(tinyshakespeare.sha256)
  })

  it("merges as gpt-tokenizer's own program does, ASCII words", () => {
    const words = fc.string({ unit: fc.constantFrom(..."aehinorst ACGT'-.01"), maxLength: 80 })
    fc.assert(
      fc.property(words, (word) => {
        expect([...gpt2.encode(word)]).toEqual(reference.encode(word))
      }),
    )
  })

  it('merges the bytes of every token to that token', async () => {
    const vocabulary = await loadGpt2Vocabulary()
    const wrong = vocabulary.bytes.filter((word, token) => {
      const merged = mergeBytePairs(vocabulary, word)
      return merged.length !== 1 || merged[0] !== token
    })
    expect(wrong).toEqual([])
  })

  it('a word of 2^18 letters is merged without a quadratic number of steps', () => {
    let steps = 1
    const letters = Array.from({ length: 2 ** 18 }, () => {
      steps = (Math.imul(steps, 1664525) + 1013904223) >>> 0
      return 'ACGT'[steps >>> 30]
    }).join('')
    const tokens = gpt2.encode(letters)
    expect(new TextDecoder().decode(gpt2.decode(tokens))).toBe(letters)
    expect(tokens.length).toBeLessThan(letters.length * 0.6)
  })

  it('pauses within a long word and a long run of words, with the same tokens; what the pause throws ends it', async () => {
    const long = ['ACGT'.repeat(2 ** 18), 'a1'.repeat(2 ** 19 + 1)] // one word of 2^20 letters, and 2^20 words, no white space
    for (const [i, whole] of [`${long[0]}T`, long[1]].entries()) {
      const tokens: number[] = []
      const take = (some: Uint16Array) => some.forEach((token) => void tokens.push(token))
      let pauses = 0
      const encoder = gpt2.createEncoder()
      const pause = async () => {
        if (++pauses === 1) gpt2.encode('another text meanwhile')
      }
      await encoder.push(utf8.encode(whole), take, pause)
      await encoder.end(take, pause)
      expect(pauses).toBeGreaterThan([8, 100][i])
      expect(Buffer.compare(Buffer.from(Uint16Array.from(tokens).buffer), rawBytes(gpt2.encode(whole)))).toBe(0)
    }
    const encoder = gpt2.createEncoder()
    const stop = () => Promise.reject(new Error('enough'))
    await encoder.push(utf8.encode(`${long[0]}T`), () => {}, stop)
    await expect(encoder.end(() => {}, stop)).rejects.toThrow('enough')
  })

  it('never makes <|endoftext|> of text, and decodes it to nothing', () => {
    expect([...gpt2.encode('<|endoftext|>')]).not.toContain(gpt2.documentEnd)
    expect(gpt2.documentEnd).toBe(50256)
    expect(gpt2.decode([15496, 50256, 995])).toEqual(utf8.encode('Hello world'))
  })

  it('counts what is no UTF-8, and not U+FFFD of the text itself, however it is cut', async () => {
    const whole = Uint8Array.from([
      0x61, 0xff, 0x20, 0xef, 0xbf, 0xbd, 0xf0, 0xef, 0xbf, 0xbd, 0x80, 0xef, 0xef, 0xbf, 0xbd, 0xe2,
    ])
    const expected = [...new TextDecoder().decode(whole)].filter((character) => character === '\ufffd').length - 3
    expect(expected).toBe(5)
    await fc.assert(
      fc.asyncProperty(fractions, async (cuts) => {
        const { tokens, replaced } = await encodeInPieces(gpt2, whole, cuts)
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

  it('pieces, cut anywhere, have the tokens of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text.map((whole) => utf8.encode(whole)),
          fc.uint8Array(),
        ),
        fractions,
        async (whole, cuts) => {
          expect((await encodeInPieces(tokenizer, whole, cuts)).tokens).toEqual([...tokenizer.encode(whole)])
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
  it('takes any bytes as they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fractions, async (whole, cuts) => {
        expect(bytes.decode(bytes.encode(whole))).toEqual(whole)
        expect(await encodeInPieces(bytes, whole, cuts)).toEqual({ tokens: [...whole], replaced: 0 })
      }),
    )
  })
})

it('an unknown tokenizer is refused', async () => {
  await expect(loadTokenizer('words')).rejects.toThrow(
    new RangeError('"tokenizer" expected bytes or gpt2, got "words"'),
  )
})
