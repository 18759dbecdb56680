/** The text of a file that the visitor gives. */
import { openText, type Pieces } from '../../../../src/data/text-file.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import type { SourceText } from './corpus-bytes.js'

/** Bytes of a text; a larger one gains a small model nothing, and each search holds three bytes of memory a byte. */
export const LARGEST_TEXT = 50_000_000

/**
 * Reads a file as `slt search --data` reads it: gzip is unpacked, UTF-16 rewritten as UTF-8, what is no text refused.
 * @param largest bytes of the text, an integer >= 1
 * @throws InputError for what is no text, unsound or too large; what the browser throws where the file cannot be read
 */
export async function textOfFile(file: File, largest = LARGEST_TEXT): Promise<SourceText> {
  const { name, size } = file
  const tooLarge = () => new InputError(`${name}: a search in a page takes a text of at most ${megabytes(largest)} MB`)
  if (size > largest) throw tooLarge()
  const { pieces } = await openText({ name, size, pieces: piecesOf(file.stream()), gunzip })
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for await (const piece of pieces) {
    length += piece.length
    if (length > largest) throw tooLarge()
    parts.push(piece as Uint8Array<ArrayBuffer>)
  }
  return { name, bytes: new Uint8Array(await new Blob(parts).arrayBuffer()) }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** Unpacks gzip of one member: browsers have no decoder of several. */
function gunzip(packed: Pieces): Pieces {
  const iterator = packed[Symbol.asyncIterator]()
  const stream = new ReadableStream<BufferSource>({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value as Uint8Array<ArrayBuffer>)
    },
    cancel: async () => void (await iterator.return?.()),
  })
  return piecesOf(stream.pipeThrough(new DecompressionStream('gzip')))
}

/** A stream as an iteration, which not every browser has of itself. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel().catch(() => {}) // what failed has been told
  }
}
