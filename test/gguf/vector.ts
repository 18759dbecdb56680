import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The path of a file that test/vectors/gguf/generate.py made. */
export const ggufVector = (name: string): string => fileURLToPath(new URL(`../vectors/gguf/${name}`, import.meta.url))

export const readVector = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(ggufVector(name)))

/** By folder and type of the matrices: type, shape and SHA-256 of every tensor. */
export type ExpectedTensors = Record<
  string,
  Record<string, Record<string, [type: string, shape: number[], hash: string]>>
>

export const expectedTensors = async (): Promise<ExpectedTensors> =>
  JSON.parse(await readFile(ggufVector('expected.json'), 'utf8'))
