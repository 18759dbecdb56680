/**
 * Files that hold tokens already: `.bin` as nanoGPT writes them (little-endian, nothing else) or as llm.c does (a header before), and
 * `.safetensors` with a tensor `tokens`. In a `.bin` file tokens are uint16; those of a vocabulary of more than 65,536 are uint32. A bare array
 * of numbers says nothing of itself, so that `.bin` files are looked at for what else they may be.
 */
import { NARROW_VOCABULARY, type Tokenizer, type Tokens, tooManyControls } from '../data/index.js'
import {
  type Dtype,
  InputError,
  openSafetensors,
  signatureOf,
  startsAsSafetensors,
  toUint16,
  toUint32,
} from '../safetensors/index.js'
import { type FileSource, openFile } from './files.js'

/** Whether a path names such a file. */
export const holdsTokens = (path: string): boolean => /\.(bin|safetensors)$/i.test(path)

/** How a tensor of tokens is read. */
const readers: { readonly [D in Dtype]?: TokenRange['read'] } = { U16: toUint16, U32: toUint32, I32: toInt32 }

/** Where the tokens of a file lie. */
export interface TokenRange {
  /** Bytes `start`..`end - 1` of the file. */
  readonly start: number
  readonly end: number
  readonly count: number
  /** How they are stored: `uint16`, `uint32`, `llm.c`, `safetensors`. */
  readonly form: BareForm['name'] | 'llm.c' | 'safetensors'
  /** The tokens of a whole number of elements' bytes. */
  read(bytes: Uint8Array): Tokens | Int32Array
}

/** How the tokens of a `.bin` file are stored. */
interface BareForm {
  readonly name: 'uint16' | 'uint32'
  readonly bits: 16 | 32
  read(bytes: Uint8Array): Tokens
  /** Magic number and version of llm.c's header before tokens of this kind, and the model that they are of. */
  readonly header: { readonly magic: number; readonly version: number; readonly model: string }
  /** The type by which an index of Megatron's names such numbers; undefined for uint16. */
  readonly megatron: string | undefined
  /** What is said where a file is refused. */
  readonly expected: string
}

const narrow: BareForm = {
  name: 'uint16',
  bits: 16,
  read: toUint16,
  header: { magic: 20240520, version: 1, model: 'GPT-2' },
  megatron: undefined,
  expected: 'uint16 tokens, as nanoGPT or llm.c write them',
}

const wide: BareForm = {
  name: 'uint32',
  bits: 32,
  read: toUint32,
  header: { magic: 20240801, version: 7, model: 'Llama 3' },
  megatron: 'int32',
  expected: 'uint32 tokens, for the vocabulary has more than 65,536',
}

/** llm.c's header is 256 int32, of which the first three are the magic number, the version and the count of tokens. */
const HEADER_BYTES = 1024

/** Bytes of a `.bin` file that its kind is told by. */
const LOOKED_AT = 2 ** 16

/**
 * Finds the tokens of a file.
 * @throws InputError when the file has not the form that its name promises: of a `.bin` file, when its first bytes are those of
 *   a text, of another kind of file or of wider numbers, or when it is cut
 * @param vocabulary V: in a `.bin` file, tokens of more than 65,536 are uint32
 * @param asBefore take a `.bin` file as its numbers without looking at it; see `CorpusOptions`
 */
export async function findTokens(file: FileSource, vocabulary: number, asBefore = false): Promise<TokenRange> {
  if (/\.bin$/i.test(file.name)) {
    const form = vocabulary > NARROW_VOCABULARY ? wide : narrow
    return asBefore ? bareTokens(file, form) : findBareTokens(file, form, vocabulary)
  }
  const { tensors } = await openSafetensors(file)
  const info = tensors.get('tokens')
  if (!info) throw new InputError(`${file.name}: there is no tensor "tokens"`)
  const { dtype, shape, byteOffset: start, byteLength } = info
  const read = readers[dtype]
  if (read === undefined || shape.length !== 1) {
    const types = Object.keys(readers).join(', ')
    throw new InputError(`${file.name}: "tokens" expected one dimension of ${types}, got ${dtype} [${shape}]`)
  }
  return { start, end: start + byteLength, count: shape[0], form: 'safetensors', read }
}

async function findBareTokens(file: FileSource, form: BareForm, vocabulary: number): Promise<TokenRange> {
  const { name, size } = file
  const refuse: (what: string) => never = (what) => {
    throw new InputError(`${name}: ${what}; a .bin file expected ${form.expected}`)
  }
  const head = await file.read(0, Math.min(size, LOOKED_AT))
  const [magic, version, count] = head.length < 12 ? [] : toInt32(head.subarray(0, 12))
  const { header } = form
  const other = form === wide ? narrow.header : wide.header
  if (magic === other.magic) refuse(`has llm.c's header for the tokens of ${other.model}`)
  if (magic === header.magic) {
    if (version !== header.version) refuse(`has llm.c's header of version ${version}, expected ${header.version}`)
    const [promised, found] = [count, (size - HEADER_BYTES) / (form.bits / 8)]
    if (found !== promised) {
      const held = found < 0 ? 'the file ends within it' : `the file holds ${found}`
      throw new InputError(`${name}: its llm.c header promises ${promised} tokens, ${held}: it was cut or added to`)
    }
    return { start: HEADER_BYTES, end: size, count: promised, form: 'llm.c', read: form.read }
  }
  const signature = isSafetensors(head) ? 'a safetensors file' : signatureOf(head)
  if (signature !== undefined) refuse(`is ${signature}`)
  if (isText(head)) refuse('is a text, which is read under another name, such as .txt')
  const range = bareTokens(file, form)
  const bits = widthOf(toUint16(head.subarray(0, head.length & ~1)), vocabulary)
  if (bits !== undefined && bits !== form.bits) refuse(`holds numbers of ${bits} bits`)
  const megatron = await megatronType(name)
  if (megatron !== undefined && megatron !== form.megatron) {
    refuse(`lies beside an index of Megatron's that says ${megatron}`)
  }
  return range
}

function bareTokens({ name, size }: FileSource, { name: form, bits, read }: BareForm): TokenRange {
  const each = bits / 8
  if (size % each !== 0) throw new InputError(`${name}: ${size} bytes are no whole number of ${bits}-bit tokens`)
  return { start: 0, end: size, count: size / each, form, read }
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

/** A token below 2^18 has at most this in its upper 16 bits. */
const MOST_UPPER = 3

/** Fewer numbers may alternate by chance. */
const LEAST_NUMBERS = 16

/**
 * How wide numbers are that were read as ones of 16 bits. Of wider ones those at every second place are small, and the others are not; or so
 * of four places.
 * @param vocabulary V of tokens; those of a vocabulary of at most 2^18 are small up to 3
 * @returns undefined where all are small, or too few
 */
function widthOf(numbers: Uint16Array, vocabulary: number): 16 | 32 | 64 | undefined {
  if (numbers.length < LEAST_NUMBERS) return undefined
  const largest = [0, 0, 0, 0]
  for (let i = 0; i < numbers.length; i++) largest[i & 3] = Math.max(largest[i & 3], numbers[i])
  const mostUpper = Math.max(MOST_UPPER, (vocabulary - 1) >>> 16)
  const isLow = largest.map((value) => value <= mostUpper)
  const [a, b, c, d] = isLow
  if ((!a && b && c && d) || (a && b && c && !d)) return 64
  if ((!a && b && !c && d) || (a && !b && c && !d)) return 32
  return isLow.includes(true) ? undefined : 16
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
  take(tokens: Tokens | Int32Array): void
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
