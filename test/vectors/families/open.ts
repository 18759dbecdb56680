import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** An array of `expected.json`, row-major. */
export interface Packed {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A batch with its loss in nats, and the gradient of every weight by its name in the folder. */
export interface ExpectedGradients {
  readonly tokens: readonly number[][]
  /** [B, T]; -1 where no token is asked for. */
  readonly targets: readonly number[][]
  /** Of BERT alone, [B, T]. */
  readonly mask?: readonly number[][]
  readonly tokenTypes?: readonly number[][]
  readonly loss: number
  readonly d: ReadonlyMap<string, Packed>
}

/** What transformers computes with a folder; `generate.py` says what each is. */
export interface ExpectedFamily {
  readonly tokens: readonly number[][]
  readonly mask?: readonly number[][]
  readonly tokenTypes?: readonly number[][]
  readonly logits?: Packed
  readonly hidden?: Packed
  readonly greedy?: { readonly prompt: readonly number[]; readonly tokens: readonly number[] }
  readonly gradients?: ExpectedGradients
}

/** The path of a folder beside this file: `llama`, `bert`, `refused`... */
export const familyFolder = (name: string): string => fileURLToPath(new URL(`${name}/`, import.meta.url))

/** The `expected.json` of a folder. */
export async function expectedOf(name: string): Promise<ExpectedFamily> {
  const json = JSON.parse(await readFile(`${familyFolder(name)}expected.json`, 'utf8'))
  const { logits, hidden, gradients } = json
  return {
    ...json,
    ...(logits && { logits: unpack(logits) }),
    ...(hidden && { hidden: unpack(hidden) }),
    ...(gradients && {
      gradients: { ...gradients, d: new Map(Object.entries<Json>(gradients.d).map(([key, each]) => [key, unpack(each)])) },
    }),
  }
}

type Json = { shape: number[]; data: string }

const unpack = ({ shape, data }: Json): Packed => ({
  shape,
  data: new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer),
})
