import { CodingError } from './rans.js'

/**
 * Inflates raw deflate (RFC 1951) to exactly `size` bytes, by the platform's own decoder.
 * @param size the declared size; nothing much longer is ever held
 * @throws CodingError when the stream is unsound, or its content is longer or shorter
 */
export async function inflate(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const inflated = new Uint8Array(size)
  let at = 0
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (at + value.length > size) throw new CodingError(`inflates to more than the declared ${size} bytes`)
      inflated.set(value, at)
      at += value.length
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    throw error instanceof CodingError ? error : new CodingError('is not sound deflate')
  }
  if (at !== size) throw new CodingError(`inflates to ${at} bytes, not the declared ${size}`)
  return inflated
}
