import type { BaseConfig } from '../../src/families/config.js'
import type { SearchedTicket } from '../../src/ticket/index.js'
import { dressedContent, type Wardrobe } from './packed-example.js'
import { encode, openSearched, randomContent } from './searched-example.js'

/** A ticket whose matrices are signed constants of different magnitudes, with learned norms and redrawn weights. */
export function signedTicket(config: BaseConfig): Promise<SearchedTicket> {
  const content = randomContent(config, { norms: 'learned', redrawn: 3 })
  const matrices = content.matrices.map((matrix, i) => {
    return { ...matrix, init: { kind: 'signed-constant', magnitude: 0.2 + 0.01 * i } as const }
  })
  return openSearched(encode({ ...content, matrices, probe: null }))
}

/** The same with inverted weights, scales and gains alone, of the packed layout. */
export function invertedTicket(config: BaseConfig, wardrobe: Wardrobe = {}): Promise<SearchedTicket> {
  const content = dressedContent(
    config,
    { inverted: 0.4, scale: 0.7, rows: 2, ...wardrobe },
    { norms: 'gains', redrawn: 3 },
  )
  const matrices = content.matrices.map((matrix, i) => {
    return { ...matrix, init: { kind: 'signed-constant', magnitude: 0.2 + 0.01 * i } as const }
  })
  return openSearched(encode({ ...content, matrices, coding: 'range', probe: null }))
}
