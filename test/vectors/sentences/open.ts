import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The folder of the small sentence encoder. */
export const encoderFolder = fileURLToPath(new URL('encoder', import.meta.url))

/** Texts, and what sentence-transformers makes of them: float32 [texts, 16]. */
export interface ExpectedSentences {
  readonly texts: readonly string[]
  readonly mean: Float32Array
  readonly cls: Float32Array
  readonly max: Float32Array
}

export async function expectedSentences(): Promise<ExpectedSentences> {
  const { texts, mean, cls, max } = JSON.parse(await readFile(new URL('expected.json', import.meta.url), 'utf8'))
  const unpack = ({ data }: { data: string }) => new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer)
  return { texts, mean: unpack(mean), cls: unpack(cls), max: unpack(max) }
}
