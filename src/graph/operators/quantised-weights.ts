import { notDifferentiable, type Operator } from '../operator.js'
import { formatShape, sameShape } from '../tensor.js'
import { expectDType } from './shape-rules.js'

/** Products with weights of a few bits. They are made for running, so no gradient passes. */
export const MatMulNBits: Operator<'MatMulNBits'> = {
  domain: 'com.microsoft',
  attributes: { K: 'int', N: 'int', bits: 'int', block_size: 'int', accuracy_level: 'int' },
  infer([x, codes, scales], { K, N, bits, block_size }) {
    expectDType('MatMulNBits', x, 'float32')
    expectDType('MatMulNBits', codes, 'uint8')
    expectDType('MatMulNBits', scales, 'float32')
    if (x.shape.at(-1) !== K) throw new RangeError(`MatMulNBits: expected ${K} inputs, got ${formatShape(x.shape)}`)
    const blocks = Math.ceil(K / block_size)
    for (const [what, { shape }, expected] of [
      ['codes', codes, [N, blocks, (block_size * bits) / 8]],
      ['scales', scales, [N * blocks]],
    ] as const) {
      if (sameShape(shape, expected)) continue
      throw new RangeError(`MatMulNBits: expected ${what} ${formatShape(expected)}, got ${formatShape(shape)}`)
    }
    return [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), N] }]
  },
  gradient: notDifferentiable('MatMulNBits'),
}
