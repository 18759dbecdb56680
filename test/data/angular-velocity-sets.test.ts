import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AngularVelocitySplit,
  createAngularVelocityBatch,
  createAngularVelocitySet,
  fillAngularVelocityBatch,
  generateAngularVelocity,
  HIDDEN_LOGIT,
  shuffleEpoch,
} from '../../src/data/index.js'

const splits: AngularVelocitySplit[] = ['train', 'validation', 'test']
const sets = splits.map((split) => createAngularVelocitySet({ seed: 7, split }))
const [train] = sets

describe('sets', () => {
  it('hold 10,000 sequences of 4 to 256 positions, all lengths as likely', () => {
    for (const { count, lengths, longest } of sets) {
      expect([count, lengths.length, longest]).toEqual([10_000, 10_000, 256])
      const seen = new Array(257).fill(0)
      for (const length of lengths) seen[length]++
      expect(seen.slice(0, 4)).toEqual([0, 0, 0, 0])
      const chi = seen.slice(4).reduce((sum, times) => sum + (times - 10_000 / 253) ** 2 / (10_000 / 253), 0)
      expect(chi).toBeLessThan(252 + 5 * Math.sqrt(2 * 252))
    }
  })

  it('are of their own, and the same for the same seed', () => {
    const all = sets.flatMap(({ velocities }) => [...velocities])
    expect(new Set(all).size).toBeGreaterThan(29_900)
    expect(createAngularVelocitySet({ seed: 7n, split: 'train' }).velocities).toEqual(train.velocities)
    expect(createAngularVelocitySet({ seed: 8, split: 'train' }).lengths).not.toEqual(train.lengths)
  })

  it('are frozen', () => {
    const frozen = sets.map((set) => [...set.lengths.subarray(0, 4), set.velocities[0], shuffleEpoch(set, 2)[0]])
    expect(frozen).toMatchInlineSnapshot(`
      [
        [
          197,
          125,
          253,
          92,
          3.0661135708401734,
          4350,
        ],
        [
          181,
          139,
          159,
          91,
          -1.843513655572016,
          575,
        ],
        [
          164,
          42,
          53,
          17,
          -1.1164887791534182,
          4506,
        ],
      ]
    `)
  })

  it('refuse what does not fit', () => {
    const create = (options: object) => () => createAngularVelocitySet({ seed: 1, split: 'train', ...options })
    expect(create({ split: 'dev' })).toThrow('"split" expected train, validation, test, got dev')
    expect(create({ count: 0 })).toThrow('"count" expected an integer from 1 to 2^21, got 0')
    expect(create({ shortest: 9, longest: 8 })).toThrow('"longest" expected an integer from 9')
  })
})

it('an epoch is a permutation, and another in the next', () => {
  const small = { seed: fc.nat(), count: fc.integer({ min: 1, max: 60 }), epoch: fc.nat({ max: 1000 }) }
  fc.assert(
    fc.property(fc.record(small), ({ seed, count, epoch }) => {
      const order = shuffleEpoch(createAngularVelocitySet({ seed, split: 'train', count }), epoch)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
    }),
  )
  const four = createAngularVelocitySet({ seed: 1, split: 'train', count: 4 })
  const times = new Map<string, number>()
  for (let epoch = 0; epoch < 2400; epoch++) {
    const order = shuffleEpoch(four, epoch).join('')
    times.set(order, (times.get(order) ?? 0) + 1)
  }
  expect(times.size).toBe(24)
  for (const count of times.values()) expect(Math.abs(count - 100)).toBeLessThan(50) // 5 standard deviations
})

describe('a batch', () => {
  it('holds the sequences padded, its mask their lengths, and empty rows without weight', () => {
    const batch = createAngularVelocityBatch(3, 256)
    for (const array of Object.values(batch)) array.fill(9) // whatever was there before
    fillAngularVelocityBatch(train, [17, 4], batch)
    const whole = generateAngularVelocity({ seed: 7, stream: 2 ** 48, count: 18, length: 256 })
    for (const [row, sequence] of [17, 4].entries()) {
      const length = train.lengths[sequence]
      const inputs = Float32Array.from(whole.inputs.subarray(sequence * 512, (sequence + 1) * 512)).fill(0, 2 * length)
      expect(batch.inputs.subarray(row * 512, (row + 1) * 512)).toEqual(inputs)
      const mask = new Float32Array(256).fill(HIDDEN_LOGIT, length)
      expect(batch.mask.subarray(row * 256, (row + 1) * 256)).toEqual(mask)
      expect(batch.targets[row]).toBe(Math.fround(whole.velocities[sequence]))
    }
    expect(batch.inputs.subarray(1024)).toEqual(new Float32Array(512))
    expect(batch.mask.subarray(512)).toEqual(new Float32Array(256).fill(HIDDEN_LOGIT, 1))
    expect([...batch.weights]).toEqual([1, 1, 0])
    expect(batch.targets[2]).toBe(0)
  })

  it('may be as short as its sequences', () => {
    const short = [...train.lengths.keys()].filter((i) => train.lengths[i] <= 8).slice(0, 5)
    const batch = createAngularVelocityBatch(5, 8)
    fillAngularVelocityBatch(train, short, batch)
    const seen = Array.from({ length: 5 }, (_, row) => batch.mask.subarray(row * 8, row * 8 + 8).indexOf(HIDDEN_LOGIT))
    expect(seen.map((at) => (at < 0 ? 8 : at))).toEqual(short.map((i) => train.lengths[i]))
  })

  it('refuses what does not fit', () => {
    const fill = (sequences: number[], into = createAngularVelocityBatch(2, 256)) => {
      return () => fillAngularVelocityBatch(train, sequences, into)
    }
    expect(fill([1, 2, 3])).toThrow('"sequences" expected at most 2 of them, got 3')
    expect(fill([10_000])).toThrow('"sequences" expected 0 to 9999, got 10000')
    const long = train.lengths.indexOf(256)
    expect(fill([long], createAngularVelocityBatch(1, 255))).toThrow('"into" expected at least 256 positions, got 255')
    expect(fill([0], { ...createAngularVelocityBatch(2, 4), weights: new Float32Array(3) })).toThrow('"into" expected')
  })
})
