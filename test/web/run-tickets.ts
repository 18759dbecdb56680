import type { BaseConfig } from '../../src/families/config.js'
import { matricesOf } from '../../src/families/family.js'
import { matrixInitialisation } from '../../src/search/initialisation.js'
import { chooseModel } from '../../src/search/models.js'
import type { SearchedContent } from '../../src/ticket/index.js'
import { encode, randomContent } from '../ticket/searched-example.js'

/** The shape that `slt search --model tiny` has for a text: 4 layers, width 256, context 256, bytes. */
export const tinyConfig: BaseConfig = chooseModel({ model: 'tiny' }, 256)

/** A ticket with random masks that keep half, and weights as a search has them, so that logits are of the order of 1. */
export function randomTicket(config: BaseConfig, change: Partial<SearchedContent> = {}): Uint8Array {
  const content = randomContent(config)
  const inits = new Map(
    matricesOf(config).map((matrix) => {
      const options = { scheme: 'fan-in', keep: 0.5, layers: config.layers, qkScale: 1 } as const
      return [matrix.name, matrixInitialisation(matrix, options)]
    }),
  )
  return encode({
    ...content,
    ...change,
    matrices: content.matrices.map((matrix) => ({ ...matrix, init: inits.get(matrix.name)! })),
  })
}
