import { signatureOf } from './signatures.js'

/** The format's own limit on the header, in bytes. */
export const HEADER_LIMIT = 100_000_000

/** Bytes from a file's start that its format is told by. */
export const FORMAT_BYTES = 24

/** Whether a file starts as safetensors do: the length of a header, and the header's brace. */
export function startsAsSafetensors(head: Uint8Array): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false
  return headerLength(head) <= BigInt(HEADER_LIMIT)
}

/**
 * What a file looks like that is no safetensors file, for a message.
 * @param head its first bytes, {@link FORMAT_BYTES} of them where there are as many
 * @returns undefined for safetensors and for what is not known
 */
export function otherFormat(head: Uint8Array): string | undefined {
  if (head.length < 4 || startsAsSafetensors(head)) return undefined
  const known = signatureOf(head)
  if (known !== undefined) return known
  if (startsAsOnnx(head)) return 'an ONNX file'
  if (head.every((byte) => byte === 0)) return 'zeros, as where a file was never written to its end'
  return isText(head) ? 'a text' : undefined
}

/**
 * Why a file is no safetensors file, in a few words behind its name: `not a safetensors file: it looks like a text`.
 * @param head as for {@link otherFormat}; empty where the file is
 * @returns undefined where it starts as one does, be it sound or not
 */
export function whyNotSafetensors(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'it is empty'
  const other = otherFormat(head)
  if (other !== undefined) return `it looks like ${other}`
  if (head[8] === 0x7b) return undefined // a header's brace
  const bytes = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return head.length < 8 ? `it has only the bytes ${bytes}` : `its first bytes are ${bytes}`
}

/** The length of the header that the first 8 bytes give. */
export const headerLength = (head: Uint8Array): bigint =>
  new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true)

/** UTF-8 without control characters; the last one may be cut. */
function isText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return !/[^\P{Cc}\t\n\f\r]/u.test(text)
  } catch {
    return false
  }
}

/** ONNX is a protobuf message: its version (field 1, a small integer), then another field of ModelProto. */
const startsAsOnnx = ([first, version, next]: Uint8Array): boolean =>
  first === 0x08 && version >= 1 && version <= 32 && modelProtoTags.includes(next)

/** Fields 2 to 8, 14 and 20 of ModelProto as they are tagged; 5 is an integer, the others have a length. */
const modelProtoTags = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2]
