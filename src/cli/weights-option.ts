import { Option } from 'commander'
import { type WeightsName, weightsNames } from '../engine/weights-choice.js'
import { type Activations, activationKinds } from '../families/ternary-graph.js'
import { oneOf } from './values.js'

/** What the options give. */
export interface WeightsFlags {
  weights?: WeightsName
  activations?: Activations
}

/** The option `--weights <w>` of commands that run models. */
export const weightsOption = (): Option =>
  new Option(
    '--weights <w>',
    'auto, 2bit, float32: how weights are held. 2bit runs tickets of signed constants in a sixteenth of the memory, exactly (default: auto, 2bit where it is faster)',
  ).argParser(oneOf('weights', weightsNames))

/** The option `--activations <a>` beside it. */
export const activationsOption = (): Option =>
  new Option(
    '--activations <a>',
    'float32, or int8: with 2-bit weights, numbers are rounded to 8 bits before each product, which is faster and not exact (default: float32)',
  ).argParser(oneOf('activations', activationKinds))

/** What is said of 2-bit weights that nobody asked for. */
export const weightsNote = (
  { weights }: WeightsFlags,
  run: { readonly weights: string; readonly reason: string },
): string | undefined =>
  run.weights === '2bit' && (weights === undefined || weights === 'auto') ? `2-bit weights: ${run.reason}` : undefined
