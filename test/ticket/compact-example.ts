import { matricesOf } from '../../src/families/family.js'
import { keptCount, packBits } from '../../src/mask/index.js'
import { fillWords, magnitudes } from '../../src/random/index.js'
import type { SearchedContent } from '../../src/ticket/index.js'
import { randomContent, smallConfig } from './searched-example.js'

/** Content whose every matrix keeps the same fraction, as a search leaves it. */
export function searched(
  keep: number,
  coding: 'bits' | 'range',
  change: Partial<SearchedContent> = {},
): SearchedContent {
  const config = { ...smallConfig, layers: 3, width: 8, heads: 2, inner: 16, positions: 11, vocabulary: 3 }
  const init = { kind: 'signed-constant', magnitude: 1 / 3 } as const
  const scale = { kind: 'signed-constant', magnitude: Math.SQRT1_2 } as const
  return {
    ...randomContent(config),
    seed: 3n,
    coding,
    matrices: matricesOf(config).map(({ name, shape, role }, i) => {
      const count = shape[0] * shape[1]
      const words = new Uint32Array(count)
      fillWords(5, i, 0, words)
      const order = [...words.keys()].sort((a, b) => words[a] - words[b]).slice(0, keptCount(count, keep))
      const bits = new Uint8Array(count)
      for (const place of order) bits[place] = 1
      return { name, stream: i, init: role === 'value' ? scale : init, scores: 2 ** 45 + i, mask: packBits(bits) }
    }),
    ...change,
  }
}

/** The same with masks that keep the weights whose scores start highest, but for one in eight. */
export function followingScores(content: SearchedContent): SearchedContent {
  const shapes = matricesOf(content.config).map(({ shape }) => shape)
  const matrices = content.matrices.map((matrix, i) => {
    const count = shapes[i][0] * shapes[i][1]
    const m = magnitudes(content.seed, matrix.scores!, 0, count)
    const bits = new Uint8Array(count)
    const order = [...m.keys()].sort((a, b) => m[b] - m[a] || a - b)
    const kept = keptCount(count, 0.25)
    for (let j = 0; j < kept; j++) bits[order[j % 8 === 7 ? count - 1 - j : j]] = 1
    return { ...matrix, mask: packBits(bits) }
  })
  return { ...content, matrices }
}
