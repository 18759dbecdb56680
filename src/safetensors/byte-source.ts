import { InputError } from './input-error.js'

/** Bytes that can be read at any offset: a file, a buffer, a range-served URL. */
export interface ByteSource {
  /** What to call it in error messages (a path). */
  readonly name: string
  /** Its length in bytes, a safe integer >= 0. */
  readonly size: number
  /** The `length` bytes at `offset`; rejects with InputError when they are not all there. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/**
 * A byte source over memory; `read` returns views, not copies.
 * @param bytes the content
 * @param name what error messages call it
 */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      assertInside(this, offset, length)
      return bytes.subarray(offset, offset + length)
    },
  }
}

/** Throws InputError unless [offset, offset + length) lies inside the source. */
export function assertInside(source: { name: string; size: number }, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new InputError(`${source.name}: not a byte range: ${length} bytes at ${offset}`)
  }
  if (offset + length > source.size) {
    throw new InputError(
      `${source.name}: file ends at byte ${source.size}, but bytes ${offset} to ${offset + length} were asked for`,
    )
  }
}
