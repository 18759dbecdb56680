// Soft masks: the kernels against the formulas, bit for bit; how they harden; and that a ticket is always of hard masks.
import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import {
  adamwFactors,
  allocateParameters,
  moveSoftScores,
  softGradientSquares,
  spreadOfScores,
  type TicketMemory,
  wearSoft,
} from '../../src/kernels/index.js'
import { getBit } from '../../src/mask/index.js'
import { asTicket } from '../../src/search/algorithm.js'
import { createAnnealed, temperatureAt } from '../../src/search/annealed.js'
import { fixedScales } from '../../src/search/scales.js'
import { randomFrom, sameBits, settings } from './ticket-fixture.js'

const f32 = Math.fround

async function makeMatrices(counts: readonly number[]): Promise<readonly TicketMemory[]> {
  const shapes = counts.map((count, i) => ({ name: `m${i}`, count, kind: 'ticket' as const }))
  const { tickets } = await allocateParameters(loadKernels, shapes)
  const random = randomFrom(7)
  for (const { weights, scores, gradient } of tickets) {
    for (let i = 0; i < weights.length; i++) {
      weights[i] = random() < 0.5 ? -0.25 : 0.25
      scores[i] = i % 29 === 7 ? 0 : random() - 0.5
      gradient[i] = (random() - 0.5) * 10 ** (-4 * random())
    }
  }
  return tickets
}

/** x = (|score| - threshold) * inverse and e^-|x|, each operation rounded to float32. */
function place(score: number, threshold: number, inverse: number): { x: number; fall: number } {
  const x = f32(f32(Math.abs(score) - threshold) * inverse)
  const y = f32(Math.min(Math.abs(x), 80) * f32(-Math.LOG2E))
  const n = Math.round(y) // none of the numbers here lies in the middle
  const f = f32(y - n)
  const terms = [1, Math.LN2, 0.2402265069591007, 0.05550410866482158, 0.009618129107628477]
  const series = terms.reduceRight((sum, term) => f32(f32(term) + f32(f * sum)), f32(0.0013333558146428443))
  return { x, fall: f32(series * 2 ** n) }
}

describe('the kernels', () => {
  const softness = { threshold: f32(0.31), inverse: f32(1 / 0.07) }

  it('moves scores as the formula does, bit for bit', async () => {
    for (const matrix of await makeMatrices([1, 3, 4, 5, 16, 1031])) {
      const { weights, gradient, count } = matrix
      const [scores, momentum, variance] = [matrix.scores.slice(), new Float32Array(count), new Float32Array(count)]
      const squares = softGradientSquares(matrix, softness)
      let sum = 0
      for (let step = 1; step <= 5; step++) {
        const adamw = settings(0.01, step)
        moveSoftScores([matrix], () => softness, adamw)
        const { decay, beta1, gain1, beta2, gain2, stepSize, root: bias, epsilon } = adamwFactors(adamw)
        for (let i = 0; i < count; i++) {
          const { fall } = place(scores[i], softness.threshold, softness.inverse)
          const whole = f32(1 + fall)
          const slope = f32(f32(fall * softness.inverse) / f32(whole * whole))
          const g = f32(f32(f32(gradient[i] * weights[i]) * Math.sign(scores[i])) * slope)
          if (step === 1) sum += g * g
          momentum[i] = f32(f32(beta1 * momentum[i]) + f32(gain1 * g))
          variance[i] = f32(f32(beta2 * variance[i]) + f32(f32(gain2 * g) * g))
          const below = f32(f32(f32(Math.sqrt(variance[i])) / bias) + epsilon)
          scores[i] = f32(f32(scores[i] * decay) - f32(f32(stepSize * momentum[i]) / below))
        }
      }
      sameBits(matrix.scores, scores)
      sameBits(matrix.variance, variance)
      expect(squares / sum).toBeCloseTo(1, 12) // of the same gradients, added in another order
    }
  })

  it('is the gradient of what it wears', async () => {
    const [matrix] = await makeMatrices([64])
    const { weights, scores, effective, gradient, momentum } = matrix
    const before = scores.slice()
    const worn = (change: number) => {
      scores.set(before.map((score) => score + change * Math.sign(score)))
      wearSoft(matrix, softness, 1)
      return effective.slice()
    }
    const [low, high] = [worn(-1e-3), worn(1e-3)]
    scores.set(before)
    moveSoftScores([matrix], () => softness, settings(0.01, 1))
    const { gain1 } = adamwFactors(settings(0.01, 1))
    for (let i = 0; i < weights.length; i++) {
      if (before[i] === 0) continue
      const slope = ((high[i] - low[i]) / 2e-3) * Math.sign(before[i])
      expect(momentum[i] / gain1).toBeCloseTo(gradient[i] * slope, 4)
    }
  })

  it('wears between nothing and the whole weight, half of it at the threshold, times the scale', async () => {
    const [matrix] = await makeMatrices([1031])
    const { weights, scores, effective } = matrix
    scores[5] = -softness.threshold
    wearSoft(matrix, softness, f32(1.7))
    for (let i = 0; i < weights.length; i++) {
      const { x, fall } = place(scores[i], softness.threshold, softness.inverse)
      expect(fall).toBeCloseTo(Math.exp(-Math.abs(x)), 5)
      expect(effective[i]).toBe(f32(f32(weights[i] * f32(1.7)) * f32(f32(x >= 0 ? 1 : fall) / f32(1 + fall))))
    }
    expect(effective[5]).toBeCloseTo((weights[5] * 1.7) / 2, 6)
  })

  it('measures the spread of |scores| without what is unused', async () => {
    const [matrix] = await makeMatrices([100])
    matrix.scores.fill(0, 60)
    const used = [...matrix.scores.subarray(0, 60)].map(Math.abs)
    const mean = used.reduce((sum, each) => sum + each, 0) / 60
    const variance = used.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 60
    expect(spreadOfScores(matrix, 60)).toBeCloseTo(Math.sqrt(variance), 6)
  })

  it('names the matrix of a score that is lost', async () => {
    const matrices = await makeMatrices([8, 8])
    matrices[1].gradient[3] = Number.NaN
    expect(() => moveSoftScores(matrices, () => softness, settings(0.01, 1))).toThrow(
      '"scores" of m1 expected numbers, got NaN at index 3',
    )
  })
})

describe('an annealed search', () => {
  const start = async (unused = new Map()) => {
    const matrices = await makeMatrices([256, 512])
    const options = {
      keep: 0.25,
      selection: 'per-layer',
      scales: fixedScales,
      unused,
      steps: 10,
      anneal: 0.5,
      softness: 2,
    }
    return { matrices, search: createAnnealed(matrices, { ...options, selection: 'per-layer' }) }
  }
  const isHard = ({ weights, effective }: TicketMemory) =>
    effective.every((value, i) => value === 0 || value === weights[i])

  it('cools linearly, and is hard from its share of the steps on', () => {
    expect([0, 0.25, 0.5, 0.999, 1, 1.5].map((part) => temperatureAt(2, part))).toEqual([
      2,
      1.5,
      1,
      expect.closeTo(0.002, 9),
      0,
      0,
    ])
  })

  it('has soft weights, then those of a mask alone, as many as it was told to keep', async () => {
    const { matrices, search } = await start()
    search.select()
    const hard: boolean[] = []
    for (let step = 1; step <= 7; step++) {
      search.update(settings(0.01, step))
      hard.push(matrices.every(isHard))
      expect(search.kept('m1')).toBe(128)
    }
    expect(hard).toEqual([false, false, false, false, true, true, true])
  })

  it('is hard for as long as it is looked at as a ticket, and soft again after, even when looking fails', async () => {
    const { matrices, search } = await start()
    search.select()
    search.update(settings(0.01, 1))
    const soft = matrices.map(({ effective }) => effective.slice())
    await asTicket(search, async () => {
      for (const matrix of matrices) {
        expect(isHard(matrix)).toBe(true)
        const mask = search.mask(matrix.name)
        expect([...matrix.effective].every((value, i) => getBit(mask, i) === (value === 0 ? 0 : 1))).toBe(true)
      }
    })
    expect(matrices.map(({ effective }) => effective)).toEqual(soft)
    await expect(asTicket(search, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(matrices.map(({ effective }) => effective)).toEqual(soft)
  })

  it('is hard at its last soft step whatever the product of its share and the steps rounds to', async () => {
    const matrices = await makeMatrices([256])
    const options = { keep: 0.25, selection: 'per-layer', scales: fixedScales, unused: new Map(), softness: 1 } as const
    const search = createAnnealed(matrices, { ...options, steps: 20, anneal: 0.55 }) // 0.55 * 20 is 11.000000000000002
    search.select()
    for (let step = 1; step <= 11; step++) search.update(settings(0.01, step))
    expect(matrices.every(isHard)).toBe(true)
  })

  it('has numbers where the scores of a matrix are all equal', async () => {
    const matrices = await makeMatrices([16])
    matrices[0].scores.fill(0.5)
    const options = { keep: 0.25, selection: 'per-layer', scales: fixedScales, unused: new Map(), softness: 1 } as const
    const search = createAnnealed(matrices, { ...options, steps: 20, anneal: 0.5 })
    search.select()
    expect(matrices[0].effective).toEqual(matrices[0].weights.map((weight) => weight / 2))
    search.update(settings(0.01, 1))
    expect(matrices[0].scores.every(Number.isFinite)).toBe(true)
  })

  it('gives no weight to unused rows while masks are soft', async () => {
    const unused = new Map([['m0', { ranges: [[64, 128]], used: 192 }]])
    const { matrices, search } = await start(unused)
    matrices[0].scores.fill(0, 64, 128)
    search.select()
    search.update(settings(0.01, 1))
    expect(matrices[0].effective.subarray(64, 128).every((value) => value === 0)).toBe(true)
    expect(matrices[0].effective.subarray(0, 64).some((value) => value !== 0)).toBe(true)
  })
})
