/** A model as one GGUF file, as llama.cpp reads it. */
import {
  type BaseConfig,
  type GgufRecipe,
  ggufLayoutOf,
  ggufPart,
  type ModelWeights,
  parametersByName,
} from '../families/index.js'
import {
  encodeTensor,
  float32,
  type Metadata,
  type MetadataValue,
  planGguf,
  tensorTypes,
  text,
  uint32,
  type WrittenType,
  whyNotHeld,
} from '../gguf/index.js'
import { quotedList } from '../safetensors/index.js'
import type { OutputFile } from './output-file.js'

/** What the matrices of a file are stored as; vectors are float32 always. Q8_0 and F16 round. The ternary types hold signed constants without loss. */
export const ggufTypes = ['f32', 'f16', 'q8_0', 'tq2_0', 'tq1_0'] as const
export type GgufType = (typeof ggufTypes)[number]

/** `enum llama_ftype`: what llama.cpp calls the file as a whole. */
const fileTypes: Readonly<Record<GgufType, number>> = { f32: 0, f16: 1, q8_0: 7, tq2_0: 37, tq1_0: 36 }

/** What a file is made of. */
export interface GgufContents {
  readonly config: BaseConfig
  readonly weights: ModelWeights
  readonly type: GgufType
  /** The model's name, and sentences of what it is. */
  readonly name: string
  readonly about: readonly string[]
  /** Entries of the tokenizer (`ggufTokenizer`). */
  readonly tokenizer: Metadata
}

/** A file, and what the user should know of it, a line each. */
export interface GgufOutput {
  readonly file: OutputFile
  readonly notes: readonly string[]
}

/**
 * Plans a file. Biases that a model has not are 0 where llama.cpp asks for them, gains 1.
 * @param path the name of the file
 * @throws RangeError where llama.cpp does not run the model, and for a weight that the type does not hold, naming the matrix
 */
export function modelGgufFile(path: string, contents: GgufContents): GgufOutput {
  const { config, weights, type } = contents
  const layout = ggufLayoutOf(config)
  const architecture = layout.architectureOf(config)
  const recipes = layout.tensors(config, architecture)
  const types = recipes.map(({ shape }) => storedType(shape, type))
  const isTernary = type === 'tq1_0' || type === 'tq2_0'
  if (isTernary && !types.some((own) => own === written(type))) refuseNarrow(recipes, type)
  for (const [i, recipe] of recipes.entries()) {
    const asked = isTernary && types[i] === 'F16' ? written(type) : types[i] // what falls back to fp16 loses nothing there either
    for (const name of recipe.parts) expectHeld(name, weights, asked, type)
  }
  const entries = [
    ['general.architecture', text(architecture)],
    ['general.type', text('model')],
    ['general.name', text(contents.name)],
    ['general.description', text(contents.about.join(' '))],
    ['general.file_type', uint32(fileTypes[type])],
    ['general.quantization_version', uint32(2)], // of the layouts of blocks
    ...layout.write(config).map(([key, kind, value]) => {
      return [`${architecture}.${key}`, kind === 'uint32' ? uint32(value) : float32(value)] as const
    }),
    ...contents.tokenizer,
  ] as const satisfies readonly (readonly [string, MetadataValue])[]
  const plans = recipes.map(({ name, shape }, i) => ({ name, type: types[i], shape: shape as readonly number[] }))
  const { header, tensors, size } = planGguf(new Map(entries), plans)
  const parameters = parametersByName(config)
  return {
    file: {
      path,
      size,
      *chunks() {
        yield header
        for (const [i, recipe] of recipes.entries()) {
          for (const name of recipe.parts) {
            const rows = ggufPart(recipe, parameters.get(name)!, weights)
            yield* pieces(rows, recipe.shape as readonly number[], types[i])
          }
          if (tensors[i].padding > 0) yield new Uint8Array(tensors[i].padding)
        }
      },
    },
    notes: fallbackNotes(path, recipes, types, type),
  }
}

const written = (type: GgufType) => type.toUpperCase() as WrittenType

/** Rows that are no multiple of a block stay fp16, as llama.cpp's own converter has it. */
function storedType(shape: GgufRecipe['shape'], type: GgufType): WrittenType {
  if (shape.length === 1) return 'F32'
  const own = written(type)
  return rowLength(shape) % tensorTypes[own].block === 0 ? own : 'F16'
}

const rowLength = (shape: GgufRecipe['shape']): number => shape[shape.length - 1] as number

function refuseNarrow(recipes: readonly GgufRecipe[], type: GgufType): never {
  const widest = Math.max(...recipes.filter(({ shape }) => shape.length > 1).map(({ shape }) => rowLength(shape)))
  throw new RangeError(
    `"type" expected f32, f16 or q8_0 for rows of at most ${widest} numbers, got ${type}: its blocks are 256 numbers of a row (a search with --width 256 has such rows)`,
  )
}

/** @param asked for the matrix, @param type for the file */
function expectHeld(name: string, weights: ModelWeights, asked: WrittenType, type: GgufType): void {
  const data = weights.get(name)?.data
  const reason = data && whyNotHeld(asked, data)
  if (reason === undefined) return
  const isTernary = asked === 'TQ1_0' || asked === 'TQ2_0'
  const advice = isTernary
    ? '; new searches with --init signed-constant have what it holds, and --type f32 holds any weights'
    : ''
  throw new RangeError(`"type" expected one that holds ${name}, got ${type}: ${reason}${advice}`)
}

/** Which matrices are stored in fp16 instead of blocks. */
function fallbackNotes(
  path: string,
  recipes: readonly GgufRecipe[],
  types: readonly WrittenType[],
  type: GgufType,
): string[] {
  const names = recipes.filter((_, i) => type !== 'f16' && types[i] === 'F16').map(({ name }) => name)
  if (names.length === 0) return []
  const { block } = tensorTypes[written(type)]
  const loss = type === 'q8_0' ? '' : ', which holds them exactly'
  return [
    `${path}: rows that are no multiple of ${type.toUpperCase()}'s ${block} numbers are stored as F16${loss}: ${quotedList(names)}`,
  ]
}

/** Numbers that are encoded at a time. */
const PIECE = 2 ** 20

function* pieces(rows: Float32Array, shape: readonly number[], type: WrittenType): Iterable<Uint8Array> {
  const length = rowLength(shape)
  const step = length * Math.max(1, Math.floor(PIECE / length))
  for (let from = 0; from < rows.length; from += step) yield encodeTensor(type, rows.subarray(from, from + step))
}
