// The learning of scores: formulas by hand, and WASM against the reference, bit for bit.
import { describe, expect, it } from 'vitest'
import { createTicketStep, type Selection, selections } from '../../src/kernels/index.js'
import {
  flagsOf,
  makeReference,
  oracleMasks,
  type Rung,
  randomFrom,
  rungs,
  sameBits,
  settings,
  wasmRung,
} from './ticket-fixture.js'

const arrayNames = ['effective', 'scores', 'momentum', 'variance'] as const

function expectSame(a: Rung, b: Rung, when: string): void {
  a.arrays.forEach((matrix, m) => {
    const differing: string[] = arrayNames.filter((name) => !sameBits(matrix[name], b.arrays[m][name]))
    if (Buffer.compare(a.step.mask(matrix.name), b.step.mask(matrix.name)) !== 0) differing.push('mask')
    if (a.step.kept(matrix.name) !== b.step.kept(matrix.name)) differing.push('kept')
    if (differing.length) expect.fail(`${when}: ${matrix.name} differs in ${differing.join(', ')}`)
  })
  expect([when, a.step.changed()]).toEqual([when, b.step.changed()])
}

/** Fills all rungs alike: weights and scores, with a few equal ones and zeros. */
function initialise(some: readonly Rung[], seed: number): void {
  const random = randomFrom(seed)
  some[0].arrays.forEach(({ weights }, m) => {
    for (let i = 0; i < weights.length; i++) {
      const weight = (random() - 0.5) * 0.2
      const score = i % 13 === 5 ? 0.03 * Math.sign(random() - 0.5) : i % 29 === 7 ? 0 : (random() - 0.5) * 0.12
      for (const { arrays } of some) {
        arrays[m].weights[i] = weight
        arrays[m].scores[i] = score
      }
    }
  })
}

function fillGradients(some: readonly Rung[], random: () => number, scale: number): void {
  some[0].arrays.forEach(({ gradient }, m) => {
    for (let i = 0; i < gradient.length; i++) {
      const value = i % 31 === 3 ? 0 : (random() - 0.5) * scale * 10 ** (-4 * random())
      for (const { arrays } of some) arrays[m].gradient[i] = value
    }
  })
}

describe.each(rungs)('a step in %s', (_, make) => {
  it('is AdamW on the gradient of |score|, within 1e-6 of float64', async () => {
    const { arrays, step } = await make([6], { keep: 0.5, selection: 'per-layer' })
    const [matrix] = arrays
    const weights = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6]
    const start = [0.5, -0.4, 0, 0.2, -0.1, 0.05]
    const gradient = [1, -2, 3, 0, 5, -6]
    matrix.weights.set(weights)
    matrix.scores.set(start)
    step.select()
    const expected = start.map((score) => ({ score, m: 0, v: 0 }))
    for (let t = 1; t <= 3; t++) {
      matrix.gradient.set(gradient)
      step.update({ learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, step: t })
      expected.forEach((state, i) => {
        const g = gradient[i] * weights[i] * Math.sign(state.score)
        state.m = 0.9 * state.m + 0.1 * g
        state.v = 0.99 * state.v + 0.01 * g * g
        const root = Math.sqrt(state.v / (1 - 0.99 ** t))
        state.score = state.score * (1 - 0.001) - (0.01 * (state.m / (1 - 0.9 ** t))) / (root + 1e-8)
      })
    }
    expected.forEach(({ score, m, v }, i) => {
      expect(matrix.scores[i]).toBeCloseTo(score, 6)
      expect(matrix.momentum[i]).toBeCloseTo(m, 6)
      expect(matrix.variance[i]).toBeCloseTo(v, 6)
    })
    // A score of 0 has no slope.
    expect(matrix.momentum[2]).toBe(0)
    expect([...matrix.weights]).toEqual([...Float32Array.from(weights)])
    expect(flagsOf(step, matrix)).toEqual(oracleMasks(arrays, { keep: 0.5, selection: 'per-layer' })[0])
  })

  it('stops at a NaN gradient and names the matrix', async () => {
    for (const index of [0, 5, 10, 15, 17, 36]) {
      const { arrays, step } = await make([20, 37], { keep: 0.5, selection: 'per-layer' })
      initialise([{ arrays, step }], 3)
      step.select()
      arrays[1].gradient[index] = Number.NaN
      const message = `"scores" of m1 expected numbers, got NaN at index ${index}`
      expect(() => step.update(settings(0.01, 1))).toThrow(new RangeError(message))
    }
  })

  it('refuses bad settings before it touches anything', async () => {
    const { arrays, step } = await make([20], { keep: 0.5, selection: 'per-layer' })
    arrays[0].scores.fill(1)
    const bad = [
      { learningRate: -1 },
      { beta1: 1 },
      { beta2: 1 - 1e-9 },
      { epsilon: 0 },
      { epsilon: 1e-60 },
      { weightDecay: Number.NaN },
      { step: 0 },
    ]
    for (const wrong of bad) expect(() => step.update({ ...settings(0.01, 1), ...wrong })).toThrow(RangeError)
    expect(() => step.update({ ...settings(0.01, 1), step: '1' as unknown as number })).toThrow(TypeError)
    expect([...arrays[0].scores]).toEqual(Array(20).fill(1))
  })
})

describe.each(selections)('WASM equals the reference bit for bit, %s', (selection: Selection) => {
  const counts = [1, 15, 16, 17, 70, 257, 1030]

  it('200 steps, learning rates from 0 to 1 and jumps, in one instance and in several', async () => {
    const options = { keep: 0.3, selection }
    const one = await wasmRung(counts, options)
    const several = await wasmRung(counts, options, 60_000)
    expect([one.memory.instances, several.memory.instances]).toEqual([1, 2])
    const all: Rung[] = [await makeReference(counts, options), one, several]
    initialise(all, 11)
    for (const { step } of all) step.select()
    const random = randomFrom(5)
    for (let t = 1; t <= 200; t++) {
      fillGradients(all, random, t % 17 === 0 ? 100 : 1)
      // Mostly small steps, whose threshold hardly moves; now and then a leap, and steps that stand still.
      const learningRate = t % 40 === 20 ? 1 : t % 25 === 0 ? 0 : 0.0005 * (1 + Math.sin(t))
      for (const { step } of all) step.update(settings(learningRate, t))
      expectSame(all[1], all[0], `step ${t}`)
      expectSame(all[2], all[0], `step ${t}, two instances`)
    }
    // Both ways were taken: every group selected 201 times, now in full and now from the window.
    const groups = selection === 'global' ? 1 : counts.length
    expect(one.step.fullSelections()).toBeGreaterThan(groups + 2)
    expect(one.step.fullSelections()).toBeLessThan(groups * 100)
    expect(several.step.fullSelections()).toBe(one.step.fullSelections())
  })

  it('equal scores, which overflow every window', async () => {
    const options = { keep: 0.3, selection }
    const all = [await makeReference([300, 2000], options), await wasmRung([300, 2000], options)]
    for (const { arrays, step } of all) {
      for (const { weights, scores } of arrays) {
        weights.fill(0.5)
        scores.fill(-0.01)
      }
      step.select()
    }
    const random = randomFrom(8)
    for (let t = 1; t <= 20; t++) {
      for (const { arrays } of all) for (const { gradient } of arrays) gradient.fill((t % 3) - 1)
      const odd = Math.floor(random() * 2000)
      for (const { arrays } of all) arrays[1].gradient[odd] = 4
      for (const { step } of all) step.update(settings(0.002, t))
      expectSame(all[1], all[0], `step ${t}`)
    }
  })

  it('without a first selection, and with scores that jump between steps', async () => {
    const options = { keep: 0.6, selection }
    const all = [await makeReference([90, 1234], options), await wasmRung([90, 1234], options)]
    initialise(all, 21)
    const random = randomFrom(2)
    for (let t = 1; t <= 30; t++) {
      fillGradients(all, random, 1)
      if (t % 10 === 0) {
        const factor = random() * 100
        for (const { arrays } of all)
          for (const { scores } of arrays) for (let i = 0; i < scores.length; i++) scores[i] *= factor
      }
      for (const { step } of all) step.update(settings(0.001, t))
      expectSame(all[1], all[0], `step ${t}`)
    }
  })

  it('a threshold of 0, among scores that are 0 and stay so', async () => {
    const options = { keep: 0.99, selection }
    const wasm = await wasmRung([301, 700, 205], options)
    const all = [await makeReference([301, 700, 205], options), wasm]
    // In the first matrix as many as can be listed.
    const room = wasm.memory.tickets[0].candidateKeys.length
    for (const { arrays, step } of all) {
      arrays.forEach(({ weights, scores }, m) => {
        weights.fill(0.5)
        const isZero = (i: number) => (m === 0 ? i >= scores.length - room : i % 25 === 0)
        scores.set(Float32Array.from(scores, (_, i) => (isZero(i) ? 0 : 1 + i)))
      })
      step.select()
    }
    const random = randomFrom(3)
    for (let t = 1; t <= 8; t++) {
      fillGradients(all, random, 1)
      for (const { step } of all) step.update(settings(0.01, t))
      expectSame(all[1], all[0], `step ${t}`)
    }
    expect(wasm.arrays[1].scores[25]).toBe(0)
    // The window holds the threshold though it is but one number wide.
    expect(wasm.step.fullSelections()).toBe(selection === 'global' ? 1 : 3)
  })

  it('infinite and subnormal scores', async () => {
    const options = { keep: 0.5, selection }
    const all = [await makeReference([64, 33], options), await wasmRung([64, 33], options)]
    const values = [Infinity, -Infinity, 1e-45, -1e-45, 1e-40, 3e38, -3e38, 0, -0, 1e-20]
    for (const { arrays, step } of all) {
      for (const { weights, scores } of arrays) {
        weights.set(Float32Array.from(weights, (_, i) => (i % 2 ? 1e-20 : -1e-22)))
        scores.set(Float32Array.from(scores, (_, i) => values[i % values.length]))
      }
      step.select()
    }
    const random = randomFrom(4)
    for (let t = 1; t <= 20; t++) {
      fillGradients(all, random, 1)
      for (const { step } of all) step.update(settings(t < 10 ? 1e-3 : 1e-30, t))
      expectSame(all[1], all[0], `step ${t}`)
    }
  })
})

it('a step made anew on the same memory goes on with the same bits', async () => {
  const options = { keep: 0.3, selection: 'per-layer' as const }
  const [through, resumed] = [await wasmRung([500, 77], options), await wasmRung([500, 77], options)]
  initialise([through, resumed], 6)
  for (const { step } of [through, resumed]) step.select()
  const random = randomFrom(9)
  let current: Rung = resumed
  for (let t = 1; t <= 20; t++) {
    fillGradients([through, resumed], random, 1)
    if (t === 10) {
      current = { arrays: resumed.arrays, step: createTicketStep(resumed.memory.tickets, options) }
      current.step.select()
    }
    through.step.update(settings(0.003, t))
    current.step.update(settings(0.003, t))
  }
  expectSame(current, through, 'after 20 steps')
})

it('options are checked', async () => {
  const { memory } = await wasmRung([10], { keep: 1, selection: 'global' })
  expect(() => createTicketStep(memory.tickets, { keep: 3, selection: 'global' })).toThrow(
    new RangeError('"keep" expected 0 < keep <= 1, got 3'),
  )
  expect(() => createTicketStep(memory.tickets, { keep: 0.5, selection: 'all' as Selection })).toThrow(
    new RangeError('"selection" expected per-layer or global, got all'),
  )
  expect(() => createTicketStep([], { keep: 0.5, selection: 'global' })).toThrow(RangeError)
})
