import { describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { matricesOf } from '../../src/families/family.js'
import { isFloat16 } from '../../src/gguf/index.js'
import { allocateParameters } from '../../src/kernels/parameter-memory.js'
import { generateWeights, initialisationScale } from '../../src/random/index.js'
import { createDenseTraining } from '../../src/search/dense-training.js'
import { initialisationSchemes, matrixInitialisation } from '../../src/search/initialisation.js'
import { createIterand } from '../../src/search/iterand-search.js'
import { modelParameters } from '../../src/search/loss-step.js'
import { createMaskSearch } from '../../src/search/mask-search.js'
import { memoryKinds } from '../../src/search/matrix-methods.js'
import { fillRandomNetwork, randomMatrices } from '../../src/search/random-network.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'

const settingsOf = (choice: Partial<SettingsChoice> = {}) =>
  chooseSettings(
    { kind: 'search', model: 'micro', layers: 2, width: '32', heads: 2, context: 8, steps: 100, seed: 5n, ...choice },
    { name: 'bytes', vocabulary: 40 },
  )
const memoryOf = (settings: ReturnType<typeof settingsOf>) =>
  allocateParameters(loadKernels, modelParameters(settings, memoryKinds(settings)))

describe('initialisation', () => {
  const matrices = matricesOf(settingsOf().config)
  const scaleOf = (name: string, scheme: (typeof initialisationSchemes)[number], qkScale = 1) =>
    initialisationScale(
      matrixInitialisation(matrices.find((matrix) => matrix.name === name)!, {
        scheme,
        keep: 0.25,
        layers: 2,
        qkScale,
      }),
    )

  test('GPT-2: 0.02, output projections over sqrt(2b), queries and keys times the scale', () => {
    expect(scaleOf('wte', 'gpt2')).toBe(0.02)
    expect(scaleOf('h.0.mlp.c_proj', 'gpt2')).toBeCloseTo(0.01, 15)
    expect(scaleOf('h.1.attn.c_proj', 'gpt2')).toBeCloseTo(0.01, 15)
    expect(scaleOf('h.1.attn.k', 'gpt2', 3)).toBeCloseTo(0.06, 15)
    expect(scaleOf('h.1.attn.v', 'gpt2', 3)).toBe(0.02)
  })

  test('the others follow the inputs of each matrix', () => {
    expect(scaleOf('h.0.attn.q', 'fan-in')).toBeCloseTo(1 / Math.sqrt(8), 15)
    expect(scaleOf('h.0.mlp.c_proj', 'fan-in')).toBeCloseTo(1 / Math.sqrt(32) / 2, 15)
    expect(scaleOf('h.0.mlp.c_fc', 'signed-constant')).toBeCloseTo(1 / Math.sqrt(8), 15)
    expect(scaleOf('h.0.mlp.c_proj', 'kaiming')).toBeCloseTo(Math.sqrt(2 / 128), 15)
    expect(scaleOf('h.0.mlp.c_fc', 'xavier')).toBeCloseTo(Math.sqrt(6 / 160), 15)
    expect(scaleOf('wte', 'xavier')).toBeCloseTo(Math.sqrt(6 / 72), 15)
    expect(scaleOf('wte', 'uniform')).toBeCloseTo(1 / Math.sqrt(32), 15)
  })

  test('every scheme gives every matrix a distribution', () => {
    for (const scheme of initialisationSchemes) {
      for (const { name } of matrices) expect(scaleOf(name, scheme)).toBeGreaterThan(0)
    }
  })
})

test('magnitudes of signed constants are rounded to fp16 in new runs, with the QK scaling', () => {
  const settings = settingsOf({ initialisation: 'signed-constant', keep: 0.3, qkScale: 2.7 })
  const magnitudes = (own: typeof settings) => randomMatrices(own).map(({ init }) => initialisationScale(init))
  const rounded = magnitudes(settings)
  const { magnitudes: _, ...old } = settings
  for (const [i, exact] of magnitudes(old).entries()) {
    expect(isFloat16(rounded[i])).toBe(true)
    expect(isFloat16(exact)).toBe(false)
    expect(Math.abs(rounded[i] / exact - 1)).toBeLessThanOrEqual(2 ** -11)
  }
  // An extreme scaling is beyond fp16's normal numbers.
  for (const qkScale of [1e-6, 1e6]) {
    const query = randomMatrices(settingsOf({ initialisation: 'signed-constant', qkScale }))[2].init
    expect(initialisationScale(query)).toBeCloseTo(qkScale / Math.sqrt(0.3 * 32), 12)
  }
})

test('a random network: weights of stream m, scores of stream 2^45 + m, norms of one and zero', async () => {
  const settings = settingsOf({ norms: 'learned' })
  const memory = await memoryOf(settings)
  fillRandomNetwork(memory, settings)
  for (const { name, index, stream, init } of randomMatrices(settings)) {
    expect(stream).toBe(index)
    const matrix = memory.matrix(name)
    expect(matrix.weights).toEqual(generateWeights({ seed: 5n, stream, init, count: matrix.count }))
  }
  const { scores } = memory.tickets[2]
  const range = 1 / Math.sqrt(32)
  expect(scores).toEqual(
    generateWeights({ seed: 5n, stream: 2 ** 45 + 2, init: { kind: 'uniform', range }, count: scores.length }),
  )
  expect([...memory.matrix('h.0.ln_1.weight').effective]).toEqual(Array(32).fill(1))
  expect([...memory.matrix('ln_f.bias').effective]).toEqual(Array(32).fill(0))
})

const choices: Record<string, Partial<SettingsChoice>> = {
  'edge-popup': {},
  iterand: { algorithm: 'iterand', redrawEvery: 2, redrawRate: 0.3 },
  dense: { kind: 'train' },
  'learned scales': { scales: 'learned' },
  biprop: { algorithm: 'biprop' },
  signed: { algorithm: 'signed', selection: 'global' },
  'multicoated, with learned scales': { algorithm: 'multicoated', scales: 'learned' },
  'ada-sup': { algorithm: 'ada-sup', levels: '3' },
  'sampled, with learned scales': { algorithm: 'sampled', scales: 'learned' },
  levels: { algorithm: 'levels', levels: '2' },
  'tables of 3 bits': { embeddings: { bits: 3 } },
  'tables of two coats beside a global threshold': { embeddings: { coats: 2 }, selection: 'global' },
}

describe.each(Object.entries(choices))('%s', (name, choice) => {
  const isDense = name === 'dense'
  const settings = settingsOf({ norms: 'learned', ...choice })

  async function start() {
    const memory = await memoryOf(settings)
    fillRandomNetwork(memory, settings)
    const algorithm =
      name === 'iterand'
        ? createIterand(memory, settings, await loadKernels())
        : isDense
          ? createDenseTraining(memory, settings)
          : createMaskSearch(memory, settings)
    const step = (number: number) => {
      for (const [m, { gradient }] of memory.matrices.entries()) {
        for (let i = 0; i < gradient.length; i++) gradient[i] = Math.sin(i * (m + 1) + number)
      }
      const adamw = { learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, step: number }
      algorithm.update(adamw)
    }
    return { memory, algorithm, step }
  }

  test('goes on from its state as if it had not stopped, bit by bit', async () => {
    const whole = await start()
    const first = await start()
    for (let step = 1; step <= 7; step++) whole.step(step)
    for (let step = 1; step <= 5; step++) first.step(step)
    const second = await start()
    second.step(1) // something else before, which must not show
    for (const [i, { values }] of first.algorithm.state.entries()) second.algorithm.state[i].values.set(values)
    second.algorithm.restored()
    for (let step = 6; step <= 7; step++) second.step(step)
    for (const { name: matrix, effective, weights } of whole.memory.matrices) {
      expect(second.memory.matrix(matrix).effective, matrix).toEqual(effective)
      expect(second.memory.matrix(matrix).weights, matrix).toEqual(weights)
    }
    expect(second.algorithm.state).toEqual(whole.algorithm.state)
    expect(whole.algorithm.changed?.() ?? 1).toBeGreaterThan(0)
  })

  test('moves the learned norms', async () => {
    const run = await start()
    run.step(1)
    const gain = run.memory.matrix('ln_f.weight').effective
    expect(Math.abs(gain[1] - 1)).toBeCloseTo(0.05 * (isDense ? 1 : 0.1), 4)
  })
})
