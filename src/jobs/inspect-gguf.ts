/** What a GGUF file is made of. */
import type { BaseConfig } from '../families/index.js'
import { openFile } from '../files/files.js'
import { openGguf } from '../gguf/index.js'
import { openGgufModel } from '../interop/index.js'
import { createMemoryBudget } from '../safetensors/index.js'
import type { OpenOptions } from '../ticket/index.js'
import { ggufTokenizerOf } from './own-tokenizer.js'

/** A report of a file. */
export interface GgufReport {
  readonly architecture: string
  readonly config: BaseConfig
  readonly bytes: number
  /** Which of our tokenizers it has; `other` for another one that is read, null for none. */
  readonly tokenizer: string | null
  /** By the type of their elements: how many tensors and numbers there are, and their bytes. */
  readonly types: readonly {
    readonly type: string
    readonly tensors: number
    readonly numbers: number
    readonly bytes: number
  }[]
  /** Entries of the metadata that are one value. */
  readonly metadata: Readonly<Record<string, string | number | boolean>>
  readonly warnings: readonly string[]
}

/**
 * Opens a file, checks it, and reports what it is made of. Its tensors are not read.
 * @throws InputError when it is no sound GGUF file of a model that is read
 */
export async function inspectGguf(path: string, { memoryLimit }: OpenOptions = {}): Promise<GgufReport> {
  const source = await openFile(path)
  try {
    const { metadata, tensors } = await openGguf(source, createMemoryBudget(path, memoryLimit))
    const model = await openGgufModel(source, createMemoryBudget(path, memoryLimit))
    const { tokenizer, hasOtherTokenizer } = await ggufTokenizerOf(model)
    const types = new Map<string, { tensors: number; numbers: number; bytes: number }>()
    for (const { type, shape, byteLength } of tensors.values()) {
      const { tensors: count, numbers, bytes } = types.get(type) ?? { tensors: 0, numbers: 0, bytes: 0 }
      const size = shape.reduce((product, length) => product * length, 1)
      types.set(type, { tensors: count + 1, numbers: numbers + size, bytes: bytes + byteLength })
    }
    const single = [...metadata].flatMap(([key, { type, value }]) =>
      type === 'array' ? [] : [[key, typeof value === 'bigint' ? String(value) : value] as const],
    )
    return {
      architecture: String(metadata.get('general.architecture')?.value),
      config: model.config,
      bytes: source.size,
      tokenizer: tokenizer ?? (hasOtherTokenizer ? 'other' : null),
      types: Array.from(types, ([type, counts]) => ({ type, ...counts })),
      metadata: Object.fromEntries(single) as GgufReport['metadata'],
      warnings: model.warnings,
    }
  } finally {
    await source.close()
  }
}
