import { byteTokenizer } from '../../../../src/data/byte-tokenizer.js'
import { type Corpus, splitTokens, tooShort } from '../../../../src/data/corpus.js'
import { webSha256 } from '../../../../src/engine/web-sha256.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import { hashOf } from '../../../../src/ticket/hash.js'

/** A text as it was fetched, pasted or dropped. */
export interface SourceText {
  /** What it is called in the ticket. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * A text as a corpus of bytes, as `slt search --data` reads a file: the last tenth validates.
 * @param context T, tokens a window, an integer >= 1
 * @throws InputError when it is too short for the context
 */
export function corpusOfBytes({ name, bytes }: SourceText, context: number): Corpus {
  const corpus: Corpus = {
    name,
    tokenizer: byteTokenizer,
    ...splitTokens(byteTokenizer.encode(bytes)),
    sha256: hashOf(webSha256, bytes),
    specialTokens: 0,
    parts: [],
    warnings: [],
  }
  if (tooShort(corpus, context) !== undefined) throw new InputError(shortage(bytes.length, context)!)
  return corpus
}

/**
 * What a text lacks for windows of a context, a sentence without its full stop; undefined when it is long enough.
 * @param length bytes, an integer >= 0
 * @param context T, tokens a window, an integer >= 1
 */
export function shortage(length: number, context: number): string | undefined {
  const needed = 10 * (context + 1) // a tenth of it, rounded down, has to hold a window and the byte after it
  if (length >= needed) return undefined
  const has = `${length.toLocaleString('en')} ${length === 1 ? 'byte' : 'bytes'}`
  return `The text has ${has}; a context of ${context} needs at least ${needed.toLocaleString('en')}`
}

/**
 * Loss in nats a byte of a model that knows how often each byte occurs, and nothing of the order: what a search has to beat.
 * Frequencies are those of the training text, each count one higher, so that no byte is impossible.
 */
export function frequencyLoss({ train, valid }: Pick<Corpus, 'train' | 'valid'>): number {
  const counts = new Float64Array(256).fill(1)
  for (const byte of train) counts[byte]++
  const total = train.length + 256
  let nats = 0
  for (const byte of valid) nats -= Math.log(counts[byte] / total)
  return nats / valid.length
}
