import { openText } from '../data/index.js'
import { InputError } from '../safetensors/index.js'
import { openFile } from './files.js'
import { gunzip } from './gunzip.js'

/** Bytes read at once. */
const PIECE = 2 ** 20

/**
 * The lines of a text file, as UTF-8; it may be gzip, or UTF-16 with a byte order mark. Lines end in LF or CR LF, the last one may end
 * without.
 * @throws InputError in one line for a file that cannot be read or is no text, for one without lines, and for the first line that is
 *   empty or white space
 */
export async function readTextLines(path: string, signal?: AbortSignal): Promise<string[]> {
  const file = await openFile(path, 'text file')
  try {
    const { size } = file
    async function* pieces() {
      for (let at = 0; at < size; at += PIECE) {
        signal?.throwIfAborted()
        yield await file.read(at, Math.min(PIECE, size - at))
      }
    }
    const opened = await openText({ name: path, size, pieces: pieces(), gunzip })
    const decoder = new TextDecoder() // leaves out a byte order mark
    let text = ''
    for await (const piece of opened.pieces) text += decoder.decode(piece, { stream: true })
    const lines = (text + decoder.decode()).split(/\r?\n/)
    if (lines.at(-1) === '') lines.pop()
    if (lines.length === 0) throw new InputError(`${path}: empty`)
    const empty = lines.findIndex((line) => line.trim() === '')
    if (empty >= 0) throw new InputError(`${path}: line ${empty + 1} is empty; every line is one text`)
    return lines
  } finally {
    await file.close()
  }
}
