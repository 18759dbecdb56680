import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { matricesOf } from '../../src/families/index.js'
import { type AdamW, allocateParameters, createTicketStep, type TicketMemory } from '../../src/kernels/index.js'
import { createLossStep, lossArrays, modelParameters } from '../../src/search/loss-step.js'
import { createReferenceTicketStep } from '../../src/search/ticket-step-reference.js'
import { farthest, openVectors } from '../vectors/pytorch/open.js'

interface Metadata {
  readonly config: Gpt2Config
  readonly keep: number
  readonly adamw: { lr: number; betas: [number, number]; eps: number; weight_decay: number }
  readonly losses: readonly number[]
  readonly flips: readonly number[]
}

/** Each way to take a ticket step, on the same memory. */
const steps = {
  'WebAssembly ticket step': createTicketStep,
  'reference ticket step': createReferenceTicketStep,
}

test.each(Object.entries(steps))(
  "10 steps of PyTorch's edge-popup, %s: losses and scores within 1e-5, masks equal",
  async (_, createStep) => {
    const { metadata, shape, floats, integers, bytes } = await openVectors<Metadata>('edge-popup')
    const { config, keep, adamw, losses, flips } = metadata
    const model = { config, norms: 'plain' } as const
    const [, batch, length] = shape('tokens')
    const memory = await allocateParameters(
      loadKernels,
      modelParameters(model, 'ticket'),
      lossArrays(model, batch, length),
    )
    for (const { name, weights, scores } of memory.tickets) {
      weights.set(floats(name))
      scores.set(floats(`scores.0.${name}`))
    }
    const lossStep = await createLossStep(createGraphRunner({ threads: 1 }), model, memory, batch, length)
    const ticket = createStep(memory.tickets, { keep, selection: 'per-layer' })
    ticket.select()
    const tokens = integers('tokens')
    const targets = integers('targets')
    const settings: Omit<AdamW, 'step'> = {
      learningRate: adamw.lr,
      beta1: adamw.betas[0],
      beta2: adamw.betas[1],
      epsilon: adamw.eps,
      weightDecay: adamw.weight_decay,
    }
    const isOne = (mask: Uint8Array, i: number) => (mask[i >> 3] >> (i & 7)) & 1
    const checkEffective = ({ name, effective, weights }: TicketMemory) => {
      const mask = ticket.mask(name)
      expect(effective.every((value, i) => value === (isOne(mask, i) ? weights[i] : 0))).toBe(true)
    }

    expect(losses).toHaveLength(10)
    for (const [i, expected] of losses.entries()) {
      const words = batch * length
      lossStep.tokens.set(tokens.subarray(i * words, (i + 1) * words))
      lossStep.targets.set(targets.subarray(i * words, (i + 1) * words))
      expect(Math.abs((await lossStep.run()) - expected), `loss of step ${i + 1}`).toBeLessThan(1e-5)
      ticket.update({ ...settings, step: i + 1 })
      for (const { name } of matricesOf(config)) {
        const { scores } = memory.tickets.find((each) => each.name === name)!
        expect(farthest(scores, floats(`scores.${i + 1}.${name}`)), `scores of ${name}`).toBeLessThan(1e-5)
        expect(ticket.mask(name), `mask of ${name}, step ${i + 1}`).toEqual(bytes(`mask.${i + 1}.${name}`))
      }
      if (i > 0) expect(ticket.changed()).toBe(flips[i - 1])
    }
    memory.tickets.forEach(checkEffective)
    await lossStep.release()
  },
)
