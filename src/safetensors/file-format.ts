/** The format's own limit on the header, in bytes. */
export const HEADER_LIMIT = 100_000_000

/** Bytes from a file's start that its format is told by. */
export const FORMAT_BYTES = 24

/** Whether a file starts as safetensors do: the length of a header, and the header's brace. */
export function startsAsSafetensors(head: Uint8Array): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false
  return headerLength(head) <= BigInt(HEADER_LIMIT)
}

/** First bytes of other files that a model or a ticket may be looked for in. */
const signatures: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a ZIP archive, as PyTorch saves models'],
  ['GGUF', 'a GGUF file'],
  ['\x1f\x8b', 'a gzip file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
  ['7z\xbc\xaf', 'a 7-Zip archive'],
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['GIF8', 'a GIF picture'],
  ['%PDF', 'a PDF'],
  ['\x89HDF', 'an HDF5 file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x80\x02', "Python's pickle format, which is not read"],
  ['\x80\x04\x95', "Python's pickle format, which is not read"],
  ['\x80\x05\x95', "Python's pickle format, which is not read"],
  ['version https://git-lfs', 'the pointer of a file that Git LFS holds (git lfs pull fetches it)'],
  ['\xff\xfe', 'a text in UTF-16'],
  ['\xfe\xff', 'a text in UTF-16'],
]

/**
 * What a file looks like that is no safetensors file, for a message.
 * @param head its first bytes, {@link FORMAT_BYTES} of them where there are as many
 * @returns undefined for safetensors and for what is not known
 */
export function otherFormat(head: Uint8Array): string | undefined {
  if (head.length < 4 || startsAsSafetensors(head)) return undefined
  const text = String.fromCharCode(...head.subarray(0, FORMAT_BYTES))
  const known = signatures.find(([signature]) => text.startsWith(signature))
  if (known) return known[1]
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
