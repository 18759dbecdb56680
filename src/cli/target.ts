import { basename, join } from 'node:path'
import type { BaseConfig, ModelWeights } from '../families/index.js'
import { InputError } from '../safetensors/input-error.js'

/** A model to be approximated. */
export interface Target {
  /** What to call it: the folder's or the shape's name. */
  readonly name: string
  readonly config: BaseConfig
  readonly weights: ModelWeights
  /** A line each for what a folder holds and was not read. */
  readonly warnings: readonly string[]
  /** Tensors of a folder's poolers and heads of tasks, which the model is without. */
  readonly leftOut?: readonly string[]
}

/**
 * Reads a Hugging Face folder, or a GGUF file.
 * @param name of the argument or option that it was given as
 * @param taker what takes it, for messages
 * @throws RangeError for no path at all, InputError for another file and for an unsound folder
 */
export async function readTarget(folder: string, name = 'folder', taker = 'prune'): Promise<Target> {
  const [{ readModelFolder, refuseAdapter }, { openFile }, { modelPathKind }, { expectPath }, { isGgufFile }] =
    await Promise.all([
      import('../interop/index.js'),
      import('../files/files.js'),
      import('../files/missing-model.js'),
      import('../files/output-path.js'),
      import('../jobs/own-tokenizer.js'),
    ])
  expectPath(folder, name)
  if ((await modelPathKind(folder)) === 'file') {
    if (await isGgufFile(folder)) return readGguf(folder)
    throw new InputError(`${folder}: is a file; ${taker} takes a Hugging Face folder or a GGUF file`)
  }
  const open = (name: string) => openFile(join(folder, name))
  await refuseAdapter(open)
  const target = await readModelFolder(open)
  return { name: basename(join(folder, '.')), ...target }
}

async function readGguf(path: string): Promise<Target> {
  const { openModelSource } = await import('../jobs/model-source.js')
  const source = await openModelSource(path)
  try {
    const { name, config, warnings } = source
    return { name, config, weights: await source.weights(), warnings }
  } finally {
    await source.close()
  }
}

/** Makes a random model of a named shape, with another number of layers when given. */
export async function randomTarget(shape: string, layers: number | undefined, seed: bigint): Promise<Target> {
  const [{ gpt2Shapes }, { randomModelWeights }, { createGenerator }, { loadKernels }] = await Promise.all([
    import('../families/gpt2/config.js'),
    import('../families/index.js'),
    import('../kernels/index.js'),
    import('../engine/node.js'),
  ])
  if (!Object.hasOwn(gpt2Shapes, shape)) {
    throw new RangeError(`"random" expected ${Object.keys(gpt2Shapes).join(', ')}, got ${JSON.stringify(shape)}`)
  }
  const config: BaseConfig = gpt2Shapes[shape as keyof typeof gpt2Shapes]
  const resized = layers === undefined ? config : { ...config, layers }
  return {
    name: shape,
    config: resized,
    weights: randomModelWeights(resized, seed, createGenerator(await loadKernels())),
    warnings: [],
  }
}
