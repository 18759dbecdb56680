import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openFile } from '../../../src/files/files.js'
import { readModelFolder } from '../../../src/interop/index.js'

const main = fileURLToPath(new URL('../../../', import.meta.url))

/** The bundled sorter. */
export const readSorter = () => readModelFolder((name) => openFile(join(main, 'data/gpt-nano-sort', name)))

/** A tensor dumped by the original program (minGPT), float32. */
export interface Partial {
  readonly shape: number[]
  readonly data: Float32Array
}

/** Every intermediate tensor of the sorter for three inputs, as the original program computed it. */
export function readPartials(): Map<string, Partial> {
  const file = join(main, 'test/vectors/gpt-nano-sort/gpt-nano-sort-t0-partials.json')
  const entries = Object.entries<{ shape: number[]; data: string }>(JSON.parse(readFileSync(file, 'utf8')))
  return new Map(
    entries
      .filter(([name]) => name !== 'config')
      .map(([name, { shape, data }]) => {
        const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
        return [name, { shape, data: new Float32Array(bytes.buffer) }]
      }),
  )
}
