/** Files that hold tokens already: `.bin` as nanoGPT writes them (uint16, little-endian), `.safetensors` with a tensor `tokens`. */
import type { Tokenizer } from '../data/index.js'
import { InputError, openSafetensors, toUint16 } from '../safetensors/index.js'
import type { FileSource } from './files.js'

/** Whether a path names such a file. */
export const holdsTokens = (path: string): boolean => /\.(bin|safetensors)$/i.test(path)

/** Where the tokens of a file lie. */
export interface TokenRange {
  /** Bytes `start`..`end - 1` of the file. */
  readonly start: number
  readonly end: number
  readonly count: number
  /** The tokens of a whole number of elements' bytes. */
  read(bytes: Uint8Array): Uint16Array | Int32Array
}

/** @throws InputError when the file has not the form that its name promises */
export async function findTokens(file: FileSource): Promise<TokenRange> {
  if (/\.bin$/i.test(file.name)) {
    if (file.size % 2 !== 0) {
      throw new InputError(`${file.name}: ${file.size} bytes are no whole number of 16-bit tokens`)
    }
    return { start: 0, end: file.size, count: file.size / 2, read: toUint16 }
  }
  const { tensors } = await openSafetensors(file)
  const info = tensors.get('tokens')
  if (!info) throw new InputError(`${file.name}: there is no tensor "tokens"`)
  const { dtype, shape, byteOffset: start, byteLength } = info
  if ((dtype !== 'U16' && dtype !== 'I32') || shape.length !== 1) {
    throw new InputError(`${file.name}: "tokens" expected U16 or I32 of one dimension, got ${dtype} [${shape}]`)
  }
  return { start, end: start + byteLength, count: shape[0], read: dtype === 'U16' ? toUint16 : toInt32 }
}

/** Little-endian bytes as signed 32-bit numbers (a copy). */
function toInt32(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true))
}

/**
 * Throws InputError unless all are tokens of the vocabulary.
 * @param first index of the first of them in the file
 */
export function checkTokens(name: string, tokenizer: Tokenizer, tokens: Uint16Array | Int32Array, first: number): void {
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] >= 0 && tokens[i] < tokenizer.vocabulary) continue
    const expected = `expected 0 to ${tokenizer.vocabulary - 1} for the tokenizer ${tokenizer.name}`
    throw new InputError(`${name}: token ${first + i} is ${tokens[i]}, ${expected}`)
  }
}
