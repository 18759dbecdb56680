import { fanIn, type MatrixParameter } from '../families/parameter.js'
import type { Initialisation } from '../random/index.js'
import { toFloat32 } from '../safetensors/floats.js'
import { float16Bytes } from '../safetensors/narrow.js'

/**
 * How the random weights of a model are distributed. With fan_in the inputs an output sums over, b the number of blocks:
 * - `gpt2`: N(0, 0.02), output projections times (2b)^(-1/2); the paper's language models.
 * - `fan-in`: N(0, 1/(keep fan_in)), output projections over sqrt(2b): what is kept has unit gain.
 * - `kaiming`: N(0, 2/fan_in).
 * - `xavier`: U(-a, a), a = sqrt(6/(in + out)).
 * - `uniform`: U(-a, a), a = 1/sqrt(fan_in).
 * - `signed-constant`: +-1/sqrt(keep fan_in) with equal chance, output projections over sqrt(2b). The magnitude is rounded to fp16, QK scaling
 *   included, so that files with fp16 scales hold such matrices without loss; runs begun before that keep theirs.
 */
export const initialisationSchemes = ['gpt2', 'fan-in', 'kaiming', 'xavier', 'uniform', 'signed-constant'] as const
export type InitialisationScheme = (typeof initialisationSchemes)[number]

/** What an initialisation depends on beside the matrix. */
export interface InitialisationOptions {
  readonly scheme: InitialisationScheme
  /** Fraction of weights kept, 0 < keep <= 1; 1 for dense training. */
  readonly keep: number
  /** Blocks b, an integer >= 1. */
  readonly layers: number
  /** Factor of the query and key matrices, > 0: the paper's QK scaling. */
  readonly qkScale: number
  /** Whether magnitudes of signed constants are rounded to fp16; absent: they are not. */
  readonly magnitudes?: 'float16' | undefined
}

/** The distribution of one matrix's weights; see {@link initialisationSchemes}. */
export function matrixInitialisation(matrix: MatrixParameter, options: InitialisationOptions): Initialisation {
  const { scheme, keep, layers, qkScale, magnitudes } = options
  const { role, shape } = matrix
  const inputs = fanIn(matrix)
  const isProjection = role === 'attention-output' || role === 'feed-forward-output'
  const projection = isProjection ? 1 / Math.sqrt(2 * layers) : 1
  const factor = role === 'query' || role === 'key' ? qkScale : 1
  const normal = (std: number): Initialisation => ({ kind: 'normal', std: std * factor })
  const uniform = (range: number): Initialisation => ({ kind: 'uniform', range: range * factor })
  switch (scheme) {
    case 'gpt2':
      return normal(0.02 * projection)
    case 'fan-in':
      return normal(projection / Math.sqrt(keep * inputs))
    case 'kaiming':
      return normal(Math.sqrt(2 / inputs))
    case 'xavier':
      return uniform(Math.sqrt(6 / (shape[0] + shape[1])))
    case 'uniform':
      return uniform(1 / Math.sqrt(inputs))
    case 'signed-constant': {
      const magnitude = (projection / Math.sqrt(keep * inputs)) * factor
      return { kind: 'signed-constant', magnitude: magnitudes === undefined ? magnitude : nearestFloat16(magnitude) }
    }
  }
}

/** The nearest fp16 number; what is beyond its normal numbers, under an extreme QK scaling, stays as it is. */
function nearestFloat16(value: number): number {
  const [nearest] = toFloat32('F16', float16Bytes(Float32Array.of(value)))
  return value >= 2 ** -14 && nearest < Number.POSITIVE_INFINITY ? nearest : value
}

/** Half width of the uniform distribution that scores start from: Kaiming's with a = sqrt(5), as in hidden-networks. */
export const scoreRange = (matrix: MatrixParameter): number => 1 / Math.sqrt(fanIn(matrix))
