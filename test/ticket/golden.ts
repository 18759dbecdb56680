import { readFile } from 'node:fs/promises'

/** What a golden ticket must give: hashes of its file and of its weights, float32 little-endian, by matrix or pair. */
export interface Golden {
  readonly sha256: string
  readonly coding: string
  readonly weights: Readonly<Record<string, string>>
}

const folder = new URL('../vectors/tickets/', import.meta.url)

/** By file name. Frozen: test/vectors/tickets/generate.mjs says how they were made. */
export const goldens: Readonly<Record<string, Golden>> = JSON.parse(
  await readFile(new URL('golden.json', folder), 'utf8'),
)

export const goldenFile = (name: string): URL => new URL(name, folder)
