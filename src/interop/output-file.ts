/** A file to be written, made piece by piece so that no second copy of a model lies in memory. */
export interface OutputFile {
  /** Its path in the folder, with `/` between parts; of a single file the name alone. */
  readonly path: string
  /** Bytes that the chunks have together. */
  readonly size: number
  /** Its content, in order. */
  chunks(): Iterable<Uint8Array>
}

/** A text in UTF-8. */
export function textFile(path: string, text: string): OutputFile {
  const bytes = new TextEncoder().encode(text)
  return { path, size: bytes.length, chunks: () => [bytes] }
}

/** An object as indented JSON. */
export const jsonFile = (path: string, value: unknown): OutputFile =>
  textFile(path, `${JSON.stringify(value, null, 2)}\n`)
