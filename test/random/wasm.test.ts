// The WASM kernels give the bits of the TypeScript definition, for every window of every stream.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { weightFiller } from '../../src/kernels/index.js'
import { fillWords, generateWeights, type Initialisation } from '../../src/random/index.js'

const kernels = await loadKernels()
const TWO_32 = 2 ** 32
const GUARD = 0xdeadbeef

interface Window {
  seed: bigint
  stream: number
  start: number
  count: number
}

/** Runs a kernel that writes `count` words and checks that it wrote no word more. */
function written(count: number, fill: (address: number) => void): Uint32Array {
  const [address] = kernels.reserve((count + 1) * 4)
  new Uint32Array(kernels.exports.memory.buffer, address, count + 1).fill(GUARD)
  fill(address)
  const words = new Uint32Array(kernels.exports.memory.buffer, address, count + 1).slice()
  expect(words[count]).toBe(GUARD)
  return words.subarray(0, count)
}

const wasmWords = ({ seed, stream, start, count }: Window) =>
  written(count, (address) =>
    kernels.exports.fillWords(
      address,
      count,
      start,
      stream % TWO_32,
      Math.floor(stream / TWO_32),
      Number(seed & 0xffffffffn),
      Number(seed >> 32n),
    ),
  )

const wasmWeights = (window: Window, init: Initialisation) =>
  written(window.count, (address) => weightFiller(kernels, { ...window, init })(address, window.start, window.count))

const typescriptWeights = (window: Window, init: Initialisation) =>
  new Uint32Array(generateWeights({ ...window, init }).buffer)

const initialisations: Initialisation[] = [
  { kind: 'uniform', range: 1 },
  { kind: 'uniform', range: 2.632148025904985 }, // 48^(1/4): the product is rounded twice
  { kind: 'uniform', range: 1e-40 }, // subnormal float32
  { kind: 'normal', std: 1 },
  { kind: 'normal', std: 0.02 },
  { kind: 'signed-constant', magnitude: 0.1 },
]

/** Odd starts, counts around the four-block kernel's 16 words, high streams, block counters that carry at 2^32. */
const windows: Window[] = [
  ...[0, 1, 3, 4, 7, 15, 17].flatMap((start) =>
    [0, 1, 2, 5, 15, 16, 17, 33, 101].map((count) => ({ seed: 42n, stream: 9, start, count })),
  ),
  { seed: 2n ** 64n - 1n, stream: 2 ** 53 - 1, start: 0, count: 64 },
  { seed: 1n << 32n, stream: TWO_32, start: 1, count: 64 },
  { seed: 0xffffffffn, stream: TWO_32 - 1, start: 2, count: 64 },
  ...[33, 19, 16, 13, 12, 8, 5, 4, 1].map((before) => ({
    seed: 5n,
    stream: TWO_32 + 7,
    start: 4 * TWO_32 - before,
    count: 50,
  })),
  { seed: 3n, stream: 1, start: 2 ** 53 - 1, count: 1 },
]

describe('WASM words and weights equal TypeScript, bit for bit', () => {
  it(`words of ${windows.length} windows`, () => {
    for (const window of windows) {
      const words = new Uint32Array(window.count)
      fillWords(window.seed, window.stream, window.start, words)
      expect([window, [...wasmWords(window)]]).toEqual([window, [...words]])
    }
  })

  it.each(initialisations)('weights of the windows, %o', (init) => {
    for (const window of windows) {
      expect([window, [...wasmWeights(window, init)]]).toEqual([window, [...typescriptWeights(window, init)]])
    }
  })

  it.each(initialisations)('50,000 weights, %o', (init) => {
    const window = { seed: 77n, stream: 123, start: 1, count: 50_000 }
    const expected = typescriptWeights(window, init)
    expect(wasmWeights(window, init).findIndex((bits, i) => bits !== expected[i])).toBe(-1)
  })

  it('any window of any stream at any scale (fast-check, 500 runs)', () => {
    const window = fc.record({
      seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      stream: fc.maxSafeNat(),
      start: fc.integer({ min: 0, max: 2 ** 53 - 1000 }),
      count: fc.nat(99),
    })
    const scale = fc.double({ min: 1e-45, max: 1e38, noNaN: true })
    const init = fc.oneof(
      scale.map((range): Initialisation => ({ kind: 'uniform', range })),
      scale.map((std): Initialisation => ({ kind: 'normal', std })),
      scale.map((magnitude): Initialisation => ({ kind: 'signed-constant', magnitude })),
    )
    fc.assert(
      fc.property(window, init, (w, i) => {
        expect([...wasmWeights(w, i)]).toEqual([...typescriptWeights(w, i)])
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
