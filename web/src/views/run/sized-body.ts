/** Bytes from elsewhere, up to as many as a page opens. */
import { InputError } from '../../../../src/safetensors/input-error.js'

/**
 * The body of an answer. What the server says of its length may be wrong, and is that of the compressed body where it is compressed.
 * @param most bytes
 * @throws InputError when there are more
 */
export async function readBody({ body }: Pick<Response, 'body'>, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  const reader = body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true }
    if (done || !value) break
    length += value.length
    if (length > most) {
      await reader?.cancel().catch(() => {})
      throw new InputError(tooMany('the file', length, most))
    }
    pieces.push(value)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Says that there are more bytes than a page opens. */
export function tooMany(name: string, size: number, most: number): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString('en')
  return `${name} has ${megabytes(size)} MB, more than a page opens (${megabytes(most)} MB).`
}
