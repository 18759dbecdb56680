/**
 * Files that hold tokens already: `.bin` as nanoGPT writes them (uint16, little-endian, nothing else) or as llm.c does (a
 * header before), and `.safetensors` with a tensor `tokens`. A bare array of numbers says nothing of itself, so that `.bin` files are
 * looked at for what else they may be.
 */
import { type Tokenizer, tooManyControls } from '../data/index.js'
import { InputError, openSafetensors, signatureOf, startsAsSafetensors, toUint16 } from '../safetensors/index.js'
import { type FileSource, openFile } from './files.js'

/** Whether a path names such a file. */
export const holdsTokens = (path: string): boolean => /\.(bin|safetensors)$/i.test(path)

/** Where the tokens of a file lie. */
export interface TokenRange {
  /** Bytes `start`..`end - 1` of the file. */
  readonly start: number
  readonly end: number
  readonly count: number
  /** How they are stored: `uint16`, `llm.c`, `safetensors`. */
  readonly form: 'uint16' | 'llm.c' | 'safetensors'
  /** The tokens of a whole number of elements' bytes. */
  read(bytes: Uint8Array): Uint16Array | Int32Array
}

/** llm.c's header: 256 int32, of which the first three are the magic number, the version and the count of tokens. */
const HEADER = { bytes: 1024, magic: 20240520, version: 1, llama3: 20240801 }

/** Bytes of a `.bin` file that its kind is told by. */
const LOOKED_AT = 2 ** 16

/**
 * Finds the tokens of a file.
 * @throws InputError when the file has not the form that its name promises: of a `.bin` file, when its first bytes are those of
 *   a text, of another kind of file or of wider numbers, or when it is cut
 * @param asBefore take a `.bin` file as uint16 without looking at it; see `CorpusOptions`
 */
export async function findTokens(file: FileSource, asBefore = false): Promise<TokenRange> {
  if (/\.bin$/i.test(file.name)) return asBefore ? uint16Tokens(file) : findBareTokens(file)
  const { tensors } = await openSafetensors(file)
  const info = tensors.get('tokens')
  if (!info) throw new InputError(`${file.name}: there is no tensor "tokens"`)
  const { dtype, shape, byteOffset: start, byteLength } = info
  if ((dtype !== 'U16' && dtype !== 'I32') || shape.length !== 1) {
    throw new InputError(`${file.name}: "tokens" expected U16 or I32 of one dimension, got ${dtype} [${shape}]`)
  }
  const read = dtype === 'U16' ? toUint16 : toInt32
  return { start, end: start + byteLength, count: shape[0], form: 'safetensors', read }
}

async function findBareTokens(file: FileSource): Promise<TokenRange> {
  const { name, size } = file
  const refuse: (what: string) => never = (what) => {
    throw new InputError(`${name}: ${what}; a .bin file expected uint16 tokens, as nanoGPT or llm.c write them`)
  }
  const head = await file.read(0, Math.min(size, LOOKED_AT))
  const [magic, version, count] = head.length < 12 ? [] : toInt32(head.subarray(0, 12))
  if (magic === HEADER.llama3) refuse("has llm.c's header for Llama 3, whose vocabulary is none of ours")
  if (magic === HEADER.magic) {
    if (version !== HEADER.version) refuse(`has llm.c's header of version ${version}, expected ${HEADER.version}`)
    const [promised, found] = [count, (size - HEADER.bytes) / 2]
    if (found !== promised) {
      const held = found < 0 ? 'the file ends within it' : `the file holds ${found}`
      throw new InputError(`${name}: its llm.c header promises ${promised} tokens, ${held}: it was cut or added to`)
    }
    return { start: HEADER.bytes, end: size, count: promised, form: 'llm.c', read: toUint16 }
  }
  const other = isSafetensors(head) ? 'a safetensors file' : signatureOf(head)
  if (other !== undefined) refuse(`is ${other}`)
  if (isText(head)) refuse('is a text, which is read under another name, such as .txt')
  const range = uint16Tokens(file)
  const wide = widthOf(toUint16(head.subarray(0, head.length & ~1)))
  if (wide !== undefined) refuse(`holds numbers of ${wide} bits`)
  const megatron = await megatronType(name)
  if (megatron !== undefined) refuse(`lies beside an index of Megatron's that says ${megatron}`)
  return range
}

function uint16Tokens({ name, size }: FileSource): TokenRange {
  if (size % 2 !== 0) throw new InputError(`${name}: ${size} bytes are no whole number of 16-bit tokens`)
  return { start: 0, end: size, count: size / 2, form: 'uint16', read: toUint16 }
}

/** The length of a header below 2^27, its brace and the quote of its first name. Tokens give these five bytes by chance in 1 of 10^11. */
const isSafetensors = (head: Uint8Array): boolean => startsAsSafetensors(head) && head[9] === 0x22

/** Fewer bytes may be characters by chance: of two random bytes both are printable ASCII in 1 of 7. */
const LEAST_TEXT = 64

function isText(head: Uint8Array): boolean {
  if (head.length < LEAST_TEXT || tooManyControls(head) || head.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** A token below 2^18 has at most this in its upper 16 bits: no vocabulary in use is larger. */
const MOST_UPPER = 3

/** Fewer numbers may alternate by chance. */
const LEAST_NUMBERS = 16

/**
 * Whether numbers of 16 bits are parts of wider ones: those at every second place are at most 3, and the others are not; or so
 * of four places.
 * @returns 32 or 64, or undefined
 */
function widthOf(numbers: Uint16Array): 32 | 64 | undefined {
  if (numbers.length < LEAST_NUMBERS) return undefined
  const largest = [0, 0, 0, 0]
  for (let i = 0; i < numbers.length; i++) largest[i & 3] = Math.max(largest[i & 3], numbers[i])
  const isLow = largest.map((value) => value <= MOST_UPPER)
  const [a, b, c, d] = isLow
  if ((!a && b && c && d) || (a && b && c && !d)) return 64
  if ((!a && b && !c && d) || (a && !b && c && !d)) return 32
  return undefined
}

/** Types in an index of Megatron's, by their codes; 8 is uint16. */
const megatronTypes = ['', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float64', 'float32']

/**
 * What the index beside a file of Megatron's says of its numbers: they have no header, but `x.idx` beside `x.bin` gives their
 * type after 9 bytes of magic number and 8 of version.
 * @returns undefined for uint16, and where there is no such index
 */
async function megatronType(name: string): Promise<string | undefined> {
  const index = await openFile(name.replace(/\.bin$/i, '.idx')).catch(() => undefined)
  try {
    if (index === undefined || index.size < 18) return undefined
    const head = await index.read(0, 18)
    return signatureOf(head)?.includes('Megatron') ? megatronTypes[head[17]] : undefined
  } finally {
    await index?.close()
  }
}

/** Little-endian bytes as signed 32-bit numbers (a copy). */
function toInt32(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true))
}

/** Watches the tokens of a file as they are read. */
export interface TokenCheck {
  /** @throws InputError unless all are tokens of the vocabulary */
  take(tokens: Uint16Array | Int32Array): void
  /**
   * Ends the file.
   * @returns what the user should know, or undefined
   * @throws InputError where the tokens must be those of another vocabulary
   */
  end(): string | undefined
}

/**
 * Tokens of another vocabulary are told by their largest. Of GPT-2's tokens, any 1,024 in a row have one of at least 43,210 in tiny
 * Shakespeare, 29,371 in WikiText-2 and 41,002 in TypeScript; any 65,536 one of at least 50,166. Random numbers of three digits
 * have none above 6,659, and lists of single digits none above 860.
 */
const otherVocabulary = {
  refused: { count: 1024, below: 5026 }, // a tenth of GPT-2's vocabulary
  told: { count: 65_536, below: 32_768 },
}

/**
 * Checks the tokens of a file.
 * @param form of the file; a tensor that is called `tokens` is not doubted
 */
export function checkTokens(name: string, tokenizer: Tokenizer, form: TokenRange['form']): TokenCheck {
  const { vocabulary, name: kind } = tokenizer
  let [count, largest] = [0, -1]
  const advice = 'give the text itself, or the same tokens as a tensor "tokens" in a .safetensors file'
  return {
    take(tokens) {
      if (count === 0 && kind === 'bytes' && form !== 'safetensors' && tokens instanceof Uint16Array) {
        const controls = tooManyControls(tokens.subarray(0, LOOKED_AT))
        if (controls && tokens.every((token) => token < vocabulary)) {
          throw new InputError(
            `${name}: its tokens are no bytes of a text (token ${controls.first} is the control character ${tokens[controls.first]}): they are of another vocabulary; ${advice}`,
          )
        }
      }
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i]
        if (token > largest) largest = token
        if (token >= 0 && token < vocabulary) continue
        const expected = `expected 0 to ${vocabulary - 1} for the tokenizer ${kind}`
        throw new InputError(`${name}: token ${count + i} is ${token}, ${expected}`)
      }
      count += tokens.length
    },
    end() {
      if (kind !== 'gpt2' || form === 'safetensors') return undefined
      const found = `the largest of its ${count.toLocaleString('en-US')} tokens is ${largest}`
      if (count >= otherVocabulary.refused.count && largest < otherVocabulary.refused.below) {
        throw new InputError(
          `${name}: ${found}, far below GPT-2's ${vocabulary}: they are of another vocabulary; ${advice}`,
        )
      }
      if (count < otherVocabulary.told.count || largest >= otherVocabulary.told.below) return undefined
      return `${name}: ${found} of GPT-2's ${vocabulary}: are they of another vocabulary?`
    },
  }
}
