import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { type BaseConfig, type ModelWeights, matricesOf, parametersOf, weightsOf } from '../../src/families/index.js'
import type { Teaching } from '../../src/families/teaching.js'
import { allocateParameters } from '../../src/kernels/index.js'
import { createLossStep, lossArrays, modelParameters } from '../../src/search/loss-step.js'
import { chooseModel, type ModelChoice } from '../../src/search/models.js'
import { denseTeacher, logitsTeacher } from '../../src/search/teacher.js'
import { farthest } from '../vectors/pytorch/open.js'

const [BATCH, LENGTH, TOKENS] = [4, 8, 40]
const runner = createGraphRunner({ threads: 1 })
const shape = { layers: 1, width: '16', heads: 2, context: LENGTH }
const student: ModelChoice = { model: 'micro', ...shape }

/** Wider, with a longer context, of another family, with shifts and biases. */
const causal = chooseModel({ model: 'micro', layers: 2, width: '24', heads: 3, context: 12 }, TOKENS)
const teacherOf = (config: BaseConfig): ModelWeights => {
  const parameters = parametersOf(config)
  return weightsOf(parameters, (name) => {
    const m = parameters.findIndex((each) => each.name === name)
    const count = (parameters[m].shape as readonly number[]).reduce((a, b) => a * b, 1)
    const around = parameters[m].kind === 'gain' ? 1 : 0
    return Float32Array.from({ length: count }, (_, i) => around + 0.4 * Math.sin(3 * m + 0.61 * i * i))
  })
}

interface Case {
  readonly teaching?: Teaching
  readonly choice?: ModelChoice
  readonly teacher?: BaseConfig
  readonly answers?: number
  readonly microBatch?: number
  /** Which weight is moved, and by how much. */
  readonly moved?: { readonly name: string; readonly index: number; readonly by: number }
  readonly literal?: boolean
  /** Whether it is its own teacher. */
  readonly own?: boolean
}

/** A step at the same weights, but for one. */
async function step(asked: Case) {
  const {
    teaching,
    choice = student,
    teacher = causal,
    answers,
    microBatch = BATCH,
    moved,
    literal = false,
    own = false,
  } = asked
  const config = chooseModel(choice, TOKENS)
  const model = { config, norms: 'plain', answers } as const
  const memory = await allocateParameters(
    loadKernels,
    modelParameters(model, 'dense'),
    lossArrays(model, microBatch, LENGTH),
  )
  for (const [m, { name, effective }] of memory.matrices.entries()) {
    for (let i = 0; i < effective.length; i++) effective[i] = 0.3 * Math.sin(7 * m + 0.37 * i * i)
    if (moved?.name === name) effective[moved.index] += moved.by
  }
  const shared = weightsOf(matricesOf(config), (name) => memory.matrix(name).effective)
  const dense = own ? denseTeacher(runner, config, shared) : denseTeacher(runner, teacher, teacherOf(teacher))
  const open = literal ? logitsTeacher(logitsOf, TOKENS) : dense
  const given = teaching && { ...teaching, open }
  const lossStep = await createLossStep(runner, model, memory, BATCH, LENGTH, microBatch, given)
  for (let i = 0; i < BATCH * LENGTH; i++) {
    lossStep.tokens[i] = (i * 11 + 5) % TOKENS
    lossStep.targets[i] = (i * 17 + 3) % TOKENS
    if (lossStep.counts) lossStep.counts[i] = i % 4 === 1 ? 1 : 0
  }
  const loss = await lossStep.run()
  const kl = lossStep.kl?.()
  await lossStep.release()
  return { loss, kl, gradients: memory.matrices.map(({ name, gradient }) => ({ name, gradient: gradient.slice() })) }
}

/** Any logits; each token's follow from it alone. */
const logitsOf = async (tokens: Int32Array) =>
  Float32Array.from(
    { length: tokens.length * TOKENS },
    (_, i) => 2 * Math.sin(0.7 * (i % TOKENS) * (1 + tokens[Math.floor(i / TOKENS)])),
  )

const bert: ModelChoice = { model: 'bert-micro', ...shape }
const encoder = chooseModel({ model: 'bert-micro', layers: 2, width: '24', heads: 3, context: 12 }, TOKENS)

// The loss that is descended is (1 - w) cross-entropy + w T^2 KL; the step gives both parts.
test.each<[string, Case & { readonly teaching: Teaching }]>([
  ['half the loss', { teaching: { weight: 0.5, temperature: 1 } }],
  ['all of it, hot', { teaching: { weight: 1, temperature: 3 } }],
  ['a part, cold, in micro-batches', { teaching: { weight: 0.3, temperature: 0.7 }, microBatch: 2 }],
  ['of the last 3 answers', { teaching: { weight: 0.6, temperature: 2 }, answers: 3 }],
  [
    'a Llama learns from a GPT-2',
    { teaching: { weight: 0.5, temperature: 1 }, choice: { model: 'llama-micro', ...shape } },
  ],
  [
    'encoders, of the tokens that count',
    { teaching: { weight: 0.4, temperature: 1.5 }, choice: bert, teacher: encoder },
  ],
  ['from logits, of the last 3 answers', { teaching: { weight: 0.6, temperature: 2 }, answers: 3, literal: true }],
])('gradients are those of both losses by finite differences within 2 %%: %s', async (_, asked) => {
  const { weight, temperature } = asked.teaching
  const whole = ({ loss, kl }: { loss: number; kl: number | undefined }) =>
    (1 - weight) * loss + weight * temperature ** 2 * kl!
  const { gradients, kl } = await step(asked)
  expect(kl).toBeGreaterThan(0.05)
  for (const { name, gradient } of gradients) {
    const sizes = gradient.map(Math.abs)
    const index = sizes.indexOf(Math.max(...sizes))
    const by = 0.004
    const [up, down] = [by, -by].map((delta) => step({ ...asked, moved: { name, index, by: delta } }))
    const slope = (whole(await up) - whole(await down)) / (2 * by)
    expect(Math.abs(slope - gradient[index]), name).toBeLessThan(0.02 * Math.abs(gradient[index]) + 2e-4)
  }
})

test('the loss beside a teacher is the loss without one, and parts of a batch are that batch', async () => {
  const teaching = { weight: 0.5, temperature: 2 }
  const [alone, taught, parts] = [await step({}), await step({ teaching }), await step({ teaching, microBatch: 1 })]
  expect(alone.kl).toBeUndefined()
  expect(taught.loss).toBe(alone.loss)
  expect(parts.kl).toBeCloseTo(taught.kl!, 5)
  for (const [m, { name, gradient }] of parts.gradients.entries()) {
    expect(farthest(gradient, taught.gradients[m].gradient), name).toBeLessThan(1e-6)
    expect(farthest(gradient, alone.gradients[m].gradient), name).toBeGreaterThan(1e-4)
  }
})

test('a model that is its own teacher has nothing to learn from it', async () => {
  const { kl, gradients } = await step({ teaching: { weight: 1, temperature: 2 }, own: true })
  expect(Math.abs(kl!)).toBeLessThan(1e-6)
  for (const { name, gradient } of gradients) expect(Math.max(...gradient.map(Math.abs)), name).toBeLessThan(1e-6)
})

test.each([
  [{ weight: 0, temperature: 1 }, '"teacher-weight" expected 0 < weight <= 1, got 0'],
  [{ weight: 0.5, temperature: 0 }, '"temperature" expected a finite number > 0, got 0'],
])('refuses %j', async (teaching, message) => {
  await expect(step({ teaching })).rejects.toThrow(message)
})
