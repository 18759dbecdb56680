import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as ort from 'onnxruntime-node'
import type { OutputFile } from '../../src/interop/index.js'

/** All of a file. */
export function bytesOf(file: OutputFile): Uint8Array {
  const bytes = Buffer.concat([...file.chunks()])
  if (bytes.length !== file.size) throw new Error(`${file.path} has ${bytes.length} bytes, not ${file.size}`)
  return bytes
}

/** Writes files as they are. */
export async function writeFiles(folder: string, files: readonly OutputFile[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(folder, file.path)), { recursive: true })
    await writeFile(join(folder, file.path), bytesOf(file))
  }
}

export type Feeds = Record<string, ort.Tensor>

/** An ONNX file in plain ONNX Runtime. */
export async function loadOnnx(file: OutputFile | Uint8Array) {
  const bytes = file instanceof Uint8Array ? file : bytesOf(file)
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 3, // that weights can be replaced is no news
  })
  return {
    session,
    async run(feeds: Feeds): Promise<Record<string, Float32Array>> {
      const results = await session.run(feeds)
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
    },
  }
}

/** Whole numbers as int64 [rows, columns]. */
export const int64 = (rows: readonly (readonly number[])[]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length])

export const floats = (dims: readonly number[], data: Float32Array): ort.Tensor => new ort.Tensor('float32', data, dims)
