import { formatShape, type Shape, sameShape, sizeOf } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { parametersOf } from './family.js'
import type { Norms, Parameter } from './parameter.js'

/** One float32 weight tensor, row-major. */
export interface WeightTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

/**
 * A model's weights by the names of its family's parameters. Biases may be absent, all of them together: they are 0. So may the vectors of
 * norms, or their shifts alone: gains are 1 then, shifts 0.
 */
export type ModelWeights = ReadonlyMap<string, WeightTensor>

/**
 * The parameters that some weights hold: every matrix; biases all or none; vectors of norms all, gains alone, or none.
 * @throws RangeError naming the tensor, what was found and what was expected; TypeError for data of another type
 */
export function heldParameters(config: BaseConfig, weights: ModelWeights): Parameter[] {
  const parameters = parametersOf(config)
  const hasAny = (kinds: readonly Parameter['kind'][]) =>
    parameters.some(({ kind, name }) => kinds.includes(kind) && weights.has(name))
  const hasBiases = hasAny(['bias'])
  const hasShifts = hasAny(['shift'])
  const has = { matrix: true, bias: hasBiases, gain: hasShifts || hasAny(['gain']), shift: hasShifts }
  const held = parameters.filter(({ kind }) => has[kind])
  checkWeights(weights, new Map(held.map(({ name, shape }) => [name, shape])))
  return held
}

/** Which vectors of norms are among some parameters of a model. */
export function normsAmong(config: BaseConfig, held: readonly Parameter[]): Norms {
  if (!held.some(({ kind }) => kind === 'gain')) return 'plain'
  const hasShift = (of: readonly Parameter[]) => of.some(({ kind }) => kind === 'shift')
  return hasShift(parametersOf(config)) && !hasShift(held) ? 'gains' : 'learned'
}

/**
 * Checks that every expected tensor is there with its shape; further tensors are let be.
 * @throws RangeError naming the tensor, what was found and what was expected; TypeError for data of another type
 */
export function checkWeights(weights: ModelWeights, expected: ReadonlyMap<string, Shape>): void {
  for (const [name, shape] of expected) {
    const found = weights.get(name)
    if (!found) throw new RangeError(`weights lack ${name} ${formatShape(shape)}`)
    if (!sameShape(found.shape, shape)) {
      throw new RangeError(`${name} expected shape ${formatShape(shape)}, got ${formatShape(found.shape)}`)
    }
    if (!(found.data instanceof Float32Array)) throw new TypeError(`${name} expected a Float32Array`)
    if (found.data.length !== sizeOf(shape)) {
      throw new RangeError(`${name} expected ${sizeOf(shape)} elements, got ${found.data.length}`)
    }
  }
}

/** A network's parameters as weights. @param values of a parameter by name; not copied */
export const weightsOf = (
  parameters: readonly { readonly name: string; readonly shape: Shape }[],
  values: (name: string) => Float32Array,
): ModelWeights => new Map(parameters.map(({ name, shape }) => [name, { shape, data: values(name) }]))
