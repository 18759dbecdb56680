/** GGUF files of small models whose headers and bytes are wrong. */
import type { gpt2 } from '../../src/families/gpt2/family.js'
import { type BaseConfig, parametersOf, weightsOf } from '../../src/families/index.js'
import type { llama } from '../../src/families/llama/family.js'
import { ggufTokenizer, modelGgufFile, openGgufModel, readFolderTokenizer } from '../../src/interop/index.js'
import { tokenizerJson } from '../../src/interop/tokenizer-json.js'
import { createMemoryBudget, memorySource } from '../../src/safetensors/index.js'
import type { CaseRandom } from './case-random.js'
import { changedBytes } from './changes.js'

const sizes = { layers: 1, width: 4, heads: 2, inner: 4, positions: 2, vocabulary: 256, tiedHead: true }
const configs = [
  { ...sizes, activation: 'gelu_new', layerNormEpsilon: 1e-5 } satisfies Parameters<typeof gpt2.check>[0],
  {
    ...sizes,
    ...{ family: 'llama', keyHeads: 1, headWidth: 2, activation: 'silu', normEpsilon: 1e-5, ropeTheta: 10000 },
    ...{ inputBias: true, outputBias: false, feedForwardBias: false },
  } as Parameters<typeof llama.check>[0],
]
const bytes = { text: await tokenizerJson('bytes'), source: 'bytes' }
const tokenizer = ggufTokenizer(bytes, { vocabulary: 256, special: { bos: null, eos: null, stops: null } }).metadata

const files = configs.map((config: BaseConfig) => {
  const weights = weightsOf(parametersOf(config), (name) => {
    const { shape } = parametersOf(config).find((parameter) => parameter.name === name)!
    return new Float32Array((shape as readonly number[]).reduce((product, size) => product * size, 1)).fill(0.5)
  })
  const { file } = modelGgufFile('x', { config, weights, type: 'f16', name: 'x', about: [], tokenizer })
  return new Uint8Array(Buffer.concat([...file.chunks()]))
})

/** Numbers that a count, a length, a type or an offset is replaced by. */
const hostile = [0, 1, 2, 31, 255, 2 ** 16, 2 ** 20, 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53 - 1, 2 ** 60, 2 ** 63]

/** A file in which the 4 or 8 bytes at some place of the header are another number. */
function changedField(random: CaseRandom, file: Uint8Array): Uint8Array {
  const changed = file.slice()
  const view = new DataView(changed.buffer)
  const at = random.next(2) === 0 ? random.next(64) : random.next(file.length - 8)
  const value = BigInt(random.one(hostile))
  if (random.next(2) === 0) view.setBigUint64(at, value, true)
  else view.setUint32(at, Number(BigInt.asUintN(32, value)), true)
  return changed
}

/** The file of a case. */
export function ggufCase(random: CaseRandom): Uint8Array {
  const file = random.one(files)
  return random.next(3) === 0 ? changedBytes(random, file) : changedField(random, file)
}

/** Opens a model and reads its weights and its tokenizer. @throws InputError where it is refused */
export async function readGguf(bytes: Uint8Array, memoryLimit: number): Promise<void> {
  const model = await openGgufModel(memorySource(bytes, 'x'), createMemoryBudget('x', memoryLimit))
  await model.readWeights()
  if (model.tokenizer !== null) await readFolderTokenizer(model.tokenizer.json, model.tokenizer.config, 256)
}
