import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { makeMaskedWeights, makeTernaryCodes } from '../../src/kernels/index.js'

const kernels = await loadKernels()

const counts = [1, 2, 3, 4, 5, 1023, 1024, 1025, 2 ** 18 + 7]

test.each(counts.flatMap((count) => [false, true].map((isInverted) => ({ count, isInverted }))))(
  'codes of $count weights are the signs of the float32 ones, inverted: $isInverted',
  ({ count, isInverted }) => {
    const bytes = (factor: number) =>
      Uint8Array.from({ length: Math.ceil(count / 8) }, (_, i) => (i * factor + 77) & 255)
    const mask = bytes(151)
    const inverted = bytes(91).map((byte, i) => byte & mask[i])
    const init = { kind: 'signed-constant', magnitude: 0.5 } as const
    const drawn = { seed: 7n, stream: 2 ** 40 + 3, init, start: 12, count, mask }
    const piece = isInverted ? { ...drawn, inverted } : drawn
    const weights = new Float32Array(count)
    const ones = makeMaskedWeights(kernels, piece, weights)
    const codes = new Uint8Array(Math.ceil(count / 4))
    expect(makeTernaryCodes(kernels, piece, codes)).toEqual(ones)
    const expected = new Uint8Array(codes.length)
    for (let i = 0; i < 4 * codes.length; i++) expected[i >> 2] |= (2 + 2 * (weights[i] ?? 0)) << (2 * (i & 3))
    expect(Buffer.compare(codes, expected)).toBe(0)
  },
)

test('several coats are refused', () => {
  const init = { kind: 'signed-constant', magnitude: 1 } as const
  const mask = Uint8Array.of(255)
  const piece = { seed: 7n, stream: 3, init, start: 0, count: 8, mask, coats: [mask] }
  expect(() => makeTernaryCodes(kernels, piece, new Uint8Array(2))).toThrow(
    new RangeError('"coats" expected one coat in all, got 2'),
  )
})

test('other weights and other lengths are refused', () => {
  const piece = { seed: 7n, stream: 3, start: 0, count: 8, mask: Uint8Array.of(255) }
  const normal = { ...piece, init: { kind: 'normal', std: 1 } } as const
  expect(() => makeTernaryCodes(kernels, normal, new Uint8Array(2))).toThrow(
    new RangeError('"init" expected signed-constant, got normal'),
  )
  const signed = { ...piece, init: { kind: 'signed-constant', magnitude: 1 } } as const
  expect(() => makeTernaryCodes(kernels, signed, new Uint8Array(3))).toThrow(
    new RangeError('"out" expected 2 bytes of codes, got 3'),
  )
})
