import type { BaseConfig } from '../../../../src/families/config.js'
import type { TextReading } from './texts.js'

/** Lists of `length` letters of an alphabet of `letters`. */
export interface SorterShape {
  readonly letters: number
  readonly length: number
}

/** Most lists that are all tried; of more, so many are drawn evenly. */
export const ALL_LISTS = 20_000

/** The lists that a model without text sorts, if its shape is a sorter's: few tokens, and a context of 2 L - 1. */
export function sorterShape(config: BaseConfig, reading: TextReading): SorterShape | null {
  const { vocabulary, positions } = config
  if (reading !== 'letters' || vocabulary < 2 || positions % 2 === 0 || positions < 3) return null
  return { letters: vocabulary, length: (positions + 1) / 2 }
}
