import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hiddenCount, hideTokens, MASK_STREAM, VALID_MASK_STREAM } from '../../src/data/masked-windows.js'

const MASK = 256

function hide(
  windows: number,
  length: number,
  { seed = 7, first = 0, stream = MASK_STREAM as typeof MASK_STREAM } = {},
) {
  const before = Int32Array.from({ length: windows * length }, (_, i) => (i * 37) % MASK)
  const tokens = before.slice()
  const targets = new Int32Array(tokens.length)
  const counts = new Float32Array(tokens.length).fill(9)
  hideTokens({ seed, stream, first, length, mask: MASK }, tokens, targets, counts)
  return { before, tokens, targets, counts }
}

test('15 % of a window are hidden, at least one token, and nothing else changes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 }), fc.nat(), (windows, length, seed) => {
      const { before, tokens, targets, counts } = hide(windows, length, { seed })
      expect(targets).toEqual(before)
      for (let w = 0; w < windows; w++) {
        const own = counts.subarray(w * length, (w + 1) * length)
        expect(own.reduce((sum, count) => sum + count, 0)).toBe(Math.max(1, Math.round(0.15 * length)))
      }
      for (const [i, token] of tokens.entries()) {
        if (counts[i] === 0) expect(token).toBe(before[i])
        else expect(token).toBeLessThanOrEqual(MASK)
      }
    }),
    { seed: 3, numRuns: 50 },
  )
})

test('of the hidden tokens 80 % are read as the mask, 10 % as any token, 10 % as they are', () => {
  const { before, tokens, counts } = hide(400, 100)
  const hidden = [...tokens.keys()].filter((i) => counts[i] === 1)
  expect(hidden.length).toBe(6000)
  expect(hiddenCount(100)).toBe(15)
  const share = (is: (i: number) => boolean) => hidden.filter(is).length / hidden.length
  // Four standard deviations of 6,000 draws: 0.021 of 0.8, 0.016 of 0.1.
  expect(Math.abs(share((i) => tokens[i] === MASK) - 0.8)).toBeLessThan(0.021)
  expect(Math.abs(share((i) => tokens[i] === before[i]) - 0.1)).toBeLessThan(0.016)
  const others = new Set(hidden.filter((i) => tokens[i] !== MASK && tokens[i] !== before[i]).map((i) => tokens[i]))
  expect(others.size).toBeGreaterThan(200)
})

test('a window can be hidden alone; another seed, another stream hide others', () => {
  const all = hide(3, 40)
  const third = hide(1, 40, { first: 2 })
  expect(third.counts).toEqual(all.counts.subarray(80))
  expect(hide(1, 40, { seed: 8 }).counts).not.toEqual(all.counts.subarray(0, 40))
  expect(hide(1, 40, { stream: VALID_MASK_STREAM as never }).counts).not.toEqual(all.counts.subarray(0, 40))
})

test('frozen: which tokens of the first window of seed 7 are hidden', () => {
  const { counts, tokens } = hide(1, 40)
  const hidden = [...counts.keys()].filter((i) => counts[i] === 1)
  expect(hidden.map((i) => [i, tokens[i]])).toMatchInlineSnapshot(`
    [
      [
        10,
        256,
      ],
      [
        11,
        256,
      ],
      [
        16,
        80,
      ],
      [
        20,
        256,
      ],
      [
        22,
        256,
      ],
      [
        32,
        256,
      ],
    ]
  `)
})
