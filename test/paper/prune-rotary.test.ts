import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRotaryTarget } from '../../src/experiments/target.js'
import { factoredConstruction } from '../../src/paper/factored-construction.js'
import { attendMergedRotary, mergeRotary } from '../../src/paper/merged-rotary.js'
import { literalRotary, type PrunedRotary, pruneRotary } from '../../src/paper/prune-rotary.js'
import { attendRotary, type RotaryAttention, rotaryFrequencies } from '../../src/paper/rotary-attention.js'
import { rotaryConstruction } from '../../src/paper/rotary-construction.js'
import { uniform } from '../../src/random/index.js'
import { createTypeScriptSolver } from '../../src/subset-sum/index.js'
import { factoredLogitBound, rotaryLogitBound, softmaxPerturbationBound } from '../../src/theory/index.js'

const solver = createTypeScriptSolver()
const constructions = [rotaryConstruction, factoredConstruction]
const shapes = fc.record({
  seed: fc.nat(),
  inputs: fc.integer({ min: 1, max: 3 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  half: fc.integer({ min: 1, max: 3 }),
  groups: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  hidden: fc.integer({ min: 0, max: 12 }),
})

type Shape = { seed: number; inputs: number; outputs: number; half: number; groups: number[]; hidden: number }

function prune(construction: (typeof constructions)[number], { seed, half, hidden, ...shape }: Shape) {
  const frequencies = rotaryFrequencies(2 * half, 20)
  const target = createRotaryTarget({ seed, stream: 0, ...shape, frequencies, valueWidth: 3 })
  const source = construction.createSource({ seed, stream: 100, ...shape, frequencies, hidden, valueWidth: hidden })
  const [pruned] = pruneRotary(construction, solver, target, [source])
  return { target, source, pruned, literal: literalRotary(construction, pruned) }
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(got[i] - wanted[i])).toBeLessThanOrEqual(tolerance)
}

const largest = (values: ArrayLike<number>): number => Math.max(0, ...Array.from(values, Math.abs))
const everyMatrix = ({ groups }: RotaryAttention): Float64Array[] =>
  groups.flatMap(({ key, value, heads }) => [
    ...key,
    ...value,
    ...heads.flatMap(({ query, output }) => [...query, ...output]),
  ])

describe.each(constructions)('$name', (construction) => {
  it('the pruned random layer, run as rotary attention at full width, is the merged matrices to 1e-12', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { pruned, literal } = prune(construction, shape)
        const x = uniform(shape.seed, 900, 5 * shape.inputs)
        for (const mask of ['encoder', 'causal'] as const)
          expectClose(attendRotary(literal, x, mask), attendMergedRotary(pruned.merged, x, mask), 1e-12)
        if (shape.hidden === 0) return
        const merged = mergeRotary(literal)
        expect(merged.frequencies).toEqual(pruned.merged.frequencies)
        merged.heads.forEach((head, h) => {
          for (const name of ['cosine', 'sine', 'valueOutput'] as const)
            expectClose(head[name], pruned.merged.heads[h][name], 1e-12)
        })
      }),
      { numRuns: 40 },
    )
  })

  it('masks change no weight: what is left is the random weight or 0', () => {
    const { source, literal } = prune(construction, {
      seed: 4,
      inputs: 2,
      outputs: 2,
      half: 2,
      groups: [2],
      hidden: 12,
    })
    const random = everyMatrix(source)
    everyMatrix(literal).forEach((matrix, at) => {
      expect(matrix).toHaveLength(random[at].length)
      expect(matrix.some((value) => value === 0) && matrix.some((value) => value !== 0)).toBe(true)
      matrix.forEach((value, i) => {
        if (value !== 0) expect(value).toBe(random[at][i])
      })
    })
  })

  it('agrees with the target to the recorded errors, which bound the output by the theorem', () => {
    const shape = { seed: 8, inputs: 2, outputs: 2, half: 2, groups: [1, 2], hidden: 40 }
    const { target, pruned, literal } = prune(construction, shape)
    const wanted = mergeRotary(target)
    const errors = (read: (group: PrunedRotary['groups'][number]) => Float64Array[]) =>
      largest(pruned.groups.flatMap((group) => read(group).flatMap((values) => Array.from(values))))
    const score = errors(({ scores }) => scores.map((pair) => pair.errors))
    const value = errors(({ valueOutput }) => [valueOutput.errors])
    expect(score).toBeGreaterThan(0)
    expect(score).toBeLessThan(0.01)
    // The rotary construction's recorded errors are those of A_p and B_p themselves.
    const moved = (name: 'cosine' | 'sine') =>
      largest(pruned.merged.heads.flatMap((head, h) => Array.from(head[name], (v, i) => v - wanted.heads[h][name][i])))
    if (construction.name === 'rotary') expect(Math.max(moved('cosine'), moved('sine'))).toBeCloseTo(score, 12)
    const alpha = Math.SQRT2
    const x = uniform(8, 900, 2 * 7)
    const logit =
      construction.name === 'rotary' ? rotaryLogitBound(2, 4, alpha, score) : factoredLogitBound(2, 4, alpha, score)
    const bound = 3 * (softmaxPerturbationBound(2, alpha, logit) + alpha * 2 * value)
    const difference = attendRotary(literal, x).map((out, i) => out - attendRotary(target, x)[i])
    expect(largest(difference)).toBeGreaterThan(0)
    expect(largest(difference)).toBeLessThan(bound)
  })

  it('heads that share keys and values share the first weights, and need no wider a source', () => {
    const one = { seed: 6, inputs: 2, outputs: 1, half: 2, hidden: 36 }
    const alone = prune(construction, { ...one, groups: [1] })
    const grouped = prune(construction, { ...one, groups: [3] })
    expect(grouped.source.frequencies).toEqual(alone.source.frequencies)
    expect(grouped.source.groups[0].key).toEqual(alone.source.groups[0].key)
    // Three query heads: three times as many sums (but one W_K in the factored construction), all within reach of the same width.
    const { scores } = grouped.pruned.groups[0]
    const sums = scores.reduce((count, { errors }) => count + errors.length, 0)
    expect(sums).toBe(construction.name === 'rotary' ? 3 * 4 * 2 ** 2 : (1 + 3) * 2 * 4)
    for (const { errors } of scores) expect(largest(errors)).toBeLessThan(0.05)
  })

  it('many sources at once give what one at a time gives', () => {
    const shape = { inputs: 2, outputs: 2, groups: [1, 2] }
    const frequencies = rotaryFrequencies(4)
    const target = createRotaryTarget({ seed: 1, stream: 0, ...shape, frequencies, valueWidth: 2 })
    const sources = [0, 9, 9].map((hidden, s) =>
      construction.createSource({ seed: s, stream: 50, ...shape, frequencies, hidden, valueWidth: 7 }),
    )
    const together = pruneRotary(construction, solver, target, sources)
    sources.forEach((source, s) => {
      expect(together[s]).toEqual(pruneRotary(construction, solver, target, [source])[0])
    })
    expect(construction.streams([1, 2])).toBe(everyMatrix(sources[0]).length)
  })
})

describe('bad arguments', () => {
  const shape = { inputs: 2, outputs: 2, groups: [1] }
  const frequencies = rotaryFrequencies(4)
  const target = createRotaryTarget({ seed: 1, stream: 0, ...shape, frequencies, valueWidth: 2 })
  const options = { seed: 1, stream: 0, ...shape, frequencies, hidden: 4, valueWidth: 4 }
  const source = rotaryConstruction.createSource(options)
  const of =
    (changes: Partial<RotaryAttention>, from: Partial<RotaryAttention> = {}) =>
    () =>
      pruneRotary(rotaryConstruction, solver, { ...target, ...changes }, [{ ...source, ...from }])

  it.each<[string, () => unknown]>([
    ['"frequencies" expected 2 different values, got 1, 1', of({ frequencies: Float64Array.of(1, 1) })],
    ['"target.groups[0].key" expected 12 values, got 8', of({ frequencies: rotaryFrequencies(6) })],
    [
      '"target.groups[0].key" expected one matrix, got 2',
      of({ groups: factoredConstruction.createSource(options).groups }),
    ],
    ['"source.inputs" expected 2, got 3', of({}, { inputs: 3 })],
    ['"source.groups" expected 1 query heads, got ', of({}, { groups: [] })],
    [
      '"source.frequencies" expected every frequency of the target 4 times, got',
      of({}, { frequencies: source.frequencies.slice().reverse() }),
    ],
    ['"hidden" expected an integer >= 0, got -1', () => rotaryConstruction.createSource({ ...options, hidden: -1 })],
    [
      '"valueWidth" expected an integer >= 0, got 0.5',
      () => factoredConstruction.createSource({ ...options, valueWidth: 0.5 }),
    ],
  ])('%s', (message, call) => {
    expect(call).toThrow(RangeError)
    expect(call).toThrow(message)
  })
})
