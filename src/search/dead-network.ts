/** Signs of a network that can learn next to nothing, before a run and after it. */
import { matricesOf } from '../families/family.js'
import { layerOf } from '../families/parameter.js'
import type { SearchSettings } from './settings.js'

/** A loss so close to that of answering every token alike is that answer, in nats. */
const ALIKE = 1e-3

/**
 * Before a search: where less than one weight is kept for an output on average, most outputs are always 0.
 * @returns a line, or undefined where the masks keep more
 */
export function sparseWarning({ keep, config, kind }: SearchSettings): string | undefined {
  const maps = matricesOf(config).filter(({ name }) => layerOf(name) !== null) // [inputs, outputs] each
  const { name, shape } = maps.reduce((least, map) => (map.shape[0] < least.shape[0] ? map : least))
  const [inputs] = shape
  if (kind === 'train' || keep * inputs >= 1) return undefined
  const share = (keep * inputs).toPrecision(2)
  return `warning: keep ${keep} leaves ${share} weights to an output of ${name} (${inputs} inputs): most outputs are cut off, and little can be learned`
}

/**
 * After a search or a training: a network that answers every token alike has the loss ln V.
 * @param validLoss nats a token
 * @returns a line, or undefined where the loss is another
 */
export function deadWarning({ kind, config }: SearchSettings, validLoss: number): string | undefined {
  const alike = Math.log(config.vocabulary)
  if (Math.abs(validLoss - alike) >= ALIKE) return undefined
  const help = kind === 'search' ? 'a larger keep, another seed' : 'a smaller learning rate, another seed'
  return `warning: a loss of ${validLoss.toFixed(4)} is that of answering all ${config.vocabulary} tokens alike: the network is dead (${help} or another initialisation may help)`
}
