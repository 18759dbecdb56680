import { nodeDeflate } from '../../src/engine/node.js'
import type { BaseConfig } from '../../src/families/config.js'
import { matricesOf, normVectorsOf } from '../../src/families/family.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import type { Norms } from '../../src/families/index.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { packBits } from '../../src/mask/index.js'
import { fillWords, type Initialisation } from '../../src/random/index.js'
import { memorySource } from '../../src/safetensors/index.js'
import {
  encodeSearchedTicket,
  expectSearched,
  openTicket,
  type SearchedContent,
  type SearchSummary,
} from '../../src/ticket/index.js'

export const smallConfig: Gpt2Config = {
  layers: 1,
  width: 2,
  heads: 1,
  inner: 3,
  positions: 2,
  vocabulary: 5,
  activation: 'relu',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}

export const summary: SearchSummary = {
  algorithm: 'iterand',
  keep: 0.5,
  selection: 'per-layer',
  qkScale: 1.5,
  initialisation: 'fan-in',
  steps: 100,
  batch: 4,
  length: 2,
  tokens: 800,
  validLoss: 1.25,
  corpus: { name: 'words.txt', sha256: 'ab'.repeat(32), tokenizer: 'bytes' },
}

const inits: Initialisation[] = [
  { kind: 'normal', std: 0.5 },
  { kind: 'uniform', range: 1.5 },
  { kind: 'signed-constant', magnitude: 0.25 },
]

/** Masks that keep about half of everything, from stream 9 of the seed 9; the first matrix keeps at least something. */
export function randomContent<C extends BaseConfig>(
  config: C,
  {
    norms = 'plain',
    redrawn = 0,
    ...change
  }: { norms?: Norms | undefined; redrawn?: number | undefined } & Partial<Omit<SearchedContent, 'config'>> = {},
): SearchedContent & { readonly config: C } {
  let next = 0
  const words = (count: number) => {
    const values = new Uint32Array(count)
    fillWords(9, 9, next, values)
    next += count
    return values
  }
  return {
    seed: 0xfedcba9876543210n,
    config,
    norms,
    tokenizer: config.vocabulary === 256 ? 'bytes' : null,
    matrices: matricesOf(config).map(({ name, shape }, i) => {
      const count = shape[0] * shape[1]
      const mask = packBits(words(count).map((word) => word >>> 31))
      const generations = Uint8Array.from(words(count), (word) => word % (redrawn + 1))
      return { name, stream: i, init: inits[i % 3], mask, ...(redrawn > 0 ? { generations } : {}) }
    }),
    dense: new Map(
      normVectorsOf(config, norms).map(({ name, shape }) => {
        // With six bits after the point they are numbers that fp16 holds.
        const digits = norms === 'gains' ? 64 : 2 ** 32
        return [
          name,
          Float32Array.from(words(shape[0]), (word) => Math.floor((word / 2 ** 32) * digits) / digits + 0.5),
        ]
      }),
    ),
    search: summary,
    probe: { tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-3 },
    layout: 'separate',
    ...change,
  }
}

/** Content whose masks keep nothing: deflated, 2^20 weights are a mask of about 130 bytes. */
export function emptyContent(change: Partial<Gpt2Config>): SearchedContent {
  const config = { ...smallConfig, width: 16, inner: 16, ...change }
  const matrices = matricesOf(config).map(({ name, shape }, stream) => {
    const mask = new Uint8Array(Math.ceil((shape[0] * shape[1]) / 8))
    return { name, stream, init: inits[0], mask, scores: null }
  })
  return { ...randomContent(smallConfig), config, matrices, probe: null, coding: 'deflate' }
}

export const emptyTicket = (change: Partial<Gpt2Config>): Uint8Array =>
  encodeSearchedTicket(emptyContent(change), nodeSha256, nodeDeflate).bytes

/** The ticket of docs/ticket-format.md. */
export function exampleContent(): SearchedContent {
  const content = randomContent(smallConfig)
  const matrices = content.matrices.map((matrix) => {
    if (matrix.name === 'wte') return { ...matrix, mask: Uint8Array.of(0b01101011, 0b10) } // 10 bits, 6 kept
    // 4 weights, all kept but the third; the last is of generation 5, the first of generation 2
    if (matrix.name === 'h.0.attn.v') {
      return { ...matrix, mask: Uint8Array.of(0b1011), generations: Uint8Array.of(2, 0, 255, 5) }
    }
    return matrix
  })
  return { ...content, matrices }
}

export const encode = (content: SearchedContent) => encodeSearchedTicket(content, nodeSha256).bytes

export const openSearched = async (bytes: Uint8Array) =>
  expectSearched(await openTicket(memorySource(bytes, 'x'), nodeSha256))

/** A model of a size that runs, for the commands. */
export const runnableConfig: Gpt2Config = {
  ...smallConfig,
  layers: 2,
  width: 16,
  heads: 2,
  inner: 64,
  positions: 16,
  vocabulary: 256,
  activation: 'gelu_new',
}
