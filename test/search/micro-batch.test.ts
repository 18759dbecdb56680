import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { Norms } from '../../src/families/index.js'
import { allocateParameters } from '../../src/kernels/index.js'
import { createLossStep, lossArrays, modelParameters } from '../../src/search/loss-step.js'
import { chooseModel } from '../../src/search/models.js'
import { farthest } from '../vectors/pytorch/open.js'

const BATCH = 4
const LENGTH = 8

/** Loss and gradients of one batch at the same weights. */
async function stepIn(microBatch: number, norms: Norms, untied: boolean) {
  const config = chooseModel({ model: 'micro', layers: 2, width: '16', heads: 2, context: LENGTH, untied }, 40)
  const model = { config, norms }
  const arrays = lossArrays(model, microBatch, LENGTH)
  const memory = await allocateParameters(loadKernels, modelParameters(model, 'dense'), arrays)
  for (const [m, { name, effective }] of memory.matrices.entries()) {
    const offset = name.endsWith('.weight') ? 1 : 0 // gains
    const scale = name === 'wpe' ? 1 : 0.2 // a small stream would make large gradients, which round coarsely
    for (let i = 0; i < effective.length; i++) effective[i] = offset + scale * Math.sin(7 * m + 0.37 * i * i)
  }
  const step = await createLossStep(createGraphRunner({ threads: 1 }), model, memory, BATCH, LENGTH, microBatch)
  let loss = 0
  for (let run = 0; run < 2; run++) {
    // The second run must not see the sums of the first.
    for (let i = 0; i < BATCH * LENGTH; i++) {
      step.tokens[i] = (i * 11 + 5 + run) % 40
      step.targets[i] = (i * 17 + 3 + run) % 40
    }
    loss = await step.run()
  }
  await step.release()
  return { loss, gradients: memory.matrices.map(({ name, gradient }) => ({ name, gradient: gradient.slice() })) }
}

test.each([
  ['plain', false],
  ['plain', true],
  ['learned', false],
  ['learned', true],
] as const)('a batch of 4 in 4 or 2 parts is that batch: %s norms, untied head %s', async (norms, untied) => {
  const whole = await stepIn(BATCH, norms, untied)
  expect(whole.gradients.every(({ gradient }) => gradient.some((value) => Math.abs(value) > 1e-4))).toBe(true)
  for (const microBatch of [1, 2]) {
    const parts = await stepIn(microBatch, norms, untied)
    expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-6)
    for (const [m, { name, gradient }] of parts.gradients.entries()) {
      expect(farthest(gradient, whole.gradients[m].gradient), `${name} in parts of ${microBatch}`).toBeLessThan(1e-6)
    }
  }
})

test('parts that do not divide the batch are refused', async () => {
  await expect(stepIn(3, 'plain', false)).rejects.toThrow('"micro-batch" expected a divisor of the batch 4, got 3')
})
