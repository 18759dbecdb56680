/** The linear maps of a run whose products are of integers: where their codes lie, and how they follow the effective weights. */
import type { BaseConfig } from '../families/config.js'
import { integerMatrices } from '../families/loss-graph.js'
import { float32, type Tensor, tensor } from '../graph/index.js'
import { type ArrayShape, type ParameterMemory, writeIntegerWeights } from '../kernels/index.js'
import { randomMatrices } from './random-network.js'
import type { SearchSettings } from './settings.js'

/** Codes of a linear map, and its inputs in the graph. */
export interface IntegerMatrices {
  readonly feeds: Readonly<Record<string, Tensor>>
  /** Writes the codes of the effective weights as they are. */
  refresh(): void
}

/** Magnitude of the largest code: signed constants have three values, other weights are rounded to 255. */
export const integerLevels = (settings: SearchSettings): number =>
  settings.kind === 'search' &&
  settings.softness === undefined && // soft weights lie between
  randomMatrices(settings).every(({ init }) => init.kind === 'signed-constant')
    ? 1
    : 127

/** The arrays that {@link createIntegerMatrices} wants in the parameter memory. */
export const integerArrays = (config: BaseConfig): ArrayShape[] =>
  integerMatrices(config).flatMap(({ name, shape: [rows, columns] }) =>
    [`${name}.codes`, `${name}.transposed`].map((array) => ({
      name: array,
      dtype: 'int8' as const,
      count: rows * columns,
      beside: name,
    })),
  )

/** The number that the effective weights of a matrix are integers times, as they are now, by its name; undefined where there is none. */
export type IntegerUnit = (name: string) => number | undefined

/** Magnitude of the largest code; integers times a unit are never larger. */
const MOST = 127

/** @param levels see {@link integerLevels} @param unitOf default: there are no units */
export function createIntegerMatrices(
  config: BaseConfig,
  memory: ParameterMemory,
  levels: number,
  unitOf: IntegerUnit = () => undefined,
): IntegerMatrices {
  const matrices = integerMatrices(config).map(({ name, shape }) => ({
    name,
    shape,
    memory: memory.matrix(name),
    codes: memory.bytes(`${name}.codes`),
    transposed: memory.bytes(`${name}.transposed`),
    scale: new Float32Array(1),
  }))
  const feeds = matrices.flatMap(({ name, shape, codes, transposed, scale }): [string, Tensor][] => [
    [`${name}.codes`, tensor('int8', shape, codes)],
    [`${name}.transposed`, tensor('int8', shape.toReversed(), transposed)],
    [`${name}.scale`, float32([], scale)],
  ])
  return {
    feeds: Object.fromEntries(feeds),
    refresh() {
      for (const matrix of matrices) {
        const unit = unitOf(matrix.name)
        const most = unit === undefined ? levels : MOST
        matrix.scale[0] = writeIntegerWeights(matrix.memory, matrix.shape, matrix, most, unit)
      }
    },
  }
}

/**
 * Units of the matrices of a search: weights of signed constants are integers times the magnitude and the scale of their matrix.
 * @param scale of a matrix by its name, as it is now; undefined while weights are not integers times it
 */
export function integerUnits(settings: SearchSettings, scale: (name: string) => number | undefined): IntegerUnit {
  const magnitudes = new Map(
    randomMatrices(settings).flatMap(({ name, init }) =>
      init.kind === 'signed-constant' ? [[name, init.magnitude] as const] : [],
    ),
  )
  return (name) => {
    const magnitude = magnitudes.get(name)
    const own = scale(name)
    return magnitude === undefined || own === undefined ? undefined : Math.fround(Math.fround(magnitude) * own)
  }
}
