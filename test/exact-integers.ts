import { createGraphRunner } from '../src/engine/onnx.js'
import { expectExactIntegers } from '../src/search/integer-products.js'

/** Whether this machine sums products of 8-bit integers exactly: CPUs with AVX2 alone do not, and are refused. */
export const hasExactIntegers = await expectExactIntegers(createGraphRunner({ threads: 1 })).then(
  () => true,
  () => false,
)
