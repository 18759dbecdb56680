import { describe, expect, it } from 'vitest'
import { createAngularVelocitySet } from '../../src/data/angular-velocity-sets.js'
import { loadKernels, loadSolver } from '../../src/engine/node.js'
import { wholeSet } from '../../src/experiments/angular-velocity-loss.js'
import { renderFigure } from '../../src/experiments/figure-svg.js'
import { renderReport } from '../../src/experiments/report.js'
import { runFigure } from '../../src/experiments/run-figure.js'
import { agreement } from '../../src/experiments/statistics.js'
import { type TargetTraining, trainTarget } from '../../src/experiments/trained-target.js'
import { attend, type FactoredHead } from '../../src/paper/attention.js'
import { runner } from '../graph/run-graph.js'

/** Short sequences, of which an average says something; 700 = 5 x 128 + 60, so the last step of an epoch is small. */
const quick = { sequences: 700, shortest: 3, longest: 5, batch: 128, epochs: 8 }
const train = (seed: number, training: Partial<TargetTraining> = {}) =>
  trainTarget({ runner, instantiate: loadKernels, seed, training: { ...quick, ...training } })
const first = train(1)

describe('training', () => {
  it('lowers the loss below that of the mean where sequences are short', async () => {
    const { report } = await first
    const { epochs, test } = report
    expect(epochs).toHaveLength(quick.epochs)
    expect(epochs[7].train).toBeLessThan(epochs[0].train - 0.05)
    expect(test.meanSquare).toBeLessThan(0.98 * test.variance)
    expect(test.correlation).toBeGreaterThan(0.15)
  })

  it('gives the same weights for a seed, others for another', async () => {
    const { attention, token, report } = await first
    const again = await train(1)
    expect([again.attention, again.token]).toEqual([attention, token])
    expect({ ...again.report, seconds: 0 }).toEqual({ ...report, seconds: 0 })
    expect((await train(2)).attention).not.toEqual(attention)
  })

  it('reports the test loss that the float64 attention has, token in place, to 1e-5', async () => {
    const { attention, token, report } = await first
    const set = createAngularVelocitySet({ seed: 1, split: 'test', count: 700, shortest: 3, longest: 5 })
    const { inputs } = wholeSet(set)
    const predicted = Array.from(set.lengths, (length, s) => {
      const x = Float64Array.from(inputs.subarray(s * 10, s * 10 + 2 * length))
      x.set(token)
      return attend(attention, x, 'encoder', [0])[0]
    })
    const { meanSquare, correlation } = agreement(predicted, set.velocities)
    expect(Math.abs(meanSquare - report.test.meanSquare)).toBeLessThan(1e-5)
    expect(Math.abs(correlation - report.test.correlation)).toBeLessThan(1e-5)
  })

  it('trains the token unless told not to; a token of zero leaves queries and keys to weight decay alone', async () => {
    expect((await first).token.every((value) => Math.abs(value) > 1e-3)).toBe(true)
    const { attention, token } = await train(1, { learnsToken: false, learningRate: 0.05, weightDecay: 0.1, epochs: 1 })
    expect([...token]).toEqual([0, 0])
    const { query } = attention.heads[0] as FactoredHead
    const start = (await train(1, { learnsToken: false, learningRate: 0, epochs: 1 })).attention
      .heads[0] as FactoredHead
    for (let i = 0; i < query.length; i++) expect(query[i] / start.query[i]).toBeCloseTo((1 - 0.05 * 0.1) ** 6, 5)
  })

  it('moves a weight whose gradient hardly changes by the learning rate a step, as bias-corrected moments do', async () => {
    const slow = { batch: 700, weightDecay: 0, learnsToken: false }
    const [start, end] = await Promise.all([
      train(1, { ...slow, learningRate: 0, epochs: 1 }),
      train(1, { ...slow, learningRate: 0.001, epochs: 6 }),
    ])
    const before = (start.attention.heads[0] as FactoredHead).output
    const after = (end.attention.heads[0] as FactoredHead).output
    const moved = Math.max(...after.map((value, i) => Math.abs(value - before[i])))
    expect(moved).toBeGreaterThan(0.0055)
    expect(moved).toBeLessThan(0.0061)
  })

  it('stops when aborted and refuses bad settings', async () => {
    const controller = new AbortController()
    const aborted = trainTarget({
      runner,
      instantiate: loadKernels,
      training: quick,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(aborted).rejects.toThrow('enough')
    await expect(train(1, { epochs: 0 })).rejects.toThrow('"epochs" expected an integer >= 1, got 0')
    await expect(train(1, { learningRate: -1 })).rejects.toThrow(
      '"learningRate" expected a float32 number >= 0, got -1',
    )
    await expect(train(1, { shortest: 6 })).rejects.toThrow('"longest"')
  })
})

describe('figures of a trained target', () => {
  it('measure against it, and say what it reached', async () => {
    const solver = await loadSolver()
    const target = await first
    const [trained, untrained] = await Promise.all([
      runFigure(4, { solver, sources: 2, target }),
      runFigure(4, { solver, sources: 2 }),
    ])
    // Without source weights the error is the target's own output, so it tells the two targets apart.
    expect(trained.series[0].points[0].error.mean).not.toBe(untrained.series[0].points[0].error.mean)
    // A masked source that nearly has the merged matrices nearly has the outputs, with the token in place.
    const last = trained.series[0].points[25]
    expect(last.error.mean).toBeLessThan(1e-5)
    expect(trained.trained).toEqual(target.report)
    expect(trained.settings.target).toMatch(/^trained as in the paper: AdamW/)
    expect(untrained.settings.target).toMatch(/^untrained/)
    expect(trained.checks.at(-1)).toMatchObject({ holds: true, claim: expect.stringContaining('trained target') })
    expect(JSON.parse(JSON.stringify(trained))).toEqual(trained)
    expect(renderReport([trained])).toContain('The regression token, initialised to zero, is trained too')
    expect(renderFigure(trained)).toContain('the target is trained')
    expect(renderFigure(untrained)).toContain('the target is untrained')
    expect(renderReport([untrained])).toContain('Targets are untrained here')
  })

  it('see the token: its output follows the trained token, not (0, 0)', async () => {
    const solver = await loadSolver()
    const target = await first
    const errorAt = async (token: Float64Array) => {
      const result = await runFigure(4, { solver, sources: 1, target: { ...target, token } })
      return result.series[0].points[0].tokenError.mean
    }
    const apart = Math.abs((await errorAt(Float64Array.of(5, -5))) - (await errorAt(new Float64Array(2))))
    expect(apart).toBeGreaterThan(0.1)
    await expect(
      runFigure(5, { solver, sources: 1, target: { ...target, token: new Float64Array(3) } }),
    ).rejects.toThrow('"token" expected 2 values, got 3')
  })
})

describe('agreement', () => {
  // numpy: ((p - w)**2).mean(), w.var(), corrcoef(p, w)[0, 1] for p = [1, 2, 4], w = [2, 2, 8]
  it("is NumPy's", () => {
    const { meanSquare, variance, correlation } = agreement([1, 2, 4], [2, 2, 8])
    expect(meanSquare).toBeCloseTo(17 / 3, 12)
    expect(variance).toBeCloseTo(8, 12)
    expect(correlation).toBeCloseTo(0.944911182523068, 12)
    expect(agreement([3, 3], [1, 2]).correlation).toBe(0)
    expect(() => agreement([1], [1, 2])).toThrow('"predicted" expected 2 values, got 1')
  })
})
