/** The parameters of a dense model, being filled from the matrices of a pruned one. */
import { type BaseConfig, parametersOf, type WeightTensor } from '../families/index.js'
import { biasOf } from '../families/parameter.js'
import type { Affine } from './merged-model.js'

/** Parameters by name. */
export type DenseParameters = ReadonlyMap<string, WeightTensor>

/** A model of zeros, its gains 1. */
export const plainParameters = (config: BaseConfig): DenseParameters =>
  new Map(
    parametersOf(config).map(({ name, shape, kind }) => {
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1))
      return [name, { shape, data: kind === 'gain' ? data.fill(1) : data }]
    }),
  )

/**
 * Sets the first rows of a parameter, from `row` on. Where it is several times as wide as the rows given, they are repeated: it is added to, or read
 * beside, a residual stream of as many copies.
 * @param values rows of `columns` numbers
 */
export function setRows(
  { shape, data }: WeightTensor,
  values: Float32Array | Float64Array,
  columns: number,
  row = 0,
): void {
  const width = shape[shape.length - 1]
  for (let from = 0, at = row * width; from < values.length; from += columns, at += width) {
    for (let i = 0; i < width; i++) data[at + i] = values[from + (i % columns)]
  }
}

/**
 * Adds a constant to a bias; repeated where the bias is several times as wide.
 * @throws RangeError where the model has no such bias, and the constant is not 0
 */
export function addToBias(parameters: DenseParameters, name: string, values: Float64Array): void {
  const bias = parameters.get(name)?.data
  if (bias) for (let i = 0; i < bias.length; i++) bias[i] += values[i % values.length]
  else if (values.some((value) => value !== 0)) throw new RangeError(`${name} expected to be there, for a constant`)
}

/** Which columns of some values are taken, and by what they are multiplied. */
export interface TakenColumns {
  /** In each row of the values. */
  readonly columns: number
  /** The first one taken. */
  readonly from: number
  readonly count: number
  /** Default 1. */
  readonly factor?: number | undefined
}

/** Sets `count` columns of a matrix or vector, from column `to` on, in its first rows. @param values rows of `columns` numbers */
export function setColumns(
  { shape, data }: WeightTensor,
  to: number,
  values: Float64Array,
  { columns, from, count, factor = 1 }: TakenColumns,
): void {
  const width = shape[shape.length - 1]
  for (let row = 0; row * columns < values.length; row++) {
    for (let c = 0; c < count; c++) data[row * width + to + c] = values[row * columns + from + c] * factor
  }
}

/**
 * Sets `count` columns of a linear map and its bias, from column `to` on.
 * @throws RangeError where the model has no such bias, and the constant is not 0
 */
export function setMapColumns(
  parameters: DenseParameters,
  name: string,
  to: number,
  { map, constant, columns }: Affine,
  taken: Omit<TakenColumns, 'columns'>,
): void {
  setColumns(parameters.get(name)!, to, map, { ...taken, columns })
  const bias = parameters.get(biasOf(name))
  if (bias && constant) setColumns(bias, to, constant, { ...taken, columns })
  else if (constant?.some((value) => value !== 0))
    throw new RangeError(`${biasOf(name)} expected to be there, for a constant`)
}
