/** The bytes that each token of a `tokenizer.json` stands for, by the decoder that the file describes. */
import { byteCharacters } from './byte-level.js'

/** The bytes of a tokenizer's tokens. */
export interface TokenBytes {
  /** Bytes of each token within a text, [V]: none for special tokens and for numbers that are no token. */
  readonly lengths: Uint16Array
  /**
   * The bytes of one token.
   * @param token an integer in 0..V-1
   * @param isFirst whether it is the first of a text that is not special: some decoders take a space away there
   */
  bytesOf(token: number, isFirst: boolean): Uint8Array
}

/** A token of the file. */
export interface NamedToken {
  readonly text: string
  readonly isSpecial: boolean
  /** Whether it was added behind the vocabulary: then it stands for its own letters. */
  readonly isAdded: boolean
}

/** A decoder as a `tokenizer.json` describes it, checked (`tokenizer-rules.ts`); null for none. */
export type DecoderJson = { readonly type: string; readonly [key: string]: unknown } | null

/** A token on its way to bytes: text still, or bytes already. */
type Piece = string | Uint8Array
type Rule = (piece: Piece, isFirst: boolean, token: NamedToken) => Piece

const none = new Uint8Array(0)
const utf8 = new TextEncoder()

/**
 * The bytes of all tokens, each by itself: half characters stay bytes, as a stream needs them. Together they are the bytes of the whole
 * text, because no decoder that is supported looks further than whether a token is the first.
 * @param names [V], by number; undefined where a number is no token
 */
export function tokenBytes(names: readonly (NamedToken | undefined)[], decoder: DecoderJson): TokenBytes {
  const rules = rulesOf(decoder)
  const bytesOf = (token: NamedToken | undefined, isFirst: boolean): Uint8Array => {
    if (token === undefined || token.isSpecial) return none
    const piece = rules.reduce<Piece>((made, rule) => rule(made, isFirst, token), token.text)
    return typeof piece === 'string' ? utf8.encode(piece) : piece
  }
  const within = names.map((token) => bytesOf(token, false))
  return {
    lengths: Uint16Array.from(within, ({ length }) => length),
    bytesOf: (token, isFirst) => (isFirst ? bytesOf(names[token], true) : within[token]),
  }
}

/** A rule that leaves bytes alone. */
const ofText =
  (rule: (text: string, isFirst: boolean) => Piece): Rule =>
  (piece, isFirst) =>
    typeof piece === 'string' ? rule(piece, isFirst) : piece

function rulesOf(decoder: DecoderJson): Rule[] {
  if (decoder === null) return [ofText((text, isFirst) => (isFirst ? text : ` ${text}`))]
  switch (decoder.type) {
    case 'Sequence':
      return (decoder.decoders as DecoderJson[]).flatMap(rulesOf)
    case 'ByteLevel':
      return [(piece, _, { isAdded }) => (typeof piece === 'string' && !isAdded ? byteLevelBytes(piece) : piece)]
    case 'ByteFallback':
      return [ofText((text) => byteOf(text) ?? text)]
    case 'Fuse':
      return []
    case 'Replace': {
      const { String: from } = decoder.pattern as { String: string }
      return [ofText((text) => text.replaceAll(from, () => decoder.content as string))]
    }
    case 'Strip':
      return decoder.start === 0 ? [] : [(piece, isFirst) => (isFirst ? withoutSpace(piece) : piece)]
    case 'Metaspace': {
      const { replacement = '\u2581' } = decoder as { replacement?: string }
      // Of the first token every mark goes, as in Hugging Face's program.
      const atStart = prependScheme(decoder) === 'never' ? ' ' : ''
      return [ofText((text, isFirst) => text.replaceAll(replacement, isFirst ? atStart : ' '))]
    }
    case 'WordPiece': {
      const { prefix = '##', cleanup = true } = decoder as { prefix?: string; cleanup?: boolean }
      return [
        ofText((text, isFirst) => {
          if (isFirst) return text
          const spaced = text.startsWith(prefix) ? text.slice(prefix.length) : ` ${text}`
          return cleanup ? spaced.replace(/^ (?=[.?!,]|n't|'m|'s|'ve|'re)/, '') : spaced
        }),
      ]
    }
    default:
      throw new RangeError(`"decoder" expected one that was checked, got ${decoder.type}`)
  }
}

/** Whether a Metaspace puts a space before a text; the older key is `add_prefix_space`. */
export const prependScheme = (json: { readonly [key: string]: unknown }): unknown =>
  json.prepend_scheme ?? (json.add_prefix_space === false ? 'never' : 'always')

const byteOfCharacter = new Map(byteCharacters.map((character, byte) => [character, byte]))

/** Of a token in byte-level characters; one with any other character stands for its own letters, as in Hugging Face's tokenizers. */
function byteLevelBytes(text: string): Piece {
  const bytes = Array.from(text, (character) => byteOfCharacter.get(character))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : text
}

/** The byte of a token `<0x41>`. */
function byteOf(text: string): Uint8Array | undefined {
  const [, digits] = /^<0x([0-9A-Fa-f]{2})>$/.exec(text) ?? []
  return digits === undefined ? undefined : Uint8Array.of(Number.parseInt(digits, 16))
}

/** Without the space that it begins with, if it does. */
const withoutSpace = (piece: Piece): Piece =>
  typeof piece === 'string' ? piece.replace(/^ /, '') : piece[0] === 32 ? piece.subarray(1) : piece
